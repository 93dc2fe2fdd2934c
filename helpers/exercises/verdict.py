"""What the checks of all sections share.

    Verdict   what a check returns; a notebook shows its message
    Wrong     raised inside a check, with the message for the reader
    verdict   run a check and turn its end into a Verdict
    call      call the reader's function; its errors become messages
    tensor, same, number   hold what it returned to what was expected

A check calls the reader's function on small inputs and compares with a result that it works out in its own way. The
function receives fresh copies, so that an answer which changes its arguments cannot spoil later cases. Every message
begins with the case: "for a batch of 2 ...".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NOT_SOLVED, WRONG, CORRECT = "not solved yet", "wrong", "correct"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: `status` is 'not solved yet', 'wrong' or 'correct'."""

    status: str
    message: str

    def __repr__(self) -> str:
        mark = {NOT_SOLVED: "…", WRONG: "✗", CORRECT: "✓"}[self.status]
        return f"{mark} {self.status.capitalize()}: {self.message}"


class Wrong(Exception):
    """Raised inside a check with the message for the reader."""


def verdict(run: Callable[[], str]) -> Verdict:
    """Turn a check into a verdict: `run` returns the praise, or raises Wrong or NotImplementedError."""
    try:
        return Verdict(CORRECT, run())
    except NotImplementedError:
        return Verdict(NOT_SOLVED, "replace `raise NotImplementedError` by your answer, and run both cells again.")
    except Wrong as wrong:
        return Verdict(WRONG, str(wrong))


def call(answer: Callable, case: str, *args: Any) -> Any:
    """Call the reader's function; whatever goes wrong inside it becomes a message that names the case."""
    try:
        return answer(*[arg.clone() if isinstance(arg, Tensor) else arg for arg in args])
    except NotImplementedError:
        raise
    except Exception as error:  # any mistake of the reader's is a verdict, not a crash
        raise Wrong(f"for {case} your function stops with {type(error).__name__}: {error}") from error


def tensor(value: Any, shape: tuple[int, ...], case: str, name: str = "the result") -> Tensor:
    """Return `value` as a float tensor; Wrong if it is none, or of another shape."""
    try:
        value = value.float() if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Wrong(f"for {case} {name} is {value!r}, which is not a tensor of numbers") from error
    if tuple(value.shape) != shape:
        raise Wrong(f"for {case} {name} has the shape {tuple(value.shape)}; it should be {shape}")
    return value


def same(value: Any, expected: Tensor, case: str, hint: str = "") -> None:
    value = tensor(value, tuple(expected.shape), case)
    if not torch.allclose(value, expected, atol=1e-5):
        gap = (value - expected).abs().max().item()
        raise Wrong(f"for {case} the result is off by up to {gap:.3f}{hint and '; ' + hint}")


def number(value: Any, expected: float, case: str) -> None:
    try:
        right = math.isclose(float(value), expected, rel_tol=1e-5, abs_tol=1e-9)  # single precision is good enough
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Wrong(f"for {case} the result is {value!r}, which is not a number") from error
    if not right:
        raise Wrong(f"for {case} the result is {float(value):.6g}; it should be {expected:.6g}")
