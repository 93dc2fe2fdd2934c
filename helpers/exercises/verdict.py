"""What the checks of all sections share.

    Verdict   what a check returns; a notebook shows its message
    Wrong     raised inside a check, with the message for the reader
    verdict   run a check and turn its end into a Verdict
    call      call the reader's function; its errors become messages
    parts, tensor, ids, scalar, whole, truth   take what it returned, in whatever dress it comes
    same, number                               hold it to what was expected

A check calls the reader's function on small inputs and compares with a result that it works out in its own way. The
function receives fresh copies, so that an answer which changes its arguments cannot spoil later cases. What is right is
right as a tensor, an array, a list or a tuple, in single or double precision. Every message begins with the case: "for
a batch of 2 ...".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
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
        return answer(*map(_copy, args))
    except NotImplementedError:
        raise
    except Exception as error:  # any mistake of the reader's is a verdict, not a crash
        raise Wrong(f"for {case} your function stops with {type(error).__name__}: {error}") from error


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    return type(value)(map(_copy, value)) if type(value) in (tuple, list) else value


def parts(value: Any, names: Sequence[str], case: str, what: str = "", *, alike: bool = True) -> list:
    """Return the parts of a tuple or list that has one for each name.

    alike: the parts have one shape, so that one tensor or array may hold them all.
    """
    stacked = alike and isinstance(value, (Tensor, np.ndarray)) and value.ndim > 0
    if not (stacked or isinstance(value, (tuple, list))) or len(value) != len(names):
        wanted = f"({', '.join(names)})"
        raise Wrong(f"for {case} {what or 'the result'} should be {wanted}; it is {short(value)}")
    return list(value)


def short(value: Any) -> str:
    """Return how a value is shown in a message: its shape if it has one, or the beginning of its text."""
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim > 0:
        return f"a {type(value).__name__} of shape {tuple(value.shape)}"
    return repr(str(value)[:60])


def tensor(value: Any, shape: tuple[int, ...], case: str, name: str = "the result") -> Tensor:
    """Return `value` in single precision, its gradient kept; Wrong if it is no tensor, or of another shape."""
    try:
        found = _as_tensor(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Wrong(f"for {case} {name} is {value!r}, which is not a tensor of numbers") from error
    if tuple(found.shape) != shape:
        raise Wrong(f"for {case} {name} has the shape {tuple(found.shape)}; it should be {shape}")
    return found


def _as_tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        if value.is_complex():
            raise TypeError("complex numbers")
        return value.float()
    if isinstance(value, (list, tuple)) and value:
        return torch.stack([_as_tensor(part) for part in value])
    if isinstance(value, np.ndarray):
        value = value.copy()  # torch takes no array that runs backwards
    return torch.tensor(value, dtype=torch.float32)


def ids(value: Any, shape: tuple[int, ...], case: str, name: str) -> Tensor:
    """Return `value`, which must be made of whole numbers of an integer type, as floating-point numbers are no ids."""
    found = tensor(value, shape, case, name)
    if _has_floats(value):
        raise Wrong(f"for {case} {name} is made of floating-point numbers; it should be made of integers")
    return found.long()


def _has_floats(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.is_floating_point()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind == "f"
    return any(map(_has_floats, value)) if isinstance(value, (list, tuple)) else isinstance(value, float)


def scalar(value: Any, case: str) -> float:
    """Return the one number that `value` is or holds."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError("a text")
        one = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
        return float(one.item() if isinstance(one, (Tensor, np.ndarray)) else one)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Wrong(f"for {case} the result is {value!r}, which is not a number") from error


def whole(value: Any, case: str) -> int:
    """Return the whole number that `value` is or holds; Wrong if it is a fraction."""
    if isinstance(value, (int, np.integer)):
        return int(value)  # exact, however large
    found = scalar(value, case)
    if not found.is_integer():
        raise Wrong(f"for {case} the result is {value!r}, which is not a whole number")
    return int(found)


def truth(value: Any, case: str) -> bool:
    """Return the truth value that `value` is or holds, 0 and 1 included."""
    found = value
    if isinstance(value, (Tensor, np.ndarray, np.generic)) and math.prod(value.shape) == 1:
        found = value.item()
    if not isinstance(found, int) or found not in (0, 1):
        raise Wrong(f"for {case} the result is {short(value)}; it should be True or False")
    return bool(found)


def same(value: Any, expected: Tensor, case: str, hint: str = "") -> None:
    value = tensor(value, tuple(expected.shape), case)
    if not torch.allclose(value, expected, atol=1e-5):
        gap = (value - expected).abs().max().item()
        raise Wrong(f"for {case} the result is off by up to {gap:.3f}{hint and '; ' + hint}")


def number(value: Any, expected: float, case: str, slips: dict[float, str] | None = None) -> None:
    """Hold a number to the expected one; `slips` has a hint for each number that a well-known mistake leads to."""
    found = scalar(value, case)
    if not math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-9):  # single precision is good enough
        hint = (slips or {}).get(found, "")
        raise Wrong(f"for {case} the result is {found:.6g}; it should be {expected:.6g}{hint and ': ' + hint}")
