"""What each of four layers holds: linear probes for the letter some steps back and for the next one. Notebook
`deep-rnn`, section 9.

Plain and residual stacks, untrained (the control) and after three passes, three seeds. The probes are fitted on
characters that no network was trained on, and tried on the held-out ones. What would have refuted the notebook's
sentences: trained first layers that hold more of the letters before than untrained ones, a next letter that is found as
well in the first layer as in the last, and upper layers that look farther back after training and not before. That they
would was expected, and is refuted.
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


def fragments(results) -> dict[str, str]:
    """Return what the notebook says of the result, by the place where it says it."""

    def ends(kind: str, passes: int, what: str) -> str:
        first, last = (share(results, kind, passes, layer, what) for layer in (1, 4))
        return f"from {first:.0%} in layer 1 to {last:.0%} in layer 4"

    untrained, trained = (share(results, "residual", passes, 1, "lag 2") for passes in (0, 3))
    return {
        "first": f"{untrained:.0%} of the letters before training and {trained:.0%} after it",
        "residual": f"it rises {ends('residual', 3, 'next')}",
        "plain": ends("plain", 3, "next"),
        "back": ends("plain", 3, "lag 3").replace("from ", "").replace("to ", "and "),
        "control": ends("plain", 0, "lag 3").replace("from ", "").replace("to ", "and "),
    }


def sentences(results) -> list[str]:
    return list(fragments(results).values())
