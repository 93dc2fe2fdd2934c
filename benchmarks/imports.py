"""Seconds that imports take beyond torch's, each in a process of its own.

python -m benchmarks.imports [--rounds N]
"""

import subprocess
import sys
from functools import partial

from benchmarks import common

LINES = {
    "torch": "",
    "helpers, as in gru": "from helpers import datasets, display, machine, plotting, training",
    "helpers without figures": "from helpers import beam_search, datasets, language_model, seq2seq, training",
    "matplotlib.pyplot alone": "import matplotlib.pyplot",
    "book 0.17": "from helpers.book import d2l",
}


def seconds(line: str, _: int) -> dict[str, float]:
    """Return the seconds that a line takes once torch is imported; for no line, those that torch takes."""
    script = (
        "import time; start = time.perf_counter(); import torch; middle = time.perf_counter()\n"
        f"{line}\nprint(time.perf_counter() - middle if {bool(line)} else middle - start)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, text=True, capture_output=True)
    return {"seconds": float(done.stdout)}


def measure(rounds: int = 5) -> None:
    timings = common.alternate({name: partial(seconds, line) for name, line in LINES.items()}, rounds)
    common.report("imports", timings, {name: {"imported": line or "import torch"} for name, line in LINES.items()})


if __name__ == "__main__":
    common.main(__doc__, measure, rounds=5)
