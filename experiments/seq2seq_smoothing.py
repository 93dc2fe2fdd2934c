"""What label smoothing is worth in the recipe of section 9. Notebook `seq2seq`, section 10.

The recipe itself, with plain labels and with a tenth of each spread over all pieces, three seeds each. "It helps" would
be refuted by a smoothed run that scores below a plain one.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "seq2seq", "recipe_trial"
GRID = [{"label_smoothing": epsilon, "seed": seed} for seed in (6, 7, 8) for epsilon in (0.1, 0.0)]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result."""

    def gain(how):
        values = results.values(how, by=["label_smoothing"])
        differences = [smooth - plain for smooth, plain in zip(values[0.1,], values[0.0,], strict=True)]
        return f"{mean(differences):+.1f} points ({min(differences):+.1f} to {max(differences):+.1f})"

    return [f"{gain('greedy')} of greedy search", f"{gain('beam of 5')} with a beam of 5"]
