"""Right and wrong answers for the checks of the section `deep_rnn`."""

import numpy as np
import torch
from notebook_code import definitions
from torch import nn

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/deep-rnn")  # whose answers join the right ones by themselves

# --- two layers ------------------------------------------------------------------------------------------------------


two_layers = SOLVED["two_layers"]


def one_layer(X, H, W_xh, W_hh, b_h):
    outputs = []
    for t in range(X.shape[1]):
        H = torch.tanh(X[:, t] @ W_xh + H @ W_hh + b_h)
        outputs.append(H)
    return torch.stack(outputs, dim=1), H


def two_layers_one_after_the_other(X, H1, H2, W_xh1, W_hh1, b_h1, W_xh2, W_hh2, b_h2):
    X, H1 = one_layer(X, H1, W_xh1, W_hh1, b_h1)
    X, H2 = one_layer(X, H2, W_xh2, W_hh2, b_h2)
    return [X, H1, H2]


def layer_2_a_step_late(X, H1, H2, W_xh1, W_hh1, b_h1, W_xh2, W_hh2, b_h2):
    outputs = []
    for X_t in X.unbind(dim=1):
        H2 = torch.tanh(H1 @ W_xh2 + H2 @ W_hh2 + b_h2)
        H1 = torch.tanh(X_t @ W_xh1 + H1 @ W_hh1 + b_h1)
        outputs.append(H2)
    return torch.stack(outputs, dim=1), H1, H2


def time_before_batch(X, H1, H2, *weights):
    return two_layers(X.transpose(0, 1), H1, H2, *weights)


ANSWERS["check_two_layers"] = Answers(
    right={"layer outside, as a list": two_layers_one_after_the_other},
    wrong={
        "layer 2 reads the old state of layer 1": (
            layer_2_a_step_late,
            "for a batch of 1, 1 steps, 1 inputs, and layers of 1 and 1 units layer 2 reads the state that layer 1 had",
        ),
        "outputs of layer 1": (
            lambda X, H1, H2, *w: (one_layer(X, H1, *w[:3])[0], *two_layers(X, H1, H2, *w)[1:]),
            "the outputs are those of layer 1",
        ),
        "initial states ignored": (
            lambda X, H1, H2, *w: two_layers(X, 0 * H1, 0 * H2, *w),
            "in outputs, the result is off by",
        ),
        "states exchanged": (
            lambda *args: (lambda O, H1, H2: (O, H2, H1))(*two_layers(*args)),
            "in H1, the result is off by",
        ),
        "layer 2 starts from the state of layer 1": (
            lambda X, H1, H2, *w: two_layers(X, H1, H1, *w),
            "in outputs, the result is off by",
        ),
        "the states of the first step returned": (
            lambda X, *rest: (two_layers(X, *rest)[0], *two_layers(X[:, :1], *rest)[1:]),
            "for a batch of 2, 4 steps, 3 inputs, and layers of 5 and 5 units, in H1, the result is off by",
        ),
        "without tanh in layer 2": (
            lambda *args: (lambda O, H1, H2: (torch.atanh(O), H1, torch.atanh(H2)))(*two_layers(*args)),
            "in outputs, the result is off by",
        ),
        "steps and batch exchanged": (time_before_batch, "your function stops with RuntimeError"),
        "the last output alone": (
            lambda *args: (lambda O, H1, H2: (O[:, -1], H1, H2))(*two_layers(*args)),
            "outputs has the shape (1, 1); it should be (1, 1, 1)",
        ),
        "outputs alone": (lambda *args: two_layers(*args)[0], "should be (outputs, H1, H2)"),
    },
)

# --- the number of parameters ----------------------------------------------------------------------------------------

BLOCKS = {"RNN": 1, "GRU": 3, "LSTM": 4}


count = SOLVED["count"]


ANSWERS["check_count"] = Answers(
    right={
        "counted": lambda kind, d, h, L: sum(
            p.numel() for p in getattr(nn, kind)(d, h, L, device=torch.device("meta")).parameters()
        ),
        "layer by layer": lambda kind, d, h, L: sum(
            BLOCKS[kind] * (h * ((d if l == 0 else h) + h) + 2 * h) for l in range(L)
        ),
        "a tensor": lambda *args: torch.tensor(count(*args)),
        "a number of NumPy": lambda *args: np.int64(count(*args)),
    },
    wrong={
        "one bias": (
            lambda kind, d, h, L: count(kind, d, h, L) - BLOCKS[kind] * L * h,
            "for nn.RNN with 28 inputs, 32 hidden units and 1 layer the result is 1952; it should be 1984: "
            "torch keeps two biases",
        ),
        "h x h in layer 1, as in the book": (
            lambda kind, d, h, L: BLOCKS[kind] * L * h * (2 * h + 2),
            "the result is 2112; it should be 1984: W_xh of layer 1 is d × h, not h × h",
        ),
        "d x h in every layer": (
            lambda kind, d, h, L: L * count(kind, d, h, 1),
            "for nn.RNN with 28 inputs, 32 hidden units and 2 layers the result is 3968; it should be 4096: "
            "from the second layer on",
        ),
        "layer 1 alone": (lambda kind, d, h, L: count(kind, d, h, 1), "the result is 1984; it should be 4096"),
        "the kind ignored": (
            lambda kind, d, h, L: count("RNN", d, h, L),
            "for nn.GRU with 28 inputs, 32 hidden units and 3 layers the result is 6208; it should be 18624",
        ),
        "four blocks in a GRU": (
            lambda kind, d, h, L: count("RNN" if kind == "RNN" else "LSTM", d, h, L),
            "for nn.GRU with 28 inputs, 32 hidden units and 3 layers",
        ),
        "an output layer counted": (lambda kind, d, h, L: count(kind, d, h, L) + d * (h + 1), "it should be 1984"),
    },
)

# --- a state taken apart ---------------------------------------------------------------------------------------------


split = SOLVED["split_state"]


def split_by_index(state):
    if isinstance(state, tuple):
        H, C = state
        return [(H[l][None], C[l][None]) for l in range(len(H))]
    return [state[l : l + 1] for l in range(len(state))]


ANSWERS["check_split_state"] = Answers(
    right={
        "by index": split_by_index,
        "lists for pairs": lambda state: [list(s) if isinstance(s, tuple) else s for s in split(state)],
        "a tensor of tensors for the GRU": lambda s: split(s) if isinstance(s, tuple) else s[:, None],
    },
    wrong={
        "the axis of the layers lost": (
            lambda state: list(zip(*state, strict=True)) if isinstance(state, tuple) else list(state),
            "for the state of nn.GRU with 2 layers, a batch of 3 and 4 hidden units H of layer 1 has the shape (3, 4); "
            "it should be (1, 3, 4)",
        ),
        "split along the batch": (
            lambda s: list(s.split(1, dim=1)),
            "for the state of nn.GRU with 2 layers, a batch of 3 and 4 hidden units the result has 3 entries",
        ),
        "the last layer first": (lambda state: split(state)[::-1], "in H of layer 1, the result is off by"),
        "the LSTM's pair taken for two layers": (
            lambda state: list(state) if isinstance(state, tuple) else split(state),
            "for the state of nn.LSTM with 2 layers, a batch of 3 and 4 hidden units the state of layer 1 should be a "
            "pair (H, C)",
        ),
        "two lists for an LSTM": (
            lambda state: tuple(map(split, state)) if isinstance(state, tuple) else split(state),
            "for the state of nn.LSTM with 2 layers, a batch of 3 and 4 hidden units, in C of layer 1, the result",
        ),
        "H and C exchanged": (
            lambda state: split(state[::-1]) if isinstance(state, tuple) else split(state),
            "in H of layer 1, the result is off by",
        ),
        "the memory cells forgotten": (
            lambda state: split(state[0]) if isinstance(state, tuple) else split(state),
            "the state of layer 1 should be a pair (H, C)",
        ),
        "arrays, which no layer takes": (
            lambda state: (
                [tuple(part.numpy() for part in pair) for pair in split(state)]
                if isinstance(state, tuple)
                else [part.numpy() for part in split(state)]
            ),
            "H of layer 1 should be a tensor, which torch's layer can take; it is of type ndarray",
        ),
        "the last layer alone": (
            lambda state: split(state)[-1:],
            "the result has 1 entries; it should have 2, one for each layer",
        ),
    },
)

# --- reading in pieces -----------------------------------------------------------------------------------------------


read = SOLVED["read_in_pieces"]


def read_one_step_at_a_time(layer, X, size):
    return read(layer, X, 1)


def detached(state):
    return state.detach() if isinstance(state, torch.Tensor) else type(state)(map(detached, state))


def read_for_tensors_and_pairs(layer, X, size):
    """Cuts the gradient of a tensor or a pair, and knows no other state."""
    outputs, state = [], None
    for piece in X.split(size, dim=1):
        part, state = layer(piece, state)
        outputs.append(part)
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return torch.cat(outputs, dim=1), state


def read_with_pairs(layer, X, size):
    """Makes a pair of whatever is no tensor."""
    outputs, state = [], None
    for piece in X.split(size, dim=1):
        part, state = layer(piece, state)
        outputs.append(part)
        state = state if isinstance(state, torch.Tensor) else tuple(state)
    return torch.cat(outputs, dim=1), state


def read_detached(layer, X, size):
    outputs, state = [], None
    for start in range(0, X.shape[1], size):
        part, state = layer(X[:, start : start + size], state)
        outputs.append(part.detach())
        state = detached(state)
    return [torch.cat(outputs, dim=1), state]


def start_afresh(layer, X, size):
    outputs = []
    for piece in X.split(size, dim=1):
        part, state = layer(piece)
        outputs.append(part)
    return torch.cat(outputs, dim=1), state


def whole_pieces_only(layer, X, size):
    return read(layer, X[:, : max(1, X.shape[1] // size) * size], size)


def cell_state_lost(layer, X, size):
    outputs, state = [], None
    for piece in X.split(size, dim=1):
        part, state = layer(piece, state)
        state = (state[0], 0 * state[1]) if isinstance(state, tuple) else state
        outputs.append(part)
    return torch.cat(outputs, dim=1), state


def last_output_as_state(layer, X, size):
    outputs, state = [], None
    for piece in X.split(size, dim=1):
        part, _ = layer(piece, state)
        state = part[:, -1][None].contiguous()
        outputs.append(part)
    return torch.cat(outputs, dim=1), state


ANSWERS["check_read_in_pieces"] = Answers(
    right={"one step at a time": read_one_step_at_a_time, "the gradient cut": read_detached},
    wrong={
        "every piece from an empty state": (
            start_afresh,
            "for 6 steps in pieces of 3 through nn.GRU with 2 layers every piece starts from an empty state",
        ),
        "all at once": (
            lambda layer, X, size: layer(X),
            "for 6 steps in pieces of 3 through nn.GRU with 2 layers the layer was given 6 steps at once",
        ),
        "the last, shorter piece left out": (
            whole_pieces_only,
            "for 7 steps in pieces of 3 through nn.GRU with 1 layer outputs has the shape (2, 6, 4)",
        ),
        "a state that is a list forgotten": (
            read_for_tensors_and_pairs,
            "for 7 steps in pieces of 2 through a stack of two nn.GRU your function stops with AttributeError",
        ),
        "a list of states made a pair": (
            read_with_pairs,
            "for 7 steps in pieces of 2 through a stack of two nn.GRU your function stops with ValueError: state must",
        ),
        "the memory cells lost": (
            cell_state_lost,
            "for 8 steps in pieces of 5 through nn.LSTM with 3 layers, in outputs, the result is off by",
        ),
        "the last output as the state of all layers": (
            last_output_as_state,
            "for 6 steps in pieces of 3 through nn.GRU with 2 layers your function stops with RuntimeError",
        ),
        "the outputs of the last piece alone": (
            lambda layer, X, size: layer(X[:, -size:], read(layer, X[:, :-size], size)[1]),
            "outputs has the shape (2, 3, 4); it should be (2, 6, 4)",
        ),
        "joined along the batch": (
            lambda layer, X, size: (torch.cat(read(layer, X, size)[0].split(size, dim=1)), None),
            "outputs has the shape (4, 3, 4); it should be (2, 6, 4)",
        ),
        "the state of the first piece returned": (
            lambda layer, X, size: (read(layer, X, size)[0], layer(X[:, :size])[1]),
            "in H of the state, the result is off by",
        ),
        "the outputs alone": (lambda *args: read(*args)[0], "should be (outputs, state)"),
        "the layer not used": (
            lambda layer, X, size: (torch.zeros(2, X.shape[1], 4), torch.zeros(2, 2, 4)),
            "the layer was never called",
        ),
    },
)
