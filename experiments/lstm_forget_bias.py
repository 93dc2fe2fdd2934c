"""What a forget bias at the start is worth: recall the first symbol after `lag` others. Notebook `lstm`, section 9.

Five biases, three lags, four rates, three seeds, with the width, the batches and the clipping of the experiment
`gru-memory`. "A high bias is needed for a long lag" would be refuted if a bias of 0 recalled as much at some rate.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "lstm", "recall_trial"
BIASES, LAGS, RATES = [0, 1, 2, 3, 5], [10, 20, 40], [0.003, 0.01, 0.03, 0.1]
GRID = [
    {"bias": bias, "lag": lag, "rate": rate, "seed": seed}
    for lag in LAGS
    for rate in RATES
    for bias in BIASES
    for seed in range(3)
]


def sentences(results) -> list[str]:
    """Return what the notebook says of the mean over the three seeds."""
    means = {key: mean(values) for key, values in results.values("recalled", by=["bias", "lag", "rate"]).items()}
    best = max(means[0, 20, rate] for rate in RATES)
    least = min(means[5, lag, rate] for lag in LAGS for rate in RATES)
    at_40 = [f"{means[3, 40, rate]:.0%} at {rate}" for rate in RATES]
    return [
        f"a bias of 0 recalls at most {best:.0%} of the symbols over a lag of 20, whatever the rate",
        f"a bias of 5 recalls at least {least:.0%} in every map",
        f"With a bias of 3 and a lag of 40 it is {', '.join(at_40)}",
    ]
