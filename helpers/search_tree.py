"""The tree of a beam search as a picture.

    search_tree  what the search has kept, pruned and finished, from left to right

Plumbing: no notebook derives it. The search whose record it draws is written in the notebook `beam-search`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes

from helpers.plotting import COLOURS, new_axes, visible

WHITE = {"fc": "white", "ec": "none", "pad": 0.4}
BOXES = {
    "kept": {"boxstyle": "round,pad=0.25", "fc": "#DCEBF5", "ec": "#0072B2", "lw": 1.4},
    "pruned": {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "0.75", "ls": ":"},
    "finished": {"boxstyle": "square,pad=0.3", "fc": "#FBE5D6", "ec": "#D55E00", "lw": 1.6},
}


def search_tree(
    record: Sequence[tuple[Sequence[int], float, str]],
    labels: Sequence[str],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the tree of a beam search, from left to right: what was kept, what was pruned, what has ended.

    record: (ids, log P, fate) of every sequence that the search has looked at; fate is 'kept', 'pruned' or 'finished'.
    labels: the name of every token.
    The number on an edge is the probability of the token given what stands before it; that below a kept sequence or
    beside a finished one is the probability of the whole. Raises ValueError for an empty record.
    """
    if not record:
        raise ValueError("the record is empty; there is no tree to draw")
    log_p = {(): 0.0} | {tuple(ids): total for ids, total, _ in record}
    fates = {tuple(ids): fate for ids, _, fate in record}
    place, most = _places(fates), max(Counter(map(len, fates)).values())
    ax = new_axes(ax, figsize=(9.0, 0.3 * most + 0.9))
    text = {"ha": "center", "va": "center", "parse_math": False}
    for ids, (x, y) in place.items():
        if not ids:
            ax.text(x, y, "start", fontsize=10, bbox=BOXES["kept"], **text)
            continue
        fate, (px, py) = fates[ids], place[ids[:-1]]
        edge, ink, thick = ("0.8", "0.4", 0.8) if fate == "pruned" else (COLOURS[0], "black", 1.6)
        ax.plot([px, x], [py, y], "-", color=edge, lw=thick, zorder=1)
        p, whole = np.exp(log_p[ids] - log_p[ids[:-1]]), f"{np.exp(log_p[ids]):.3g}"
        where = px + 0.68 * (x - px), py + 0.68 * (y - py)
        ax.text(*where, f"{p:.2g}", fontsize=8, color=ink, bbox=WHITE, zorder=2, **text)
        ax.text(x, y, visible(labels[ids[-1]]), fontsize=10, bbox=BOXES[fate], zorder=4, **text)
        if fate == "finished":
            ax.text(x + 0.17, y, whole, fontsize=9, va="center")
        elif fate == "kept":  # below, where no edge passes
            ax.text(x, y - 0.5, whole, fontsize=8, color=COLOURS[0], zorder=3, **text)
    ax.set(title=title, xlim=(-0.25, max(map(len, fates)) + 0.5))
    ax.axis("off")
    return ax


def _places(sequences: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return (x, y) for every sequence: x is its length; children stand beside their parents, in the order of ids."""
    place = {(): (0.0, 0.0)}
    for length in sorted({len(ids) for ids in sequences}):
        level = [ids for ids in sequences if len(ids) == length]
        level.sort(key=lambda ids: (-place[ids[:-1]][1], ids))
        for i, ids in enumerate(level):
            place[ids] = (length, (len(level) - 1) / 2 - i)
    return place
