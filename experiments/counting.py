"""Counting as a language model: what n-grams of each order are worth. Notebook `deep-rnn`, section 11.

The order is chosen on the last 15,000 characters of the training text. "Longer contexts are better" would have been
true if perplexity fell up to the largest order; it rises again, for long contexts have hardly ever been seen.
"""

NOTEBOOK, FUNCTION = "deep-rnn", "counting_trial"
ORDERS = range(1, 9)
GRID = [{"order": order, "part": part} for part in ("choose", "report") for order in ORDERS]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result."""
    found = {part: results.values("perplexity", by=["order"], part=part) for part in ("choose", "report")}
    chosen = min(ORDERS, key=lambda order: found["choose"][order,])
    best = min(ORDERS, key=lambda order: found["report"][order,])
    return [
        f"chooses the order {chosen}, which reaches {found['report'][chosen,][0]:.2f} on the held-out pages",
        f"order {best} would have reached {found['report'][best,][0]:.2f}",
    ]
