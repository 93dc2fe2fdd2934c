"""Run All of each notebook, beside all that its section runs in the book.

    python -m benchmarks.run_all [--rounds N]

A notebook is timed with the start of its kernel. Of edition 0.17's 500 epochs 25 are run, and counted twenty times.
Sections that run nothing to speak of (encoder-decoder, beam-search; in edition 1.0.3 also bi-rnn) have no rival.
"""

from benchmarks import common
from benchmarks.processes import process

SECTIONS = ["gru", "lstm", "deep-rnn", "bi-rnn", "machine-translation-and-dataset", "encoder-decoder", "seq2seq",
            "beam-search", "what-came-after"]  # fmt: skip
NOT_IN_THE_BOOK = {
    "book 0.17": {"encoder-decoder", "beam-search", "what-came-after"},
    "book 1.0.3": {"encoder-decoder", "beam-search", "what-came-after", "bi-rnn"},
}


def measure(rounds: int = 3) -> None:
    modules, timings = {"book 0.17": "book_017", "book 1.0.3": "book_103", "ours": "ours"}, {}
    try:
        for section in SECTIONS:  # one after the other, so that the editions' turns lie close together
            rivals = {
                f"{section}, {edition}": process(module, section.replace("-", "_"))
                for edition, module in modules.items()
                if section not in NOT_IN_THE_BOOK.get(edition, ())
            }
            timings |= common.alternate(rivals, rounds, warm_up=False)
    finally:  # an hour and more: who stops it keeps the sections that are done
        if timings:
            common.report("run_all", timings, {name: {} for name in timings}, common.data())
    for edition in modules:
        total = sum(timing.median for name, timing in timings.items() if name.endswith(f", {edition}"))
        print(f"{edition}: {total:.0f} s together")


if __name__ == "__main__":
    common.main(__doc__, measure)
