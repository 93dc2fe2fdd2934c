"""Pictures. Every drawing function takes `ax=None` and returns the axes it drew on; `display.show` shows them.

    use_style     colours that survive grey-scale and colour blindness
    curves        one line per series, told apart by colour, dash and marker
    heat_map      values under the tokens they belong to
    padded_batch  a batch of sentences as a grid of tokens and ids, its padding shaded
    COLOURS, new_axes, visible   what these pictures share with `search_tree`

Plumbing: no notebook derives it. Nothing here knows of models or data sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

# Okabe and Ito's colours, without yellow (too pale on white), from dark to light to dark again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def use_style() -> None:
    """Set matplotlib's defaults for the notebooks: small figures, quiet frames, distinguishable lines."""
    plt.rcParams.update(
        {
            "figure.figsize": (6.2, 3.0),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=DASHES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "0.9",
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "legend.frameon": False,
            "lines.markersize": 4,
        }
    )


def new_axes(ax: Axes | None, **figure) -> Axes:
    """Return `ax`, or the axes of a new figure, made with these options of plt.subplots, if it is None."""
    return plt.subplots(**figure)[1] if ax is None else ax


BLANKS = {" ": "␣", "\n": "↵", "\t": "⇥"}  # how characters that leave no ink are shown


def visible(token: str) -> str:
    """Return how a token stands in a picture: a space, a line end or a tab as a mark."""
    return BLANKS.get(token, "␣" if token.isspace() else token)


def curves(
    series: Mapping[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    marker: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw each of `series` (name -> values) against `x`, by default 1, 2, 3 ...

    log: any of 'x', 'y', 'xy' for logarithmic axes.
    Raises ValueError if a series is no list of numbers, or not as long as `x`.
    """
    ax = new_axes(ax)
    for name, values in series.items():
        values = np.asarray(values, dtype=float)
        if values.ndim != 1:
            raise ValueError(f"series {name!r} must be a list of numbers; got the shape {values.shape}")
        xs = np.arange(1, len(values) + 1) if x is None else np.asarray(x, dtype=float)
        if len(xs) != len(values):
            raise ValueError(f"series {name!r} has {len(values)} values for {len(xs)} positions on the x axis")
        ax.plot(xs, values, marker=marker, label=name)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if x is None and "x" not in log:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no epoch 1.5
    if len(series) > 1:
        ax.legend()
    return ax


def heat_map(
    values,
    tokens: Sequence[str],
    *,
    rows: Sequence[str] | None = None,
    title: str = "",
    ylabel: str = "",
    limits: tuple[float, float] | None = None,
    colours: str = "cividis",
    ax: Axes | None = None,
) -> Axes:
    """Draw `values` (rows, T) as a heat map with the T `tokens` under its columns.

    A space is shown as '␣', and two thin lines mark its column: there a word ends.
    rows: labels of the rows. limits: the values at the two ends of the colour bar; default: their range.
    Raises ValueError if `values` is no matrix, or there is not one token for each column.
    """
    values = _numbers("values", values, "(rows, T) or (T,)", float)
    if values.shape[1] != len(tokens):
        raise ValueError(f"there are {values.shape[1]} columns but {len(tokens)} tokens")
    longest = max(map(len, tokens), default=1)
    if ax is None:
        wide, high = max(0.2, 0.12 * longest + 0.08) * len(tokens) + 1.6, 0.2 * len(values) + 0.9
        ax = new_axes(None, figsize=(min(max(wide, 3.0), 9.5), min(max(high, 1.6), 6.0)))
    low, high = limits if limits else (None, None)
    image = ax.imshow(values, aspect="auto", cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    column = 0.85 * 72 * ax.get_window_extent().width / ax.figure.dpi / max(len(tokens), 1)  # its width in points
    narrow = column < 7 * 0.8 * longest  # tokens smaller than 7 points: turn them
    size = min(11, column if narrow else column / (0.8 * longest))
    style = {"fontsize": max(size, 6), "rotation": 90 if narrow and longest > 1 else 0, "parse_math": False}
    ax.set_xticks(range(len(tokens)), [visible(token) for token in tokens], **style)
    for step, token in enumerate(tokens):
        if token.isspace():
            ax.axvline(step - 0.5, color="white", lw=0.9)
            ax.axvline(step + 0.5, color="white", lw=0.9)
            ax.get_xticklabels()[step].set(color=COLOURS[1], fontweight="bold")
    ax.set_yticks(range(len(values)) if rows else [], rows if rows else [], parse_math=False)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set(title=title, ylabel=ylabel)
    ax.figure.colorbar(image, ax=ax, pad=0.015, fraction=0.05)
    return ax


def padded_batch(
    ids,
    tokens: Sequence[Sequence[str]],
    lengths: Sequence[int],
    *,
    title: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a padded batch `ids` (B, T) as a grid: in each cell the token and, under it, the id.

    tokens: the T tokens of each row. lengths (B,): from there on a row is padding, and its cells are shaded.
    Raises ValueError if `ids` is no matrix, the tokens do not fill the grid, or a length does not lie in it.
    """
    ids = _numbers("ids", ids, "(B, T)")
    B, T = ids.shape
    lengths = [int(length) for length in lengths]
    if [len(row) for row in tokens] != [T] * B:
        raise ValueError(f"ids is {B} x {T}, but there are {[len(row) for row in tokens]} tokens in the rows")
    if len(lengths) != B or not all(0 <= length <= T for length in lengths):
        raise ValueError(f"lengths must be {B} numbers from 0 to {T}; got {lengths}")
    if ax is None:
        wide = max([0.1 * max(map(len, column)) + 0.17 for column in zip(*tokens, strict=True)], default=0)
        ax = new_axes(None, figsize=(min(max(max(wide, 0.5) * T + 0.5, 3.0), 9.5), 0.48 * B + 0.8))
    for row in range(B):
        for step in range(T):
            padding = step >= lengths[row]
            style = {"fc": "0.87", "hatch": "////", "ec": "0.72"} if padding else {"fc": "#DCEBF5", "ec": "0.45"}
            ax.add_patch(Rectangle((step + 0.5, row - 0.5), 1, 1, lw=0.8, **style))
            text = {"ha": "center", "va": "center", "color": "0.3" if padding else "black", "parse_math": False}
            ax.text(step + 1, row - 0.14, visible(tokens[row][step]), fontsize=10, **text)
            ax.text(step + 1, row + 0.27, str(ids[row, step]), fontsize=8, **text)
    ax.set(title=title, xlabel="time step", ylabel=ylabel, xlim=(0.45, T + 0.55), ylim=(B - 0.45, -0.55))
    ax.set_xticks(range(1, T + 1))
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def _numbers(name: str, values, shape: str, dtype: type | None = None) -> np.ndarray:
    """Return `values` as a matrix, one row if they are a list; a tensor may lie on any device."""
    values = np.atleast_2d(np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=dtype))
    if values.ndim != 2:
        raise ValueError(f"{name} must have the shape {shape}; got {values.shape}")
    return values
