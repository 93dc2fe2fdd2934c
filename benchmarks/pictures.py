"""The pictures of the page.

growth       time and memory against the sizes of a model
roofline     how near training comes to what the machine can do
run_all      seconds of each section, of the editions and ours
"""

from __future__ import annotations

from pathlib import Path

from matplotlib import pyplot as plt

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
        ax.set(xscale="log", xlabel="seconds", title="Everything that a section runs")
        ax.grid(False, axis="y")
        ax.legend(loc="lower right")
        save(figure, "run_all")


def growth(result: dict) -> None:
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(2, 3, figsize=(9.5, 5.4), layout="constrained")
        for ax, axis in zip(panels.flat[:3], ("hidden size", "layers", "steps"), strict=True):
            points = [p for p in result["points"] if p["axis"] == axis]
            x = [p[axis] for p in points]
            ax.plot(x, [p["seconds"] for p in points], "o-", color=COLOURS[0], label="a training step")
            ax.plot(x, [p["bound"] for p in points], "o--", color=COLOURS[1], label="its products alone")
            if axis != "layers":
                ax.set(xscale="log", yscale="log")
            else:
                ax.set(ylim=(0, None), xticks=x)
            ax.set(xlabel=axis, ylabel="seconds")
        panels.flat[0].legend(fontsize="small")
        points = [p for p in result["points"] if p["axis"] == "batch"]
        panels.flat[3].plot([p["batch"] for p in points], [p["characters/s"] for p in points], "o-", color=COLOURS[0])
        panels.flat[3].set(xlabel="batch (strands)", ylabel="characters a second", xscale="log", yscale="log")
        panels.flat[4].plot([p["pairs"] / 1000 for p in result["pairs"]], [p["seconds"] for p in result["pairs"]], "o-",
                            color=COLOURS[0])  # fmt: skip
        panels.flat[4].set(xlabel="sentence pairs (thousands)", ylabel="seconds to tensors")
        panels.flat[4].set(xlim=(0, None), ylim=(0, None))
        beams = result["beams"]
        panels.flat[5].plot([p["beam size"] for p in beams], [p["sentences/s"] for p in beams], "o-", color=COLOURS[0])
        panels.flat[5].set(xlabel="beam size", ylabel="sentences a second", xscale="log", yscale="log")
        panels.flat[5].set_xticks([p["beam size"] for p in beams], [str(p["beam size"]) for p in beams])
        panels.flat[5].minorticks_off()
        save(figure, "growth")


def roofline(result: dict) -> None:
    peak, bandwidth = result["roof"]["GFLOP/s"], result["roof"]["GB/s"]
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.8, 4), layout="constrained")
        marks = dict(zip(["hidden size", "layers", "batch", "steps", "layer"], "osD^v", strict=True))
        for i, (axis, mark) in enumerate(marks.items()):
            points = [p for p in result["points"] if p["axis"] == axis]
            ax.plot([p["FLOP/byte"] for p in points], [p["GFLOP/s"] for p in points], mark, color=COLOURS[i],
                    label=f"another {axis}", alpha=0.8)  # fmt: skip
        x = [0.2, peak / bandwidth, 200]
        ax.plot(x, [min(peak, value * bandwidth) for value in x], color="0.3")
        ax.text(x[-1], peak * 1.08, f"large products: {peak:.0f} GFLOP/s", ha="right", color="0.3")
        ax.set(xscale="log", yscale="log", xlabel="floating-point operations per byte of operands",
               ylabel="GFLOP/s of a training step", title="How near the machine's roof training comes")  # fmt: skip
        ax.legend(fontsize="small", loc="lower right")
        save(figure, "roofline")


def save(figure, name: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
