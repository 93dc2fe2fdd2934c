"""Run notebooks from top to bottom and write their pages to build/; the notebooks stay as they are.

python -m tools.execute [--cell-seconds N] [NOTEBOOK ...]      all of them, if none is named

execute               run one notebook; its outputs are kept in memory
for_each, report      do something with every notebook, whichever of them fail
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools import common, page

# The longest cell trains for some two minutes on one idle core; a busy machine may take several times as long.
CELL_SECONDS = 600


def execute(
    notebook: NotebookNode,
    folder: Path,
    cell_seconds: int = CELL_SECONDS,
    kernel: str = "python3",
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Execute `notebook` in `folder` and keep its outputs in it.

    kernel: the name under which Jupyter knows the kernel; environment: the variables that the kernel starts with.

    Raises RuntimeError that names the cell, if one fails, takes longer than `cell_seconds` or ends its kernel.
    """
    started: list[tuple[int, NotebookNode]] = []
    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        extra_arguments=["--log-level=ERROR"],  # else each kernel warns that it talks to us over TCP
        resources={"metadata": {"path": str(folder)}},
        timeout=cell_seconds,
        on_cell_start=lambda cell, cell_index: started.append((cell_index + 1, cell)),
        record_timing=False,
        store_widget_state=False,
    )
    try:
        client.execute(env=dict(environment))
    except CellExecutionError as error:
        raise RuntimeError(f"{common.label(*started[-1])}: {error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise RuntimeError(f"{common.label(*started[-1])}: not done after {cell_seconds} s") from error
    except DeadKernelError as error:
        raise RuntimeError(f"{common.label(*started[-1])}: the kernel died") from error


def for_each(paths: list[Path], action: Callable[[Path], None]) -> list[str]:
    """Call `action` with each notebook, print the seconds, and return the names of those that failed."""
    failed = []
    for path in paths:
        name, start = common.short(path), time.perf_counter()
        print(f"{name:40}", end=" ", flush=True)
        try:
            action(path)
            print(f"{time.perf_counter() - start:7.1f} s", flush=True)
        except Exception as error:  # whatever is wrong with this notebook, the others are still to be tried
            failed.append(name)
            print(f"{time.perf_counter() - start:7.1f} s  FAILED\n    {error}", flush=True)
    return failed


def report(failed: list[str], success: str) -> None:
    """Exit with an error that names what failed, or say that nothing did."""
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    print(success)


def run(path: Path, cell_seconds: int = CELL_SECONDS) -> None:
    """Execute one notebook and write its page, also if it fails: the page then ends with the error."""
    notebook = nbformat.read(path, as_version=4)
    try:
        execute(notebook, path.parent, cell_seconds)
    finally:
        made = (common.BUILD / common.short(path)).with_suffix(".html")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(page.as_html(notebook, path), encoding="utf-8")


def command_line(description: str) -> tuple[list[Path], int]:
    """Return the notebooks that the command line names, and the seconds that it gives each cell."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--cell-seconds", type=int, default=CELL_SECONDS, help="give up a cell after these seconds")
    given = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar in a page or in a stored output is debris
    return common.chosen(parser, given.notebooks), given.cell_seconds


def main() -> None:
    paths, cell_seconds = command_line(__doc__)
    # Two threads gain little here, and beside other work each waits for the other. Who knows better sets a number.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = for_each(paths, lambda path: run(path, cell_seconds))
    report(failed, "every notebook ran; the pages are in build/")


if __name__ == "__main__":
    main()
