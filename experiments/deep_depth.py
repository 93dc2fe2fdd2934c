"""Depth against width on the book's text: 1 to 4 LSTM layers at an equal budget and at an equal width. Notebook
`deep-rnn`, section 8.

About 60,000 parameters each, or 43 units in every layer; plain stacks, stacks with a rescaled start, and stacks with
residual connections; three passes. Every rival has the same rates, and the perplexity on 5,000 training characters set
aside chooses among them; reported is the perplexity on the held-out characters, of three seeds.

What would have refuted the notebook's sentences: a plain stack of two layers or more that reads better than one layer
of the same size; residual stacks that fall off with depth; a rescaled start that does as well as residual connections
(then the start would be all); and, of the two halves of a residual connection, one that alone does what both do. "The
signal is what counts, since AdamW does not care how large a gradient is" was expected, and is refuted: the half that
carries the signal leaves the plateau early and reads no better than a plain stack.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "deep-rnn", "depth_trial"
KINDS = ["plain", "rescaled", "residual"]
HALVES = ["signal only", "gradient only"]
RATES = [0.04, 0.02, 0.08, 0.01]
SEEDS = [0, 1, 2]
WIDTHS = {1: 103, 2: 63, 3: 50, 4: 43}  # about 60,000 parameters each

RIVALS = [("plain", 1, 103)]
RIVALS += [(kind, depth, WIDTHS[depth]) for depth in (2, 3, 4) for kind in KINDS]
RIVALS += [(kind, 4, 43) for kind in HALVES]
NARROW = [("plain", 1, 43), *((kind, depth, 43) for depth in (2, 3) for kind in ("plain", "residual"))]
GRID = [
    {"kind": kind, "depth": depth, "width": width, "rate": rate, "passes": 3, "seed": seed}
    for rate in RATES
    for kind, depth, width in (RIVALS + NARROW if rate in (0.02, 0.04) else RIVALS)
    for seed in SEEDS
]


def best(results, kind: str, depth: int, width: int, measured: str = "held out") -> list[float]:
    """Return what three seeds gave at the rate at which they did best on the characters set aside."""
    aside = results.values("aside", by=["rate"], kind=kind, depth=depth, width=width)
    rate = min(aside, key=lambda rate: sum(aside[rate]))
    return results.values(measured, by=["rate"], kind=kind, depth=depth, width=width)[rate]


def told(values: list[float]) -> str:
    return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def fragments(results) -> dict[str, str]:
    """Return what the notebook says of the result, by the place where it says it."""
    budget = {(kind, d): best(results, kind, d, WIDTHS[d]) for d in (2, 3, 4) for kind in KINDS}
    one, four = best(results, "plain", 1, 103), {kind: mean(budget[kind, 4]) for kind in KINDS}
    closed = (four["plain"] - four["rescaled"]) / (four["plain"] - four["residual"])
    narrow = {d: mean(best(results, "plain", d, 43)) for d in (1, 2, 3, 4)}
    helped = {d: mean(best(results, "residual", d, 43)) for d in (2, 3, 4)}
    steps = {d: mean(best(results, "plain", d, 43, "plateau")) for d in (1, 2, 3, 4)}
    halves = {kind: best(results, kind, 4, 43) for kind in HALVES}
    waits = {kind: mean(best(results, kind, 4, 43, "plateau")) for kind in [*KINDS, *HALVES]}
    said = {"one": f"one layer of 103 reaches {told(one)}"}
    for kind in KINDS:
        two, three, last = (told(budget[kind, d]) for d in (2, 3, 4))
        said[kind] = f"two layers {two}, three {three}, four {last}"
    said["closed"] = f"closes {closed:.0%} of the distance"
    said["narrow"] = f"{narrow[1]:.2f} with one layer, {narrow[2]:.2f} with two, {narrow[3]:.2f} with three"
    said["narrow"] += f", {narrow[4]:.2f} with four"
    said["helped"] = f"{helped[2]:.2f} with two layers, {helped[3]:.2f} with three, {helped[4]:.2f} with four"
    said["steps"] = f"{steps[1]:.0f}, {steps[2]:.0f}, {steps[3]:.0f} and {steps[4]:.0f} steps"
    said["signal"] = f"from {waits['plain']:.0f} steps to {waits['signal only']:.0f}"
    said["signal"] += f", and ends at {told(halves['signal only'])}"
    said["gradient"] = f"to {waits['gradient only']:.0f} steps, and ends at {told(halves['gradient only'])}"
    said["both"] = f"{waits['residual']:.0f} steps and {told(budget['residual', 4])}"
    return said


def sentences(results) -> list[str]:
    return list(fragments(results).values())
