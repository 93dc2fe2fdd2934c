"""What of a notebook its exercises need: the statements that their names lead back to, and no others.

needed       the needed statements, by the cell in which they stand

A name leads to the last statement before it that gives it a value: a definition, an import or an assignment; then on to
the names in that statement. (The names inside a function lead to what they mean when the exercise calls it.) What only
acts on a value (a training run, a figure) is left out, so that an open exercise which goes on from a trained model has
to say so in its text. What the text of an exercise names in `code` is needed as well.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from nbformat import NotebookNode

from teaching import reading
from teaching.names import Statement

CODE = re.compile(r"```python\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def needed(before: list[NotebookNode], exercises: list[NotebookNode]) -> dict[int, str]:
    """Return {place in `before`: source} of all statements that the cells of the exercises lead to."""
    wanted = _mentioned([cell.source for cell in exercises if cell.cell_type == "markdown"], before)
    known: set[str] = set()
    for cell in exercises:
        for statement in _statements(cell):
            wanted |= statement.free - known
            known |= statement.gives
    kept, inside = _kept(before, wanted)
    while inside - wanted:
        wanted |= inside
        kept, inside = _kept(before, wanted)
    return {place: _source(kept[place]) for place in sorted(kept)}


def _kept(before: list[NotebookNode], wanted: set[str]) -> tuple[dict[int, list[Statement]], set[str]]:
    """Return the statements that the wanted names lead to, going backwards, and the names inside their functions."""
    kept: dict[int, list[Statement]] = {}
    inside: set[str] = set()
    for place, cell in reversed(list(enumerate(before))):
        for statement in reversed(_statements(cell)):
            if statement.gives & wanted:
                kept.setdefault(place, []).insert(0, statement)
                wanted = (wanted - statement.gives if statement.makes else wanted) | statement.free
                inside |= statement.free if statement.defines else set()
    return kept, inside


def _statements(cell: NotebookNode) -> list[Statement]:
    return _read(cell.source) if cell.cell_type == "code" and "google.colab" not in cell.source else []


_read = cache(reading.statements)


def _mentioned(texts: list[str], before: list[NotebookNode]) -> set[str]:
    """Return the functions and classes of the notebook that the texts name in code, and values as in `novel.raw`."""
    statements = [statement for cell in before for statement in _statements(cell)]
    defined = {statement.node.name for statement in statements if statement.defines}
    given = {name for statement in statements for name in statement.gives}
    code = "\n".join(block or inline for text in texts for block, inline in CODE.findall(text))
    return defined & set(re.findall(r"[A-Za-z_]\w*", code)) | given & set(re.findall(r"\b([A-Za-z_]\w*)\.", code))


def _source(statements: list[Statement]) -> str:
    """Return the statements as they are written in the cell, with two empty lines around definitions as there."""
    text = statements[0].source
    for before, statement in pairwise(statements):
        text += ("\n\n" if before.defines or statement.defines else "\n") + statement.source
    return text
