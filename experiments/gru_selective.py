"""What a gate buys that a good start does not: store a flagged symbol, ignore the rest. Notebook `gru`, section 9.

Seven rivals of 32 units at four learning rates each, with 300 batches. The seeds 4 and 5 choose a rival's rate; the
seeds 0 to 3 report. The plain RNN with an orthogonal start and the reset gate alone are also given five times the
batches, at two rates each.

"A gate buys a selective memory" would have been refuted by a plain RNN that recalls more than nine tenths with every
seed, or by a GRU that does not; neither was found. "Only the update gate can do it" would have been refuted by a reset
gate alone that does, and was: five times the batches are enough for it. "A trained GRU keeps its state between the
flags" would have been true if a unit's Z, over the steps without a flag, had a geometric mean close to 1. At the chosen
rate it has not; at ten times that rate it has.
"""

import math
from statistics import mean

NOTEBOOK, FUNCTION = "gru", "selective_trial"
RIVALS = ["GRU", "GRU, update bias 3", "update gate only", "reset gate only", "reset gate only, bias 3"]
RIVALS += ["plain RNN", "plain RNN, orthogonal"]
RATES = [0.003, 0.01, 0.03, 0.1]
GRID = [
    {"rival": rival, "rate": rate, "num_batches": 300, "seed": seed}
    for seed in range(6)
    for rival in RIVALS
    for rate in RATES
]
LONGER = [("plain RNN, orthogonal", 0.003), ("plain RNN, orthogonal", 0.01)]
LONGER += [("reset gate only", 0.01), ("reset gate only", 0.03)]
GRID += [
    {"rival": rival, "rate": rate, "num_batches": 1500, "seed": seed} for rival, rate in LONGER for seed in range(3)
]


def best_rates(results) -> dict[str, float]:
    """Return each rival's best rate, by the seeds that are for choosing."""
    chosen = results.values("recalled", by=["rival", "rate"], seed=[4, 5], num_batches=300)
    return {rival: max(RATES, key=lambda rate: sum(chosen[rival, rate])) for rival in RIVALS}


def told(values) -> str:
    return f"{mean(values):.0%} ({min(values):.0%} to {max(values):.0%})"


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the rival that it belongs to."""
    rates = best_rates(results)
    recalled = results.values("recalled", by=["rival", "rate"], seed=[0, 1, 2, 3], num_batches=300)
    longer = results.values("recalled", by=["rival", "rate"], num_batches=1500)
    short = {rival: recalled[rival, rates[rival]] for rival in RIVALS}
    long = {rival: max((v for (name, _), v in longer.items() if name == rival), key=mean) for rival, _ in LONGER}
    least = min(min(short[rival]) for rival in ("GRU", "GRU, update bias 3", "update gate only"))
    keeps = results.values("best unit keeps", by=["rate"], rival="GRU", seed=[0, 1, 2, 3], num_batches=300)
    usual, fast = keeps[rates["GRU"],], keeps[0.1,]
    return [
        f"every seed recalls at least {math.floor(100 * least)}%",
        f"hardly above guessing: {told(short['plain RNN'])}",
        f"with the orthogonal start, which did so well in pure memory, {told(short['plain RNN, orthogonal'])}",
        f"The reset gate alone lies between, {told(short['reset gate only'])}",
        f"the orthogonal RNN then recalls {told(long['plain RNN, orthogonal'])}",
        f"the reset gate alone {told(long['reset gate only'])}",
        f"even the unit that keeps best keeps {min(usual):.0%} to {max(usual):.0%} of its value a step",
        f"ten such steps leave {max(usual) ** 10:.0%}",
        f"At the rate 0.1 the same GRU has units that keep {min(fast):.0%} to {max(fast):.0%}",
    ]
