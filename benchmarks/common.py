"""One timer for all benchmarks, and how they report.

    alternate    time rivals in turn, round after round
    report       print a table of the times, and write it with machine and versions to build/benchmarks/
    stored       what was reported

Rivals take turns, so that a machine that becomes busier or hotter slows them alike; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import torch

from helpers import datasets
from tools import common as tools

BUILD = tools.BUILD / "benchmarks"  # where a run writes
RESULTS = Path(__file__).resolve().parent / "results"  # what `benchmarks.page` tells about


class Timing(NamedTuple):
    """The seconds and the result of each round of one rival."""

    seconds: list[float]
    results: list[Any]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def middle(self, name: str) -> float | None:
        """The median of one figure of results that are dictionaries; None if it is missing in a round."""
        values = [result[name] for result in self.results]
        return None if None in values else statistics.median(values)


def alternate(rivals: dict[str, Callable[[int], Any]], rounds: int = 3, warm_up: bool = True) -> dict[str, Timing]:
    """Call each rival once in every round, with the number of the round, from 0; return what each took and returned.

    A rival that returns a dictionary with "seconds" has timed itself, and knows better what belongs to its task.

    warm_up: call each once before, with 0 and without counting: the first call pays for memory and imports.
    """
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}, and must be at least 1")
    if warm_up:
        for rival in rivals.values():
            rival(0)
    timings = {name: Timing([], []) for name in rivals}
    for number in range(rounds):
        for name, rival in rivals.items():
            started = time.perf_counter()
            result = rival(number)
            seconds = time.perf_counter() - started
            timings[name].seconds.append(result["seconds"] if isinstance(result, dict) else seconds)
            timings[name].results.append(result)
    return timings


def ratio(timing: Timing, other: Timing) -> float:
    """Return the median over the rounds of one time divided by the other's of the same round."""
    return round(statistics.median(ratios(timing.seconds, other.seconds)), 3)


def ratios(seconds: list[float], others: list[float]) -> list[float]:
    return [mine / other for mine, other in zip(seconds, others, strict=True)]


def data() -> str:
    """Return which texts are used: the book's, or the embedded samples."""
    return f"{datasets.time_machine()}; {datasets.english_french()}"


def main(about: str, measure: Callable[[int], None], rounds: int = 3) -> None:
    """The command line of a benchmark. rounds: how many, if none is asked for."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds, help=f"how often, each time in turn (default {rounds})")
    measure(parser.parse_args().rounds)


def machine() -> dict[str, Any]:
    """Return what a time depends on: processor, threads and versions; and the date."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "date": date.today().isoformat(),
    }


def processor() -> str:
    """Return the processor's name as Linux gives it, elsewhere its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def report(name: str, timings: dict[str, Timing], facts: dict[str, dict[str, Any]], data: str = "") -> Path:
    """Print a line for each rival and one for the machine, write them to build/benchmarks/`name`.json; return the file.

    facts: what else is to be said of each rival: a number or a text for each heading, the same headings for all.
    """
    heads = list(next(iter(facts.values())))
    width = max(map(len, timings))
    print(data)
    print(f"{'':{width}}  {'seconds':>9} {'(range)':>17}  " + "  ".join(heads))
    rows = []
    for rival, timing in timings.items():
        low, high = min(timing.seconds), max(timing.seconds)
        values = "  ".join(f"{facts[rival][head]!s:>{len(head)}}" for head in heads)
        print(f"{rival:{width}}  {timing.median:9.3f} {f'({low:.3f}–{high:.3f})':>17}  {values}")
        seconds = [round(value, 4) for value in timing.seconds]
        rows.append({"rival": rival, "median": round(timing.median, 4), "seconds": seconds, **facts[rival]})
    measured_on = machine()
    print(", ".join(f"{what} {value}" for what, value in measured_on.items()))
    return write(name, {"benchmark": name, "data": data, "machine": measured_on, "rows": rows})


def write(name: str, content: dict[str, Any]) -> Path:
    """Write what was measured to build/benchmarks/`name`.json, whole or not at all; return the file."""
    path = BUILD / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tools.write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def stored(name: str, folder: Path = RESULTS) -> dict[str, Any]:
    """Return what a benchmark reported. Raises FileNotFoundError if it has not."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
