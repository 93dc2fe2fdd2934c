"""The pieces that slides are made of, each with the height that it is expected to take.

    Part        HTML, its kind and its height in pixels
    of_text, of_code, of_output     the parts of a cell of prose, of code, and of one stored output

Heights are estimated from numbers of characters, a little too high; `make test-browser` measures the slides.
"""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from textwrap import wrap

from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from teaching.slide_code import pieces
from teaching.slide_text import Block, points, sentences, without_places
from tools import page

ROOM = 598  # pixels below the heading of a slide
TEXT_LINE, TEXT_GAP, TEXT_WIDTH = 38, 16, 84  # the width in characters, of 28 px
CODE_LINE, CODE_GAP, CODE_WIDTH = 25, 30, 98  # of 20 px
TABLE_LINE, TABLE_GAP, TABLE_WIDTH = 34, 14, 88  # of 26 px
CODE_LINES = (ROOM - CODE_GAP) // CODE_LINE
FIGURE = 466  # a lower figure cannot be read from the last row


@dataclass(frozen=True)
class Part:
    """kind: 'text', 'item', 'formula', 'table', 'code', 'output' or 'figure'. leads: the next part must be beside it.

    brief: of a text, its first sentence alone, for a slide that has no room for more. lines, columns: of code, output.
    """

    kind: str
    html: str
    height: int
    leads: bool = False
    brief: Part | None = None
    lines: int = 0
    columns: int = 0


def of_text(found: list[Block], folder: str = "") -> Iterator[Part]:
    """Yield the parts that slides show of some prose without headings."""
    for block, following in zip_longest(found, found[1:]):
        leads = block.kind == "text" and following is not None and following.kind != "text"
        if block.kind in ("text", "item"):
            said = points(block.source, leads)
            yield from _said(said, block.kind, leads, folder)
        elif block.kind == "formula":
            yield Part("formula", page.mathml(block.source, "block"), _formula_height(block.source))
        elif block.kind == "table":
            yield from _tables(block.source)
        elif block.kind == "code":
            yield from of_code(re.sub(r"^```.*$", "", block.source, flags=re.MULTILINE).strip("\n"))
        else:
            yield Part("figure", page.from_markdown(block.source, folder), FIGURE)


def _said(said: list[str], kind: str, leads: bool, folder: str) -> Iterator[Part]:
    if kind == "item":
        said = [" ".join(said)]
    for number, text in enumerate(said, 1):
        first = _text(sentences(text)[0], kind, folder)
        yield replace(_text(text, kind, folder), leads=leads and number == len(said), brief=first)


def _text(text: str, kind: str, folder: str) -> Part:
    width = TEXT_WIDTH - 4 * (kind == "item")
    height = TEXT_LINE * len(wrap(_letters(text), width)) + TEXT_GAP
    numbered = re.sub(r"^(\d+)\.", r"\1\\.", text)  # 7. at the beginning would make a list
    return Part(kind, page.from_markdown(without_places(numbered), folder), height)


def of_code(code: str) -> Iterator[Part]:
    """Yield code with its colours, a long one in pieces."""
    for piece in pieces(code, CODE_LINES):
        yield _monospaced("code", piece, highlight(piece, PythonLexer(stripnl=False), HtmlFormatter(cssclass="code")))


def _monospaced(kind: str, text: str, made: str) -> Part:
    lengths = [len(line) for line in text.splitlines()]
    lines = sum(max(1, math.ceil(length / CODE_WIDTH)) for length in lengths)
    return Part(kind, made, lines * CODE_LINE + CODE_GAP, lines=lines, columns=max(lengths))


def of_output(output: NotebookNode) -> Iterator[Part]:
    """Yield the parts of a stored output: a figure with its alternative text, a table, or what was printed."""
    data = output.get("data", {})
    if kind := next((kind for kind in ("image/svg+xml", "image/png") if kind in data), None):
        alt = html.escape(output.metadata.get(kind, {}).get("alt", ""))
        raw = data[kind].replace("\n", "") if kind == "image/png" else base64.b64encode(data[kind].encode()).decode()
        yield Part("figure", f'<img class="figure" src="data:{kind};base64,{raw}" alt="{alt}">', FIGURE)
    elif "text/markdown" in data:
        yield from _tables(data["text/markdown"])
    else:
        printed = output.get("text", data.get("text/plain", "")).strip("\n")
        for piece in pieces(printed, CODE_LINES):
            yield _monospaced("output", piece, f'<pre class="output">{html.escape(piece)}</pre>')


def _tables(markdown: str) -> Iterator[Part]:
    """Yield a table; one that is too high in several of about equal height, each with the head."""
    head, rule, *rows = [line for line in markdown.splitlines() if line.startswith("|")]
    cells = [[_letters(cell) for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in [head, *rows]]
    widths = _widths(cells)
    first, *heights = [max(len(wrap(*cell)) for cell in zip(row, widths, strict=True)) * TABLE_LINE + TABLE_GAP
                       for row in cells]  # fmt: skip
    room = ROOM - first - 2 * TEXT_LINE - 2 * TEXT_GAP  # two lines of text find room above
    number, total = math.ceil(sum(heights) / room), sum(heights)
    chunks: list[list[int]] = [[] for _ in range(number)]
    for i, height in enumerate(heights):
        chunks[int(number * (sum(heights[:i]) + height / 2) / total)].append(i)
    for chunk in filter(None, chunks):
        table = page.from_markdown(without_places("\n".join([head, rule, *(rows[i] for i in chunk)])))
        yield Part("table", table, first + sum(heights[i] for i in chunk) + TEXT_GAP)


def _widths(cells: list[list[str]]) -> list[int]:
    """Return about the width of each column in characters: its longest word, and a share of what is left."""
    columns = [*zip(*cells, strict=True)]
    least = [max([len(word) for cell in column for word in cell.split()] or [1]) for column in columns]
    wanted = [max(map(len, column)) - width for column, width in zip(columns, least, strict=True)]
    left = max(0, TABLE_WIDTH - len(columns) - sum(least))
    share = min(1.0, left / (sum(wanted) or 1))
    return [width + int(share * more) for width, more in zip(least, wanted, strict=True)]


def _formula_height(formula: str) -> int:
    tall = bool(re.search(r"\\(frac|dfrac|sum|prod|int|begin)\b", formula))
    return 66 + 34 * tall + 52 * formula.count(r"\\")


def _letters(text: str) -> str:
    """Return about the letters that a reader sees of some Markdown."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\\(mathbf|mathrm|tilde|text|operatorname|hat|bar|mathcal)\b", "", text)
    return re.sub(r"\\\w+", "x", re.sub(r"[*`${}^_]", "", text)).strip()
