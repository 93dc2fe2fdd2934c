"""Run notebooks with the book's data and write the outputs into them, then bring the README's tables up to date.

python -m tools.store [--cell-seconds N] [NOTEBOOK ...]      all of them, if none is named

complaints            what must not be stored: errors, warnings, a machine's paths, pictures without words and the like
clean                 remove what differs from one machine or run to the next
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import common, page, readme
from tools.execute import CELL_SECONDS, command_line, execute, for_each, report

# What a stored notebook says about the kernel: nothing that differs from one machine to the next.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "jupyter")
DEBRIS = {
    "a warning": r"\w*Warning:",
    "a progress bar": r"\r(?!\n)|\d+%\|",
    "a memory address": r"\b0x[0-9a-f]{6,}",
    "a path of this machine": r"(?<![\w.])/(tmp|home|root|Users)/|[A-Z]:\\\\?Users\\|site-packages",
}


def store(path: Path, cell_seconds: int = CELL_SECONDS) -> None:
    """Execute one notebook and write it back, cleaned. Raises RuntimeError, and writes nothing, if it is not fit."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent, cell_seconds)
    found = list(complaints(notebook))
    if found:
        raise RuntimeError("not stored: " + "\n    ".join(found))
    clean(notebook)
    common.write(path, nbformat.writes(notebook) + "\n")


def complaints(notebook: NotebookNode) -> Iterator[str]:
    """Yield what must not be stored in a notebook's outputs, with the cell where it stands."""
    places = [rf"(?<![\w.]){re.escape(str(path))}\b" for path in (common.ROOT, Path.home()) if path != Path("/")]
    forbidden = DEBRIS | {"a path of this machine": "|".join([DEBRIS["a path of this machine"], *places])}
    for number, cell in enumerate(notebook.cells, 1):
        where = common.label(number, cell)
        for output in cell.get("outputs", []):
            text = output_text(output)
            if output.output_type == "error":
                yield f"{where} has an error: {output.ename}"
            elif output.get("name") == "stderr":
                yield f"{where} writes to stderr: {text.strip()}"
            elif any("widget" in kind for kind in output.get("data", {})):
                yield f"{where} shows a widget"
            else:
                for what, pattern in forbidden.items():
                    if match := re.search(pattern, text):
                        yield f"{where} shows {what}: {match[0]!r}"
    for picture in page.pictures_without_alt(notebook):
        yield f"{picture} has no alternative text"


def output_text(output: NotebookNode) -> str:
    """Return all that can be read in an output; pictures made of pixels have no text."""
    texts = [str(value) for kind, value in output.get("data", {}).items() if kind not in ("image/png", "image/jpeg")]
    return "\n".join([output.get("text", ""), *texts])


def clean(notebook: NotebookNode) -> None:
    """Remove what differs from one machine or run to the next; join what a cell printed in pieces."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata})
        if cell.cell_type == "code":
            joined: list[NotebookNode] = []
            for output in cell.outputs:
                if joined and output.output_type == joined[-1].output_type == "stream":
                    joined[-1].text += output.text
                else:
                    joined.append(output)
            cell.outputs = joined


def main() -> None:
    paths, cell_seconds = command_line(__doc__)
    os.environ["MODERN_RNN_DATA"] = "book"
    os.environ["OMP_NUM_THREADS"] = "1"  # the same sums on every number of cores, and times without waiting
    failed = for_each(paths, lambda path: store(path, cell_seconds))
    readme.update()
    report(failed, "every notebook is stored")


if __name__ == "__main__":
    main()
