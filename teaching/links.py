"""The links in a copy's text: those that lead to another copy stay, and none leads to solutions.

opening              the cell at the top
without_solutions    any text
"""

from __future__ import annotations

import re


def opening(text: str, linked: tuple[str, ...]) -> str:
    """Return the opening cell with the links that lead to another copy, and without the line if there are none.

    The badge goes as well: it leads to the notebook, not to this copy.
    """
    lines = text.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("[←"))
    kept = [part for part in lines[place].split(" · ") if any(f"({name}.ipynb)" in part for name in linked)]
    lines[place : place + 2] = [" · ".join(kept), ""] if kept else []
    return "\n".join(lines)


def without_solutions(text: str, linked: tuple[str, ...]) -> str:
    """Return a text that leads to no solutions, and to no notebook that does not lie beside it."""
    text = re.sub(r" ?Worked answers are in \[solutions\]\([^)]*\)\.", "", text)
    text = text.replace(" The solutions show it.", "")

    def link(match: re.Match) -> str:
        return match[0] if match[2] in linked else match[1]

    return re.sub(r"\[([^]\[]*)\]\(([\w-]+)\.ipynb(?:#[^)]*)?\)", link, text)
