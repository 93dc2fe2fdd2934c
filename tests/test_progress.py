"""Bars: what is seen of them in a terminal, and what stays of them in a notebook."""

import io
import subprocess
import sys
from contextlib import nullcontext

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers import progress
from tools import execute, store

CELLS = """
from helpers import progress
print("before")
for total in (3, None):
    with progress.bar(total=total, desc="walking") as bar:
        bar.update()
        print("during")
print("after")
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_nothing_of_a_bar_stays_in_a_notebook(quiet, tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    if not quiet:
        monkeypatch.delenv("TQDM_DISABLE")
    notebook = new_notebook(cells=[new_code_cell(CELLS)])
    execute.execute(notebook, tmp_path)
    assert list(store.complaints(notebook)) == []
    outputs = notebook.cells[0].outputs
    places = [output.data for output in outputs if output.output_type == "display_data"]
    assert places == [{"text/plain": ""}] * (0 if quiet else 2)  # else no bar was shown at all
    assert "".join(output.get("text", "") for output in outputs) == "before\nduring\nduring\nafter\n"


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_a_bar_in_a_terminal_is_wiped_out_however_it_ends(error, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE")
    terminal = io.StringIO()

    def task():
        with progress.bar(total=4, desc="walking", unit="step", file=terminal) as bar:
            bar.update(2)
            bar.refresh()
            if error:
                raise error

    with pytest.raises(error) if error else nullcontext():
        task()
    shown = terminal.getvalue().split("\r")
    assert any("walking:  50%" in line and "2/4" in line for line in shown)
    assert not shown[-1].strip()


def test_the_environment_silences_bars(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    terminal = io.StringIO()
    with progress.bar(total=4, desc="walking", file=terminal) as bar:
        bar.update(4)
    assert terminal.getvalue() == ""


def test_outside_of_a_notebook_nothing_is_loaded_for_one():
    code = "import sys; from helpers import training; print([n for n in ('IPython', 'ipywidgets') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout == "[]\n"
