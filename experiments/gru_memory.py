"""What a gate buys, and what a good start buys: recall the first symbol after forty others. Notebook `gru`, section 8.

Four rivals at six learning rates each, with the same number of batches. The seeds 5 to 7 choose a rival's rate; the
seeds 0 to 4 report what it recalls at that rate. "The start decides, not the gate" would have been true if torch's GRU
recalled less at every rate than one whose update gates start open. It is refuted: at the rate 0.1 both recall all, and
no plain RNN does with every seed, however it starts.
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


TOLD = {
    "plain RNN": "the plain RNN recalls {}",
    "plain RNN, orthogonal": "with an orthogonal start {}",
    "GRU": "Both GRUs recall {}",
    "GRU, update bias 3": "Both GRUs recall {}",
}


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the rival that it belongs to."""
    reported = results.values("recalled", by=["rival", "rate"], seed=[0, 1, 2, 3, 4])
    said = []
    for rival, rate in best_rates(results).items():
        values = reported[rival, rate]
        said.append(TOLD[rival].format(f"{mean(values):.0%} ({min(values):.0%} to {max(values):.0%})"))
    guessing = [rate for rate in RATES if max(reported["GRU", rate]) < 0.2]
    sure = {rival: [rate for rate in RATES if min(reported[rival, rate]) > 0.99] for rival in RIVALS}
    said.append(f"guesses at every rate up to {max(guessing):g} and needs {min(sure['GRU']):g}")
    said.append(f"start open, {min(sure['GRU, update bias 3']):g} is enough")
    return said
