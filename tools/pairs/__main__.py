"""Write helpers/samples/pairs.tsv; with --check, compare it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.pairs.build import build

FILE = Path(__file__).resolve().parents[2] / "helpers" / "samples" / "pairs.tsv"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the file instead of writing it")
    check = parser.parse_args().check
    text = "".join("\t".join(made) + "\n" for made in build())
    if not check:
        FILE.write_text(text, encoding="utf-8", newline="\n")
    elif not FILE.is_file() or FILE.read_bytes() != text.encode():
        print(f"{FILE} is not what tools.pairs writes; run: python -m tools.pairs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
