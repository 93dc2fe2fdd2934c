"""Checks for the exercises of the notebook `bi-rnn`.

check_two_widths         shapes and parameters when the two directions differ in width
check_run_deep           several bidirectional layers, one on top of the other
check_final_states       both final states, picked out of the outputs of padded sequences
check_around             for every place, what its neighbours tell without the place itself
check_forward_backward   the messages of a hidden Markov model, also where observations are missing
check_fixed_lag          what is believed of each step when a few more observations have come in
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.exercises.check import Check, draw, layer
from helpers.exercises.messages import Wrong


def _one_way(both: nn.RNNBase, level: int = 0) -> tuple[nn.RNNBase, nn.RNNBase]:
    """Return both directions of one layer of a bidirectional network, each as a network of its own."""
    pair = []
    for suffix in ("", "_reverse"):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = {f"{name}_l0": getattr(both, f"{name}_l{level}{suffix}") for name in names}
        one = layer(type(both).__name__, 0, weights["weight_ih_l0"].shape[1], both.hidden_size)
        one.load_state_dict(weights)
        pair.append(one)
    return pair[0], pair[1]


# --- two widths ------------------------------------------------------------------------------------------------------


def _two_widths(n, T, d, h_f, h_b, q):
    """two_widths(n, T, d, h_f, h_b, q) -> (shape of the outputs, shape of W_hq, parameters of the layer).

    The layer consists of two nn.GRU, of h_f and h_b hidden units; W_hq and its bias are not counted.
    """
    pair = [layer("GRU", 0, d, h) for h in (h_f, h_b)]
    outputs = torch.cat([one(torch.zeros(n, T, d))[0] for one in pair], dim=-1)
    parameters = sum(p.numel() for one in pair for p in one.parameters())
    shapes = {"outputs": tuple(outputs.shape), "W_hq": (outputs.shape[-1], q)}
    return (n, T, d, h_f, h_b, q), {**shapes, "parameters": parameters}


def _counted(parameters: Callable[..., int]) -> Callable[..., tuple]:
    """Return a slip in the number of parameters alone."""
    return lambda n, T, d, h_f, h_b, q: ((n, T, h_f + h_b), (h_f + h_b, q), parameters(d, h_f, h_b, q))


check_two_widths = Check(
    _two_widths,
    case="two widths",
    cases=[(2, 5, 3, 4, 6, 7), (2, 5, 3, 4, 4, 7), (1, 1, 1, 5, 2, 3), (3, 8, 10, 1, 9, 28)],
    slips={
        "one bias per block": _counted(lambda d, h_f, h_b, q: sum(3 * h * (d + h + 1) for h in (h_f, h_b))),
        "output counted": _counted(lambda d, h_f, h_b, q: sum(3 * h * (d + h + 2) + (h + 0.5) * q for h in (h_f, h_b))),
        "one wide layer": _counted(lambda d, h_f, h_b, q: 3 * (h_f + h_b) * (d + h_f + h_b + 2)),
        "twice the forward width": lambda n, T, d, h_f, h_b, q: ((n, T, 2 * h_f), (2 * h_f, q), h_f),
    },
    praise="widths add up",
)

# --- several layers --------------------------------------------------------------------------------------------------


def _run_deep(kind, L, B, T, D, H):
    """run_deep(X, layers, state) -> (outputs, state) against torch's bidirectional layers.

    layers: a pair (forwards, backwards) of one-directional layers for each level. X is (B, T, D), state (2L, B, H).
    """
    torchs = layer(kind, L, D, H, L, bidirectional=True)
    X, state = draw(L, (B, T, D), (2 * L, B, H))
    outputs, last = torchs(X, state)
    return (X, [_one_way(torchs, level) for level in range(L)], state), {"outputs": outputs, "state": last}


def _joined(join: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., tuple]:
    """Return a way to run all levels that joins what the two directions read, each in its own order."""

    def run(X, layers, state):
        ends = []
        for (forwards, backwards), start in zip(layers, state.split(2), strict=True):
            there, last = forwards(X, start[:1].contiguous())
            back, first = backwards(X.flip(1), start[1:].contiguous())
            X = torch.cat(join(there, back), dim=-1)
            ends += [last, first]
        return X, torch.cat(ends)

    return run


_deep = _joined(lambda there, back: (there, back.flip(1)))


def _forward_states_first(X, layers, state):
    outputs, last = _deep(X, layers, state)
    return outputs, torch.cat([last[0::2], last[1::2]])


check_run_deep = Check(
    _run_deep,
    case="levels",
    cases=[("RNN", 1, 2, 4, 3, 2), ("GRU", 2, 3, 5, 2, 4), ("RNN", 3, 1, 6, 4, 3)],
    slips={
        "not turned back": _joined(lambda there, back: (there, back)),
        "halves exchanged": _joined(lambda there, back: (back.flip(1), there)),
        "state ignored": lambda X, layers, state: _deep(X, layers, 0 * state),
        "slots exchanged": lambda X, layers, state: _deep(X, layers, state.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)),
        "forward states first": _forward_states_first,
    },
    trains=True,
    praise="levels joined",
)

# --- final states ----------------------------------------------------------------------------------------------------


def _final_states(lengths, D, H, padding):
    """final_states(outputs, lengths) -> (B, 2H): the final forward state, then the final backward state.

    outputs (B, T, 2H) come from a bidirectional layer that read packed sequences, so that it never saw the padding;
    what stands there (0, or another value) means nothing. lengths is (B,), whole numbers from 1 to T.
    """
    T, counts = max(lengths), torch.tensor(lengths)
    (X,) = draw(T, (len(lengths), T, D))
    packed = pack_padded_sequence(X, counts, batch_first=True, enforce_sorted=False)
    outputs, h_n = layer("GRU", T, D, H, bidirectional=True)(packed)
    outputs = pad_packed_sequence(outputs, batch_first=True, padding_value=padding)[0]
    return (outputs, counts), torch.cat([h_n[0], h_n[1]], dim=-1)


def _picked(forward: Callable[[Tensor], Tensor], backward: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """Return a slip that picks the halves at the places that two functions of the lengths name."""

    def pick(outputs, lengths):
        rows, (there, back) = torch.arange(len(outputs)), outputs.chunk(2, dim=-1)
        return torch.cat([there[rows, forward(lengths)], back[rows, backward(lengths)]], dim=-1)

    return pick


check_final_states = Check(
    _final_states,
    case="padded sequences",
    cases=[([4, 4], 2, 3, 0), ([5, 2, 4], 3, 2, 0), ([1, 6, 1], 1, 4, 9), ([3, 7], 4, 1, -5)],
    slips={
        "backward half from the end": _picked(lambda n: n - 1, lambda n: n - 1),
        "forward half from the padding": _picked(lambda n: n * 0 - 1, lambda n: n * 0),
        "forward half from the start": _picked(lambda n: n * 0, lambda n: n * 0),
    },
    trains=True,
    praise="right ends",
)

# --- around ----------------------------------------------------------------------------------------------------------


def _around(B, T, D, H):
    """around(outputs) -> (B, T, 2H): at each place the forward state before it and the backward state after it.

    outputs (B, T, 2H) are those of a bidirectional layer. Where nothing comes before or after, the half is zero. The
    truth is found by letting both directions read what lies on their side of a place, and nothing else.
    """
    (X,) = draw(T, (B, T, D))
    both = layer("GRU", T, D, H, bidirectional=True)
    forwards, backwards = _one_way(both)
    wanted = torch.zeros(B, T, 2 * H)
    for t in range(T - 1):
        wanted[:, t + 1, :H] = forwards(X[:, : t + 1])[1][0]
        wanted[:, t, H:] = backwards(X[:, t + 1 :].flip(1))[1][0]
    return (both(X)[0],), wanted


def _moved(steps: int, outputs: Tensor) -> Tensor:
    """Return outputs (B, T, H) moved to the right, zeros at the end that falls free."""
    zeros = torch.zeros_like(outputs[:, :1])
    return torch.cat([zeros, outputs[:, :-1]] if steps == 1 else [outputs[:, 1:], zeros], dim=1)


def _halves(forward: Callable[[Tensor], Tensor], backward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a slip that does something of its own to each half."""
    return lambda outputs: torch.cat([forward(outputs.chunk(2, -1)[0]), backward(outputs.chunk(2, -1)[1])], dim=-1)


check_around = Check(
    _around,
    case="outputs",
    cases=[(1, 3, 2, 2), (2, 6, 3, 4), (3, 1, 2, 3), (2, 2, 1, 1)],
    slips={
        "own place read": lambda outputs: outputs,
        "backward half not moved": _halves(lambda there: _moved(1, there), lambda back: back),
        "moved the wrong way": _halves(lambda there: _moved(-1, there), lambda back: _moved(1, back)),
        "both moved to the right": _halves(lambda there: _moved(1, there), lambda back: _moved(1, back)),
        "round the corner": _halves(lambda there: there.roll(1, dims=1), lambda back: back.roll(-1, dims=1)),
    },
    trains=True,
    praise="around",
)

# --- hidden Markov models --------------------------------------------------------------------------------------------


def _scaled(message: Tensor, steps: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
    """Return the log of a message and of what each step makes of it; scaled, so that no product becomes 0."""
    rows, scale = [], torch.zeros((), dtype=message.dtype)
    for step in [lambda m: m, *steps]:
        message = step(message)
        scale, message = scale + message.sum().log(), message / message.sum()
        rows.append(scale + message.log())
    return torch.stack(rows)


def _log_seen(log_emit: Tensor, x: Sequence[int | None]) -> Tensor:
    return torch.stack([torch.zeros(len(log_emit)) if o is None else log_emit[:, o] for o in x])  # (T, k)


def _both_messages(log_start, log_move, log_emit, x):
    """Return log alpha and log beta (T, k), by matrix products in double precision."""
    start, A, seen = (log.double().exp() for log in (log_start, log_move, _log_seen(log_emit, x)))
    alpha = _scaled(start * seen[0], [lambda m, s=s: (m @ A) * s for s in seen[1:]])
    beta = _scaled(torch.ones_like(start), [lambda m, s=s: A @ (s * m) for s in seen[1:].flip(0)])
    return alpha.float(), beta.flip(0).float()


def _forward_backward(k, m, x):
    """forward_backward(log_start, log_move, log_emit, x) -> (log_alpha, log_beta), each (T, k).

    alpha_t(h) = p(observations up to and including t, h_t = h), beta_t(h) = p(observations after t | h_t = h);
    start (k,), move[i, j] = p(j follows i), emit[i, o] = p(o | i). x is a list of numbers; None: nothing was observed.
    A test compares the right messages of short chains with the sum over all paths.
    """
    args = *(p.log_softmax(-1) for p in draw(len(x), (k,), (k, k), (k, m))), x
    return args, dict(zip(("log_alpha", "log_beta"), _both_messages(*args), strict=True))


def _finite(given: dict[str, Tensor], *args) -> None:
    for name, message in given.items():
        if not message.isfinite().all():
            raise Wrong("probabilities vanish", name=name)


def _without_own(log_start, log_move, log_emit, x):
    alpha, beta = _both_messages(log_start, log_move, log_emit, x)
    return alpha - _log_seen(log_emit, x), beta


def _with_own(log_start, log_move, log_emit, x):
    alpha, beta = _both_messages(log_start, log_move, log_emit, x)
    return alpha, beta + _log_seen(log_emit, x)


check_forward_backward = Check(
    _forward_backward,
    case="chain",
    cases=[
        *[(2, 2, [0, 1, 1]), (3, 2, [1, 0, 1, 1, 0, 1]), (2, 3, [2]), (3, 3, [None, 2, None, None, 1, 0, None])],
        (3, 3, [(7 * t * t + t // 3) % 3 for t in range(1500)]),
    ],
    judge=_finite,
    slips={
        "alpha without its observation": _without_own,
        "beta with its observation": _with_own,
        "move transposed": lambda log_start, log_move, *rest: _both_messages(log_start, log_move.T, *rest),
        "missing taken for 0": lambda *args: _both_messages(*args[:3], [o or 0 for o in args[3]]),
        "probabilities vanish": lambda *args: [log.exp().log() for log in _both_messages(*args)],
    },
    tolerance=1e-4,
    praise="messages",
)

# --- late answers ----------------------------------------------------------------------------------------------------


def _belief(log_start: Tensor, log_move: Tensor, log_emit: Tensor, x: Sequence[int], t: int) -> Tensor:
    """Return p(h_t | x) (k,), for a step t of x."""
    alpha, beta = _both_messages(log_start, log_move, log_emit, x)
    return (alpha[t] + beta[t]).softmax(-1)


def _lagging(ahead: Callable[[int, int], int]) -> Callable[..., Tensor]:
    """Return how to answer for step t with as many observations as a function of t and the lag says."""

    def answer(log_start, log_move, log_emit, x, lag):
        tables = log_start, log_move, log_emit
        return torch.stack([_belief(*tables, x[: max(ahead(t, lag), t + 1)], t) for t in range(len(x))])

    return answer


_late = _lagging(lambda t, lag: t + lag + 1)


def _fixed_lag(k, m, x, lag):
    """fixed_lag(log_start, log_move, log_emit, x, lag) -> p(h_t | x_1 .. x_(t + lag)) (T, k), or as far as x goes.

    The tables are those of `forward_backward`; x is a list of numbers. A test compares the right beliefs with the sum
    over all paths.
    """
    args = *(p.log_softmax(-1) for p in draw(len(x) + lag, (k,), (k, k), (k, m))), x, lag
    return args, _late(*args)


def _not_normalised(log_start, log_move, log_emit, x, lag):
    tables = log_start, log_move, log_emit
    rows = []
    for t in range(len(x)):
        alpha, beta = _both_messages(*tables, x[: t + lag + 1])
        rows.append((alpha[t] + beta[t]).exp())
    return torch.stack(rows)


check_fixed_lag = Check(
    _fixed_lag,
    case="late chain",
    cases=[(2, 2, [0, 1, 1, 0, 0, 1], 2), (3, 2, [1, 0, 1, 1, 0, 1], 1), (3, 3, [2, 0, 1], 0), (2, 3, [2, 1], 5)],
    slips={
        "the filter": _lagging(lambda t, lag: t + 1),
        "the smoother": lambda *args: _late(*args[:4], len(args[3])),
        "a sound too few": _lagging(lambda t, lag: t + lag),
        "a sound too many": _lagging(lambda t, lag: t + lag + 2),
        "joint probability": _not_normalised,
        "logarithms": lambda *args: _late(*args).log(),
    },
    praise="late",
)
