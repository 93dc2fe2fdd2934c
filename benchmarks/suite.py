"""Seconds of `make test`: the unit tests, and every notebook as a test.

python -m benchmarks.suite [--rounds N]
"""

import os
import re
import subprocess
import sys
import time

from benchmarks import common
from benchmarks.processes import ROOT


def make_test(_: int) -> dict:
    """Return the seconds, and how many tests passed. Raises RuntimeError with the end of the output if one fails."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"a test fails, so there is nothing to time:\n{done.stdout[-2000:]}")
    return {"seconds": time.perf_counter() - started, "passed": int(re.search(r"(\d+) passed", done.stdout)[1])}


def measure(rounds: int = 1) -> None:
    timings = common.alternate({"make test": make_test}, rounds, warm_up=False)
    common.report("suite", timings, {"make test": {"tests": timings["make test"].middle("passed")}})


if __name__ == "__main__":
    common.main(__doc__, measure, rounds=1)
