"""How many numbers must pass from encoder to decoder? Notebook `encoder-decoder`.

Both halves keep 128 units; all that the decoder gets has passed through a linear neck of 4 to 64 numbers. Two rates
for each width; the seed 9 chooses, the seeds 0 to 2 report. "A wider neck is a better one" would be refuted if
eight numbers did as well as 64; "bits are what runs out" is refuted if four numbers, which have room for 128 bits,
reverse fewer words of seven letters, 21 bits each, than wider necks do.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "encoder-decoder", "neck_trial"
WIDTHS = [4, 8, 16, 32, 64]
RATES = [0.004, 0.01]
CHOSEN = {4: 0.01, 8: 0.004, 16: 0.004, 32: 0.004, 64: 0.004}  # what the seed 9 chose
GRID = [{"width": width, "rate": rate, "seed": 9} for width in WIDTHS for rate in RATES]
GRID += [{"width": width, "rate": rate, "seed": seed} for width, rate in CHOSEN.items() for seed in range(3)]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result: words of seven letters, mean of the seeds and their range."""
    seven = {w: results.values("7 letters", by=["width"], seed=[0, 1, 2])[w,] for w in WIDTHS}
    four = results.values("4 letters", by=["width"], seed=[0, 1, 2])
    wide = [value for w in WIDTHS[1:] for value in seven[w]]
    return [
        f"four numbers have {mean(seven[4]):.0%} of the words of seven letters right ({min(seven[4]):.0%} to "
        f"{max(seven[4]):.0%})",
        f"{mean(seven[8]):.0%} with eight numbers and {mean(seven[64]):.0%} with 64",
        f"{min(wide):.0%} to {max(wide):.0%} over all widths from 8 to 64",
        f"at least {min(min(values) for values in four.values()):.0%} of the words of four letters",
    ]
