"""Copy the notebooks' tables of results into the README, between its <!-- results:NAME --> marks.

    python -m tools.readme              bring the tables up to date
    python -m tools.readme --check      compare them; exit status 1 if they differ

NAME may join several notebooks, as in gru+lstm: their tables become one, in which each row says where it comes from.
"""

from __future__ import annotations

import argparse
import re

import nbformat

from tools import common

RESULTS = re.compile(r"(<!-- results:(\S+) -->\n).*?(<!-- /results -->)", re.DOTALL)


def update(check: bool = False) -> None:
    """Bring the README's tables up to date; with `check`, exit with an error if they are not, and change nothing."""
    if not common.README.is_file():
        raise SystemExit("there is no README.md")
    old = common.README.read_text(encoding="utf-8")
    if not len(RESULTS.findall(old)) == old.count("<!-- results:") == old.count("<!-- /results -->"):
        raise SystemExit("README.md: each <!-- results:NAME --> needs a line of its own and one <!-- /results -->")
    new = RESULTS.sub(lambda block: f"{block[1]}\n{joined(block[2].split('+'))}\n\n{block[3]}", old)
    if new == old:
        print("README.md is up to date")
    elif check:
        raise SystemExit("README.md differs from the notebooks; run: python -m tools.readme")
    else:
        common.write(common.README, new)
        print("README.md now shows the notebooks' results")


def joined(names: list[str]) -> str:
    """Return the tables of one or several notebooks as one; with several, each row says which it comes from."""
    tables = {name: results(name).splitlines() for name in names}
    if len(names) == 1:
        return "\n".join(tables[names[0]])
    heads = {name: lines[:2] for name, lines in tables.items()}
    if differing := [name for name in names if heads[name] != heads[names[0]]]:
        raise SystemExit(f"README.md joins {', '.join(names)}, but the columns of {', '.join(differing)} differ")
    head, rule = heads[names[0]]
    rows = [f"| {name} {row}" for name, lines in tables.items() for row in lines[2:]]
    return "\n".join([f"| section {head}", f"| :-- {rule}", *rows])


def results(name: str) -> str:
    """Return the Markdown table which the cell tagged `results` of notebooks/`name`.ipynb shows."""
    path = common.NOTEBOOKS / f"{name}.ipynb"
    if not path.is_file():
        raise SystemExit(f"README.md asks for the results of {name}, but there is no notebooks/{name}.ipynb")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if "results" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise SystemExit(f"{path.name} must have exactly one cell tagged 'results'; it has {len(cells)}")
    data = [output.get("data", {}) for output in cells[0].get("outputs", [])]
    tables = [kinds["text/markdown"] for kinds in data if "text/markdown" in kinds]
    if len(tables) != 1:
        raise SystemExit(f"{path.name}: the cell tagged 'results' must show one Markdown table; it has {len(tables)}")
    return tables[0].strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare the tables instead of writing them")
    update(parser.parse_args().check)


if __name__ == "__main__":
    main()
