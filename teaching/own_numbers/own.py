"""What makes an exercise that has numbers of each student's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Own:
    """values: draws the numbers. statement, code: (old, new) pairs, with <<name>> for a number in the new text.
    texts: more texts that follow from the numbers. The rest is for a coded exercise: the check that is replaced, its
    question(values), and its cases: those that the student sees, more, and whether the hidden ones of
    `teaching.fresh` fit as well. case: key of another message about a case, where the public one names what is not so.
    """

    values: Callable[[Random], dict]
    statement: tuple[tuple[str, str], ...]
    code: tuple[tuple[str, str], ...] = ()
    texts: Callable[[dict], dict] | None = None
    check: str = ""
    question: Callable[[dict], Callable] | None = None
    examples: tuple[tuple, ...] = ()
    more: tuple[tuple, ...] = ()
    hidden: bool = True
    case: str = ""
    tolerance: float = 1e-5
