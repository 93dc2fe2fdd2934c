"""The slides of a notebook's short path.

slides    the slides, in the notebook's order

The first slide asks the notebook's question, the second lists the sections; then come the cells tagged short-path. The
last slides tell what the notebook closes with, also where that is not on the path: a lecture ends with it.
"""

from __future__ import annotations

import re

from nbformat import NotebookNode

from teaching.slide_deck import Deck, Slide, inline
from teaching.slide_parts import Part, of_text
from teaching.slide_text import Block, blocks, chapters, without_places
from tools import page

TAG = "short-path"


def slides(notebook: NotebookNode, folder: str = "") -> list[Slide]:
    """Return the slides of the cells tagged short-path; pictures in Markdown are sought in `folder`.

    Raises ValueError if no cell has the tag.
    """
    cells = [(number, cell) for number, cell in enumerate(notebook.cells, 1) if TAG in cell.metadata.get("tags", [])]
    if not cells:
        raise ValueError(f"no cell is tagged {TAG}, so there is nothing to show")
    deck = Deck(folder)
    _opening(deck, *cells[0], [cell for _, cell in cells])
    first = next(i for i, (_, cell) in enumerate(cells) if _headings(cell))
    for place, (number, cell) in enumerate(cells[first:], first + 1):  # before it: set-up
        if cell.cell_type == "markdown":
            deck.prose(number, cell.source, code_follows=place < len(cells) and cells[place][1].cell_type == "code")
        else:
            deck.code(number, cell)
    _closing(deck, notebook)
    return [slide for slide in deck.slides if slide.parts]


def _opening(deck: Deck, number: int, opening: NotebookNode, cells: list[NotebookNode]) -> None:
    """Show the notebook's title and its question; then the sections of the short path."""
    [(title, prose), *_] = chapters(opening.source)
    deck.heading = inline(title.lstrip("# "))
    deck.new(opens=True)
    slide = deck.slides[-1]
    slide.title = True
    slide.cells.append(number)
    slide.notes = page.from_markdown(without_places(prose))
    found = [block for block in blocks(prose) if not block.source.startswith("**Short path**")]
    question = [block for block in found if block.source.startswith("**The question.**")]
    if question:
        slide.parts = [Part("text", page.from_markdown(without_places(question[0].source)), 0)]
        if place := re.search(r"\(([\d.]+ in edition [\d.]+, [\d.]+ in [\d.]+\d)\)", prose):
            slide.parts.append(Part("place", f"<p><em>Dive into Deep Learning</em>, section {place[1]}</p>", 0))
    else:
        deck.add(of_text(found))
    deck.heading = "On the way"
    deck.new(opens=True)
    deck.add(of_text([Block("item", heading) for cell in cells for heading in _headings(cell)]))


def _headings(cell: NotebookNode) -> list[str]:
    """Return the headings of sections in a cell, without their marks."""
    found = chapters(cell.source) if cell.cell_type == "markdown" else []
    return [heading.removeprefix("## ") for heading, _ in found if heading.startswith("## ")]


def _closing(deck: Deck, notebook: NotebookNode) -> None:
    """Show what the notebook says that was learnt, and the question that it leaves; also if that is not tagged."""
    if "learnt" in deck.heading:
        return
    texts = [part for cell in notebook.cells if cell.cell_type == "markdown" for part in chapters(cell.source)]
    learnt = [(heading, prose) for heading, prose in texts if heading.startswith("## ") and "learnt" in heading]
    for heading, prose in learnt:
        deck.heading = inline(re.sub(r"^## (\d+\. )?", "", heading))
        deck.new(opens=True)
        deck.slides[-1].notes = page.from_markdown(without_places(prose))
        deck.add(of_text([block for block in blocks(prose) if block.kind == "item" or block.source.startswith("**")]))
