"""One place for checking arguments, so that every helper refuses the same things in the same words.

    whole_number   a count, a width, an id: an int, however it is dressed
    token_ids      a tensor of ids of the right number of axes, as int64
    id_list        one row of ids, a list or a tensor, as a list
    lengths        how many ids of each row count, as int64

What is of the wrong kind (a list, a float, a bool) is a TypeError; a wrong shape or number is a ValueError. Each
message says what was given and what is wanted. No notebook derives these functions: they are plumbing.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor


def whole_number(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """Return `value` as an int, at least `least` and at most `most`.

    An int, a whole number of NumPy and a tensor with one whole number and no axis are accepted. A bool, a float
    (3.0 too), None or a string is a TypeError; a number out of bounds is a ValueError. Both name the argument, `name`.
    """
    tensor = isinstance(value, Tensor)
    if isinstance(value, (bool, np.bool_)) or (tensor and (value.dim() > 0 or not _is_whole(value))):
        raise TypeError(f"{name} must be a whole number; got {_what(value)}")
    try:
        number = int(value) if tensor else operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number; got {_what(value)}") from None
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(f"{name} is {number}; it must be {_range(least, most)}")
    return number


def token_ids(name: str, value: Any, axes: str, vocab_size: int | None = None) -> Tensor:
    """Return `value`, a tensor of ids, as int64.

    axes: the axes it must have, as they stand in docstrings: "(N,)" or "(B, T)". None of them may be empty.
    vocab_size: V; an id outside 0 .. V - 1 is a ValueError that names the first one and its place. On a GPU such an id
        would otherwise stop all further work of the process.

    Whole numbers of any size (uint8, int32 ...) are converted, so that sums and products of them cannot overflow.
    """
    if not isinstance(value, Tensor) or not _is_whole(value):
        raise TypeError(f"{name} must be a tensor {axes} of whole numbers, the ids; got {_what(value)}")
    if value.dim() != axes.count(",") + (not axes.endswith(",)")):
        raise ValueError(f"{name} must have the shape {axes}; got the shape {tuple(value.shape)}")
    if not value.numel():
        raise ValueError(f"{name} is empty: its shape {axes} is {tuple(value.shape)}; at least one id is needed")
    ids = value.long()
    if vocab_size is not None:
        _check_range(name, ids, 0, vocab_size - 1, f"; the vocabulary has {vocab_size} tokens")
    return ids


def id_list(name: str, value: Any, size: int | None = None, table: str = "the vocabulary") -> list[int]:
    """Return `value`, a sequence or a tensor (T,) of whole numbers, as a list of ints.

    They are the ids of `table`, which has `size` entries (None: any number of them). An id outside 0 .. size - 1 is an
    IndexError that names the first; no negative number counts from the end.
    """
    if isinstance(value, Tensor):
        if not _is_whole(value):
            raise TypeError(f"{name} must be whole numbers; got {_what(value)}")
        if value.dim() != 1:
            raise ValueError(f"{name} must be one row of ids, of shape (T,); got the shape {tuple(value.shape)}")
        ids = value.tolist()
    elif isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list or a tensor (T,) of ids; got {_what(value)}")
    else:
        ids = [i if type(i) is int else whole_number(f"{name}[{place}]", i) for place, i in enumerate(value)]
    for i in ids:
        if i < 0 or (size is not None and i >= size):
            whole = "whose ids begin at 0" if size is None else f"whose ids are 0 to {size - 1}"
            raise IndexError(f"id {i} is outside {table}, {whole}")
    return ids


def lengths(name: str, value: Any, count: int, least: int, most: int) -> Tensor:
    """Return `value`, a tensor (count,) of whole numbers from `least` to `most`, as int64.

    It holds one length for each of `count` sequences; `most` is the width of the tensor in which they stand.
    """
    if not isinstance(value, Tensor) or not _is_whole(value):
        raise TypeError(f"{name} must be a tensor ({count},) of whole numbers, the lengths; got {_what(value)}")
    if tuple(value.shape) != (count,):
        raise ValueError(f"{name} must have the shape ({count},), one length a row; got the shape {tuple(value.shape)}")
    value = value.long()
    _check_range(name, value, least, most, "")
    return value


def _check_range(name: str, values: Tensor, least: int, most: int, reason: str) -> None:
    if not values.numel():
        return
    smallest, largest = torch.stack(torch.aminmax(values)).tolist()
    if smallest < least or largest > most:
        place = tuple(((values < least) | (values > most)).nonzero()[0].tolist())
        where = ", ".join(map(str, place))
        raise ValueError(f"{name}[{where}] is {int(values[place])}; it must be {_range(least, most)}{reason}")


def _is_whole(tensor: Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)


def _range(least: int | None, most: int | None) -> str:
    if least is None or most is None:
        return f"at most {most}" if least is None else f"at least {least}"
    return f"from {least} to {most}"


def _what(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype} of shape {tuple(value.shape)}"
    if hasattr(value, "dtype") and getattr(value, "shape", ()):  # a NumPy array
        return f"an array of {value.dtype} of shape {tuple(value.shape)}; torch.as_tensor makes a tensor of it"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__}; torch.tensor makes a tensor of it"
    shown = repr(value)
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'} ({type(value).__name__})"
