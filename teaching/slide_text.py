"""What of a notebook's prose goes onto a slide: the rest is for the speaker's notes.

    chapters        a cell of Markdown, cut before its headings
    blocks          prose without headings as its parts: paragraphs, list items, formulas, tables, pictures, code
    points          the sentences of a paragraph that a slide shows, in groups that stood together
    without_places  Markdown whose links into the notebooks are plain words

A paragraph is shown by its first sentence (and the next, if that is short), by its questions and conclusions, by what
it sets in bold, and by its last sentence if that leads up to a formula, a list, a table or a picture. What stands in
brackets is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SHORT = 60  # a first sentence of fewer characters takes the next one along
# Where a sentence cannot end: formulas, code, links, what stands in brackets.
WHOLE = re.compile(r"\$[^$]*\$|`[^`]*`|\[[^\]]*\]\([^)]*\)|\([^()]*\)")
BREAK = re.compile(r'(?<!et al)(?<!\be\.g)(?<!\bi\.e)(?<!\b[A-Z])[.?!…][*"”)]*\s+(?=[A-Z0-9*"“(`$\\\[])')
PLACE = re.compile(r"\[([^\]]*)\]\((?!\w+:)[^)\s]*\)")
BADGE = re.compile(r"\[?!\[[^\]]*\]\(https?:[^)]*\)(?:\]\([^)]*\))?")
TURN = re.compile(r"(So|Hence|But|Yet|First,|Second,|Third,) ")  # so begins what the sentences before lead to
KINDS = [
    ("formula", r"\$\$|\\begin\{"),
    ("code", r"```"),
    ("table", r"\|"),
    ("picture", r"!\[|<img"),
    ("item", r"(?:[*+-]|\d+\.) "),
]


@dataclass(frozen=True)
class Block:
    """kind: one of KINDS or 'text'. source: its Markdown; of an item without the mark, of a formula the LaTeX."""

    kind: str
    source: str


def chapters(markdown: str) -> list[tuple[str, str]]:
    """Return pairs of a heading, with its #, and the prose below it; the first heading may be empty."""
    pieces = [piece for piece in re.split(r"^(?=#{1,6} )", markdown, flags=re.MULTILINE) if piece.strip()]
    cut = [piece.partition("\n") if piece.startswith("#") else ("", "", piece) for piece in pieces]
    return [(heading, prose.strip()) for heading, _, prose in cut]


def blocks(markdown: str) -> list[Block]:
    """Return the parts in their order; comments and navigation (only links and dots) are left out."""
    text = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    text = re.sub(r"\$\$(.+?)\$\$", lambda found: f"\n\n$${found[1].strip()}$$\n\n", text, flags=re.DOTALL)
    found = []
    for piece in re.split(r"\n\s*\n", text):
        if piece := piece.strip("\n"):
            found += _block(piece)
    return [block for block in found if not _navigates(block)]


def _navigates(block: Block) -> bool:
    return block.kind == "text" and not re.search(r"\w", PLACE.sub("", BADGE.sub("", block.source)))


def _block(piece: str) -> Iterator[Block]:
    kind = next((kind for kind, mark in KINDS if re.match(rf"\s*(?:{mark})", piece)), "text")
    if kind == "item":
        for item in re.split(r"^(?=(?:[*+-]|\d+\.) )", piece, flags=re.MULTILINE):
            if item.strip():
                yield Block("item", " ".join(re.sub(r"^(?:[*+-]|\d+\.) +", "", item).split()))
    elif kind == "formula":
        yield from (Block("formula", part) for part in _rows(piece.strip().removeprefix("$$").removesuffix("$$")))
    else:
        yield Block(kind, piece if kind in ("table", "code") else " ".join(piece.split()))


def _rows(formula: str) -> list[str]:
    """Return several equations side by side as one a row; short ones stay together."""
    parts = [part.strip() for part in re.split(r",?\s*\\qquad", formula)]
    return parts if len(parts) > 1 and len(re.sub(r"\\\w+|[{}^_\s]", "", formula)) > 40 else [formula.strip()]


def sentences(paragraph: str) -> list[str]:
    """Return the sentences; a full stop within a formula, code, a link or brackets ends none."""

    def covered(found: re.Match) -> str:
        last = "." if re.search(r"[.?!]\)$", found[0]) else "x"
        return found[0][0] + "x" * (len(found[0]) - 2) + last

    mask = WHOLE.sub(covered, paragraph)
    starts = [0, *(found.end() for found in BREAK.finditer(mask)), len(paragraph)]
    return [paragraph[a:b].strip() for a, b in pairwise(starts) if paragraph[a:b].strip()]


def points(paragraph: str, leads_up: bool = False) -> list[str]:
    """Return what a slide shows of a paragraph: sentences that stood side by side are one string.

    leads_up: whether a formula, list, table or picture follows, which the last sentence announces.
    """
    said = sentences(paragraph)
    aside = {i for i, sentence in enumerate(said) if sentence.startswith("(") and i > 0}
    shown = {i for i, sentence in enumerate(said) if i == 0 or _stands_out(sentence)}
    shown |= {i + 1 for i in shown if re.fullmatch(r"\*\*[^*]+\*\*", said[i])}  # a heading within the line
    shown |= {i for i in range(len(said)) if len(" ".join(said[:i])) < SHORT}
    if leads_up:
        shown.add(max(i for i in range(len(said)) if i not in aside))
    kept = sorted(i for i in shown - aside if i < len(said))
    groups: list[list[str]] = []
    for before, i in zip([-2, *kept], kept, strict=False):
        if i == before + 1:
            groups[-1].append(said[i])
        else:
            groups.append([said[i]])
    return [" ".join(group) for group in groups]


def _stands_out(sentence: str) -> bool:
    plain = re.sub(r"`[^`]*`|\$[^$]*\$", "", sentence)
    finding = re.search(r"(?<!\*)\*[^*]{20,}\*(?!\*)", plain)  # more than a term is in italics
    return bool(sentence.endswith("?") or TURN.match(sentence) or "**" in plain or finding)


def without_places(markdown: str) -> str:
    """Return the Markdown with links into the notebooks as plain words, and without badges."""
    return PLACE.sub(r"\1", BADGE.sub("", markdown))
