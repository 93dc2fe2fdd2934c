"""Look for misspelt words in what is written in notebooks; what their cells print is the models' spelling, not ours.

    python -m tools.spell [NOTEBOOK ...]      all of them, if none is named

It needs codespell, which pre-commit installs for itself; the words that it lets pass stand in pyproject.toml.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tools import common


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    paths = common.chosen(parser, parser.parse_args().notebooks)
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            cells = nbformat.read(path, as_version=4).cells
            copy = Path(folder, common.short(path)).with_suffix(".txt")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("\n".join(cell.source for cell in cells), encoding="utf-8")
        sys.exit(subprocess.run([sys.executable, "-m", "codespell_lib", folder], cwd=common.ROOT).returncode)


if __name__ == "__main__":
    main()
