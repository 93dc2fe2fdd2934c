"""Checks for the exercises of the notebook `deep-rnn`.

check_two_layers         a recurrent network of two layers, written as loops
check_count              how many parameters L layers have
check_split_state        torch's state of L layers, taken apart
check_read_in_pieces     a long sequence read in pieces, the state handed over
check_influence          what is left of an input at the top of a linear stack, with residual connections or without
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.check import Check, draw, layer
from helpers.exercises.messages import Wrong

# --- two layers ------------------------------------------------------------------------------------------------------


def _run(X: Tensor, H: Tensor, W_xh: Tensor, W_hh: Tensor, b_h: Tensor) -> tuple[Tensor, Tensor]:
    """Run torch's plain RNN over X (B, T, D) with weights in the book's arrangement."""
    rnn = nn.RNN(*W_xh.shape, batch_first=True, device="meta")
    weights = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W_hh.T, "bias_ih_l0": b_h, "bias_hh_l0": 0 * b_h}
    outputs, state = torch.func.functional_call(rnn, weights, (X, H[None]))
    return outputs, state[0]


def _two_layers(B, T, D, h1, h2):
    """two_layers(X, H1, H2, W_xh1, W_hh1, b_h1, W_xh2, W_hh2, b_h2) -> (outputs, H1, H2) against nn.RNN.

    X is (B, T, D), the states are (B, width of the layer); the two layers may differ in width.
    """
    X, H1, H2, *w = args = draw(T, (B, T, D), (B, h1), (B, h2), (D, h1), (h1, h1), (h1,), (h1, h2), (h2, h2), (h2,))
    lower, last_1 = _run(X, H1, *w[:3])
    upper, last_2 = _run(lower, H2, *w[3:])
    return args, {"outputs": upper, "H1": last_1, "H2": last_2}


def _a_step_late(X, H1, H2, *w):
    lower, last = _run(X, H1, *w[:3])
    outputs, end = _run(torch.cat([H1[:, None], lower[:, :-1]], dim=1), H2, *w[3:])
    return outputs, last, end


def _initial_states_ignored(X, H1, H2, *w):
    lower, last = _run(X, 0 * H1, *w[:3])
    outputs, end = _run(lower, 0 * H2, *w[3:])
    return outputs, last, end


check_two_layers = Check(
    _two_layers,
    case="two layers of units",
    cases=[(1, 1, 1, 1, 1), (2, 4, 3, 5, 5), (3, 6, 2, 4, 3)],
    slips={
        "layer 1 shown": lambda X, H1, H2, *w: (_run(X, H1, *w[:3])[0], H1, H2),
        "layer 2 late": _a_step_late,
        "initial states ignored": _initial_states_ignored,
    },
    trains=True,
    praise="two layers",
)

# --- the number of parameters ----------------------------------------------------------------------------------------

BLOCKS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _count(kind, num_inputs, num_hiddens, num_layers):
    """count(kind, num_inputs, num_hiddens, num_layers): the number of parameters of torch's layer."""
    args = kind, num_inputs, num_hiddens, num_layers
    torchs = getattr(nn, kind)(*args[1:], device="meta")  # only shapes: no memory, no random numbers
    return args, sum(p.numel() for p in torchs.parameters())


check_count = Check(
    _count,
    case="torch layer",
    cases=[("RNN", 28, 32, 1), ("RNN", 28, 32, 2), ("GRU", 28, 32, 3), ("LSTM", 10, 7, 2), ("LSTM", 300, 8, 4)],
    slips={
        "W_xh is square": lambda kind, d, h, L: BLOCKS[kind] * L * h * (h + h + 2),
        "W_xh is d × h everywhere": lambda kind, d, h, L: BLOCKS[kind] * L * h * (d + h + 2),
        "one bias": lambda kind, d, h, L: BLOCKS[kind] * h * (d + h + 1 + (L - 1) * (2 * h + 1)),
    },
    praise="counted",
)

# --- a state taken apart ---------------------------------------------------------------------------------------------


def _split_state(kind, L, B, H):
    """split(state) -> one state for each layer, in the form in which a layer of its own takes it.

    state is torch's for L layers: a tensor (L, B, H), or for an LSTM a pair of them.
    """
    h, c = draw(L, (L, B, H), (L, B, H))
    if kind == "LSTM":
        return ((h, c),), [{"H": h[l : l + 1], "C": c[l : l + 1]} for l in range(L)]
    return (h,), [h[l : l + 1] for l in range(L)]


def _layers(state):
    return list(zip(*map(_layers, state), strict=True)) if isinstance(state, tuple) else list(state.split(1))


check_split_state = Check(
    _split_state,
    case="torch state",
    cases=[("GRU", 2, 3, 4), ("GRU", 3, 2, 5), ("LSTM", 2, 3, 4), ("LSTM", 4, 1, 2)],
    slips={
        "last layer first": lambda state: _layers(state)[::-1],
        "H and C exchanged": lambda state: [s if isinstance(s, Tensor) else s[::-1] for s in _layers(state)],
    },
    tensors=True,
    praise="state taken apart",
)

# --- reading in pieces -----------------------------------------------------------------------------------------------


class _Stack(nn.Module):
    """Layers on top of one another, whose state is a list with one state a layer, as in the notebook."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        if state is not None and not (isinstance(state, list) and len(state) == len(self.layers)):
            raise ValueError(f"state must be a list of {len(self.layers)} states, one a layer")
        states = []
        for l, each in enumerate(self.layers):
            X, new = each(X, None if state is None else state[l])
            states.append(new)
        return X, states


class _Recorder(nn.Module):
    """A layer that remembers how many steps it was given each time."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.lengths = layer, []

    def forward(self, X: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        self.lengths.append(X.shape[1])
        return self.layer(X, state)


def _named(state: Any) -> Any:
    """Return a state with names for the parts of a pair."""
    if isinstance(state, tuple):
        return {"H": state[0], "C": state[1]}
    return [_named(part) for part in state] if isinstance(state, list) else state


def _read_in_pieces(kind, L, T, size):
    """read(layer, X, size) -> (outputs, state): X (B, T, D) read in pieces of at most `size` steps.

    The layer must never see more steps at once, and the result must be that of one run over the whole.
    """
    (X,) = draw(T, (2, T, 3))
    lower, *upper = [name.removeprefix("nn.") for name in kind.split(" + ")]
    whole = layer(lower, 0, 3, 4, L)
    whole = _Stack(whole, *(layer(name, 0, 4, 4, L) for name in upper)) if upper else whole
    outputs, state = whole(X)
    return (_Recorder(whole), X, size), {"outputs": outputs, "state": _named(state)}


def _no_piece_too_long(given: Any, recorder: _Recorder, X: Tensor, size: int) -> None:
    if not recorder.lengths:
        raise Wrong("layer not called")
    if max(recorder.lengths) > size:
        raise Wrong("too many steps at once", steps=max(recorder.lengths))


def _each_piece_afresh(layer, X, size):
    ends = [layer(piece) for piece in X.split(size, dim=1)]
    return torch.cat([outputs for outputs, _ in ends], dim=1), ends[-1][1]


check_read_in_pieces = Check(
    _read_in_pieces,
    case="pieces",
    cases=[
        *[("nn.GRU", 2, 6, 3), ("nn.GRU", 1, 7, 3), ("nn.LSTM", 3, 8, 5), ("nn.RNN", 2, 4, 9)],
        *[("nn.GRU + nn.GRU", 1, 7, 2), ("nn.LSTM + nn.LSTM", 1, 7, 2)],
    ],
    slips={
        "state not handed over": _each_piece_afresh,
        "too many steps at once": lambda layer, X, size: layer(X),
        "layer not called": lambda layer, X, size: (torch.zeros(2, X.shape[1], 4), torch.zeros(2, 2, 4)),
    },
    judge=_no_piece_too_long,
    praise="read in pieces",
)

# --- influence in a linear stack -------------------------------------------------------------------------------------


def _top(k, num_layers, g, f, residual):
    """Send a 1 and k zeros through the stack; return what the last layer hands on, and its state, at the end."""
    states = [0.0] * num_layers
    for t in range(k + 1):
        below = float(t == 0)
        for l in range(num_layers):
            states[l] = g * below + f * states[l]
            below = states[l] + below * residual
    return below, states[-1]


def _influence(k, num_layers, g, f, residual):
    """influence(k, num_layers, g, f, residual): what is left at the top, k steps later, of an input of 1.

    Every layer computes state = g * below + f * state and hands on the state; with residual connections, state + below.
    """
    args = k, num_layers, g, f, residual
    return args, _top(*args)[0]


check_influence = Check(
    _influence,
    case="linear stack",
    cases=[
        *[(0, 1, 0.5, 0.25, False), (2, 3, 0.5, 0.5, False), (3, 3, 0.25, 0.5, False), (6, 4, 0.3, 0.9, False)],
        *[(0, 2, 0.25, 0.5, True), (3, 2, 0.25, 0.5, True), (5, 4, 0.1, 0.8, True)],
    ],
    slips={
        "no way past": lambda k, L, g, f, residual: _top(k, L, g, f, False)[0],
        "state of the last layer": lambda *args: _top(*args)[1],
        "up and right exchanged": lambda k, L, g, f, residual: _top(k, L, f, g, residual)[0],
        "one way alone": lambda k, L, g, f, residual: g**L * f**k,
        "no price upwards": lambda k, L, g, f, residual: _top(k, L, 1.0, f, residual)[0],
        "added up over time": lambda k, *rest: sum(_top(i, *rest)[0] for i in range(k + 1)),
    },
    praise="influence",
)
