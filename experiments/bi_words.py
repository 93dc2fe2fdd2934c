"""Two words written as one sign: which one is meant? Notebook `bi-rnn`, section 8.

Three readers of equal size, four learning rates, three seeds each. A rate is chosen by a tenth of the novel's words,
and its last fifth reports. "Both sides tell more than either" would be refuted by a one-sided reader that does as well.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "bi-rnn", "sign_trial"
RIVALS = ["forward only", "backward only", "both directions"]
RATES = [0.003, 0.01, 0.03, 0.1]
GRID = [{"rival": rival, "rate": rate, "seed": seed} for rival in RIVALS for rate in RATES for seed in range(3)]


TOLD = {
    "forward only": "from the left alone {} of the signs are read rightly",
    "backward only": "from the right alone {}",
    "both directions": "from both sides {}",
}


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the reader that it belongs to."""
    chosen = results.values("choosing", by=["rival", "rate"])
    said = []
    for rival in RIVALS:
        rate = max(RATES, key=lambda rate: mean(chosen[rival, rate]))
        values = results.values("held out", by=["rival", "rate"])[rival, rate]
        said.append(TOLD[rival].format(f"{mean(values):.1%} ({min(values):.1%} to {max(values):.1%})"))
    return said
