"""Run, store and publish the notebooks.

    run [NOTEBOOK ...]      execute, and write HTML pages to build/; the notebooks stay as they are
    store [NOTEBOOK ...]    execute with the book's data, and write the outputs into the notebooks and the README
    readme [--check]        copy the notebooks' tables of results into the README
    publish OWNER/NAME      write the repository's address everywhere

Without names, `run` and `store` take every notebook, in the chapter's order.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import tomllib
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS, BUILD, README = ROOT / "notebooks", ROOT / "build", ROOT / "README.md"
SECTIONS = ["gru", "lstm", "deep-rnn", "bi-rnn"]
SECTIONS += ["machine-translation-and-dataset", "encoder-decoder", "seq2seq", "beam-search"]

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
RESULTS = re.compile(r"(<!-- results:(\S+) -->\n).*?(<!-- /results -->)", re.DOTALL)
TEXT_FILES = (".cff", ".ipynb", ".md", ".toml", ".yml")


# --- execute ---------------------------------------------------------------------------------------------------------


def find() -> list[Path]:
    """Return every notebook: index, the sections in the chapter's order, others, and last the solutions."""

    def place(path: Path) -> tuple:
        known = ["index", *SECTIONS]
        number = known.index(path.stem) if path.stem in known else len(known)
        return path.parent != NOTEBOOKS, number, path

    return sorted((path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts), key=place)


def for_each(paths: list[Path], action: Callable[[Path], None]) -> list[str]:
    """Call `action` with each notebook, print the seconds, and return the names of those that failed."""
    failed = []
    for path in paths:
        name, start = short(path), time.perf_counter()
        print(f"{name:40}", end=" ", flush=True)
        try:
            action(path)
            print(f"{time.perf_counter() - start:7.1f} s", flush=True)
        except Exception as error:  # whatever is wrong with this notebook, the others are still to be tried
            failed.append(name)
            print(f"{time.perf_counter() - start:7.1f} s  FAILED\n    {error}", flush=True)
    return failed


def short(path: Path) -> str:
    """Return the path as seen from notebooks/."""
    return path.relative_to(NOTEBOOKS).as_posix() if path.is_relative_to(NOTEBOOKS) else str(path)


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Execute `notebook` in `folder` and keep its outputs in it. Raises RuntimeError that names the failing cell."""
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # else each kernel warns that it talks to us over TCP
        resources=resources,
        record_timing=False,
        store_widget_state=False,
    )
    try:
        client.execute()
    except Exception as error:
        for number, cell in enumerate(notebook.cells, 1):
            for output in cell.get("outputs", []):
                if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                    raise RuntimeError(f"{label(number, cell)}: {output.ename}: {output.evalue}") from error
        raise


def label(number: int, cell: NotebookNode) -> str:
    """Return what tells a reader which cell is meant: its place and its first line."""
    return f"cell {number} ({cell.source.strip().partition(chr(10))[0]})"


def run(path: Path) -> None:
    """Execute one notebook and write its page, also if it fails: the page then ends with the error."""
    notebook = nbformat.read(path, as_version=4)
    try:
        execute(notebook, path.parent)
    finally:
        page = (BUILD / short(path)).with_suffix(".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(as_html(notebook, path), encoding="utf-8")


def as_html(notebook: NotebookNode, path: Path) -> str:
    """Return the notebook as a page with its drawings inside; links to other notebooks lead to their pages."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"(\]\((?!\w+:)[^)\s]+)\.ipynb\b", r"\1.html", cell.source)
    resources = {"metadata": {"name": path.stem, "path": str(path.parent)}}
    return HTMLExporter(embed_images=True).from_notebook_node(notebook, resources=resources)[0]


# --- store -----------------------------------------------------------------------------------------------------------


def store(path: Path) -> None:
    """Execute one notebook and write it back, cleaned. Raises RuntimeError, and writes nothing, if it is not fit."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent)
    found = list(complaints(notebook))
    if found:
        raise RuntimeError("not stored: " + "\n    ".join(found))
    clean(notebook)
    write(path, nbformat.writes(notebook) + "\n")


def complaints(notebook: NotebookNode) -> Iterator[str]:
    """Yield what must not be stored in a notebook's outputs, with the cell where it stands."""
    places = [rf"(?<![\w.]){re.escape(str(path))}\b" for path in (ROOT, Path.home()) if path != Path("/")]
    forbidden = DEBRIS | {"a path of this machine": "|".join([DEBRIS["a path of this machine"], *places])}
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            text = output_text(output)
            if output.output_type == "error":
                yield f"{label(number, cell)} has an error: {output.ename}"
            elif output.get("name") == "stderr":
                yield f"{label(number, cell)} writes to stderr: {text.strip()}"
            elif any("widget" in kind for kind in output.get("data", {})):
                yield f"{label(number, cell)} shows a widget"
            else:
                for what, pattern in forbidden.items():
                    if match := re.search(pattern, text):
                        yield f"{label(number, cell)} shows {what}: {match[0]!r}"


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


def write(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the old text or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(text.encode("utf-8"))
    os.replace(unfinished, path)


# --- readme ----------------------------------------------------------------------------------------------------------


def readme(check: bool = False) -> None:
    """Bring the README's tables up to date; with `check`, exit with an error if they are not, and change nothing."""
    if not README.is_file():
        raise SystemExit("there is no README.md")
    old = README.read_text(encoding="utf-8")
    if not len(RESULTS.findall(old)) == old.count("<!-- results:") == old.count("<!-- /results -->"):
        raise SystemExit("README.md: each <!-- results:NAME --> needs a line of its own and one <!-- /results -->")
    new = RESULTS.sub(lambda block: f"{block[1]}\n{joined_results(block[2].split('+'))}\n\n{block[3]}", old)
    if new == old:
        print("README.md is up to date")
    elif check:
        raise SystemExit("README.md differs from the notebooks; run: python tools/notebooks.py readme")
    else:
        write(README, new)
        print("README.md now shows the notebooks' results")


def joined_results(names: list[str]) -> str:
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
    path = NOTEBOOKS / f"{name}.ipynb"
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


# --- publish ---------------------------------------------------------------------------------------------------------


def address() -> str:
    """Return the OWNER/NAME that pyproject.toml gives as the repository's address."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    url = project.get("urls", {}).get("Repository", "")
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", url)
    if not match:
        raise SystemExit(f"pyproject.toml: [project.urls] Repository is {url!r}, not https://github.com/OWNER/NAME")
    return match[1]


def publish(new: str) -> None:
    """Write `new`, an OWNER/NAME, in place of the present address, in every text file. OWNER/NAME itself undoes it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.+$)[A-Za-z0-9._-]+(?<!\.git)", new):
        raise SystemExit(f"{new!r} is not an address; give it as owner/name, without https://github.com/ and .git")
    # Neither another host (gist.github.com) nor another repository (owner/name-2, owner/name.js).
    old = re.compile(
        r"(?<![\w.-])((?:colab\.research\.google\.com/github|(?:www\.)?github\.com)/)"
        + re.escape(address())
        + r"(?![\w-]|\.(?!git\b)\w)"
    )
    count = 0
    for path in text_files():
        before = path.read_bytes().decode("utf-8")
        after, found = old.subn(lambda match: match[1] + new, before)
        count += found
        if after != before:
            write(path, after)
    print(f"{count} addresses now say {new}")


def text_files() -> list[Path]:
    """Return the files that may hold the address; pyproject.toml last, so that an interrupted stamp can be repeated."""
    hidden = re.compile(r"(^|/)(\.|build/|[^/]*\.egg-info/)")
    files = []
    for folder, inside, names in os.walk(ROOT):
        place = Path(folder).relative_to(ROOT)
        inside[:] = [name for name in inside if not hidden.search(f"{(place / name).as_posix()}/")]
        files += [Path(folder, name) for name in names if name.endswith(TEXT_FILES)]
    return sorted(files, key=lambda path: (path == ROOT / "pyproject.toml", path))


# --- command line ----------------------------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in ("run", "store"):
        commands.add_parser(command).add_argument("notebooks", nargs="*", type=Path)
    commands.add_parser("readme").add_argument("--check", action="store_true")
    commands.add_parser("publish").add_argument("address", metavar="OWNER/NAME")
    chosen = parser.parse_args()
    for path in getattr(chosen, "notebooks", []):
        if not path.is_file():
            parser.error(f"there is no notebook {path}")
    return chosen


def main() -> None:
    chosen = arguments()
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar in a page or in a stored output is debris
    if chosen.command == "publish":
        publish(chosen.address)
    elif chosen.command == "readme":
        readme(chosen.check)
    elif chosen.command == "run":
        report(for_each(paths_of(chosen), run), "every notebook ran; the pages are in build/")
    else:
        os.environ["MODERN_RNN_DATA"] = "book"
        os.environ["OMP_NUM_THREADS"] = "1"  # the same sums on every number of cores, and times without waiting
        failed = for_each(paths_of(chosen), store)
        readme()
        report(failed, "every notebook is stored")


def paths_of(chosen: argparse.Namespace) -> list[Path]:
    return [path.resolve() for path in chosen.notebooks] or find()


def report(failed: list[str], success: str) -> None:
    """Exit with an error that names what failed, or say that nothing did."""
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    print(success)


if __name__ == "__main__":
    main()
