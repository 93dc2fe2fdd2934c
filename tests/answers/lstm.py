"""Other answers for the checks of the section `lstm`, right and wrong."""

import math

import torch
from notebook_code import definitions
from torch import nn

SOLVED = definitions("solutions/lstm")
reach, cost, to_onnx, bias_for = (SOLVED[f] for f in ("reach", "cost", "to_onnx", "bias_for"))
counter_weights = SOLVED["counter_weights"]
Forecaster, train = SOLVED["Forecaster"], SOLVED["train"]


def reach_by_the_input_gate(value, T):
    """The candidate has the sign, the input gate the size; nothing is written once the value is reached."""
    I = [min(max(abs(value) - t, 0.0), 1.0) for t in range(T)]
    return None if abs(value) > T else (torch.ones(T), torch.tensor(I), torch.full((T,), math.copysign(1, value)))


def training(model):
    """Return a `train` for another model: a class whose instances hold what is trained."""

    def train_it(X, Y):
        one = model()
        adam = torch.optim.Adam(one.parameters(), 0.03)
        for _ in range(60):
            loss = (one(X) - Y).square().mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
        return one

    return train_it


class Packed(Forecaster):
    """Reads packed windows, and forecasts from the last hidden state."""

    def forward(self, X):
        packed = nn.utils.rnn.pack_padded_sequence(X[..., None], [X.shape[1]] * len(X), batch_first=True)
        return self.output(self.lstm(packed)[1][0][-1])[:, 0]


class AllSteps(Forecaster):
    """Joins the outputs of 20 steps, so that it reads no other number of steps."""

    def __init__(self):
        super().__init__()
        self.output = nn.Linear(20 * 16, 1)

    def forward(self, X):
        return self.output(self.lstm(X[..., None])[0].flatten(1))[:, 0]


class FirstStep(Forecaster):
    def forward(self, X):
        return self.output(self.lstm(X[..., None])[0][:, 0])[:, 0]


def least_squares_beside_an_lstm(share):
    def train_it(X, Y):
        weights, lstm = torch.linalg.lstsq(X, Y[:, None]).solution[:, 0], Forecaster()
        return lambda windows: windows[:, -20:] @ weights + share * lstm(windows)

    return train_it


def opened(weight_ih, weight_hh, bias):
    """What the unit shows is free, as long as no gate reads it."""
    bias[3] = 50.0
    return weight_ih, weight_hh, bias


def reordered(places):
    """Return counters with their blocks in another order than torch's."""
    return lambda symbols: [part[places] for part in counter_weights(symbols)]


RIGHT = {
    "check_reach": {"by the input gate": reach_by_the_input_gate},
    "check_cost": {"floats": lambda *args: tuple(map(float, cost(*args)))},
    "check_bias_for": {
        "torch.logit": lambda k: torch.logit(torch.tensor(0.5, dtype=torch.float64) ** (1 / k)),
        "rounded to four digits": lambda k: round(bias_for(k), 4),
    },
    "check_forecaster": {
        "a function around it": lambda X, Y: (lambda model: lambda windows: model(windows).tolist())(train(X, Y)),
        "packed windows, the last state": training(Packed),
    },
    "check_counter_weights": {
        "lists": lambda symbols: [part.tolist() for part in counter_weights(symbols)],
        "an output gate that is open": lambda symbols: opened(*counter_weights(symbols)),
    },
}
WRONG = {
    "check_reach": {
        "an input gate above 1": (lambda v, T: ([1] * T, [abs(v)] * T, [1 / T] * T), "I leaves its range, 0 to 1"),
        "negative refused": (
            lambda v, T: reach(v, T) if v >= 0 else None,
            "C = -4.0 and T = 5 the result should be (F",
        ),
        "the largest refused": (lambda v, T: reach(v, T) if abs(v) < T else None, "for C = 7.0 and T = 7 the result"),
        "as near as possible": (lambda v, T: reach(max(-T, min(T, v)), T), "C = 3.01 and T = 3 the result is ("),
        "the sign forgotten": (lambda v, T: reach(max(-T, v), T), "for C = -6.0 and T = 5 the result is ("),
        "not a number": (lambda v, T: ([1.0] * T, [1.0] * T, [math.nan] * T), "C_tilde leaves its range"),
    },
    "check_cost": {
        "no bias at all": (lambda *args: (cost(*args)[1],) * 2, "parameters is 7680; it should be 7936"),
        "right for d = 28 and h = 32 alone": (
            lambda kind, d, h: cost(kind, 28, 32),
            "for nn.LSTM with d = 1 and h = 1",
        ),
        "d and h exchanged": (lambda kind, d, h: cost(kind, h, d), "for nn.LSTM with d = 28 and h = 32 parameters is"),
        "elementwise products": (
            lambda k, d, h: (cost(k, d, h)[0], cost(k, d, h)[1] + 3 * h),
            "multiplications is 7776",
        ),
    },
    "check_to_onnx": {
        "transposed": (
            lambda *args: [part.mT for part in to_onnx(*args)],
            "W has the shape (1, 1, 4); it should be (1",
        ),
        "no axis of directions": (lambda *args: [part[0] for part in to_onnx(*args)], "W has the shape (4, 1)"),
        "the state's weights left": (
            lambda w, r, *b: (to_onnx(w, r, *b)[0], r[None], to_onnx(w, r, *b)[2]),
            "blocks of R",
        ),
        "the input side's bias twice": (lambda w, r, b, c: to_onnx(w, r, b, b), "B is off by"),
        "one unit at a time": (
            lambda w, *rest: to_onnx(w.view(4, -1, w.shape[1]).transpose(0, 1).reshape(w.shape), *rest),
            "for d = 3 and h = 4 W is off by",
        ),
    },
    "check_bias_for": {
        "the gate itself": (lambda k: 0.5 ** (1 / k), "k = 1 a bias of 0.5 leaves 0.622 of the cell"),
        "log k": (math.log, "k = 2 a bias of 0.6931 leaves 0.444 of the cell"),
        "good for large k only": (lambda k: math.log(k / math.log(2)), "k = 1 a bias of 0.3665 leaves 0.591"),
        "infinite": (lambda k: math.inf, "k = 1 a bias of inf leaves 1.000 of the cell"),
    },
    "check_forecaster": {
        "not trained": (
            lambda X, Y: Forecaster(),
            "for later windows with M = 140 and S = 20 the mean squared error is",
        ),
        "read from the first step": (training(FirstStep), "for later windows with M = 140 and S = 20 the mean squared"),
        "for 20 steps alone": (training(AllSteps), "with M = 130 and S = 30 your function stops with RuntimeError"),
        "an LSTM that does nothing": (least_squares_beside_an_lstm(0.0), "the nn.LSTM hardly matters"),
        "an LSTM that disturbs": (least_squares_beside_an_lstm(0.1), "the nn.LSTM hardly matters"),
        "one column too many": (
            lambda X, Y: lambda w: w[:, -1:],
            "the result has the shape (140, 1); it should be (140,",
        ),
    },
    "check_counter_weights": {
        "input, output, forget, candidate": (reordered([0, 3, 1, 2]), "for symbols = '|ab' after |"),
        "b's not counted": (
            lambda symbols: (counter_weights(symbols)[0].clamp(min=-0.5), *counter_weights(symbols)[1:]),
            "the cell holds",
        ),
        "the border stands first": (lambda symbols: counter_weights("|ab"), "for symbols = 'ab|' after |"),
        "the gates half open": (
            lambda symbols: (*counter_weights(symbols)[:2], torch.zeros(4)),
            "after |a the cell holds 0.500; it should hold 1",
        ),
        "torch's two biases": (
            lambda symbols: (*counter_weights(symbols)[:2], torch.zeros(8)),
            "bias has the shape (8,); it should be (4,)",
        ),
    },
}
