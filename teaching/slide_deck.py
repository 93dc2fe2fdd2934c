"""Fill slides of 1280 × 720 with the cells of a notebook, one after another.

Slide     a heading, what stands below it, and the speaker's notes
Deck      slides as they fill: `prose` and `code` add a cell
inline    one line of Markdown as HTML

Each cell of prose begins a slide, and the code, outputs and figures after it stand below where they fit, and on slides
of their own where not. A few words that follow a figure stand below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode

from teaching.slide_code import Shown
from teaching.slide_parts import CODE_LINE, CODE_WIDTH, ROOM, Part, of_code, of_output, of_text
from teaching.slide_text import blocks, chapters, without_places
from tools import page

CODE_SIZES = (20, 23, 26)  # with lines of 1.25 times as much
PROSE = {"text", "item", "formula"}
BRIEF = 92  # two lines of text: too little for a slide


@dataclass
class Slide:
    """heading and notes: HTML. opens: whether a section begins. title: whether it is the first.

    cells: the numbers of the cells that it shows, counted from 1.
    """

    heading: str
    opens: bool = False
    title: bool = False
    parts: list[Part] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    notes: str = ""

    @property
    def kinds(self) -> set[str]:
        return {part.kind for part in self.parts}

    def has_room(self, parts: list[Part]) -> bool:
        return sum(part.height for part in [*self.parts, *parts]) <= ROOM

    @property
    def code_size(self) -> int:
        """The largest of CODE_SIZES, in pixels, in which its code and its outputs still fit."""
        left = ROOM - sum(part.height for part in self.parts)
        lines, columns = sum(part.lines for part in self.parts), max(part.columns for part in self.parts)
        narrow = [size for size in CODE_SIZES if columns * size <= CODE_WIDTH * CODE_SIZES[0]]
        return max([size for size in narrow if lines * (size * 1.25 - CODE_LINE) <= left], default=CODE_SIZES[0])


class Deck:
    """Fill slides one after another."""

    def __init__(self, folder: str):
        self.slides: list[Slide] = []
        self.folder, self.heading, self.shown = folder, "", Shown()

    def new(self, opens: bool = False) -> None:
        """Begin a slide, unless the last one is still empty."""
        if opens or not self.slides or self.slides[-1].parts:
            self.slides.append(Slide(self.heading, opens))

    def add(self, parts: Iterable[Part], together: bool = False) -> None:
        """Put parts onto the last slide while they fit, then onto the next. together: onto one, if one holds them."""
        for group in [[*parts]] if together else _groups(parts):
            if self.slides[-1].parts and not self.slides[-1].has_room(group):
                self.new()
            if together and not self.slides[-1].has_room(group):
                self.add(group)
            else:
                self.slides[-1].parts += group

    def prose(self, number: int, source: str, code_follows: bool = False) -> None:
        """Show a cell of Markdown; a heading begins a slide, and one of the second level a section."""
        found = chapters(source)
        for place, (heading, prose) in enumerate(found):
            parts = [*of_text(blocks(prose), self.folder)]
            if heading:
                self.heading = inline(heading.lstrip("# "))
                self.new(opens=heading.startswith("## "))
            elif (place + 1 < len(found) or not code_follows) and self._concludes(parts):
                parts = [replace(part, kind="takeaway") for part in parts]
            elif code_follows or self.slides[-1].kinds - PROSE or not self.slides[-1].has_room(parts):
                self.new()
            slide = self.slides[-1]
            slide.cells.append(number)
            slide.notes += page.from_markdown(without_places(prose), self.folder)
            self.add(parts)

    def _concludes(self, parts: list[Part]) -> bool:
        """Tell whether a few words have room below the figure, table or output that they are about."""
        about = bool(self.slides) and self.slides[-1].kinds & {"figure", "table", "output"}
        return bool(about and {part.kind for part in parts} == {"text"} and self.slides[-1].has_room(parts))

    def code(self, number: int, cell: NotebookNode) -> None:
        """Show what is to be seen of a cell of code, and its outputs."""
        parts = [*of_code(self.shown.code(cell.source))]
        parts += [part for output in cell.outputs for part in of_output(output)]
        if self.slides[-1].kinds - PROSE:
            self.new()
        self.slides[-1].cells.append(number)
        figures = [[part] for part in parts if part.kind == "figure"]
        for group in [[part for part in parts if part.kind != "figure"], *figures]:
            self._shorten(group)
            self.add(group, together=True)

    def _shorten(self, parts: list[Part]) -> None:
        """Cut the only paragraph of a slide to its first sentence, or leave it to the notes, for what belongs to it."""
        slide = self.slides[-1]
        if len(slide.parts) == 1 and slide.parts[0].brief and not slide.has_room(parts):
            brief, empty = replace(slide, parts=[slide.parts[0].brief]), replace(slide, parts=[])
            if brief.has_room(parts):
                slide.parts = brief.parts
            elif empty.has_room(parts) and slide.parts[0].height <= BRIEF:
                slide.parts = []


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield parts that must not be separated: what leads up to the next, with it."""
    group: list[Part] = []
    for part in parts:
        group.append(part)
        if not part.leads:
            yield group
            group = []
    if group:
        yield group


def inline(markdown: str) -> str:
    """Return one line of Markdown as HTML without a paragraph around it."""
    numbered = re.sub(r"^(\d+)\.", r"\1\\.", markdown)  # else a list would begin
    return page.from_markdown(without_places(numbered)).strip().removeprefix("<p>").removesuffix("</p>")
