"""What the experiments measured: the long runs behind the notebooks' sentences.

    load      the results of one experiment
    Results   its rows, and how they were made

Each NAME.json beside this file was written by `python experiments/run.py NAME`, one row a run. Plumbing: no notebook
derives it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Results:
    """rows: one dictionary a run, its settings, what was measured, and its seconds. made: versions, machine, date."""

    name: str
    rows: list[dict[str, Any]]
    made: dict[str, Any]

    def values(self, measured: str, by: Sequence[str], **only: Any) -> dict[tuple, list[float]]:
        """Return what was `measured`, gathered by some of the settings, in the order of the rows.

        by: settings that tell the groups apart; the runs of a group differ in the others, such as the seed. only: leave
        out the rows in which a setting is not this value, or not one of these if it is a list, a tuple or a range.
        Raises KeyError that lists what there is for an unknown name, ValueError for a value that no row has.
        """
        known = self.rows[0].keys()
        if unknown := [name for name in (measured, *by, *only) if name not in known]:
            raise KeyError(f"{self.name} has no {unknown[0]!r}; it has: {', '.join(known)}")
        wanted = {name: value if isinstance(value, (list, tuple, range)) else [value] for name, value in only.items()}
        for name, values in wanted.items():
            if missing := [value for value in values if value not in {row[name] for row in self.rows}]:
                raise ValueError(f"no row of {self.name} has {name} = {missing[0]!r}")
        groups: dict[tuple, list[float]] = {}
        for row in self.rows:
            if all(row[name] in values for name, values in wanted.items()):
                groups.setdefault(tuple(row[name] for name in by), []).append(row[measured])
        return groups


def load(name: str) -> Results:
    """Return the results of the experiment `name`. Raises FileNotFoundError that lists those there are."""
    folder = resources.files(__name__)
    file = folder / f"{name}.json"
    if not file.is_file():
        known = sorted(path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json"))
        raise FileNotFoundError(f"there are no results of {name!r}; there are: {', '.join(known) or 'none'}")
    saved = json.loads(file.read_text(encoding="utf-8"))
    return Results(name, saved["rows"], saved["made"])
