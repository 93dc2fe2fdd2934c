"""Cases that no student has seen: hidden ones for every check, drawn from a seed.

cases        a few new cases for a check, in the form that its question takes
harder       the check itself, with the new cases behind the public ones
NONE, FEW    the checks of which there can be no other case, or hardly one, with the reason

    check = fresh.harder("gru", "check_half_life", seed)

The numbers in a question follow from its case, so other sizes are other numbers, and an answer that has the notebook's
cases by heart is found out. Every case keeps to what the exercise's statement promises. Each section has a module here,
called as its module of checks, with a function for each check, called as the check.
"""

from __future__ import annotations

import dataclasses
import importlib
from random import Random

from helpers.exercises.check import Check
from teaching import catalogue

NONE = {
    "encoder-decoder check_best_share": "its 18 cases are all the pairs of an encoder and a task that its tables hold",
    "what-came-after check_memory_by_hand": "it asks for four numbers, and the answer takes no argument",
}
FEW = {
    "machine-translation-and-dataset check_score_by_origin": "its table has six pairs, and five beginnings are public",
    "lstm check_forecaster": "its series is one and the same; only the length of its windows can differ",
    "lstm check_counter_weights": "three symbols have six orders, and three of them are public",
}


def cases(section: str, check: str, seed: int) -> list[tuple]:
    """Return up to four cases for a check, none of them public; the same for the same seed.

    Raises LookupError for a section or a check that does not exist.
    """
    found = catalogue.section(section)
    if check not in {part.check for part in found.parts()}:
        raise LookupError(f"there is no {check!r} in the section {section!r}")
    if f"{section} {check}" in NONE:
        return []
    module = importlib.import_module(f"{__name__}.{found.module.__name__.rpartition('.')[2]}")
    public, random = getattr(found.module, check).cases, Random(f"{section} {check} {seed}")
    for _ in range(100):
        drawn = getattr(module, check)(random)
        if not any(case in public for case in drawn):  # by chance: drawn once more
            return drawn
    raise RuntimeError(f"the cases of {check} are hardly ever other than its public ones")


def harder(section: str, check: str, seed: int) -> Check:
    """Return a check whose cases are the public ones and the fresh ones. Raises LookupError as `cases` does."""
    more = cases(section, check, seed)
    public = getattr(catalogue.section(section).module, check)
    return dataclasses.replace(public, cases=[*public.cases, *more])
