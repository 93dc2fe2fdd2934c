"""The pictures of the page.

growth       time and memory against the sizes of a model
roofline     how near training comes to what the machine can do
run_all      seconds of each section, of the editions and ours
"""

from __future__ import annotations

from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter, NullLocator

IMAGES = Path(__file__).resolve().parent / "img"
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3, "legend.frameon": False,
}  # fmt: skip


def run_all(sections: list[str], editions: list[str], seconds: dict[str, float]) -> None:
    """Bars for each section; seconds: by "section, edition"."""
    places = [len(sections) - number for number in range(len(sections))]
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
        for i, edition in enumerate(editions):
            widths = [seconds.get(f"{section}, {edition}", 0) for section in sections]
            ax.barh([place - (i - 1) * 0.27 for place in places], widths, 0.25, label=edition, color=COLOURS[i])
        ax.set_yticks(places, sections)
        ax.set(xlabel="seconds", title="Everything that a section runs")
        ax.grid(False, axis="y")
        ax.legend(loc="lower right")
        save(figure, "run_all")


def growth(result: dict) -> None:
    """Nine charts: time of a training step, memory, and what else grows."""
    of = {
        axis: [p for p in result["points"] if p["axis"] == axis] for axis in ("hidden size", "layers", "batch", "steps")
    }
    blue, orange = COLOURS[:2]
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(3, 3, figsize=(9.5, 7.6), layout="constrained")
        for ax, axis in zip(panels[0], ("hidden size", "layers", "steps"), strict=True):
            x = [p[axis] for p in of[axis]]
            ax.plot(x, [1000 * p["seconds"] for p in of[axis]], "o-", color=blue, label="a training step")
            ax.plot(x, [1000 * p["bound"] for p in of[axis]], "o--", color=orange, label="its products alone")
            scales(ax, x, axis, "milliseconds", log=axis != "layers")
        panels[0, 0].legend(fontsize="small")
        for ax, axis in zip(panels[1], ("hidden size", "batch", "steps"), strict=True):
            x = [p[axis] for p in of[axis]]
            ax.plot(x, [p["MB kept"] for p in of[axis]], "o-", color=blue)
            scales(ax, x, axis, "MB kept for going back")
        speed, load, search = panels[2]
        x = [p["batch"] for p in of["batch"]]
        speed.plot(x, [p["characters/s"] / 1000 for p in of["batch"]], "o-", color=blue)
        scales(speed, x, "batch", "thousand characters a second")
        load.plot(
            [p["pairs"] / 1000 for p in result["pairs"]], [p["seconds"] for p in result["pairs"]], "o-", color=blue
        )
        load.set(xlabel="sentence pairs (thousands)", ylabel="seconds to tensors", xlim=(0, None), ylim=(0, None))
        x = [p["beam size"] for p in result["beams"]]
        search.plot(x, [p["sentences/s"] for p in result["beams"]], "o-", color=blue)
        scales(search, x, "beam size", "sentences a second")
        save(figure, "growth")


def scales(ax, x: list[int], xlabel: str, ylabel: str, log: bool = True) -> None:
    """Label the axes, with a tick at each value of x, and numbers written out."""
    if log:
        ax.set(xscale="log", yscale="log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_ylim(0, None)
    ax.set_xticks(x, [str(value) for value in x])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=xlabel, ylabel=ylabel)


def roofline(result: dict) -> None:
    """GFLOP/s of a training step against operations per byte, below the machine's roof."""
    peak, bandwidth = result["roof"]["GFLOP/s"], result["roof"]["GB/s"]
    names = {"hidden size": "hidden sizes", "layers": "numbers of layers", "batch": "batches",
             "steps": "numbers of steps", "layer": "kinds of layer"}  # fmt: skip
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.8, 4), layout="constrained")
        for i, ((axis, name), mark) in enumerate(zip(names.items(), "osD^v", strict=True)):
            points = [p for p in result["points"] if p["axis"] == axis]
            ax.plot([p["FLOP/byte"] for p in points], [p["GFLOP/s"] for p in points], mark, color=COLOURS[i],
                    label=f"other {name}", alpha=0.8)  # fmt: skip
        x = [0.2, peak / bandwidth, 200]
        ax.plot(x, [min(peak, value * bandwidth) for value in x], color="0.3")
        ax.text(x[-1], peak * 1.08, f"large products: {peak:.0f} GFLOP/s", ha="right", va="bottom", color="0.3")
        ax.set(xscale="log", yscale="log", ylim=(None, 2.5 * peak))
        ax.set(xlabel="floating-point operations per byte of operands", ylabel="GFLOP/s of a training step")
        ax.set_title("How near the machine's roof training comes")
        for side in (ax.xaxis, ax.yaxis):
            side.set_major_formatter("{x:g}")
        ax.legend(fontsize="small", loc="lower right")
        save(figure, "roofline")


def save(figure, name: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
