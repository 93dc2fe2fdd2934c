"""Pictures and tables. Every drawing function takes `ax=None` and returns the axes it drew on.

    use_style    colours that survive grey-scale and colour blindness
    curves       one line per series, told apart by colour, dash and marker
    heat_map     values under the tokens they belong to
    diagram      one of this project's own drawings
    table        rows as a table that a notebook renders

Plumbing: no notebook derives it. Nothing here knows of models or data sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
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


def _axes(ax: Axes | None, **figure) -> Axes:
    return plt.subplots(**figure)[1] if ax is None else ax


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
    Raises ValueError if a series is not as long as `x`.
    """
    ax = _axes(ax)
    for name, values in series.items():
        values = np.asarray(values, dtype=float)
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
    """Draw `values` (rows, T) as a heat map with the T `tokens` under its columns; a space is shown as '␣'.

    rows: labels of the rows. limits: the values at the two ends of the colour bar; default: their range.
    Raises ValueError if there is not one token for each column.
    """
    values = np.atleast_2d(np.asarray(values, dtype=float))
    if values.shape[1] != len(tokens):
        raise ValueError(f"there are {values.shape[1]} columns but {len(tokens)} tokens")
    if ax is None:
        wide, high = 0.17 * len(tokens) + 1.6, 0.17 * len(values) + 0.9
        ax = _axes(None, figsize=(min(max(wide, 3.0), 9.5), min(max(high, 1.6), 6.0)))
    low, high = limits if limits else (None, None)
    image = ax.imshow(values, aspect="auto", cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    ax.set_xticks(range(len(tokens)), ["␣" if token == " " else token for token in tokens])
    ax.set_yticks(range(len(values)) if rows else [], rows if rows else [])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set(title=title, ylabel=ylabel)
    ax.figure.colorbar(image, ax=ax, pad=0.015, fraction=0.05)
    return ax


def diagram(name: str):
    """Return the drawing notebooks/img/`name`.svg for display. Raises FileNotFoundError that lists the drawings."""
    from IPython.display import SVG

    here = Path(__file__).resolve().parent
    # In a checkout the drawings lie beside the notebooks; an installed `helpers` (Colab) brings them along.
    folders = [here.parent / "notebooks" / "img", here / "img"]
    for folder in folders:
        if (folder / f"{name}.svg").is_file():
            return SVG(filename=str(folder / f"{name}.svg"))
    known = sorted(path.stem for folder in folders for path in folder.glob("*.svg"))
    raise FileNotFoundError(f"there is no drawing {name!r}; there are: {', '.join(known) or 'none'}")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]):
    """Return a table that a notebook renders: the first column to the left, the others to the right.

    Raises ValueError for a row that is not as long as the header.
    """
    from IPython.display import Markdown

    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the row {list(row)} has {len(row)} entries for {len(header)} columns")
    lines = [list(header), [":--", *["--:"] * (len(header) - 1)], *rows]
    cells = [[str(entry).replace("|", "\\|") for entry in line] for line in lines]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in cells))
