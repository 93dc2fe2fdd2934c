"""What searching and drawing write with a language model. Notebook `beam-search`, section 12.

Three small LSTMs, trained on the book's novel from three seeds, and the pretrained writer, with three seeds of its
draws, continue ten held-out beginnings by greedy search, with a beam, and by sampling; the last rival is what stands in
the novel. "The most probable text is most like the novel" would have been true if the beam's log P per letter and its
share of repeated runs were nearer to the novel's than those of the samples; "that is so because the models are poor"
would have been true if the better writer's beam did not go in circles.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "beam-search", "writing_trial"
WAYS = ["greedy", "beam of 10", "τ = 0.5", "nucleus 0.8", "τ = 1", "the book itself"]
KINDS = ["small", "pretrained"]
GRID = [{"kind": kind, "way": way, "seed": seed} for kind in KINDS for seed in range(3) for way in WAYS]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result."""
    beam, novel, drawn, cool = ("beam of 10",), ("the book itself",), ("τ = 1",), ("τ = 0.5",)

    def means(kind):
        values = [results.values(key, by=["way"], kind=kind) for key in ("log_p", "repeated", "known")]
        return [{way: mean(found) for way, found in each.items()} for each in values]

    log_p, repeated, known = means("small")
    better, again, words = means("pretrained")
    assert better[novel] > log_p[novel]
    return [
        f"beam comes to {log_p[beam]:.2f} a letter, the novel itself to {log_p[novel]:.2f}",
        f"{repeated[beam]:.0f}% of its ten-letter runs have been there before, of the novel's {repeated[novel]:.0f}%",
        f"at {log_p[drawn]:.2f} a letter",
        f"only {known[drawn]:.0f}% of their words are known, of the novel's {known[novel]:.0f}%",
        f"gives the novel {better[novel]:.2f} a letter and its own beam {better[beam]:.2f}",
        f"{again[beam]:.0f}% of the beam's runs",
        f"{words[drawn]:.0f}% of the words that it draws at τ = 1 are known, {words[cool]:.0f}% at τ = 0.5",
    ]
