"""A page for each student: which exercises are solved, and what the checks say about the others.

write        the pages of a class
page         one, as text; it needs nothing from elsewhere
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from html import escape
from pathlib import Path

from helpers.exercises.check import CORRECT, WRONG
from teaching.catalogue import Exercise
from teaching.marks import Row
from tools import common

STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff;
       font: 17px/1.55 Georgia, "Times New Roman", serif; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 0.2rem; }
p.points { margin: 0 0 0.8rem; color: #555; }
ol { list-style: none; padding: 0; margin: 0; }
li { padding: 0.6rem 0 0.6rem 2.2rem; border-top: 1px solid #ddd; position: relative; }
li > .mark { position: absolute; left: 0.3rem; font-weight: bold; }
li.solved .mark { color: #1b6e3a; } li.wrong .mark { color: #a33a00; } li.open .mark { color: #777; }
.title { font-weight: bold; } .number { float: right; color: #555; }
.message { margin: 0.2rem 0 0; color: #333; overflow-wrap: anywhere; } code { font-size: 0.9em; }
footer { margin-top: 2.5rem; color: #555; font-size: 0.9rem; }
@media (prefers-color-scheme: dark) {
  body { background: #1c1c1c; color: #ddd; } .message { color: #ccc; }
  p.points, .number, footer { color: #aaa; } li { border-color: #444; }
  li.solved .mark { color: #7bc796; } li.wrong .mark { color: #f0a071; } li.open .mark { color: #aaa; }
}
"""


def write(rows: list[Row], folder: Path) -> None:
    """Write a page into the folder for each student of whom something came back."""
    folder.mkdir(exist_ok=True)
    by_student: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if not row.absent:
            by_student[row.student, row.id].append(row)
    plain = {who: re.sub(r"\W+", "-", "-".join(filter(None, who))).strip("-")[:60] for who in by_student}
    for who, own in by_student.items():
        name = plain[who]
        if list(plain.values()).count(name) > 1 or not name:
            name += "-" + hashlib.sha256(who[0].encode()).hexdigest()[:6]
        common.write(folder / f"{name}.html", page(who[0], own))


def page(student: str, rows: list[Row]) -> str:
    """Return the page of a student, who has handed in the sections of `rows`."""
    body = "\n".join(part for row in rows for part in _section(row))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Exercises of {escape(student)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Exercises of {escape(student)}</h1>
{body}
<footer>Each answer was called with the cases of the check in the notebook and with further ones. A message names the
first case that went wrong; there may be others.</footer>
</body>
</html>
"""


def _section(row: Row) -> Iterator[str]:
    if row.section is None:
        yield f"<p>No answers were found in what you handed in ({escape('; '.join(row.remarks))}).</p>"
        return
    yield f"<h2>{escape(row.section.title)}</h2>"
    points = f"{_points(row.points)} of {row.of} points; exercises that your teacher reads are not counted yet"
    yield f'<p class="points">{points}</p>'
    yield "<ol>"
    for exercise in row.section.exercises:
        yield _exercise(exercise, row)
    yield "</ol>"


def _exercise(exercise: Exercise, row: Row) -> str:
    outcomes = row.outcomes(exercise)
    if not outcomes:
        kind, mark, points, lines = "open", "✎", f"{exercise.points} points, by hand", ["This one your teacher reads."]
    else:
        solved = all(each.status == CORRECT for each in outcomes)
        tried = any(each.status in (CORRECT, WRONG) for each in outcomes)
        kind, mark = ("solved", "✓") if solved else ("wrong", "✗") if tried else ("open", "–")
        points = f"{_points(row.earned(exercise))} of {exercise.points} points"
        named = len(outcomes) > 1
        lines = [_sentence(each, part.answer if named else "")
                 for each, part in zip(outcomes, exercise.parts, strict=True)]  # fmt: skip
    text = "".join(f'<p class="message">{line}</p>' for line in lines)
    return (
        f'<li class="{kind}"><span class="mark">{mark}</span> <span class="number">{points}</span>'
        f'<span class="title">{exercise.number}. {escape(exercise.title)}</span>{text}</li>'
    )


def _sentence(outcome, name: str) -> str:
    head = f"<code>{escape(name)}</code>: " if name else ""
    if outcome.status == CORRECT:
        return f"{head}Solved: {escape(outcome.message)}"
    if outcome.status == WRONG:
        return f"{head}Not right yet: {escape(outcome.message)}"
    return f"{head}Not attempted."


def _points(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
