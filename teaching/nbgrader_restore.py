"""Answers that have lost their cells, found by the functions' names and put into a clean copy of the assignment.

nbgrader knows a cell by its metadata. Some programs remove these, and some students write a function elsewhere.

restore_all    every submission in a folder; a notebook as it came is kept beside the restored one
restored       one notebook
Answer         where the functions of a cell stand in a submission
"""

from __future__ import annotations

import copy
import itertools
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from teaching import catalogue
from teaching.names import Statement, free
from teaching.reading import bindings, read
from tools import common

LOOK_BELOW = "\n\n(Nothing stood in this cell. What else was handed in stands at the end.)"


def restore_all(folder: Path, clean: dict[str, NotebookNode]) -> None:
    """Restore `folder`/STUDENT/SECTION/SECTION.ipynb for every student and every section in `clean`.

    clean: the assignments as students get them. Says what it did; ends with an error if a notebook cannot be read.
    """
    paths = [path for name in clean for path in sorted(folder.glob(f"*/{name}/{name}.ipynb"))]
    if not paths:
        raise SystemExit(f"no STUDENT/SECTION/SECTION.ipynb in {folder}, for a section in {', '.join(clean)}")
    unread = []
    for path in paths:
        try:
            notebook = restored(nbformat.read(path, as_version=4), clean[path.stem], path.stem)
        except Exception as error:  # whatever a student may hand in
            unread.append(f"{path}: {error}")
            continue
        if notebook:
            names = (path.with_name(f"{path.name}.original-{number}") for number in itertools.count(1))
            common.write(next(name for name in names if not name.exists()), path.read_text(encoding="utf-8"))
            common.write(path, nbformat.writes(notebook) + "\n")
        print(f"{path}: {'restored' if notebook else 'in order'}")
    if unread:
        raise SystemExit("not read:\n" + "\n".join(unread))


def restored(submission: NotebookNode, clean: NotebookNode, section: str) -> NotebookNode | None:
    """Return a copy of `clean` with the answers of `submission`; or None if nothing there is out of place.

    What else stands in the submission, and not in the section's published notebook, follows as text: it is not run.
    """
    places = _places(submission.cells, clean.cells)
    answers = [Answer(number, clean.cells, submission.cells, places) for number in range(len(clean.cells))]
    answers = [answer for answer in answers if answer.names]
    known = [submission.cells[place].metadata.get("nbgrader", {}).get("grade_id") for place in places.values()]
    in_order = known == [cell.metadata.nbgrader.grade_id for cell in clean.cells]
    if in_order and [*places.values()] == sorted(places.values()) and all(answer.at_home for answer in answers):
        return None
    notebook = copy.deepcopy(clean)
    for number, cell in enumerate(notebook.cells):
        if cell.metadata.nbgrader.solution and number in places:
            cell.source = submission.cells[places[number]].source
    for answer in answers:
        notebook.cells[answer.number].source = answer.source()
    published = {cell.source.strip() for cell in nbformat.read(catalogue.section(section).path, as_version=4).cells}
    left = [cell for number, cell in enumerate(submission.cells) if number not in places.values()]
    left = [cell for cell in left if cell.source.strip() not in {"", *published}]
    left = [cell for cell in left if not any(cell.source.strip() in here.source for here in notebook.cells)]
    if left:
        for cell, empty in zip(notebook.cells, clean.cells, strict=True):
            if cell.cell_type == "markdown" and cell.metadata.nbgrader.solution and cell.source == empty.source:
                cell.source += LOOK_BELOW  # a changed cell waits for a person; one that is not counts 0
        notebook.cells += map(new_markdown_cell, ["---\n\nWhat else was handed in:", *map(_as_text, left)])
    return notebook


def _as_text(cell: NotebookNode) -> str:
    return f"```python\n{cell.source}\n```" if cell.cell_type == "code" else cell.source


def _places(submitted: list[NotebookNode], clean: list[NotebookNode]) -> dict[int, int]:
    """Return where each clean cell stands in the submission: known by its name, its id, its text or its first line."""
    marks = (
        lambda cell: cell.metadata.get("nbgrader", {}).get("grade_id"),
        lambda cell: cell.get("id"),
        lambda cell: cell.source.strip(),
        lambda cell: cell.cell_type == "markdown" and cell.source.strip().partition("\n")[0],
    )
    found: dict[int, int] = {}
    for mark in marks:
        theirs = {mark(cell): number for number, cell in enumerate(submitted) if mark(cell)}
        for number, cell in enumerate(clean):
            if mark(cell) in theirs and theirs[mark(cell)] not in found.values():
                found.setdefault(number, theirs[mark(cell)])
    return dict(sorted(found.items()))


class Answer:
    """The functions of one answer cell, and where they stand in a submission; no names for any other cell."""

    def __init__(self, number: int, clean: list[NotebookNode], submitted: list[NotebookNode], places: dict[int, int]):
        cell = clean[number]
        self.number, self.cells, self.home = number, submitted, places.get(number)
        asked = cell.cell_type == "code" and cell.metadata.nbgrader.solution
        self.stubs = bindings([cell]) if asked else {}
        self.names = list(self.stubs)
        if not asked:
            return
        self.ours = bindings(clean)
        self.defined = bindings(submitted, stubs=False)
        torn = [(i, cell.source) for i, cell in enumerate(submitted) if cell.cell_type == "code" and not _code(cell)]
        defs = [(i, set(re.findall(r"^def (\w+)", text, re.MULTILINE))) for i, text in torn]
        self.torn = {name: i for name in self.names for i, names in defs if name in names}

    @property
    def at_home(self) -> bool:
        places = {self.defined[name].place[0] for name in self.names if name in self.defined}
        places |= {self.torn[name] for name in self.names if name not in self.defined and name in self.torn}
        return self.home is not None and places <= {self.home}

    def source(self) -> str:
        """Return the cell as it was, or the last definitions in its place; before them, what they reach elsewhere."""
        torn = [self.torn[name] for name in self.names if name in self.torn and name not in self.defined]
        if torn:
            return self.cells[torn[0]].source  # it is no Python, and its author shall see the error
        needed = {name: self.defined.get(name, self.stubs[name]) for name in self.names}
        at_home = self.at_home and bool(_code(self.cells[self.home]))
        own = self.cells[self.home].source if at_home else "\n\n".join(one.source for one in needed.values())
        reached: dict[tuple[int, int], str] = {}
        waiting = [own]
        while waiting:
            for name in free(waiting.pop()) & set(self.defined) - set(self.ours):
                binding = self.defined[name]
                if binding.place not in reached:
                    reached[binding.place] = binding.source
                    waiting.append(binding.source)
        return "\n\n".join([*(reached[place] for place in sorted(reached)), own])


def _code(cell: NotebookNode) -> list[Statement]:
    return read([cell.source]).statements
