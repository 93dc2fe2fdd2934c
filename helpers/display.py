"""What a cell shows: drawings, figures and tables that appear everywhere, and say in words what they show.

    diagram  one of this project's own drawings
    show     a figure, at twice the screen's density, with its alternative text
    table    rows as a table that a notebook renders
    Picture  what the first two return

A notebook that has not been run on this machine may not show SVG, so each drawing also brings a PNG. The alternative
text, for readers who do not see the picture, is stored in the output itself. Plumbing: no notebook derives it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

DENSITY = 2  # pixels of a picture for each pixel of its size on the page
SCREEN_DPI = 96  # what browsers take an inch to be


class Picture:
    """A picture that a notebook shows if it is the last line of a cell (elsewhere: `display(picture)`).

    png: its pixels, `DENSITY` times as many as its size on the page. alt: what it shows, in words. svg: the same
    picture as a drawing, preferred where it may be shown.
    """

    def __init__(self, png: bytes, alt: str, svg: str | None = None):
        self.png, self.alt, self.svg = png, alt, svg

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the page, in CSS pixels."""
        width, height = struct.unpack(">II", self.png[16:24])  # from the header of a PNG file
        return round(width / DENSITY), round(height / DENSITY)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """Return the data and the metadata of one output, as IPython wants them."""
        width, height = self.size
        data = {"image/png": self.png, "text/plain": self.alt}
        metadata = {"image/png": {"alt": self.alt, "width": width, "height": height}}
        if self.svg is not None:
            data["image/svg+xml"], metadata["image/svg+xml"] = self.svg, {"alt": self.alt}
        return data, metadata


def show(drawn: Axes | Figure | Sequence[Axes] | np.ndarray, alt: str) -> Picture:
    """Return a figure as a picture to end a cell with, and close it, so that it appears once.

    drawn: the figure, or axes in it: what a function of `plotting` or `plt.subplots` returned.
    alt: what a reader who does not see it must know: kind of picture, axes, what runs where, the finding.
    Raises ValueError for an empty text or axes of several figures, TypeError for what is no figure.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt is {alt!r}; write a sentence or two that say what the figure shows")
    figure = _figure_of(drawn)
    file = io.BytesIO()
    quick = {"compress_level": 1}  # `_with_palette` compresses it well
    figure.savefig(file, format="png", dpi=DENSITY * SCREEN_DPI, bbox_inches="tight", pad_inches=0.08, pil_kwargs=quick)
    plt.close(figure)
    return Picture(_with_palette(file.getvalue()), " ".join(alt.split()))


def _with_palette(png: bytes) -> bytes:
    """Return the picture in 64 colours: a quarter of the bytes, and the eye sees no difference."""
    file = io.BytesIO()
    # The octree finds flat colours and the greys of letters; a median cut spends its colours on the white paper.
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()


def _figure_of(drawn) -> Figure:
    if isinstance(drawn, Figure):
        return drawn
    axes = list(np.asarray(drawn, dtype=object).flat)
    if not axes or not all(isinstance(ax, Axes) for ax in axes):
        raise TypeError(f"expected a figure, axes or an array of axes, not {type(drawn).__name__}")
    figures = {id(ax.figure.figure): ax.figure.figure for ax in axes}  # .figure.figure: axes may lie in a subfigure
    if len(figures) > 1:
        raise ValueError(f"the axes belong to {len(figures)} figures; show each figure in a cell of its own")
    return figures.popitem()[1]


def diagram(name: str) -> Picture:
    """Return the drawing notebooks/img/`name` to end a cell with; its alternative text is its title and description.

    Raises FileNotFoundError that lists the drawings.
    """
    here = Path(__file__).resolve().parent
    # In a checkout the drawings lie beside the notebooks; an installed `helpers` (Colab) brings them along.
    folders = [here.parent / "notebooks" / "img", here / "img"]
    for folder in folders:
        svg, png = folder / f"{name}.svg", folder / f"{name}.png"
        if svg.is_file() and png.is_file():
            drawing = svg.read_text(encoding="utf-8")
            return Picture(png.read_bytes(), _description(drawing), drawing)
    known = sorted({path.stem for folder in folders for path in folder.glob("*.svg")})
    raise FileNotFoundError(f"there is no drawing {name!r}; there are: {', '.join(known) or 'none'}")


def _description(drawing: str) -> str:
    """Return what an SVG drawing says of itself: its title, then its description."""
    root = ElementTree.fromstring(drawing)
    parts = [root.findtext(f"{{http://www.w3.org/2000/svg}}{tag}", "") for tag in ("title", "desc")]
    return " ".join(" ".join(part.split()).rstrip(".") + "." for part in parts if part.strip())


def table(header: Sequence[str], rows: Sequence[Sequence[object]]):
    """Return a table that a notebook renders: the first column to the left, the others to the right.

    Entries may hold Markdown. A line end in one becomes a space, and a bar or a `<` is shown as itself.
    Raises ValueError for a row that is not as long as the header.
    """
    from IPython.display import Markdown

    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the row {list(row)} has {len(row)} entries for {len(header)} columns")
    rule = "| " + " | ".join([":--", *["--:"] * (len(header) - 1)]) + " |"
    lines = ["| " + " | ".join(map(_entry, line)) + " |" for line in [header, *rows]]
    return Markdown("\n".join([lines[0], rule, *lines[1:]]))


def _entry(value: object) -> str:
    text = " ".join(str(value).splitlines()).replace("|", "\\|")
    return text if "`" in text else text.replace("<", "&lt;")  # else <eos> would count as a tag and vanish
