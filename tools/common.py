"""What several tools need: where things are, the notebooks in order, and writing a file in one step.

find, short, label    the notebooks; the name of one; the name of a cell
address, tag          the repository's OWNER/NAME; the git tag of the release that Colab installs
write                 a file, whole or not at all
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import tomllib
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS, BUILD, README = ROOT / "notebooks", ROOT / "build", ROOT / "README.md"
SECTIONS = ["gru", "lstm", "deep-rnn", "bi-rnn"]
SECTIONS += ["machine-translation-and-dataset", "encoder-decoder", "seq2seq", "beam-search"]
PAGES = ["index", *SECTIONS, "what-came-after"]


def find() -> list[Path]:
    """Return every notebook: the pages in their order, others, and last the solutions."""

    def place(path: Path) -> tuple:
        number = PAGES.index(path.stem) if path.stem in PAGES else len(PAGES)
        return path.parent != NOTEBOOKS, number, path

    return sorted((path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts), key=place)


def chosen(parser: argparse.ArgumentParser, names: list[Path]) -> list[Path]:
    """Return the notebooks that the command line names, or all if it names none. A missing one ends the program."""
    for path in names:
        if not path.is_file():
            parser.error(f"there is no notebook {path}")
    return [path.resolve() for path in names] or find()


def short(path: Path) -> str:
    """Return the path as seen from notebooks/."""
    return path.relative_to(NOTEBOOKS).as_posix() if path.is_relative_to(NOTEBOOKS) else str(path)


def label(number: int, cell: NotebookNode) -> str:
    """Return what tells a reader which cell is meant: its place, from 1, and its first line."""
    return f"cell {number} ({cell.source.strip().partition(chr(10))[0]})"


def project() -> dict:
    """Return what pyproject.toml says of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def address() -> str:
    """Return the OWNER/NAME that pyproject.toml gives as the repository's address."""
    url = project().get("urls", {}).get("Repository", "")
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", url)
    if not match:
        raise SystemExit(f"pyproject.toml: [project.urls] Repository is {url!r}, not https://github.com/OWNER/NAME")
    return match[1]


def tag() -> str:
    """Return the git tag that belongs to the version in pyproject.toml: v0.1.0 for 0.1.0."""
    return f"v{project()['version']}"


def write(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the old text or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(text.encode("utf-8"))
    os.replace(unfinished, path)
