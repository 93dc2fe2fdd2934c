"""Depth against width with more training: eight passes, at the rate that was best for all after three. Notebook
`deep-rnn`, section 8.

One wide layer, four plain layers, four with residual connections, and the last with dropout between its layers; three
seeds. It would have refuted "more training alone does not make up for it" if the four plain layers had come level with
the single wide one; and "dropout does not help here" if the residual stack with dropout had read better.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "deep-rnn", "depth_trial"
RIVALS = [("plain", 1, 103, 0.0), ("residual", 4, 43, 0.0), ("plain", 4, 43, 0.0), ("residual", 4, 43, 0.2)]
GRID = [
    {"kind": kind, "depth": depth, "width": width, "passes": 8, "dropout": dropout, "rate": 0.04, "seed": seed}
    for kind, depth, width, dropout in RIVALS
    for seed in (0, 1, 2)
]


def sentences(results) -> list[str]:
    found = results.values("held out", by=["kind", "depth", "width", "dropout"])
    one, residual, plain, dropped = (
        f"{mean(found[rival]):.2f} ({min(found[rival]):.2f} to {max(found[rival]):.2f})" for rival in RIVALS
    )
    trained = mean(results.values("train", by=["kind", "depth", "dropout"])[("residual", 4, 0.0)])
    return [
        f"the wide layer has come to {one}",
        f"the four plain ones to {plain}",
        f"the four with residual connections to {residual}",
        f"{trained:.2f} on 5,000 characters it was trained on",
        f"with dropout of 0.2 between its layers it ends at {dropped}",
    ]
