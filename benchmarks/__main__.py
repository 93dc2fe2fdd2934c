"""Measure, keep what was measured in benchmarks/results, and write the page: python -m benchmarks [NAME ...]."""

import argparse
import shutil

from benchmarks import common, page
from benchmarks.processes import measured

parser = argparse.ArgumentParser(description="Measure speed beside the book's code, and write benchmarks/README.md.")
parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, if none is named: {', '.join(page.NAMES)}")
names = parser.parse_args().names
if unknown := set(names) - set(page.NAMES):
    parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(page.NAMES)}")
common.RESULTS.mkdir(exist_ok=True)
failed = []
for name in names or page.NAMES:
    print(f"\n--- {name}", flush=True)
    if not measured(name):
        failed.append(name)
        continue
    shutil.copy(common.BUILD / f"{name}.json", common.RESULTS)
    page.write()
if failed:
    raise SystemExit(f"failed: {', '.join(failed)}; what was stored before has been left as it was")
