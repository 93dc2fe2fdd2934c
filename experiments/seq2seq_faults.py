"""What the book's slips cost a translator: one changed at a time, on one bench. Notebook `seq2seq`, section 10.

Eight ways of training, three seeds each; beside every fault its sound rival of the same seed, and the paired bootstrap
of their difference. "A slip in principle is a slip in the score" would be refuted by a fault whose resampled
differences lie on both sides of 0 with every seed.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "seq2seq", "fault_trial"
WAYS = [
    "as derived", "padding read", "context drifts", "mean over all places", "all three", "padding counted",
    "scheduled sampling", "label smoothing",
]  # fmt: skip
GRID = [{"way": way, "seed": seed} for seed in range(3) for way in WAYS]


LED = {
    "context drifts": "Letting the context drift: {}",
    "padding read": "Reading the padding: {}",
    "mean over all places": "Taking the mean over all places: {}",
    "all three": "All three together: {}",
    "padding counted": "Counting the padding: {}",
    "scheduled sampling": "Scheduled sampling: {}",
    "label smoothing": "Label smoothing: {}",
}


def sentences(results) -> list[str]:
    """Return the differences from the sound translator: mean, range over the seeds, and how many are beyond luck."""

    def of(measured, way):
        return results.values(measured, by=["way"], way=way)[(way,)]

    said = []
    for way, sentence in LED.items():
        values, lows, highs = (of(name, way) for name in ("difference", "low", "high"))
        sure = sum(low > 0 or high < 0 for low, high in zip(lows, highs, strict=True))
        told = (
            f"{mean(values):+.1f} points ({min(values):+.1f} to {max(values):+.1f}), beyond the luck of the sentences"
        )
        said.append(sentence.format(f"{told} with {sure} of 3 seeds").replace("-", "−"))
    for measured in ("training loss", "perplexity"):
        assert of(measured, "context drifts") == of(measured, "as derived"), "the drift does not show in training"
    said.append(f"{mean(of('moved', 'padding read')):.0f} % of the sentences come out differently when they are alone")
    return said
