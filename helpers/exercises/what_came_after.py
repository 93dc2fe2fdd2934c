"""Checks for the exercises of the notebook `what-came-after`.

check_forgetting         attention without softmax, with a factor before its old state
check_memory_by_hand     the gates of two layers of minGRU that hold the symbol behind a flag
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from helpers.exercises.check import Check, draw
from helpers.exercises.messages import Wrong


def _with_state(Q: Tensor, K: Tensor, V: Tensor, a: Tensor, new: Tensor) -> Tensor:
    """Return the outputs for S_t = a_t S_{t-1} + new_t k_t v_t, as a sum over all pairs of steps."""
    outputs = []
    for t in range(Q.shape[1]):
        parts = [
            (Q[:, t] * K[:, s]).sum(-1) * new[:, s] * a[:, s + 1 : t + 1].prod(dim=1) for s in range(t + 1)
        ]  # of (B,)
        outputs.append(sum(part[:, None] * V[:, s] for s, part in enumerate(parts)))
    return torch.stack(outputs, dim=1)


def _forgetting(B, T, D):
    """forgetting(Q, K, V, a) -> outputs (B, T, D) of S_t = a_t S_{t-1} + k_t^T v_t, o_t = q_t S_t; a is (B, T)."""
    Q, K, V, a = draw(T, (B, T, D), (B, T, D), (B, T, D), (B, T))
    a = torch.sigmoid(a + 1)
    return (Q, K, V, a), _with_state(Q, K, V, a, torch.ones_like(a))


check_forgetting = Check(
    _forgetting,
    case="attention",
    cases=[(1, 1, 1), (2, 4, 3), (3, 9, 2)],
    slips={
        "state never forgets": lambda Q, K, V, a: _with_state(Q, K, V, torch.ones_like(a), torch.ones_like(a)),
        "state forgets the new": lambda Q, K, V, a: _with_state(Q, K, V, a, a),
        "state mixes": lambda Q, K, V, a: _with_state(Q, K, V, a, 1 - a),
    },
    trains=True,
    praise="forgetting",
)


def _memory_by_hand():
    """numbers() -> (Z_flag, Z_other, w, b): two layers that hold the symbol behind the flag, wherever it stands."""
    return (), {name: torch.empty((), device="meta") for name in ("Z_flag", "Z_other", "w", "b")}


def _symbol_is_held(numbers: dict[str, Tensor]) -> None:
    Z_flag, Z_other, w, b = (number.item() for number in numbers.values())
    for name, gate in (("Z_flag", Z_flag), ("Z_other", Z_other)):
        if not 0 <= gate <= 1:  # so that NaN is refused as well
            raise Wrong("no sigmoid", name=name, given=gate)
    for T in (2, 5, 20):
        symbols = [round(math.cos(t + T), 2) for t in range(T)]
        for flag_at in range(T - 1):
            found = _run(Z_flag, Z_other, w, b, symbols, flag_at)
            wanted, last = symbols[flag_at + 1], symbols[-1]
            if not abs(found - wanted) < 0.02:
                key = "symbol off"
                if abs(found) < 0.02:
                    key = "nothing taken"
                elif abs(found - last) < 0.02 and flag_at + 1 < T - 1:
                    key = "overwritten"
                raise Wrong(key, T=T, flag=flag_at + 1, given=round(found, 2) + 0.0, wanted=wanted)


def _run(Z_flag: float, Z_other: float, w: float, b: float, symbols: list[float], flag_at: int) -> float:
    below = above = 0.0
    for t, symbol in enumerate(symbols):
        is_flag = float(t == flag_at)
        gate = Z_flag if is_flag else Z_other
        below = gate * below + (1 - gate) * is_flag
        score = w * below + b
        keep = 1 / (1 + math.exp(-score)) if score > -700 else 0.0
        above = keep * above + (1 - keep) * (0.0 if is_flag else symbol)
    return above


check_memory_by_hand = Check(
    _memory_by_hand,
    case="your numbers",
    cases=[()],
    judge=_symbol_is_held,
    slips={
        "nothing taken": lambda: (0.0, 0.5, 0.0, 20.0),
        "overwritten": lambda: (0.0, 0.5, 0.0, -20.0),
        "symbol off": lambda: (0.0, 0.5, -8.0, 3.0),
        "no sigmoid": lambda: (0.0, 1.5, -80.0, 30.0),
    },
    praise="held by hand",
)
