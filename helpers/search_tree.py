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
    path: Sequence[int] = (),
    path_name: str = "greedy",
    ax: Axes | None = None,
) -> Axes:
    """Draw the tree of a beam search, from left to right: what was kept, what was pruned, what has ended.

    record: (ids, log P, fate) of every sequence that the search has looked at; fate is 'kept', 'pruned' or 'finished'.
    labels: the name of every token, by its id.
    path: one sequence to mark, with a dashed black line as far as the record has it, and its name where that ends.
    The number on an edge is the probability of the token given what stands before it; that below a sequence, or beside
    one that has ended, is the probability of the whole. Raises ValueError for an empty record.
    """
    if not record:
        raise ValueError("the record is empty; there is no tree to draw")
    log_p = {(): 0.0} | {tuple(ids): total for ids, total, _ in record}
    fates = {tuple(ids): fate for ids, _, fate in record}
    marked = {tuple(path[:length]) for length in range(1, len(path) + 1)} & fates.keys()
    place, most = _places(fates), max(Counter(map(len, fates)).values())
    longest, steps = max(len(labels[ids[-1]]) for ids in fates), max(map(len, fates))
    wide, high = max(9.0, (0.75 + 0.07 * longest) * steps + 1.2), 0.4 * most + 0.9
    ax = new_axes(ax, figsize=(min(wide, 11.5), high))
    text = {"ha": "center", "va": "center", "parse_math": False}
    for ids, (x, y) in place.items():
        if not ids:
            ax.text(x, y, "start", fontsize=11, bbox=BOXES["kept"], **text)
            continue
        fate, (px, py) = fates[ids], place[ids[:-1]]
        edge, ink, thick = ("0.8", "0.35", 0.8) if fate == "pruned" else (COLOURS[0], "black", 1.6)
        ax.plot([px, x], [py, y], "-", color=edge, lw=thick, zorder=1)
        if ids in marked:
            ax.plot([px, x], [py, y], color="black", lw=2.2, ls=(0, (2, 1.5)), zorder=1.5)
        p, whole = np.exp(log_p[ids] - log_p[ids[:-1]]), _short(np.exp(log_p[ids]))
        where = px + 0.6 * (x - px), py + 0.6 * (y - py)
        ax.text(*where, _short(p), fontsize=8.5, color=ink, bbox=WHITE, zorder=2, **text)
        ax.text(x, y, visible(labels[ids[-1]]), fontsize=11, bbox=BOXES[fate], zorder=4, **text)
        colour = {"kept": COLOURS[0], "pruned": "0.35", "finished": COLOURS[1]}[fate]
        if fate == "finished":
            beside = {"xytext": (5 * len(labels[ids[-1]]) + 7, 0), "textcoords": "offset points", "va": "center"}
            ax.annotate(whole, (x, y), fontsize=9.5, fontweight="bold", color=colour, **beside)
        else:  # below, where no edge passes
            ax.text(x, y - 0.5, whole, fontsize=8.5, color=colour, zorder=3, **text)
    if marked:
        end = max(marked, key=len)
        beside = (0, -15) if fates[end] == "finished" else (5 * len(labels[end[-1]]) + 22, 0)  # below, if that is free
        style = {"fontsize": 9.5, "fontweight": "bold", "ha": "center", "va": "center"}
        ax.annotate(path_name, place[end], xytext=beside, textcoords="offset points", **style)
    ax.set(title=title, xlim=(-0.25, steps + 0.95))
    ax.axis("off")
    return ax


def _short(p: float) -> str:
    """Return a probability with two digits that count, without an exponent while it has at most four places."""
    return f"{p:.2g}" if p >= 1e-4 or p == 0 else f"{p:.0e}"


def _places(sequences: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return (x, y) for every sequence: x is its length; children stand beside their parents, in the order of ids."""
    place = {(): (0.0, 0.0)}
    for length in sorted({len(ids) for ids in sequences}):
        level = [ids for ids in sequences if len(ids) == length]
        level.sort(key=lambda ids: (-place[ids[:-1]][1], ids))
        for i, ids in enumerate(level):
            place[ids] = (length, (len(level) - 1) / 2 - i)
    return place
