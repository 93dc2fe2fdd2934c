"""Which gate a language model needs, and how far back each reads. Notebook `gru`, section 14.

Four rivals of 128 units at three learning rates, two passes, three seeds. A part of the training text, its last 15,000
characters, chooses each rival's rate; the held-out pages report.

"Reset gates help with short, update gates with long dependencies" (the book) foretells that the model without an update
gate falls behind in long contexts and keeps up in short ones, and the model without a reset gate the other way round:
two lines of held-out perplexity against the length of the context would cross.

Found: with four characters the reset gate alone is ahead in every pair of runs, and what comes before the last eight
helps the update gate alone more in every pair. But with one character the reset gate alone is behind in every pair, and
the lead of the update gate at the long end is smaller than what seeds differ by, and absent in some pairs.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "gru", "language_trial"
RIVALS = ["GRU", "update gate only", "reset gate only", "plain RNN, orthogonal"]
RATES = [0.005, 0.01, 0.02]
GRID = [{"rival": rival, "rate": rate, "seed": seed} for seed in range(3) for rival in RIVALS for rate in RATES]
GRU, UPDATE, RESET, PLAIN = RIVALS


def best_rates(results) -> dict[str, float]:
    """Return each rival's best rate, by the end of the training text, that no model was trained on."""
    chosen = results.values("choose", by=["rival", "rate"])
    return {rival: min(RATES, key=lambda rate: sum(chosen[rival, rate])) for rival in RIVALS}


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the rival that it belongs to."""
    rates = best_rates(results)
    runs = {(row["rival"], row["rate"], row["seed"]): row for row in results.rows}
    pairs = [(rate, seed) for rate in RATES for seed in range(3)]

    def at(rival, pair):
        return runs[(rival, *pair)]

    def best(rival, measured):
        return [runs[rival, rates[rival], seed][measured] for seed in range(3)]

    def ppl(rival, k):
        return f"{mean(best(rival, f'context {k}')):.2f}"

    def reset_ahead(k):
        behind = [at(UPDATE, pair)[f"context {k}"] - at(RESET, pair)[f"context {k}"] for pair in pairs]
        return sum(gap > 0 for gap in behind)

    def gain(row, k):
        return row[f"context {k}"] - row["context 64"]

    def span(values, form=".2f"):
        return f"{min(values):{form}} to {max(values):{form}}"

    gains = {rival: [gain(runs[rival, rates[rival], seed], 8) for seed in range(3)] for rival in RIVALS}
    more = sum(gain(at(UPDATE, pair), 8) > gain(at(RESET, pair), 8) for pair in pairs)
    late = max(gain(runs[rival, rates[rival], seed], 16) for rival in RIVALS for seed in range(3))
    lead = [mine - other for mine, other in zip(best(RESET, "context 64"), best(UPDATE, "context 64"), strict=True)]
    apart = [max(ends) - min(ends) for ends in (best(UPDATE, "context 64"), best(RESET, "context 64"))]
    assert max(lead) < min(apart)
    together = sum(
        at(GRU, pair)["context 64"] < min(at(one, pair)["context 64"] for one in (UPDATE, RESET)) for pair in pairs
    )
    shut = sum(at(rival, pair)["R space"] < at(rival, pair)["R letter"] for rival in (GRU, RESET) for pair in pairs)
    middle = best(GRU, "middle unit keeps") + best(UPDATE, "middle unit keeps")
    assert set(rates.values()) == {max(RATES)}, "the prose says that the best rate is the largest of all"
    return [
        f"{ppl(RESET, 4)} against {ppl(UPDATE, 4)}, in {reset_ahead(4)} of {len(pairs)} pairs",
        f"the whole GRU has {ppl(GRU, 4)}",
        f"gains {span(gains[UPDATE])} with the update gate alone and {span(gains[RESET])} with the reset gate alone",
        f"The plain RNN gains {span(gains[PLAIN])} and the GRU {span(gains[GRU])}",
        f"The first is the greater in {more} of {len(pairs)} pairs",
        f"{ppl(RESET, 1)} against {ppl(UPDATE, 1)}, and it is ahead in {reset_ahead(1)} of {len(pairs)} pairs",
        f"With two, {ppl(RESET, 2)} against {ppl(UPDATE, 2)}, it is ahead in {reset_ahead(2)}",
        f"the update gate alone is ahead by {span(lead)}",
        f"less than the seeds of one model lie apart ({apart[0]:.2f} and {apart[1]:.2f})",
        f"with all three rates in {len(pairs) - reset_ahead(64)} of {len(pairs)} pairs",
        f"no run at the best rate gains more than {late:.2f}",
        f"with 64 characters {ppl(GRU, 64)}, ahead of each gate alone ({ppl(UPDATE, 64)} and {ppl(RESET, 64)})",
        f"in {together} of {len(pairs)} pairs, and the plain RNN, with neither gate, has {ppl(PLAIN, 64)}",
        f"at the largest rate tried, {max(RATES)}",
        f"lower at spaces than at letters in {shut} of {2 * len(pairs)} runs",
        f"the middle unit keeps {span(middle, '.1%')} of its value a step",
        f"the best of 128 keeps {span(best(GRU, 'best unit keeps'), '.0%')} in the GRU",
        f"and {span(best(UPDATE, 'best unit keeps'), '.0%')} with the update gate alone",
        f"is {', '.join(f'{value:+.2f}' for value in best(GRU, 'R with log Z'))}",
    ]
