"""The book's models, each edition at its own sizes: time, and score on what they know and do not know.

Notebook `seq2seq`, section 8. Seconds are those of the processor, one thread. "The book's translator translates" would
have been true if held-out sentences came out right noticeably often.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "seq2seq", "book_run"
GRID = [{"edition": edition, "seed": seed} for edition in ("0.17", "1.0.3") for seed in range(3)]


def sentences(results) -> list[str]:
    said = []
    for edition in ("0.17", "1.0.3"):
        known, unseen, seconds = (
            mean(results.values(name, by=["edition"], edition=edition)[(edition,)])
            for name in ("exact trained", "exact held", "CPU seconds")
        )
        said.append(
            f"edition {edition} gives {known:.0%} of its training sentences one of their translations word for word, "
            f"and {unseen:.1%} of the others, after {seconds:.0f} seconds of one core"
        )
    return said
