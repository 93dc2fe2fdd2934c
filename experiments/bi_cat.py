"""Does a trained network find the exact beliefs of a hidden Markov model? Notebook `bi-rnn`, section 10.

GRUs that read in one direction or in both, trained on sampled evenings; three learning rates, three seeds, three
lengths of training and four widths. A rate is chosen by 1,000 evenings, and 1,000 others report. "The bidirectional
network learns the smoother, the forward one the filter" would be refuted if either stayed, however long it trains, as
far from its exact counterpart as the filter lies from the smoother.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "bi-rnn", "cat_trial"
LISTENERS = ["forward only", "both directions"]
RATES = [0.01, 0.03, 0.1]
SIZES = [(100, 16), (400, 16), (1600, 16), (400, 1), (400, 2), (400, 4)]
GRID = [
    {"listener": listener, "rate": rate, "seed": seed, "num_batches": num_batches, "num_hiddens": num_hiddens}
    for num_batches, num_hiddens in SIZES
    for listener in LISTENERS
    for rate in RATES
    for seed in range(3)
]


EXACT = {"forward only": "filter", "both directions": "smoother"}


def nats(results, listener: str, num_batches: int, num_hiddens: int, exact: str | None = None) -> list[float]:
    """Return how far a listener is from an exact belief, by default its own, at the rate that other evenings chose."""
    only = {"listener": listener, "num_batches": num_batches, "num_hiddens": num_hiddens}
    chosen = results.values(f"choosing, network from {EXACT[listener]}", by=["rate"], **only)
    rate = min(chosen, key=lambda rate: mean(chosen[rate]))
    return results.values(f"reported, network from {exact or EXACT[listener]}", by=["rate"], **only)[rate]


def told(values: list[float]) -> str:
    return f"{mean(values):.4f} nats ({min(values):.4f} to {max(values):.4f})"


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the network that it belongs to."""
    forward, both = LISTENERS
    future = [row["reported, filter from smoother"] for row in results.rows]
    return [
        f"the filter is {mean(future):.3f} nats from the smoother",
        f"the forward network is {told(nats(results, forward, 1600, 16))} from the filter",
        f"the bidirectional one {told(nats(results, both, 1600, 16))} from the smoother",
        f"with a single unit a direction it stays {told(nats(results, both, 400, 1))} away",
        f"with two {told(nats(results, both, 400, 2))}",
        f"with four {told(nats(results, both, 400, 4))}",
    ]
