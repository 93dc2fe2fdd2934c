"""How to decide once there is a list: by log P / L^α, or by a vote. Notebook `beam-search`, section 11.

Each of three ways is tried at eight settings on 250 held-out sentences; the best of them by BLEU is reported on 250
others. A vote chooses the text with the largest expected overlap (minimum Bayes risk): over samples, at two
temperatures and four sizes, or over a beam's list, with four temperatures for its weights. What is drawn has three
seeds.

"A vote decides better than the probability" would have been true if its BLEU on the other half were above that of the
beam at its best α, with intervals of the gain over greedy search apart. When another translator is put in place, delete
helpers/results/search-decide.json first.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "beam-search", "decide_trial"
WAYS = {
    "beam": ([5, 20], [0, 0.5, 0.75, 1]),
    "vote of the beam": ([5, 20], [1, 2, 4, 1000]),
    "vote of samples": ([10, 20, 50, 100], [1, 0.5]),
}
SEEDS = {"choose": [0], "report": [0, 1, 2]}


def grid() -> list[dict]:
    """Return the settings; a beam draws nothing and has one seed."""
    found = []
    for way, (sizes, knobs) in WAYS.items():
        for half, seeds in SEEDS.items():
            for seed in seeds if way == "vote of samples" else [0]:
                for knob in knobs:
                    for size in sizes:
                        found.append(
                            {"way": way, "size": size, "knob": knob, "half": half, "seed": seed, "number": 250}
                        )
    return found


GRID = grid()


def chosen(results, way: str) -> tuple:
    """Return the (size, knob) of a way with the highest BLEU on the half for choosing."""
    tried = results.values("bleu", by=["size", "knob"], way=way, half="choose")
    return max(tried, key=lambda setting: tried[setting][0])


def reported(results, way: str, measured: str, setting: tuple | None = None) -> list[float]:
    """Return what a way measured on the other half, one value a seed; default: at its chosen setting."""
    size, knob = setting or chosen(results, way)
    return results.values(measured, by=["way"], way=way, half="report", size=size, knob=knob)[way,]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result; each is one of several that might have come out."""
    lows = {way: min(reported(results, way, "bleu_gain_low")) for way in WAYS}
    highs = {way: max(reported(results, way, "bleu_gain_high")) for way in WAYS}
    names = {"beam": "chosen beam", "vote of the beam": "vote over a beam's list", "vote of samples": "vote of samples"}
    best = {
        way: results.values("bleu", by=["size", "knob"], way=way, half="choose")[chosen(results, way)] for way in WAYS
    }
    overlapping = max(lows.values()) < min(highs.values())
    said = [f"the {names[way]} gains BLEU over greedy search" for way in WAYS if lows[way] > 0]
    said += [f"of the {names[way]} this cannot be said" for way in WAYS if lows[way] <= 0]
    said.append("their intervals overlap" if overlapping else "their intervals do not all overlap")
    foremost = max(WAYS, key=lambda way: best[way])
    size, knob = chosen(results, foremost)
    flattered = results.values("bleu_gain", by=["way"], way=foremost, half="choose", size=size, knob=knob)[foremost,][0]
    kept = mean(reported(results, foremost, "bleu_gain")) / flattered
    much = "less than half as much" if kept < 0.5 else "less" if kept < 1 else "as much and more"
    said.append(f"the {names[foremost]} looked best of all on the half for choosing, and gains {much} on the other")
    if max(reported(results, "vote of samples", "bleu_gain", (10, 1))) < 0:
        said.append("ten at $\\tau = 1$ vote worse than greedy search")
    for key, told in [
        ("bleu_gain", "The vote of samples gains {} BLEU than the chosen beam"),
        ("overlap_gain", "and {} overlap, too, though overlap is what it maximises"),
    ]:
        more = mean(reported(results, "vote of samples", key)) - mean(reported(results, "beam", key))
        word = "no more" if abs(more) < 1 else "less" if more < 0 else "more"
        said.append(told.format(word).replace("no more overlap, too,", "no more overlap,"))
    beam = reported(results, "beam", "among", (20, 0))[0]
    samples = [value for knob in (1, 0.5) for value in reported(results, "vote of samples", "among", (20, knob))]
    oftener = beam > max(samples)
    said.append("The beam's list holds a known translation more often" if oftener else "The beam's list does not hold")
    return said
