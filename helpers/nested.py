"""Tensors inside tuples, lists and dictionaries: the states of layers, batches, what a file holds.

    each    the same nest with every leaf changed
    leaves  all leaves, in order

Plumbing: no notebook derives it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any


def each(change: Callable[[Any], Any], value: Any) -> Any:
    """Return `value` with change(leaf) in place of each leaf: of what lies in its tuples, lists and dictionaries.

    These keep their class, and a dictionary its attributes; `value` itself stays as it is.
    """
    if isinstance(value, dict):
        changed = copy.copy(value)
        for key, part in value.items():
            changed[key] = each(change, part)
        return changed
    if isinstance(value, (tuple, list)):
        parts = [each(change, part) for part in value]
        named = hasattr(value, "_fields")  # a NamedTuple, such as a batch of pairs, takes its parts one by one
        return type(value)(*parts) if named else type(value)(parts)
    return change(value)


def leaves(value: Any) -> Iterator[Any]:
    """Yield what lies in the tuples, lists and dictionaries of `value`, from the first to the last."""
    if isinstance(value, (dict, tuple, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value
