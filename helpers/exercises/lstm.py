"""Checks for the exercises of the notebook `lstm`.

check_reach         gates and candidates that bring the cell to a given value
check_cost          parameters and multiplications of an RNN, a GRU and an LSTM
check_to_onnx       torch's weights in the order of another format
check_bias_for      the forget bias for a given half-life
check_forecaster    an LSTM that forecasts a time series
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, scalar, short, tensor, verdict


def check_reach(reach: Callable[[float, int], tuple | None]) -> Verdict:
    """Check reach(value, T) -> (F, I, C_tilde), T numbers each: from C = 0 the cell must be at `value` after T steps.

    Gates lie in [0, 1], candidates in [-1, 1]. Where no such numbers exist (|value| > T) the answer is None.
    """

    def run() -> str:
        for value, T in [(2.5, 3), (-4.0, 5), (0.5, 1), (7.0, 7), (3.01, 3), (0.0, 2), (-6.0, 5), (1.2, 1)]:
            case = f"C = {value} after {T} step{'s' * (T > 1)}"
            answer = call(reach, case, value, T)
            possible = abs(value) <= T  # each step adds at most 1 and the forget gate enlarges nothing
            if answer is None and not possible:
                continue
            if answer is None:
                raise Wrong(f"for {case} there are such gates, but the result is None")
            F, I, C_tilde = (
                tensor(part, (T,), case, name) for part, name in zip(parts(answer, names, case), names, strict=True)
            )
            for gate, name, low in ((F, "F", 0), (I, "I", 0), (C_tilde, "C_tilde", -1)):
                if not ((gate >= low) & (gate <= 1)).all():  # so that NaN is refused as well
                    raise Wrong(f"for {case} {name} leaves its range, {low} to 1: {gate.tolist()}")
            C = 0.0
            for f, i, c in zip(F.tolist(), I.tolist(), C_tilde.tolist(), strict=True):
                C = f * C + i * c
            if not math.isclose(C, value, abs_tol=1e-4):
                what = "; no gates can do it, so the result should be None" if not possible else ""
                raise Wrong(f"for {case} your gates lead to C = {C:.4f}{what}")
        return "after T steps the cell can hold anything from -T to T: only the second tanh bounds the output."

    names = ("F", "I", "C_tilde")
    return verdict(run)


def check_cost(cost: Callable[[str, int, int], tuple]) -> Verdict:
    """Check cost(kind, d, h) -> (parameters, multiplications) for kind 'RNN', 'GRU' or 'LSTM'.

    Parameters as torch.nn counts them; multiplications in the matrix products of one step of one sequence.
    """

    def run() -> str:
        cases = [("LSTM", 28, 32), ("GRU", 28, 32), ("RNN", 28, 32), ("LSTM", 1, 1), ("RNN", 300, 7), ("GRU", 5, 300)]
        for kind, d, h in cases:
            case = f"nn.{kind} with d = {d} and h = {h}"
            names = ("parameters", "multiplications")
            parameters, multiplications = parts(call(cost, case, kind, d, h), names, case)
            layer = getattr(nn, kind)(d, h, device="meta")  # only shapes: no memory, no random numbers
            weights = sum(p.numel() for p in layer.parameters() if p.dim() == 2)  # each is used once per step
            number(parameters, sum(p.numel() for p in layer.parameters()), f"the parameters of {case}")
            number(multiplications, weights, f"the multiplications of {case}")
        return "three and four times the plain RNN's, whatever d and h; for large h both grow with its square."

    return verdict(run)


def check_to_onnx(to_onnx: Callable[..., tuple]) -> Verdict:
    """Check to_onnx(weight_ih, weight_hh, bias_ih, bias_hh) -> (W, R, B) of the ONNX operator LSTM.

    W (1, 4h, d), R (1, 4h, h), B (1, 8h); gates in the order input, output, forget, candidate; B holds the biases of
    the input side, then those of the state side. The result is run as ONNX defines it, and compared with nn.LSTM.
    """

    def run() -> str:
        for d, h in [(1, 1), (3, 4), (6, 2)]:
            case = f"{d} input{'s' * (d > 1)} and {h} hidden unit{'s' * (h > 1)}"
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(d)
                layer, X = nn.LSTM(d, h, batch_first=True), torch.randn(2, 5, d)
            answer = call(to_onnx, case, *(p.data for p in layer.parameters()))
            names, shapes = ("W", "R", "B"), ((1, 4 * h, d), (1, 4 * h, h), (1, 8 * h))
            found = [
                tensor(part, shape, case, name)[0]
                for part, shape, name in zip(parts(answer, names, case), shapes, names, strict=True)
            ]
            with torch.no_grad():
                expected = layer(X)[0]
                gap = (_run_onnx(X, *found) - expected).abs().max().item()
            if not gap < 1e-5:
                raise Wrong(f"for {case} {_misplaced(layer, *found)}; the outputs differ by up to {gap:.3f}")
            sides = [_in_order(bias) for bias in (layer.bias_ih_l0, layer.bias_hh_l0)]
            if torch.allclose(found[2], torch.cat(sides[::-1]), atol=1e-6):
                raise Wrong(
                    f"for {case} B begins with the biases of the state side; those of the input side come first"
                )
            if not torch.allclose(found[2], torch.cat(sides), atol=1e-6):
                raise Wrong(
                    f"for {case} the two halves of B have the right sum, but the first should hold the biases of the "
                    "input side, and the second those of the state side"
                )
        return "the operator, run with your weights, gives the outputs of nn.LSTM."

    return verdict(run)


def _run_onnx(X: Tensor, W: Tensor, R: Tensor, B: Tensor) -> Tensor:
    """Return the outputs (B, T, H) of the operator as its documentation defines it, gate by gate."""
    (Wi, Wo, Wf, Wc), (Ri, Ro, Rf, Rc) = W.chunk(4), R.chunk(4)
    bi, bo, bf, bc, ri, ro, rf, rc = B.chunk(8)
    H = C = X.new_zeros(len(X), R.shape[1])
    outputs = []
    for x in X.unbind(dim=1):
        i = 1 / (1 + torch.exp(-(x @ Wi.T + H @ Ri.T + bi + ri)))
        o = 1 / (1 + torch.exp(-(x @ Wo.T + H @ Ro.T + bo + ro)))
        f = 1 / (1 + torch.exp(-(x @ Wf.T + H @ Rf.T + bf + rf)))
        C = f * C + i * torch.tanh(x @ Wc.T + H @ Rc.T + bc + rc)
        H = o * torch.tanh(C)
        outputs.append(H)
    return torch.stack(outputs, dim=1)


def _in_order(bias: Tensor) -> Tensor:
    """Return torch's bias i, f, g, o in the order of ONNX: input, output, forget, candidate."""
    i, f, c, o = bias.detach().chunk(4)
    return torch.cat([i, o, f, c])


def _misplaced(layer: nn.LSTM, W: Tensor, R: Tensor, B: Tensor) -> str:
    """Return which block of which result is not the gate that ONNX expects there."""
    summed = B.view(2, -1).sum(0)  # only the sum of the two biases matters
    torch_blocks = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0]
    for name, ours, theirs in zip(("W", "R", "B"), (W, R, summed), torch_blocks, strict=True):
        gates = dict(zip("ifco", theirs.detach().chunk(4), strict=True))
        for place, (gate, block) in enumerate(zip("iofc", ours.chunk(4), strict=True), 1):
            if not torch.allclose(block, gates[gate], atol=1e-6):
                meant = {"i": "the input gate", "o": "the output gate", "f": "the forget gate", "c": "the candidate"}
                return f"block {place} of {name} is not that of {meant[gate]}"
    return "every block is in its place, yet not exactly"


def check_bias_for(bias_for: Callable[[float], float]) -> Verdict:
    """Check bias_for(k): the forget bias with which, inputs and weights apart, half of a cell is left after k steps."""

    def run() -> str:
        for k in (1, 2, 10, 40, 1000):
            case = f"a half-life of {k} step{'s' * (k > 1)}"
            answer = call(bias_for, case, k)
            bias = scalar(answer, case)
            left = torch.sigmoid(torch.tensor(bias, dtype=torch.float64)).item() ** k
            if not abs(left - 0.5) < 1e-3:  # so that NaN is refused as well
                raise Wrong(f"for {case} a bias of {bias:.4g} leaves {left:.3f} of the cell; it should leave 0.500")
        return "ten times the memory takes a bias that is only about ln 10 = 2.3 larger."

    return verdict(run)


def check_forecaster(train: Callable[[Tensor, Tensor], Callable[[Tensor], Tensor]]) -> Verdict:
    """Check train(X, Y) -> model, where X is (N, T), Y (N,), and model(windows (M, S)) gives M forecasts (M,).

    The series is a noisy sine. The model must read windows of any length, each row by itself, and on later windows its
    mean squared error must be at most 0.8 of that of the naive forecast, which repeats the last value. It must run an
    nn.LSTM, and without its outputs (zeros in their place) forecast worse, with an error at least a tenth larger.
    """

    def run() -> str:
        g = torch.Generator().manual_seed(0)
        series = torch.sin(torch.arange(400) * 2 * math.pi / 25) + 0.2 * torch.randn(400, generator=g)
        windows = series[:240].unfold(0, 21, 1)
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)  # what the reader's function draws is the same each time
            case = f"{len(windows)} windows of 20 steps"
            model = call(train, case, windows[:, :-1], windows[:, -1])
        if not callable(model):
            raise Wrong(f"for {case} the result should be a model that can be called; it is {short(model)}")
        if isinstance(model, nn.Module):
            model.eval()
        for steps in (20, 30):
            later = series[240:].unfold(0, steps + 1, 1)
            case = f"{len(later)} later windows of {steps} steps"
            X, Y = later[:, :-1], later[:, -1]
            forecast = _forecast(model, case, X)
            alone = _forecast(model, f"one window of {steps} steps", X[3:4])
            if not torch.allclose(alone[0], forecast[3], atol=1e-4):
                raise Wrong(f"for {case} a forecast depends on the other rows: is the batch taken for time?")
            error, naive = ((Y - guess).square().mean().item() for guess in (forecast, X[:, -1]))
            if not error <= 0.8 * naive:
                raise Wrong(
                    f"for {case} the mean squared error is {error:.3f}; repeating the last value has {naive:.3f}, and "
                    f"the forecast should have at most {0.8 * naive:.3f}"
                )
            runs, silenced = _forecast_without_lstm(model, case, X)
            if not runs:
                raise Wrong(f"for {case} no nn.LSTM runs in the model; the forecast should come from one")
            without = (Y - silenced).square().mean().item()
            if without < 1.1 * error:  # an error of NaN has been hurt as well
                raise Wrong(
                    f"for {case} the nn.LSTM hardly matters: with zeros in place of its outputs the mean squared error "
                    f"is {without:.3f}, and with them {error:.3f}"
                )
        return "the forecasts beat the naive one, at both lengths of window."

    return verdict(run)


def _forecast(model: Callable[[Tensor], Tensor], case: str, X: Tensor) -> Tensor:
    with torch.no_grad():
        return tensor(call(model, case, X), (len(X),), case, "the forecast")


def _forecast_without_lstm(model: Callable[[Tensor], Tensor], case: str, X: Tensor) -> tuple[int, Tensor]:
    """Return how many nn.LSTM ran in a forecast, and the forecast with zeros in place of all that they returned."""
    runs = []

    def silence(module: nn.Module, _: Any, result: Any) -> Any:
        if isinstance(module, nn.LSTM):
            runs.append(module)
            return _zeros(result)
        return result

    hook = nn.modules.module.register_module_forward_hook(silence)  # wherever in the answer the LSTM is kept
    try:
        forecast = _forecast(model, case, X)
        return len(runs), forecast
    finally:
        hook.remove()


def _zeros(value: Any) -> Any:
    if isinstance(value, Tensor):
        return torch.zeros_like(value)
    if isinstance(value, nn.utils.rnn.PackedSequence):
        return value._replace(data=torch.zeros_like(value.data))
    return tuple(map(_zeros, value))
