"""The exercises of every section, read from the notebooks; minutes and points come from exercises.toml.

sections, section    all sections in their order, or the one that is named
Section              a notebook, its module of checks and its exercises
Exercise             a statement with the cells that belong to it
Part                 one check and the name of the function that it asks for
"""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat
import tomllib
from nbformat import NotebookNode

from helpers.exercises.check import Check
from tools import common

SECTIONS = [*common.SECTIONS, "what-came-after"]
STATEMENT = re.compile(r"^\*\*(\d+)\. (.+?)\*\*", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """check: its name in the section's module, 'check_half_life'. answer: the function handed to it, 'half_life'."""

    check: str
    answer: str


@dataclass(frozen=True)
class Exercise:
    """cells: numbers of the notebook's cells that belong to it, from its statement on. parts: empty for an open
    exercise, which a person grades. level: 1 (a few lines) to 3 (an idea of one's own)."""

    number: int
    title: str
    cells: tuple[int, ...]
    parts: tuple[Part, ...]
    level: int
    minutes: int
    points: int


@dataclass(frozen=True)
class Section:
    """name: 'gru'. title: of its notebook. path: of its notebook. module: its checks, `helpers.exercises.gru`."""

    name: str
    title: str
    path: Path
    module: ModuleType
    exercises: tuple[Exercise, ...]

    @property
    def solutions(self) -> Path:
        return self.path.parent / "solutions" / self.path.name

    def check(self, part: Part) -> Check:
        return getattr(self.module, part.check)

    def parts(self) -> list[Part]:
        return [part for exercise in self.exercises for part in exercise.parts]


def sections() -> list[Section]:
    """Return every section that has exercises, in the chapter's order."""
    return [section(name) for name in SECTIONS]


@cache
def section(name: str) -> Section:
    """Return the section called `name`. Raises LookupError that lists the names for any other."""
    if name not in SECTIONS:
        raise LookupError(f"there is no section {name!r}; there are: {', '.join(SECTIONS)}")
    path = common.NOTEBOOKS / f"{name}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    imported = re.search(r"^from helpers\.exercises import (\w+) as exercises$", _code(cells), re.MULTILINE)
    module = importlib.import_module(f"helpers.exercises.{imported[1]}")
    marks = tomllib.loads((Path(__file__).parent / "exercises.toml").read_text(encoding="utf-8"))[name]
    found = tuple(_exercise(*place, cells, marks) for place in _places(cells))
    missing = {str(exercise.number) for exercise in found} ^ set(marks)
    if missing:
        raise ValueError(f"exercises.toml and {path.name} differ in exercises {', '.join(sorted(missing))}")
    return Section(name, cells[0].source.splitlines()[0].removeprefix("# "), path, module, found)


def _code(cells: list[NotebookNode]) -> str:
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def _places(cells: list[NotebookNode]) -> list[tuple[int, str, tuple[int, ...]]]:
    """Return (number, title, cells) of each exercise; two that share a cell of text share the cells after it."""
    begin = next(i for i, cell in enumerate(cells) if re.search(r"^## .*Exercises", cell.source, re.MULTILINE))
    later = range(begin + 1, len(cells))
    end = next((i for i in later if re.match(r"## ", cells[i].source)), len(cells))
    texts = [i for i in range(begin, end) if cells[i].cell_type == "markdown" and STATEMENT.search(cells[i].source)]
    places = []
    for place, text in enumerate(texts):
        until = texts[place + 1] if place + 1 < len(texts) else end
        places += [(int(n), title.rstrip("."), tuple(range(text, until)))
                   for n, title in STATEMENT.findall(cells[text].source)]  # fmt: skip
    return places


def _exercise(number: int, title: str, place: tuple[int, ...], cells: list[NotebookNode], marks: dict) -> Exercise:
    lines = [cells[i].source for i in place if cells[i].cell_type == "code" and "exercises.check_" in cells[i].source]
    calls = [ast.parse(line).body[-1].value for line in lines]
    parts = tuple(Part(call.func.attr, call.args[0].id) for call in calls)
    mark = marks.get(str(number), {"level": 0, "minutes": 0, "points": 0})
    return Exercise(number, title, place, parts, mark["level"], mark["minutes"], mark["points"])
