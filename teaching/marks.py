"""The marks of a class, and the table that holds them.

Row          what one student has reached in one section
table        the rows as CSV, for a spreadsheet
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from helpers.exercises.check import CORRECT
from teaching.catalogue import Exercise, Section
from teaching.marking import Outcome


@dataclass(frozen=True)
class Row:
    """section: None for a student in whose files no answer was found. id: of a student in a class list."""

    student: str
    section: Section | None
    parts: tuple[Outcome, ...] = ()
    remarks: tuple[str, ...] = ()
    id: str = ""

    def outcomes(self, exercise: Exercise) -> list[Outcome]:
        known = {part.check: part for part in self.parts}
        return [known[part.check] for part in exercise.parts]

    def earned(self, exercise: Exercise) -> float:
        """Points of an exercise with several checks are shared equally."""
        outcomes = self.outcomes(exercise)
        right = sum(each.status == CORRECT for each in outcomes)
        return exercise.points * right / len(outcomes) if outcomes else 0.0

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        return self.section.exercises if self.section else ()

    @property
    def absent(self) -> bool:
        """Whether nothing at all came back."""
        return self.section is None and not self.remarks

    @property
    def points(self) -> float:
        return sum(map(self.earned, self.exercises))

    @property
    def of(self) -> int:
        """The points that checks can give."""
        return sum(exercise.points for exercise in self.exercises if exercise.parts)


def table(rows: list[Row]) -> str:
    """Return one line for each student and section: points of each exercise, "by hand" for the open ones, and remarks.

    total and of: the points that the checks have given, and could give. The ids of a class list come first.
    """
    listed = any(row.id for row in rows)
    numbers = range(1, 1 + max((len(row.exercises) for row in rows), default=0))
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow([*["id"] * listed, "student", "section", *numbers, "total", "of", "remarks"])
    for row in rows:
        by_number = {exercise.number: exercise for exercise in row.exercises}
        marks = [_mark(row, by_number.get(number)) for number in numbers]
        name = row.section.name if row.section else ""
        who = [*[row.id] * listed, _text(row.student), name]
        remarks = "nothing came back" if row.absent else _text("; ".join(row.remarks))
        writer.writerow([*who, *marks, f"{row.points:g}", row.of, remarks])
    return lines.getvalue()


def _mark(row: Row, exercise: Exercise | None) -> str:
    if exercise is None:
        return ""
    return f"{row.earned(exercise):g}" if exercise.parts else "by hand"


def _text(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
