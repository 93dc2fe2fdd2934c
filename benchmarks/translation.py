"""Each edition's translation experiment, as printed: seconds and sentence pairs a second.

    python -m benchmarks.translation [--rounds N]

What the two translators then know stands in the notebook `seq2seq`. Ours is not beside them: it trains on a hundred
times as many pairs, and `benchmarks.run_all` times it.
"""

from benchmarks import common
from benchmarks.processes import process


def measure(rounds: int = 3) -> None:
    rivals = {
        "book 0.17": process("book_017", "translation"),
        "book 1.0.3": process("book_103", "translation"),
    }
    timings = common.alternate(rivals, rounds, warm_up=False)
    facts = {
        name: {head: round(timing.middle(head)) for head in ("pairs", "pairs/s", "peak MB")}
        for name, timing in timings.items()
    }
    common.report("translation", timings, facts, common.data())


if __name__ == "__main__":
    common.main(__doc__, measure)
