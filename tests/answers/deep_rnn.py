"""Other answers for the checks of the section `deep_rnn`, right and wrong."""

from math import comb

import torch
from notebook_code import definitions

SOLVED = definitions("solutions/deep-rnn")
two_layers, count, split, read = (SOLVED[f] for f in ("two_layers", "count", "split_state", "read_in_pieces"))
influence = SOLVED["influence"]


def one_layer(X, H, W_xh, W_hh, b_h):
    outputs = []
    for t in range(X.shape[1]):
        H = torch.tanh(X[:, t] @ W_xh + H @ W_hh + b_h)
        outputs.append(H)
    return torch.stack(outputs, dim=1), H


def two_layers_one_after_the_other(X, H1, H2, *weights):
    X, H1 = one_layer(X, H1, *weights[:3])
    X, H2 = one_layer(X, H2, *weights[3:])
    return [X, H1, H2]


def reading(change):
    """Return a way to read in pieces that changes the state after each."""

    def read(layer, X, size):
        outputs, state = [], None
        for piece in X.split(size, dim=1):
            part, state = layer(piece, state)
            outputs.append(part)
            state = change(state, part)
        return torch.cat(outputs, dim=1), state

    return read


def detached(state, part):
    return state.detach() if isinstance(state, torch.Tensor) else type(state)(detached(s, part) for s in state)


def cell_lost(state, part):
    return (state[0], 0 * state[1]) if isinstance(state, tuple) else state


RIGHT = {
    "check_two_layers": {"layer outside, as a list": two_layers_one_after_the_other},
    "check_split_state": {
        "lists for pairs": lambda state: [list(s) if isinstance(s, tuple) else s for s in split(state)]
    },
    "check_read_in_pieces": {
        "one step at a time": lambda layer, X, size: read(layer, X, 1),
        "the gradient cut": reading(detached),
    },
    "check_influence": {
        "by counting the ways": lambda k, L, g, f, residual: sum(
            comb(L, j) * g**j * (comb(k + j - 1, j - 1) * f**k if j else k == 0)
            for j in (range(L + 1) if residual else [L])
        )
    },
}
WRONG = {
    "check_two_layers": {
        "states exchanged": (lambda *args: [two_layers(*args)[i] for i in (0, 2, 1)], "H1 is off by"),
        "layer 2 from H1": (lambda X, H1, H2, *w: two_layers(X, H1, H1, *w), "outputs is off by"),
        "the states of the first step": (
            lambda X, *rest: (two_layers(X, *rest)[0], *two_layers(X[:, :1], *rest)[1:]),
            "for B = 2, T = 4, D = 3 and layers of width 5 and 5 H1 is off by",
        ),
        "no tanh above": (
            lambda *args: (torch.atanh(two_layers(*args)[0]), *two_layers(*args)[1:]),
            "outputs is off by",
        ),
        "steps and batch exchanged": (lambda X, *rest: two_layers(X.transpose(0, 1), *rest), "stops with RuntimeError"),
        "the last output alone": (
            lambda *args: (two_layers(*args)[0][:, -1], *two_layers(*args)[1:]),
            "outputs has the shape (1, 1); it should be (1, 1, 1)",
        ),
        "outputs alone": (lambda *args: two_layers(*args)[0], "should be (outputs, H1, H2)"),
    },
    "check_count": {
        "layer 1 alone": (lambda kind, d, h, L: count(kind, d, h, 1), "the result is 1984; it should be 4096"),
        "the kind ignored": (lambda kind, d, h, L: count("RNN", d, h, L), "is 6208; it should be 18624"),
        "four blocks in a GRU": (lambda k, *sizes: count("RNN" if k == "RNN" else "LSTM", *sizes), "for nn.GRU"),
        "an output layer": (
            lambda k, d, h, L: count(k, d, h, L) + d * (h + 1),
            "the result is 2908; it should be 1984",
        ),
        "half a parameter more": (lambda *args: count(*args) + 0.5, "the result is 1984.5; it should be 1984"),
    },
    "check_split_state": {
        "the axis of the layers lost": (
            lambda state: list(zip(*state, strict=True)) if isinstance(state, tuple) else list(state),
            "of nn.GRU with L = 2, B = 3 and H = 4 result[0] has the shape (3, 4); it should be (1, 3, 4)",
        ),
        "split along the batch": (lambda s: list(s.split(1, dim=1)), "the result should be (result[0], result[1])"),
        "the LSTM's pair taken for two layers": (
            lambda state: list(state) if isinstance(state, tuple) else split(state),
            "for the state of nn.LSTM with L = 2, B = 3 and H = 4 result[0] should be (H, C)",
        ),
        "two lists for an LSTM": (
            lambda state: tuple(map(split, state)) if isinstance(state, tuple) else split(state),
            "result[0].C is off by",
        ),
        "arrays, which no layer takes": (
            lambda state: [s.numpy() if isinstance(s, torch.Tensor) else s for s in split(state)],
            "result[0] should be a tensor, which a layer can take; it is of type ndarray",
        ),
        "one tensor for a pair": (
            lambda state: [torch.stack(s) if isinstance(s, tuple) else s for s in split(state)],
            "result[0] should be (H, C)",
        ),
    },
    "check_read_in_pieces": {
        "the last, shorter piece left out": (
            lambda layer, X, size: read(layer, X[:, : max(1, X.shape[1] // size) * size], size),
            "for T = 7 and size = 3 through nn.GRU with L = 1 outputs has the shape (2, 6, 4); it should be (2, 7, 4)",
        ),
        "a state that is a list forgotten": (
            reading(lambda s, _: tuple(part.detach() for part in s) if isinstance(s, tuple) else s.detach()),
            "size = 2 through nn.GRU + nn.GRU with L = 1 your function stops with AttributeError",
        ),
        "a list of states made a pair": (
            reading(lambda state, part: state if isinstance(state, torch.Tensor) else tuple(state)),
            "size = 2 through nn.GRU + nn.GRU with L = 1 your function stops with ValueError: state must",
        ),
        "the memory cells lost": (reading(cell_lost), "size = 5 through nn.LSTM with L = 3 outputs is off by"),
        "the last output as the state": (reading(lambda state, part: part[:, -1][None]), "stops with RuntimeError"),
        "the last piece alone": (lambda layer, X, size: layer(X[:, -size:]), "outputs has the shape (2, 3, 4)"),
        "the state of the first piece": (
            lambda layer, X, size: (read(layer, X, size)[0], layer(X[:, :size])[1]),
            "state is off by",
        ),
        "the outputs alone": (lambda *args: read(*args)[0], "should be (outputs, state)"),
    },
    "check_influence": {
        "a step too late": (lambda k, *rest: influence(k + 1, *rest), "the result is 0.125; it should be 0.5"),
        "a layer too few": (
            lambda k, L, *rest: influence(k, L - 1, *rest) if L > 1 else rest[0],
            "k = 3, num_layers = 3",
        ),
        "ways for another floor": (
            lambda k, L, g, f, residual: comb(k + L, L) * g**L * f**k,
            "f = 0.5 and residual = False the result is 0.3125; it should be 0.1875",
        ),
        "a way past for the whole stack": (
            lambda k, L, g, f, residual: influence(k, L, g, f, False) + (k == 0 and residual),
            "f = 0.5 and residual = True the result is 1.0625; it should be 1.5625",
        ),
    },
}
