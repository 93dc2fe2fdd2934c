"""Whether something has become slower than it was: ratios of times measured anew, beside the stored ones.

    python -m benchmarks.check          some minutes

Seconds depend on the machine and on who else uses it; the ratio of two times of one run hardly does. A ratio counts as
worse if the best of its rounds is above the worst that was stored.
"""

from __future__ import annotations

import subprocess

from benchmarks import common
from benchmarks.processes import measured

RATIOS = [  # benchmark, what is timed, and beside what
    ("training_loop", "32 units: fit", "32 units: bare loop"),
    ("training_loop", "256 units: fit", "256 units: bare loop"),
    ("training_loop", "512 units: fit", "512 units: bare loop"),
    ("training_loop", "256 units: fit, from scratch", "256 units: bare loop"),
    ("translation_data", "ours", "the book"),
    ("beam_search", "batched beam search", "batched greedy search"),
    ("beam_search", "batched greedy search", "lean loop"),
    ("imports", "helpers, as in gru", "torch"),
]


def rounds_of(result: dict, name: str, other: str) -> list[float]:
    """Return the ratio of two rivals in each round. Raises LookupError for a rival that was not measured."""
    seconds = {row["rival"]: row["seconds"] for row in result["rows"]}
    if missing := {name, other} - set(seconds):
        raise LookupError(f"{result['benchmark']} has not measured {', '.join(sorted(missing))}")
    return common.ratios(seconds[name], seconds[other])


def worse(new: list[float], stored: list[float]) -> bool:
    return min(new) > max(stored)


def main() -> None:
    for benchmark in dict.fromkeys(benchmark for benchmark, *_ in RATIOS):
        print(f"measuring {benchmark}", flush=True)
        if not measured(benchmark, subprocess.DEVNULL):
            raise SystemExit(f"{benchmark} failed; type python -m benchmarks.{benchmark} to see why")
    slower = []
    for benchmark, name, other in RATIOS:
        stored = rounds_of(common.stored(benchmark), name, other)
        new = rounds_of(common.stored(benchmark, common.BUILD), name, other)
        told = f"{name} / {other}: {min(new):.3f}–{max(new):.3f}, stored {min(stored):.3f}–{max(stored):.3f}"
        print(f"{'WORSE ' if worse(new, stored) else 'as was'}  {told}")
        if worse(new, stored):
            slower.append(f"{name} / {other}")
    if slower:
        raise SystemExit(f"slower than it was: {'; '.join(slower)}. If other work went on, measure again")


if __name__ == "__main__":
    main()
