"""Who learns to count? Words aⁿbⁿ with n up to 20, tested up to 200. Notebook `lstm`, section 7.

Five rivals of ten units, 600 batches each. The seeds 5 to 7 choose a rival's rate of three, by the median of `reach`;
the seeds 0 to 4 report, at that rate alone. (The LSTM with F = 1 reports at the rate of the others, though 0.01 was
its best: what is asked of it is whether it counts beyond 20 at all.) "The LSTM counts because its cell adds" would be
refuted if the GRU reached as far beyond 20 as the LSTM does; or if an LSTM with tied gates, F = 1 − I, whose cell
takes means as a GRU's state does, reached as far as the free one; or if one that cannot forget, F = 1, did not.
"""

from statistics import mean, median

NOTEBOOK, FUNCTION = "lstm", "counting_trial"
RATES = [0.01, 0.03, 0.1]
CHOSEN = {"LSTM": 0.03, "LSTM, F = 1": 0.03, "LSTM, F = 1 − I": 0.03, "GRU": 0.03, "plain RNN": 0.03}
GRID = [{"rival": rival, "rate": rate, "seed": seed} for rival in CHOSEN for rate in RATES for seed in (5, 6, 7)]
GRID += [{"rival": rival, "rate": rate, "seed": seed} for rival, rate in CHOSEN.items() for seed in range(5)]


def best_rates(results) -> dict[str, float]:
    """Return each rival's best rate, by the median of the choosing seeds: a single run may reach very far."""
    tried = results.values("reach", by=["rival", "rate"], seed=[5, 6, 7])
    return {rival: max(RATES, key=lambda rate: median(tried[rival, rate])) for rival in CHOSEN}


TOLD = {
    "LSTM": "The LSTM reaches {}",
    "LSTM, F = 1": "Without a forget gate it reaches {}",
    "LSTM, F = 1 − I": "With tied gates it reaches {}",
    "GRU": "the GRU it is {}",
    "plain RNN": "the plain RNN, with {},",
}


def sentences(results) -> list[str]:
    """Return what the notebook says of the result; the seeds that report ran at the rates that were chosen."""
    best = best_rates(results) | {"LSTM, F = 1": CHOSEN["LSTM, F = 1"]}
    assert best == CHOSEN, f"best are {best}"
    said = []
    for rival, told in TOLD.items():
        (values,) = results.values("reach", by=["rival"], seed=range(5), rival=rival, rate=CHOSEN[rival]).values()
        said.append(told.format(f"{mean(values):.0f} ({min(values)} to {max(values)})"))
    return said
