"""The statements of exercises.

statements    those in the text of a cell
marked        one with its points and minutes
marks         these alone
"""

from __future__ import annotations

from teaching.catalogue import STATEMENT, Exercise


def statements(text: str) -> list[tuple[int, str]]:
    """Return (number, text) of the exercises in a cell of text, and (0, text) of what stands before the first."""
    starts = [match.start() for match in STATEMENT.finditer(text)]
    parts = [text[a:b].strip() for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]
    return [(int(found[1]) if (found := STATEMENT.match(part)) else 0, part) for part in parts if part]


def marks(exercise: Exercise) -> str:
    """Return what stands beside an exercise: "2 points · about 10 minutes"."""
    return f"{exercise.points} point{'s' * (exercise.points != 1)} · about {exercise.minutes} minutes"


def marked(text: str, exercise: Exercise) -> str:
    """Return the statement of an exercise with its points and minutes behind the title."""
    return STATEMENT.sub(lambda title: f"{title[0]} ({marks(exercise)})", text, count=1)
