"""A course folder for nbgrader, with one assignment a section.

python -m teaching.nbgrader_course [SECTION ...] [--out build/nbgrader] [--seed N]     all sections, if none is named
python -m teaching.nbgrader_course --restore build/nbgrader/submitted                  answers back into their cells

make            write the folder; a file that you have changed there stays
assignment      the notebook for the teacher, with answers and hidden tests
stripped        the notebook that students get
"""

from __future__ import annotations

import argparse
import copy
import re
import secrets
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from teaching import assignment as parts_of
from teaching import catalogue, nbgrader_restore
from teaching.catalogue import Exercise, Part, Section
from tools import common, store

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

{parts_of.BEGIN}
A worked answer stands in `notebooks/solutions/{{name}}.ipynb`.
{parts_of.END}"""

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

CONFIG = rf'''c = get_config()
c.CourseDirectory.course_id = "modern-rnn"

c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.ClearSolutions.text_stub = "{TEXT_STUB}"

# A cell that runs longer is interrupted, and the next ones are still graded.
c.Execute.timeout = 120
c.Execute.iopub_timeout = 60  # a busy machine sends late what a cell has shown; after 4 seconds nbgrader would give up

# Whose file it is: ada_gru.ipynb, or as Moodle names it, "Ada Lovelace_123_assignsubmission_file/gru.ipynb".
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\]extracted[/\\](?:.*[/\\])?(?P<student_id>[^/\\_]+)"
    r"_(?:.*[_/\\])?(?P<file_id>[a-z-]+)(?: ?\(\d+\))?\.ipynb$"
)
'''


def make(names: list[str], out: Path, seed: int | None = None) -> None:
    """Write the configuration and the assignments of the sections called `names` under `out`; none named: all.

    seed: for the cases of the hidden tests; by default a secret number that is kept in the folder's file `seed`.
    """
    sections = [catalogue.section(name) for name in names] or catalogue.sections()
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "seed"
    if seed is None:
        seed = int(kept.read_text(encoding="utf-8")) if kept.exists() else secrets.randbelow(2**32)
    common.write(kept, f"{seed}\n")
    _write(out / "nbgrader_config.py", CONFIG)
    for section in sections:
        path = source(out, section.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, nbformat.writes(assignment(section, seed)) + "\n")


def source(out: Path, name: str) -> Path:
    """Return where a section's assignment stands in the course folder `out`."""
    return out / "source" / name / f"{name}.ipynb"


def _write(path: Path, text: str) -> None:
    """Write a file, or leave alone one that says something else."""
    if path.exists() and path.read_text(encoding="utf-8") != text:
        print(f"{path}: left as it is; to have it made anew, remove it first")
    else:
        common.write(path, text)
        print(path)


# --- the notebook ----------------------------------------------------------------------------------------------------


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
        cell.source = _without(cell.source, parts_of.BEGIN, parts_of.END, stub)
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
        answer = parts_of.solved(section, stub)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--out", type=Path, default=common.BUILD / "nbgrader", help="the course folder")
    parser.add_argument("--seed", type=int, help="for the hidden cases; by default a number kept in the course folder")
    parser.add_argument(
        "--restore", type=Path, metavar="FOLDER", help="put the answers in FOLDER back into their cells"
    )
    given = parser.parse_args()
    try:
        if given.restore:
            nbgrader_restore.restore_all(given.restore, _clean(given.out, given.sections))
        else:
            make(given.sections, given.out, given.seed)
    except LookupError as error:
        parser.error(str(error))


def _clean(out: Path, names: list[str]) -> dict[str, NotebookNode]:
    """Return the assignments in the course folder as students get them, by section."""
    names = names or [name for name in catalogue.SECTIONS if source(out, name).exists()]
    missing = [name for name in names if not source(out, name).exists()]
    if missing or not names:
        raise LookupError(f"{out} holds no assignment {' '.join(missing)}: make it first")
    return {name: stripped(nbformat.read(source(out, name), as_version=4)) for name in names}


if __name__ == "__main__":
    main()
