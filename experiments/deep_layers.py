"""What each of four layers holds: linear probes for the letter some steps back and for the next one. Notebook
`deep-rnn`, section 9.

Plain and residual stacks, untrained (the control) and after three passes, three seeds. The probes are fitted on
characters that no network was trained on, and tried on the held-out ones. What would have refuted the notebook's
sentences: trained layers that hold no more of earlier letters than untrained ones, a next letter that is found as well
in the first layer as in the last, and states of the upper layers that change as fast as those of the lower.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "deep-rnn", "layer_trial"
GRID = [
    {"kind": kind, "passes": passes, "seed": seed}
    for kind in ("plain", "residual")
    for passes in (0, 3)
    for seed in (0, 1, 2)
]


def share(results, kind: str, passes: int, layer: int, what: str) -> float:
    return mean(results.values(f"layer {layer}, {what}", by=["kind"], kind=kind, passes=passes)[(kind,)])


def sentences(results) -> list[str]:
    return []
