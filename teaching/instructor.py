"""A section's exercises for the instructor: the statement, the solution, what goes wrong, and what to ask.

instructor   the copy of a section
table        all exercises with their level, minutes and points, in Markdown
mistakes     the mistakes that a check recognises, with what it says to them
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import tomllib
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from teaching.catalogue import Exercise, Part, Section
from teaching.sheets import SETUP, finished
from teaching.statements import marked, statements
from tools import common

LEVELS = {1: "a few lines", 2: "some thought", 3: "an idea of one's own"}
TO = {"stuck": "to one who is stuck", "solved": "to one who has solved it"}


def instructor(section: Section) -> NotebookNode:
    """Return the copy of a section for its instructor; it runs from top to bottom, as the solutions do."""
    written, solved = (nbformat.read(path, as_version=4).cells for path in (section.path, section.solutions))
    texts = dict(pair for cell in written if cell.cell_type == "markdown" for pair in statements(cell.source))
    solutions = _by_exercise(solved)
    cells = [new_markdown_cell(_overview(section, solved[0].source), id="overview"), *solved[1:SETUP]]
    for exercise in section.exercises:
        number = exercise.number
        cells.append(new_markdown_cell(marked(texts[number], exercise), id=f"exercise-{number}"))
        cells += solutions.get(number) or [
            new_markdown_cell("There is no worked answer to this exercise.", id=f"unsolved-{number}")
        ]
        notes = [*(mistakes(section, part) for part in exercise.parts), _questions(section, exercise)]
        if any(notes):
            cells.append(new_markdown_cell("\n\n".join(filter(None, notes)), id=f"notes-{number}"))
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\[([^]\[]*)\]\([./\w-]+\.ipynb(?:#[^)]*)?\)", r"\1", cell.source)
    return finished(cells)


def _by_exercise(solved: list[NotebookNode]) -> dict[int, list[NotebookNode]]:
    """Return the cells of the solutions by exercise, without their headings; a cell with two headings is divided."""
    found: dict[int, list[NotebookNode]] = {}
    number = 0
    for place, cell in enumerate(solved[SETUP:], SETUP):
        parts = re.split(r"^## (\d+)\. .*$", cell.source, flags=re.MULTILINE) if cell.cell_type == "markdown" else []
        if len(parts) < 2:
            found.setdefault(number, []).append(cell)
            continue
        for i, text in enumerate(parts):
            if i % 2:
                number = int(text)
            elif text.strip():
                text = text.strip() if number in found else f"**Solution.** {text.strip()}"
                found.setdefault(number, []).append(new_markdown_cell(text, id=f"solution-{place}-{number}"))
    return found


def _overview(section: Section, opening: str) -> str:
    run_all = re.search(r"Run All takes (.+?) on two CPU cores", opening)
    lines = [
        f"# {section.title}: for the instructor",
        f"Run All of the section's notebook takes about {run_all_minutes(section)} min on two CPU cores, that of its "
        f"solutions, which stand here, {run_all[1] if run_all else 'some minutes'}. Minutes are those of a student who "
        "has run the notebook. What the checks answer to well-known mistakes stands below each solution.",
        table([section]),
    ]
    return "\n\n".join(lines)


def run_all_minutes(section: Section) -> str:
    """Return the minutes of Run All as the README's table has them."""
    row = next(line for line in common.README.read_text(encoding="utf-8").splitlines() if _is_row(line, section))
    return row.split("|")[5].strip()


def _is_row(line: str, section: Section) -> bool:
    return line.startswith("| [") and f"(notebooks/{section.name}.ipynb)" in line.split("|")[1]


def table(sections: list[Section]) -> str:
    """Return the exercises of the sections as a Markdown table."""
    rows = ["| section | exercise | checks | level | minutes | points |", "|:--|:--|--:|:--|--:|--:|"]
    for section in sections:
        for e in section.exercises:
            checks = len(e.parts) or "open"
            name = f"{e.number}. {e.title}".replace("|", "\\|")
            rows.append(f"| {section.name} | {name} | {checks} | {LEVELS[e.level]} | {e.minutes} | {e.points} |")
        minutes, points = (sum(getattr(e, what) for e in section.exercises) for what in ("minutes", "points"))
        rows.append(f"| **{section.name}** | **together** | {len(section.parts())} | | **{minutes}** | **{points}** |")
    return "\n".join(rows)


def mistakes(section: Section, part: Part) -> str:
    """Return a table of the mistakes that a check recognises, with what it answers; "" if there are none."""
    check = section.check(part)
    if not check.slips:
        return ""
    lines = [
        f"**What goes wrong** in `{part.answer}`, and what the check says:",
        "",
        "| mistake | verdict |",
        "|:--|:--|",
    ]
    for name, slip in check.slips.items():
        lines.append(f"| {name} | {_cell(check(slip).message)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return a message as a cell of a table: nothing in it is Markdown."""
    return re.sub(r"([|*_`$<\[\]\\])", r"\\\1", text.replace("\n", " "))


@cache
def _all_questions() -> dict:
    return tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))


def _questions(section: Section, exercise: Exercise) -> str:
    asked = [q for q in _all_questions().get(section.name, []) if q["exercise"] == exercise.number]
    lines = [f"* *{TO[q['to']]}:* {q['ask']} — {q['core']}" for q in asked]
    return "\n".join(["**Questions to ask**", "", *lines]) if lines else ""
