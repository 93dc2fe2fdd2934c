"""Run one rival, and print what it measured as JSON: python -m benchmarks.rivals MODULE FUNCTION SEED."""

import importlib
import json
import re
import resource
import sys
from pathlib import Path


def peak_megabytes() -> int:
    """The most memory that this process has had. Linux counts in `ru_maxrss` also what its parent had before it."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) >> 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 20 if sys.platform == "darwin" else peak >> 10


if __name__ == "__main__":
    module, function, seed = sys.argv[1:]
    measured = getattr(importlib.import_module(f"benchmarks.rivals.{module}"), function)(int(seed))
    print()
    print(json.dumps(measured | {"peak MB": peak_megabytes()}))
