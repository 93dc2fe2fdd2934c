"""A section's notebook as it is handed to students: no solutions, points beside each exercise, room for answers.

student      the copy: whole, or with `exercises_only` a short sheet of the exercises and what they need
"""

from __future__ import annotations

import copy
import re
from functools import cache, partial

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from teaching import variants
from teaching.catalogue import Exercise, Section
from teaching.links import opening, without_solutions
from teaching.needs import needed
from teaching.statements import marked, statements
from teaching.students import Person
from tools.store import METADATA

SETUP = 3  # the cells of a notebook before its first section: the opening, the Colab cell, the imports
SHEET = """\
# {title}: exercises

This sheet holds the exercises of the section and what they need of its notebook; sections that a text names are those \
of the notebook. Run All takes some seconds. Write your name into the next cell."""


def student(
    section: Section, person: Person | None = None, *, exercises_only: bool = False, linked: tuple[str, ...] = ()
) -> NotebookNode:
    """Return the copy of a section for a student.

    linked: the sections whose copies lie beside this one; links to any other notebook become plain words.
    """
    cells = copy.deepcopy(_read(section.path)).cells
    first = min(exercise.cells[0] for exercise in section.exercises)
    end = max(exercise.cells[-1] for exercise in section.exercises) + 1
    person = person or Person()
    exercises = _exercise_cells(section, cells[first:end], first, person, short=exercises_only)
    if exercises_only:
        begin = [new_markdown_cell(SHEET.format(title=section.title), id="sheet"), *cells[1:SETUP]]
        cells = [*begin, *_with_needs(exercises, cells[SETUP:first])]
        for cell in cells:
            if cell.cell_type == "code":
                cell.execution_count = None
    else:
        cells[0].source = opening(cells[0].source, linked)
        cells = [*cells[:first], *exercises, *cells[end:]]
    cells.insert(1, _name_cell(person))
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = without_solutions(cell.source, linked)
    return finished(cells)


_read = cache(partial(nbformat.read, as_version=4))  # the same one for a whole class


def finished(cells: list[NotebookNode]) -> NotebookNode:
    """Return a valid notebook of these cells. Raises nbformat's ValidationError."""
    notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(METADATA))
    nbformat.validate(notebook)
    return notebook


def _exercise_cells(
    section: Section, cells: list[NotebookNode], first: int, person: Person, short: bool
) -> list[NotebookNode]:
    """Return the cells of all exercises: a cell of text for each, with its marks; under an open one, an empty answer.

    Where an exercise allows it, the person gets numbers of their own. short: leave out what stands before the heading.
    """
    by_number = {exercise.number: exercise for exercise in section.exercises}
    made: list[NotebookNode] = []
    waiting: Exercise | None = None  # the open exercise whose cells are not over yet

    def close() -> None:
        if waiting is not None and not waiting.parts:
            made.extend(_answer(waiting.number))

    for place, cell in enumerate(cells, first):
        numbered = statements(cell.source) if cell.cell_type == "markdown" else []
        if not any(number for number, _ in numbered):
            made.append(_with_own_numbers(cell, section, waiting.number, person) if waiting else cell)
            continue
        for number, text in numbered:
            if number == 0:
                made.append(new_markdown_cell(_introduction(text, section, short), id=f"text-{place}"))
                continue
            close()
            waiting = by_number[number]
            text = variants.variant(section.name, number, person.id).get("statement", text)
            made.append(new_markdown_cell(marked(text, waiting), id=f"exercise-{number}"))
    close()
    return made


def _with_own_numbers(cell: NotebookNode, section: Section, number: int, person: Person) -> NotebookNode:
    """Return a cell of an exercise as this person gets it; one that has changed has no output any more."""
    source = cell.source
    for old, new in variants.variant(section.name, number, person.id).get("changes", []):
        source = source.replace(old, new)
    own_check = variants.examples(section.name, number, person.id)
    if own_check and source.startswith("exercises.check_"):
        source = own_check
    return cell if source == cell.source else new_code_cell(source, id=cell.id)


def _with_needs(exercises: list[NotebookNode], before: list[NotebookNode]) -> list[NotebookNode]:
    """Return the exercises' cells and what they need of the notebook, put before the first that needs any of it."""
    needs = needed(before, exercises)
    if not needs:
        return exercises
    begins = [i for i, cell in enumerate(exercises) if re.fullmatch(r"exercise-\d+", cell.id)]
    ends = [*begins[1:], len(exercises)]
    place = next(a for a, b in zip(begins, ends, strict=True) if needed(before, exercises[a:b]))
    head = new_markdown_cell("**What the next exercises need** of the section's notebook:", id="needed")
    cells = [new_code_cell(source, id=f"needed-{place}") for place, source in needs.items()]
    return [*exercises[:place], head, *cells, *exercises[place:]]


def _introduction(text: str, section: Section, short: bool) -> str:
    """Return what stands before an exercise; where it opens the exercises, with their points."""
    heading = re.search(r"^## .*Exercises", text, re.MULTILINE)
    if heading is None:
        return text
    points = sum(exercise.points for exercise in section.exercises)
    return f"{text[heading.start() if short else 0 :]}\n\nThe exercises are worth {points} points together."


def _answer(number: int) -> list[NotebookNode]:
    return [
        new_markdown_cell("*Your answer:*", id=f"answer-{number}", metadata={"tags": [f"answer-{number}"]}),
        new_code_cell(id=f"answer-{number}-code", metadata={"tags": [f"answer-{number}"]}),
    ]


def _name_cell(person: Person) -> NotebookNode:
    source = f"NAME = {_quoted(person.name)}\nNUMBER = {_quoted(person.id)}  # your matriculation number"
    return new_code_cell(source, id="name", metadata={"tags": ["name"]})


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
