"""The statements of exercises, found in the text of a cell."""

from __future__ import annotations

from teaching.catalogue import STATEMENT


def statements(text: str) -> list[tuple[int, str]]:
    """Return (number, text) of the exercises in a cell of text, and (0, text) of what stands before the first."""
    starts = [match.start() for match in STATEMENT.finditer(text)]
    parts = [text[a:b].strip() for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]
    return [(int(found[1]) if (found := STATEMENT.match(part)) else 0, part) for part in parts if part]
