"""What searching and drawing write with a language model. Notebook `beam-search`, section 12.

Three small LSTMs, trained on the book's novel from three seeds, continue ten held-out beginnings by greedy search,
with a beam, and by sampling; the last rival is what stands in the novel. "The most probable text is most like the
novel" would have been true if the beam's log P per letter and its share of repeated runs were nearer to the novel's
than those of the samples.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "beam-search", "writing_trial"
WAYS = ["greedy", "beam of 10", "τ = 0.5", "nucleus 0.8", "τ = 1", "the book itself"]
GRID = [{"way": way, "seed": seed} for seed in range(3) for way in WAYS]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result."""
    log_p, repeated, known = (results.values(key, by=["way"]) for key in ("log_p", "repeated", "known"))
    beam, novel, drawn = ("beam of 10",), ("the book itself",), ("τ = 1",)
    return [
        f"the beam comes to {mean(log_p[beam]):.2f} a letter, the novel itself to {mean(log_p[novel]):.2f}",
        f"{mean(repeated[beam]):.0f}% of its ten-letter runs have been there before, of the novel's "
        f"{mean(repeated[novel]):.0f}%",
        f"at {mean(log_p[drawn]):.2f} a letter",
        f"only {mean(known[drawn]):.0f}% of their words are known, of the novel's {mean(known[novel]):.0f}%",
    ]
