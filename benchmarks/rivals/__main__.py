"""Run one rival, and print what it measured as JSON: python -m benchmarks.rivals MODULE FUNCTION SEED."""

import importlib
import json
import resource
import sys

module, function, seed = sys.argv[1:]
measured = getattr(importlib.import_module(f"benchmarks.rivals.{module}"), function)(int(seed))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes on Linux, bytes on macOS
measured["peak MB"] = round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))
print()
print(json.dumps(measured))
