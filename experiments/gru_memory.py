"""What a gate buys, and what a good start buys: recall the first symbol after forty others. Notebook `gru`, section 8.

Four rivals at six learning rates each, with the same number of batches. The seeds 5 to 7 choose a rival's rate; the
seeds 0 to 4 report what it recalls at that rate. Refuted would be "the start decides, not the gate" if the plain RNN
with an orthogonal start recalled no more than the one with torch's start, or the GRU no less than the one whose update
gate starts open.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "gru", "recall_trial"
RIVALS = ["plain RNN", "plain RNN, orthogonal", "GRU", "GRU, update bias 3"]
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
GRID = [{"rival": rival, "rate": rate, "seed": seed} for rival in RIVALS for rate in RATES for seed in range(8)]


def best_rates(results) -> dict[str, float]:
    """Return each rival's best rate, by the seeds that are for choosing."""
    chosen = results.values("recalled", by=["rival", "rate"], seed=[5, 6, 7])
    return {rival: max(RATES, key=lambda rate: mean(chosen[rival, rate])) for rival in RIVALS}


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, with its numbers."""
    reported = results.values("recalled", by=["rival", "rate"], seed=[0, 1, 2, 3, 4])
    said = []
    for rival, rate in best_rates(results).items():
        values = reported[rival, rate]
        said.append(f"{mean(values):.0%} ({min(values):.0%} to {max(values):.0%})")
    return said
