"""Checks for the exercises of the notebook `lstm`.

check_reach             gates and candidates that bring the cell to a given value
check_cost              parameters and multiplications of an RNN, a GRU and an LSTM
check_to_onnx           torch's weights in the order of another format
check_bias_for          the forget bias for a given half-life
check_forecaster        an LSTM that forecasts a time series
check_counter_weights   the weights of a unit that counts
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.check import Check, call, draw
from helpers.exercises.messages import Wrong, _
from helpers.exercises.returned import shown, take

# --- a cell that arrives at a value ----------------------------------------------------------------------------------


def _reach(value, T):
    """reach(value, T) -> (F, I, C_tilde), T numbers each: from C = 0 the cell must be at `value` after T steps.

    Gates lie in [0, 1], candidates in [-1, 1]. Where no such numbers exist (|value| > T) the answer is None.
    """
    possible = abs(value) <= T  # each step adds at most 1 and the forget gate enlarges nothing
    return (value, T), {name: torch.empty(T, device="meta") for name in ("F", "I", "C_tilde")} if possible else None


def _arrives(gates: dict[str, Tensor] | None, value: float, T: int) -> None:
    if gates is None:
        return
    for name, gate in gates.items():
        low = -1 if name == "C_tilde" else 0
        if not ((gate >= low) & (gate <= 1)).all():  # so that NaN is refused as well
            raise Wrong("gate out of range", name=name, low=low, given=gate.tolist())
    C = 0.0
    for f, i, c in zip(*(gate.tolist() for gate in gates.values()), strict=True):
        C = f * C + i * c
    if not math.isclose(C, value, abs_tol=1e-4):
        raise Wrong("cell elsewhere", C=f"{C:.4f}")


check_reach = Check(
    _reach,
    case="cell after steps",
    cases=[(2.5, 3), (-4.0, 5), (0.5, 1), (7.0, 7), (3.01, 3), (0.0, 2), (-6.0, 5), (1.2, 1)],
    judge=_arrives,
    slips={
        "gate out of range": lambda value, T: ([1] * T, [1] * T, [0] * (T - 1) + [value]),
        "cell elsewhere": lambda value, T: ([0] * T, [1] * T, [value / T] * T),  # the cell forgets at each step
    },
    praise="reached",
)

# --- cost ------------------------------------------------------------------------------------------------------------

BLOCKS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _cost(kind, d, h):
    """cost(kind, d, h) -> (parameters, multiplications) for kind 'RNN', 'GRU' or 'LSTM'.

    Parameters as torch.nn counts them; multiplications in the matrix products of one step of one sequence.
    """
    layer = getattr(nn, kind)(d, h, device="meta")  # only shapes: no memory, no random numbers
    sizes = [(p.dim(), p.numel()) for p in layer.parameters()]
    # Each weight of a matrix is used once per step.
    return (kind, d, h), {
        "parameters": sum(size for _dim, size in sizes),
        "multiplications": sum(size for dim, size in sizes if dim == 2),
    }


check_cost = Check(
    _cost,
    case="single layer",
    cases=[("LSTM", 28, 32), ("GRU", 28, 32), ("RNN", 28, 32), ("LSTM", 1, 1), ("RNN", 300, 7), ("GRU", 5, 300)],
    slips={
        "one bias per block": lambda kind, d, h: (BLOCKS[kind] * h * (d + h + 1), BLOCKS[kind] * h * (d + h)),
        "biases multiplied": lambda kind, d, h: (BLOCKS[kind] * h * (d + h + 2),) * 2,
        "blocks": lambda kind, d, h: (3 * h * (d + h + 2), 3 * h * (d + h)),
    },
    praise="costs",
)

# --- weights for ONNX ------------------------------------------------------------------------------------------------


def _ordered(w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor, order: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return W, R and B with the blocks, which torch has in the order i, f, c, o, in the given order."""
    W, R, b, c = (
        torch.cat([dict(zip("ifco", part.chunk(4), strict=True))[gate] for gate in order])
        for part in (w_ih, w_hh, b_ih, b_hh)
    )
    return W[None], R[None], torch.cat([b, c])[None]


def _to_onnx(d, h):
    """to_onnx(weight_ih, weight_hh, bias_ih, bias_hh) -> (W, R, B) of the ONNX operator LSTM.

    W (1, 4h, d), R (1, 4h, h), B (1, 8h); gates in the order input, output, forget, candidate; B holds the biases of
    the input side, then those of the state side. A test runs the result as ONNX defines it, and compares with nn.LSTM.
    """
    args = draw(d, (4 * h, d), (4 * h, h), (4 * h,), (4 * h,))
    return args, dict(zip("WRB", _ordered(*args, "iofc"), strict=True))


check_to_onnx = Check(
    _to_onnx,
    case="weights",
    cases=[(1, 1), (3, 4), (6, 2)],
    slips={
        "biases in torch's order": lambda w, r, b, c: (*_ordered(w, r, b, c, "iofc")[:2], torch.cat([b, c])[None]),
        "torch's order": lambda *args: _ordered(*args, "ifco"),
        "order read backwards": lambda *args: _ordered(*args, "icof"),
        "state side first": lambda w, r, b, c: _ordered(w, r, c, b, "iofc"),
        "biases added": lambda w, r, b, c: _ordered(w, r, b + c, 0 * c, "iofc"),
    },
    praise="to ONNX",
)

# --- a bias for a memory ---------------------------------------------------------------------------------------------


def _bias_for(k):
    """bias_for(k): the forget bias with which, inputs and weights apart, half of a cell is left after k steps."""
    return (k,), ...


def _half_is_left(given: Any, k: float) -> None:
    bias = float(take(given, 0.0))
    left = torch.sigmoid(torch.tensor(bias, dtype=torch.float64)).item() ** k
    if not abs(left - 0.5) < 1e-3:  # so that NaN is refused as well
        raise Wrong("cell left", bias=f"{bias:.4g}", left=f"{left:.3f}")


check_bias_for = Check(
    _bias_for,
    case="half-life of a cell",
    cases=[(1,), (2,), (10,), (40,), (1000,)],
    judge=_half_is_left,
    slips={"cell left": lambda k: math.log(2 ** (1 / k) - 1)},
    praise="bias for",
)

# --- a time series ---------------------------------------------------------------------------------------------------


def _series() -> Tensor:
    return torch.sin(torch.arange(400) * 2 * math.pi / 25) + 0.2 * draw(0, (400,))[0]


def _forecaster(N, T):
    """train(X, Y) -> model, where X is (N, T), Y (N,), and model(windows (M, S)) gives M forecasts (M,).

    The series is a noisy sine. The model must read windows of any length, each row by itself, and on later windows its
    mean squared error must be at most 0.8 of that of the naive forecast, which repeats the last value. It must run an
    nn.LSTM, and without its outputs (zeros in their place) forecast worse, with an error at least a tenth larger.
    """
    windows = _series().unfold(0, T + 1, 1)[:N]
    return (windows[:, :-1], windows[:, -1]), ...


def _forecasts_well(model: Callable[[Tensor], Tensor], X: Tensor, Y: Tensor) -> None:
    if not callable(model):
        raise Wrong("no model", given=shown(model))
    if isinstance(model, nn.Module):
        model.eval()
    for S in (20, 30):
        later = _series()[240:].unfold(0, S + 1, 1)
        X, Y, case = later[:, :-1], later[:, -1], _("later windows", M=len(later), S=S)
        try:
            forecast, alone = _forecast(model, X), _forecast(model, X[3:4])
            silenced, runs = _forecast_without_lstm(model, X)
        except Wrong as wrong:
            raise Wrong(wrong.key, **{**wrong.values, "case": case}) from wrong
        error, naive, without = ((Y - guess).square().mean().item() for guess in (forecast, X[:, -1], silenced))
        if not torch.allclose(alone[0], forecast[3], atol=1e-4):
            raise Wrong("rows mixed", case=case)
        if not error <= 0.8 * naive:
            raise Wrong("no better than naive", case=case, error=error, naive=naive)
        if not runs:
            raise Wrong("no LSTM", case=case)
        if without < 1.1 * error:  # an error of NaN has been hurt as well
            raise Wrong("LSTM idle", case=case, without=without, error=error)


def _forecast(model: Callable[[Tensor], Tensor], X: Tensor) -> Tensor:
    return take(call(model, X), X[:, 0]).detach()


def _forecast_without_lstm(model: Callable[[Tensor], Tensor], X: Tensor) -> tuple[Tensor, list]:
    """Return the forecast with zeros in place of all that any nn.LSTM returns, and which of them ran."""
    runs = []

    def silence(module: nn.Module, _given: Any, result: Any) -> Any:
        if isinstance(module, nn.LSTM):
            runs.append(module)
            return _zeros(result)
        return result

    hook = nn.modules.module.register_module_forward_hook(silence)  # wherever in the answer the LSTM is kept
    try:
        return _forecast(model, X), runs
    finally:
        hook.remove()


def _zeros(value: Any) -> Any:
    if isinstance(value, nn.utils.rnn.PackedSequence):
        return value._replace(data=torch.zeros_like(value.data))
    return torch.zeros_like(value) if isinstance(value, Tensor) else tuple(map(_zeros, value))


check_forecaster = Check(
    _forecaster,
    case="windows",
    cases=[(220, 20)],
    judge=_forecasts_well,
    slips={
        "no better than naive": lambda X, Y: lambda windows: windows[:, -1],
        "rows mixed": lambda X, Y: lambda windows: windows[:, -1] + windows.mean(),
        "no model": lambda X, Y: Y,
        "no LSTM": lambda X, Y: lambda windows: windows[:, -20:] @ torch.linalg.lstsq(X, Y[:, None]).solution[:, 0],
    },
    praise="forecasts",
)

# --- a counter, wired by hand ----------------------------------------------------------------------------------------

COUNTED = ["|aab", "|ab", "|aab|a", "|aaabbbb", "|" + "a" * 60 + "b" * 60, "|b|aa|"]


def _counter_weights(symbols):
    """counter_weights(symbols) -> (weight_ih (4, 3), weight_hh (4, 1), bias (4,)) of an nn.LSTM with one unit.

    Its blocks are in torch's order i, f, g, o; its inputs are one-hot, in the order of `symbols`. After every symbol
    of a text its cell must hold the a's less the b's since the last border, to 0.01.
    """
    shapes = {"weight_ih": (4, 3), "weight_hh": (4, 1), "bias": (4,)}
    return (symbols,), {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _counts(given: dict[str, Tensor], symbols: str) -> None:
    weight_ih, weight_hh, bias = (part.double() for part in given.values())
    for word in COUNTED:
        H, C, wanted = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64), 0
        for place, symbol in enumerate(word, 1):
            i, f, g, o = weight_ih[:, symbols.index(symbol)] + weight_hh @ H + bias
            C = f.sigmoid() * C + i.sigmoid() * g.tanh()
            H = o.sigmoid() * C.tanh()
            wanted = 0 if symbol == "|" else wanted + (1 if symbol == "a" else -1)
            if not abs(C.item() - wanted) < 0.01:  # so that NaN is refused as well
                raise Wrong("counter off", read=word[:place], C=f"{C.item():.3f}", count=wanted)


def _wired(symbols: str, forget_border: float = -200.0, step_b: float = -100.0, order: str = "ifgo") -> tuple:
    """Return a counter's weights; each argument but the first is a place where one may err."""
    by_symbol = {"|": {"f": forget_border, "g": 0.0}, "a": {"f": 0.0, "g": 100.0}, "b": {"f": 0.0, "g": step_b}}
    bias = {"i": 100.0, "f": 100.0, "g": 0.0, "o": 0.0}
    weight_ih = torch.tensor([[by_symbol[s].get(block, 0.0) for s in symbols] for block in order])
    return weight_ih, torch.zeros(4, 1), torch.tensor([bias[block] for block in order])


check_counter_weights = Check(
    _counter_weights,
    case="order of symbols",
    cases=[("|ab",), ("ab|",), ("b|a",)],
    judge=_counts,
    slips={"counter off": lambda symbols: _wired(symbols, forget_border=0.0)},
    praise="wired",
)
