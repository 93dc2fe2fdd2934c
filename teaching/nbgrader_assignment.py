"""A section's exercises as an assignment of nbgrader.

assignment      the notebook for the teacher, with answers and hidden tests
stripped        the notebook that students get
"""

from __future__ import annotations

import copy
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from teaching import assignment as parts_of
from teaching.catalogue import Exercise, Part, Section
from teaching.worked import BEGIN, END, solved
from tools import store

STUB = "raise NotImplementedError"
TEXT_STUB = "(Write your answer here, in place of this line.)"
HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"

TITLE = """# Exercises: {title}

Put your answer in place of each `raise NotImplementedError`, in the cell where it stands, and run the cell below it: it
says whether the answer is right, or which case it gets wrong. Grading asks for other cases as well. Leave the names of
the functions as they are. Section numbers are those of the notebook `{name}.ipynb`.

Points in all: {points}."""

SCAFFOLD = """A scaffold, to be run at the end of the notebook `{name}.ipynb`, which has defined what it uses:

```python
{code}
```"""

ANSWER = f"""*Your answer to exercise {{number}}: what you did, what you measured, and what follows from it.*

{BEGIN}
A worked answer stands in `notebooks/solutions/{{name}}.ipynb`.
{END}"""

TEST = """from helpers.exercises import {module} as exercises

verdict = exercises.{check}({answer})
assert verdict.status == "correct", verdict
print(verdict)"""

HIDDEN_TEST = f"""
{HIDDEN[0]}
from dataclasses import replace

verdict = replace(exercises.{{check}}, cases={{cases}})({{answer}})
assert verdict.status == "correct", verdict
{HIDDEN[1]}"""


def assignment(section: Section, seed: int) -> NotebookNode:
    """Return the assignment with worked answers and hidden tests, as nbgrader takes it (schema 3)."""
    points = sum(exercise.points for exercise in section.exercises)
    cells = [_locked(f"{section.name}-title", TITLE.format(title=section.title, name=section.name, points=points))]
    for number, code in enumerate(parts_of.setup(section), 1):
        cells.append(_locked(f"{section.name}-setup-{number}", code, code=True))
    for exercise in section.exercises:
        cells += _exercise(section, exercise, seed)
    return new_notebook(cells=cells, metadata=store.METADATA)


def stripped(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as students get it: a stub for each worked answer, and no hidden tests."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        stub = STUB if cell.cell_type == "code" else TEXT_STUB
        cell.source = _without(cell.source, BEGIN, END, stub)
        cell.source = _without(cell.source, *HIDDEN)
    return notebook


def _without(text: str, begin: str, end: str, instead: str = "") -> str:
    """Return the text with what stands between marks, each on a line of its own, replaced."""
    pattern = rf"^( *){begin}$.*?^ *{end}$" + ("" if instead else r"\n?")
    return re.sub(pattern, lambda match: match[1] + instead, text, flags=re.DOTALL | re.MULTILINE).rstrip("\n")


def _exercise(section: Section, exercise: Exercise, seed: int) -> list[NotebookNode]:
    name = f"{section.name}-{exercise.number}"
    cells = [_locked(f"{name}-text", parts_of.statement(section, exercise))]
    if code := parts_of.scaffold(section, exercise):
        cells.append(_locked(f"{name}-scaffold", SCAFFOLD.format(name=section.name, code=code)))
    for number, stub in enumerate(parts_of.stubs(section, exercise), 1):
        answer = solved(section, stub)
        cells.append(_cell(f"{name}-answer-{number}", answer, code=True, solution=True))
    for part in exercise.parts:
        test = _test(section, part, seed)
        points = exercise.points / len(exercise.parts)
        cells.append(_cell(f"{name}-{part.check}", test, code=True, grade=True, locked=True, points=points))
    if not exercise.parts:
        answer = ANSWER.format(number=exercise.number, name=section.name)
        cells.append(_cell(f"{name}-answer", answer, grade=True, solution=True, points=exercise.points))
    return cells


def _test(section: Section, part: Part, seed: int) -> str:
    module = section.module.__name__.rpartition(".")[2]
    cases = parts_of.fresh_cases(section, part, seed)
    template = TEST + HIDDEN_TEST if cases != "[]" else TEST
    return template.format(module=module, check=part.check, answer=part.answer, cases=cases)


def _locked(name: str, text: str, code: bool = False) -> NotebookNode:
    return _cell(name, text, code=code, locked=True)


def _cell(name: str, text: str, code: bool = False, **roles: bool | float) -> NotebookNode:
    """Return a cell with nbgrader's metadata; roles: those that are not False, and the points of a graded one."""
    meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": False, "task": False}
    make_cell = new_code_cell if code else new_markdown_cell
    return make_cell(text, id=name, metadata={"nbgrader": meta | roles})
