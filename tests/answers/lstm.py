"""Right and wrong answers for the checks of the section `lstm`."""

import math

import numpy as np
import torch
from notebook_code import definitions
from torch import nn

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/lstm")  # whose answers join the right ones by themselves

# --- a cell that arrives at a value ----------------------------------------------------------------------------------


reach = SOLVED["reach"]


def reach_by_the_input_gate(value, T):
    """The candidate has the sign, the input gate the size; nothing is written once the value is reached."""
    if abs(value) > T:
        return None
    I = [min(max(abs(value) - t, 0.0), 1.0) for t in range(T)]
    return torch.ones(T), torch.tensor(I), torch.full((T,), math.copysign(1.0, value))


def reach_after_forgetting(value, T):
    """Where one step is enough, everything before the last one is forgotten."""
    if abs(value) > 1:
        return reach(value, T)
    return [0.0] * T, [1] * T, [*[-1.0] * (T - 1), value]


ANSWERS["check_reach"] = Answers(
    right={
        "arrays": lambda v, T: None if reach(v, T) is None else tuple(map(np.array, reach(v, T))),
        "by the input gate": reach_by_the_input_gate,
        "a list of lists": lambda v, T: None if reach(v, T) is None else list(reach(v, T)),
        "forgetting first": reach_after_forgetting,
    },
    wrong={
        "the value as a candidate": (
            lambda v, T: ([1.0] * T, [1.0] * T, [0.0] * (T - 1) + [v]),
            "for C = 2.5 after 3 steps C_tilde leaves its range, -1 to 1",
        ),
        "an input gate above 1": (
            lambda v, T: ([1.0] * T, [abs(v)] * T, [math.copysign(1 / T, v)] * T),
            "for C = 2.5 after 3 steps I leaves its range, 0 to 1",
        ),
        "the forget gate at 0": (
            lambda v, T: ([0.0] * T, [1.0] * T, [max(-1.0, min(1.0, v))] * T),
            "for C = 2.5 after 3 steps your gates lead to C = 1.0000",
        ),
        "a cell bounded by 1": (
            lambda v, T: reach(v, T) if abs(v) <= 1 else None,
            "for C = 2.5 after 3 steps there are such gates",
        ),
        "negative values refused": (
            lambda v, T: reach(v, T) if v >= 0 else None,
            "for C = -4.0 after 5 steps there are such gates",
        ),
        "the largest value refused": (
            lambda v, T: reach(v, T) if abs(v) < T else None,
            "for C = 7.0 after 7 steps there are such gates",
        ),
        "as near as possible instead of None": (
            lambda v, T: reach(max(-T, min(T, v)), T),
            "for C = 3.01 after 3 steps your gates lead to C = 3.0000; no gates can do it",
        ),
        "the sign of what is impossible forgotten": (
            lambda v, T: reach(max(-T, v), T),
            "for C = -6.0 after 5 steps your gates lead to C = -5.0000; no gates can do it",
        ),
        "one step too many": (
            lambda v, T: ([1.0] * (T + 1), [1.0] * (T + 1), [v / (T + 1)] * (T + 1)),
            "for C = 2.5 after 3 steps F has the shape (4,); it should be (3,)",
        ),
        "F and I alone": (lambda v, T: ([1.0] * T, [v / T] * T), "should be (F, I, C_tilde)"),
        "not a number": (lambda v, T: ([1.0] * T, [1.0] * T, [math.nan] * T), "C_tilde leaves its range"),
    },
)

# --- cost ------------------------------------------------------------------------------------------------------------

BLOCKS = {"RNN": 1, "GRU": 3, "LSTM": 4}


cost = SOLVED["cost"]


def cost_by_torch(kind, d, h):
    layer = getattr(nn, kind)(d, h)
    weights = [p.numel() for name, p in layer.named_parameters() if name.startswith("weight")]
    return [sum(p.numel() for p in layer.parameters()), sum(weights)]


ANSWERS["check_cost"] = Answers(
    right={
        "counted by torch": cost_by_torch,
        "floats": lambda *args: tuple(map(float, cost(*args))),
        "a tensor of two numbers, taken apart": lambda *args: tuple(torch.tensor(cost(*args))),
    },
    wrong={
        "one bias per block": (
            lambda kind, d, h: (BLOCKS[kind] * h * (d + h + 1), cost(kind, d, h)[1]),
            "for the parameters of nn.LSTM with d = 28 and h = 32 the result is 7808; it should be 7936",
        ),
        "no bias at all": (
            lambda kind, d, h: (cost(kind, d, h)[1],) * 2,
            "for the parameters of nn.LSTM with d = 28 and h = 32 the result is 7680",
        ),
        "biases counted as multiplications": (
            lambda kind, d, h: (cost(kind, d, h)[0],) * 2,
            "for the multiplications of nn.LSTM with d = 28 and h = 32 the result is 7936; it should be 7680",
        ),
        "a GRU with two blocks": (
            lambda kind, d, h: cost(kind, d, h) if kind != "GRU" else tuple(n * 2 // 3 for n in cost(kind, d, h)),
            "for the parameters of nn.GRU with d = 28 and h = 32 the result is 3968; it should be 5952",
        ),
        "an LSTM with three gates and no candidate": (
            lambda kind, d, h: cost(kind if kind != "LSTM" else "GRU", d, h),
            "for the parameters of nn.LSTM with d = 28 and h = 32 the result is 5952; it should be 7936",
        ),
        "elementwise products included": (
            lambda kind, d, h: (cost(kind, d, h)[0], cost(kind, d, h)[1] + 3 * h),
            "for the multiplications of nn.LSTM with d = 28 and h = 32",
        ),
        "right for d = 28 and h = 32 alone": (
            lambda kind, d, h: cost(kind, 28, 32),
            "for the parameters of nn.LSTM with d = 1 and h = 1",
        ),
        "d and h exchanged": (
            lambda kind, d, h: cost(kind, h, d),
            "for the parameters of nn.LSTM with d = 28 and h = 32",
        ),
        "a word": (lambda kind, d, h: ("many", 1), "which is not a number"),
        "parameters alone": (lambda *args: cost(*args)[0], "should be (parameters, multiplications)"),
    },
)

# --- weights for ONNX ------------------------------------------------------------------------------------------------


def reorder(stacked, order=(0, 3, 1, 2)):
    """From torch's i, f, g, o to i, o, f, g."""
    blocks = stacked.chunk(4)
    return torch.cat([blocks[k] for k in order])


def to_onnx(w_ih, w_hh, b_ih, b_hh, order=(0, 3, 1, 2)):
    W, R, b_ih, b_hh = (reorder(part, order) for part in (w_ih, w_hh, b_ih, b_hh))
    return W[None], R[None], torch.cat([b_ih, b_hh])[None]


def to_onnx_by_rows(w_ih, w_hh, b_ih, b_hh):
    h = w_hh.shape[1]
    rows = [*range(h), *range(3 * h, 4 * h), *range(h, 2 * h), *range(2 * h, 3 * h)]
    return w_ih[rows].unsqueeze(0), w_hh[rows].unsqueeze(0), torch.stack([b_ih[rows], b_hh[rows]]).view(1, -1)


ANSWERS["check_to_onnx"] = Answers(
    right={
        "blocks": to_onnx,
        "rows, as a list": lambda *args: list(to_onnx_by_rows(*args)),
        "arrays": lambda *args: tuple(part.numpy() for part in to_onnx(*args)),
    },
    wrong={
        "torch's order left as it is": (
            lambda *args: to_onnx(*args, order=(0, 1, 2, 3)),
            "for 1 input and 1 hidden unit block 2 of W is not that of the output gate",
        ),
        "i, o, f, c read off the wrong way round": (
            lambda *args: to_onnx(*args, order=(0, 2, 3, 1)),
            "for 1 input and 1 hidden unit block 2 of W is not that of the output gate",
        ),
        "forget gate and candidate exchanged": (
            lambda *args: to_onnx(*args, order=(0, 3, 2, 1)),
            "for 1 input and 1 hidden unit block 3 of W is not that of the forget gate",
        ),
        "the state's weights forgotten": (
            lambda w, r, b, c: (to_onnx(w, r, b, c)[0], r[None], to_onnx(w, r, b, c)[2]),
            "for 1 input and 1 hidden unit block 2 of R is not that of the output gate",
        ),
        "the biases left as they are": (
            lambda w, r, b, c: (*to_onnx(w, r, b, c)[:2], torch.cat([b, c])[None]),
            "for 1 input and 1 hidden unit block 2 of B is not that of the output gate",
        ),
        "the biases alternating": (
            lambda w, r, b, c: (
                *to_onnx(w, r, b, c)[:2],
                torch.stack([reorder(b).view(4, -1), reorder(c).view(4, -1)], dim=1).view(1, -1),
            ),
            "for 1 input and 1 hidden unit block 1 of B is not that of the input gate",
        ),
        "the input side's bias twice": (
            lambda w, r, b, c: to_onnx(w, r, b, b),
            "for 1 input and 1 hidden unit block 1 of B is not that of the input gate",
        ),
        "transposed": (
            lambda w, r, b, c: (to_onnx(w, r, b, c)[0].transpose(1, 2), *to_onnx(w, r, b, c)[1:]),
            "for 1 input and 1 hidden unit W has the shape (1, 1, 4); it should be (1, 4, 1)",
        ),
        "no axis of directions": (
            lambda *args: tuple(part[0] for part in to_onnx(*args)),
            "for 1 input and 1 hidden unit W has the shape (4, 1); it should be (1, 4, 1)",
        ),
        "the state side's biases first": (
            lambda w, r, b, c: to_onnx(w, r, c, b),
            "for 1 input and 1 hidden unit B begins with the biases of the state side; those of the input side come",
        ),
        "the sum as one bias": (
            lambda w, r, b, c: to_onnx(w, r, b + c, torch.zeros_like(c)),
            "for 1 input and 1 hidden unit the two halves of B have the right sum, but the first should hold",
        ),
        "one unit at a time": (
            lambda w, r, b, c: to_onnx(w.view(4, -1, w.shape[1]).transpose(0, 1).reshape(w.shape), r, b, c),
            "for 3 inputs and 4 hidden units block 1 of W is not that of the input gate",
        ),
        "without B": (lambda *args: to_onnx(*args)[:2], "should be (W, R, B)"),
    },
)

# --- a bias for a memory ---------------------------------------------------------------------------------------------


bias_for = SOLVED["bias_for"]


ANSWERS["check_bias_for"] = Answers(
    right={
        "the inverse of the sigmoid": lambda k: math.log(0.5 ** (1 / k) / (1 - 0.5 ** (1 / k))),
        "torch.logit": lambda k: torch.logit(torch.tensor(0.5, dtype=torch.float64) ** (1 / k)),
        "a NumPy number": lambda k: np.float64(bias_for(k)),
        "rounded to four digits": lambda k: round(bias_for(k), 4),
    },
    wrong={
        "the gate instead of its bias": (
            lambda k: 0.5 ** (1 / k),
            "for a half-life of 1 step a bias of 0.5 leaves 0.622 of the cell",
        ),
        "the sign": (lambda k: -bias_for(k), "for a half-life of 2 steps a bias of -0.8814 leaves 0.086 of the cell"),
        "log k": (lambda k: math.log(k), "for a half-life of 2 steps a bias of 0.6931 leaves 0.444 of the cell"),
        "log of k over ln 2, good for large k only": (
            lambda k: math.log(k / math.log(2)),
            "for a half-life of 1 step a bias of 0.3665 leaves 0.591 of the cell",
        ),
        "a lifetime of 1/e": (
            lambda k: -math.log(math.exp(1 / k) - 1),
            "for a half-life of 1 step a bias of -0.5413 leaves 0.368 of the cell",
        ),
        "always 0": (lambda k: 0.0, "for a half-life of 2 steps a bias of 0 leaves 0.250 of the cell"),
        "infinite": (lambda k: math.inf, "for a half-life of 1 step a bias of inf leaves 1.000 of the cell"),
    },
)

# --- a time series ---------------------------------------------------------------------------------------------------


class Forecaster(nn.Module):
    def __init__(self, batch_first=True, first_step=False):
        super().__init__()
        self.lstm, self.output = nn.LSTM(1, 16, batch_first=batch_first), nn.Linear(16, 1)
        self.step = 0 if first_step else -1

    def forward(self, X):
        return self.output(self.lstm(X[..., None])[0][:, self.step])[:, 0]


class Change(nn.Module):
    """Forecasts the change from the last value."""

    def __init__(self):
        super().__init__()
        self.inside = Forecaster()

    def forward(self, X):
        return X[:, -1] + self.inside(X)


def train(X, Y, model=None, steps=60, lr=0.03):
    model = model or Forecaster()
    adam = torch.optim.Adam(model.parameters(), lr)
    for _ in range(steps):
        loss = (model(X) - Y).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


def train_a_function(X, Y):
    model = train(X, Y)
    return lambda windows: model(windows).tolist()


class AllSteps(nn.Module):
    """Joins the outputs of all 20 steps, so that it reads no other number of steps."""

    def __init__(self):
        super().__init__()
        self.lstm, self.output = nn.LSTM(1, 8, batch_first=True), nn.Linear(20 * 8, 1)

    def forward(self, X):
        return self.output(self.lstm(X[..., None])[0].flatten(1))[:, 0]


def train_least_squares(X, Y):
    weights = torch.linalg.lstsq(X, Y[:, None]).solution[:, 0]
    return lambda windows: windows[:, -X.shape[1] :] @ weights


class Beside(nn.Module):
    """Another model's forecast, with a share of an LSTM's."""

    def __init__(self, other, share):
        super().__init__()
        self.other, self.share, self.inside = other, share, Forecaster()

    def forward(self, X):
        return self.other(X) + self.share * self.inside(X)


class Packed(Forecaster):
    """Reads packed windows, and forecasts from the last hidden state."""

    def forward(self, X):
        packed = nn.utils.rnn.pack_padded_sequence(X[..., None], [X.shape[1]] * len(X), batch_first=True)
        return self.output(self.lstm(packed)[1][0][-1])[:, 0]


ANSWERS["check_forecaster"] = Answers(
    right={
        "LSTM": train,
        "LSTM for the change": lambda X, Y: train(X, Y, Change()),
        "a function around it": train_a_function,
        "packed windows, the last state": lambda X, Y: train(X, Y, Packed()),
    },
    wrong={
        "the naive forecast": (
            lambda X, Y: lambda windows: windows[:, -1],
            "for 140 later windows of 20 steps the mean",
        ),
        "the mean": (lambda X, Y: lambda windows: Y.mean().expand(len(windows)), "should have at most"),
        "the last two values on a line": (
            lambda X, Y: lambda windows: 2 * windows[:, -1] - windows[:, -2],
            "for 140 later windows of 20 steps the mean squared error is",
        ),
        "not trained": (lambda X, Y: Forecaster(), "for 140 later windows of 20 steps the mean squared error is"),
        "read from the first step": (
            lambda X, Y: train(X, Y, Forecaster(first_step=True), steps=20),
            "for 140 later windows of 20 steps the mean squared error is",
        ),
        "the batch taken for time": (
            lambda X, Y: train(X, Y, Forecaster(batch_first=False), steps=3),
            "for 140 later windows of 20 steps a forecast depends on the other rows",
        ),
        "for windows of 20 steps alone": (
            lambda X, Y: train(X, Y, AllSteps()),
            "for 130 later windows of 30 steps your function stops with RuntimeError",
        ),
        "least squares of the last values, without an LSTM": (
            train_least_squares,
            "for 140 later windows of 20 steps no nn.LSTM runs in the model",
        ),
        "least squares, and an LSTM that does nothing": (
            lambda X, Y: Beside(train_least_squares(X, Y), share=0.0),
            "for 140 later windows of 20 steps the nn.LSTM hardly matters: with zeros in place of its outputs",
        ),
        "least squares, and an LSTM that disturbs them": (
            lambda X, Y: Beside(train_least_squares(X, Y), share=0.1),
            "for 140 later windows of 20 steps the nn.LSTM hardly matters",
        ),
        "one column too many": (
            lambda X, Y: lambda windows: windows[:, -1:],
            "the forecast has the shape (140, 1); it should be (140,)",
        ),
        "the forecasts instead of a model": (
            lambda X, Y: Y,
            "for 220 windows of 20 steps the result should be a model",
        ),
    },
)
