"""Language models of the book and ours: seconds, and perplexity on text that they were not trained on.

    python -m benchmarks.language_model [--rounds N]

Both editions' GRU as printed, and two of ours: the notebook's, and a schedule that ends when the book's perplexity is
reached. All are scored on the characters 10,000 to 15,000 of the book's text, or on ours' held-out pages, in windows of
32 that start from an empty state: edition 1.0.3 as it does it itself, after each epoch; edition 0.17 after each of its
plotted points, the time for it not counted.
"""

from benchmarks import common
from benchmarks.processes import process

RIVALS = {
    "book 0.17": ("book_017", "language_model"),
    "book 1.0.3": ("book_103", "language_model"),
    "ours, as in the notebook": ("ours", "language_model"),
    "ours, a short schedule": ("ours", "short"),
}


def to_target(name: str, reached: float | None) -> float | str:
    """The seconds until a perplexity of 6.5; ours are scored only when they are done."""
    if reached is None:
        return "never"
    return f"at most {reached:.1f}" if name == "ours, as in the notebook" else round(reached, 1)


def measure(rounds: int = 3) -> None:
    rivals = {name: process(module, function) for name, (module, function) in RIVALS.items()}
    timings = common.alternate(rivals, rounds, warm_up=False)
    facts = {}
    for name, timing in timings.items():
        facts[name] = {
            "seconds to 6.5": to_target(name, timing.middle("to 6.5")),
            "held out": round(timing.middle("held out"), 2),
            "best": round(timing.middle("best"), 2),
            "peak MB": timing.middle("peak MB"),
        }
    common.report("language_model", timings, facts, common.data())


if __name__ == "__main__":
    common.main(__doc__, measure)
