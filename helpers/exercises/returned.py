"""What the reader's function returned, brought into the form of the right result, in whatever dress it comes.

take         a result as tensors, numbers and texts; Wrong if it cannot be taken as what is asked for
flat         the parts of a result, each with its name and beside the right one
shown        a value as it stands in a message
wrong        Wrong, about a part by its name or about the result itself
"""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.exercises.messages import Wrong, _


def flat(value: Any, like: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, part, right part) for a `value` that `take` has brought into the form of `like`."""
    if isinstance(like, dict):
        for key, right in like.items():
            yield from flat(value[key], right, f"{name}.{key}" if name else key)
    elif isinstance(like, list):
        for i, right in enumerate(like):
            yield from flat(value[i], right, f"{name or 'result'}[{i}]")
    else:
        yield name, value, like


def take(value: Any, like: Any, name: str = "", *, tensors: bool = False) -> Any:
    """Return `value` as tensors, numbers, texts in the form of `like`; Wrong if it cannot be brought into it."""
    if isinstance(like, EllipsisType):
        return value
    if isinstance(like, (dict, list)):
        parts = list(like.values()) if isinstance(like, dict) else like
        names = list(like) if isinstance(like, dict) else [f"{name or 'result'}[{i}]" for i in range(len(like))]
        alike = len({tuple(part.shape) if isinstance(part, Tensor) else type(part) for part in parts}) == 1
        stacked = isinstance(value, (Tensor, np.ndarray)) and value.ndim and alike
        stacked = stacked and not (tensors and isinstance(like, dict))  # a layer takes no tensor for a pair
        several = isinstance(value, (tuple, list)) or stacked
        if not several or len(value) != len(parts):
            raise wrong("parts", name, given=shown(value), wanted=f"({', '.join(names)})")
        if isinstance(like, dict):
            full = [f"{name}.{key}" if name else key for key in names]
            return {k: take(v, p, f, tensors=tensors) for k, v, p, f in zip(names, value, parts, full, strict=True)}
        return [take(v, p, n, tensors=tensors) for v, p, n in zip(value, parts, names, strict=True)]
    if like is None or isinstance(like, str):
        if not isinstance(value, type(like)):
            raise wrong("differs", name, given=shown(value), wanted=shown(like))
        return value
    if isinstance(like, tuple):
        return _plain(value)
    if isinstance(like, Tensor):
        if tensors and not isinstance(value, Tensor):
            raise wrong("tensor needed", name, given=type(value).__name__)
        return _tensor(value, like, name)
    return _truth(value, name) if isinstance(like, bool) else _number(value, name)


def _tensor(value: Any, like: Tensor, name: str) -> Tensor:
    try:
        found = _as_tensor(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise wrong("no tensor", name, given=shown(value)) from error
    if like.dim() == 0 and found.numel() == 1:
        found = found.reshape(())
    if found.shape != like.shape:
        raise wrong("shape", name, given=tuple(found.shape), wanted=tuple(like.shape))
    if not like.is_floating_point() and _has_floats(value):
        raise wrong("floats", name)
    return found


def _as_tensor(value: Any) -> Tensor:
    if isinstance(value, (list, tuple)) and value:
        return torch.stack([_as_tensor(part) for part in value])
    if isinstance(value, (Tensor, np.ndarray)) and "complex" in str(value.dtype):
        raise TypeError("complex numbers")
    if isinstance(value, Tensor):
        return value.float().cpu()
    # A copy, because torch takes no array that runs backwards.
    return torch.tensor(value.copy() if isinstance(value, np.ndarray) else value, dtype=torch.float32)


def _has_floats(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_floats, value))
    if isinstance(value, Tensor):
        return value.is_floating_point()
    return value.dtype.kind == "f" if isinstance(value, (np.ndarray, np.generic)) else isinstance(value, float)


def _plain(value: Any) -> Any:
    """Return tuples of Python's own values for tuples, lists, arrays and tensors."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, (tuple, list)) else value


def _one(value: Any) -> Any:
    """Return the one value that a tensor, an array, a list or a tuple holds."""
    while isinstance(value := _plain(value), tuple) and len(value) == 1:
        value = value[0]
    return value


def _number(value: Any, name: str) -> int | float:
    found = _one(value)
    if isinstance(found, (bool, int)):
        return int(found)  # exact, however large
    if not isinstance(found, float):
        raise wrong("no number", name, given=shown(value))
    return found


def _truth(value: Any, name: str) -> bool:
    found = _one(value)
    if not isinstance(found, int) or found not in (0, 1):
        raise wrong("no truth", name, given=shown(value))
    return bool(found)


def wrong(key: str, name: str, **values: Any) -> Wrong:
    """Return the message about a part by its name, or about the result itself, which has none."""
    return Wrong(key, name=name or _("the result"), **values)


def shown(value: Any) -> str:
    """Return how a value stands in a message: as code, so that it needs no translation."""
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim > 0:
        return f"{type(value).__name__} {tuple(value.shape)}"
    if isinstance(value, (tuple, list)) and len(value) < 9:
        inside = ", ".join(map(shown, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    value = value.item() if isinstance(value, (Tensor, np.generic)) else value
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else f"{text[:58]} …"
