"""The long experiments: stored is what the notebooks' code and the grids ask for, and the prose says what is stored."""

import json
import sys

import pytest
from notebook_code import NOTEBOOKS

from helpers import results

sys.path.insert(0, str(NOTEBOOKS.parent / "experiments"))
import run as experiments

NAMES = experiments.names()


def prose(notebook: str) -> str:
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    return " ".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 writes the same code otherwise (ast.unparse)")
@pytest.mark.parametrize("name", NAMES)
def test_the_stored_rows_are_those_of_the_grid_and_of_the_notebooks_present_code(name):
    module, stored = experiments.experiment(name), json.loads((experiments.RESULTS / f"{name}.json").read_text())
    stale = f"run: python experiments/run.py {name}"
    assert stored["code"] == experiments.digest(module), stale
    keys = module.GRID[0].keys()
    assert [{key: row[key] for key in keys} for row in stored["rows"]] == module.GRID, stale
    assert {"date", "machine", "threads", "torch", "numpy", "python"} <= stored["made"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_says_what_the_results_say(name):
    module = experiments.experiment(name)
    said = module.sentences(results.load(name))
    assert said
    text = prose(module.NOTEBOOK)
    assert [sentence for sentence in said if sentence not in text] == []


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with a notebook whose function adds, an experiment on it, and a counter of calls."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "experiments").mkdir()

    def notebook(body: str) -> None:
        cells = [
            {"cell_type": "code", "metadata": {}, "source": ["import math\n", "raise SystemExit"]},
            {"cell_type": "code", "metadata": {"tags": ["experiment"]}, "source": [body, "\n1 / 0"]},
        ]
        (tmp_path / "notebooks" / "sums.ipynb").write_text(json.dumps({"cells": cells}))

    def grid(*numbers: int) -> None:
        file = tmp_path / "experiments" / "add_up.py"
        file.write_text(f"NOTEBOOK, FUNCTION = 'sums', 'add'\nGRID = [{{'a': a, 'b': 1}} for a in {numbers}]\n")

    monkeypatch.setattr(experiments, "HERE", tmp_path / "experiments")
    monkeypatch.setattr(experiments, "ROOT", tmp_path)
    monkeypatch.setattr(experiments, "RESULTS", tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    notebook("def add(a, b):\n    return {'sum': math.floor(a + b), 'ok': True, 'list': [a]}")
    grid(3, 1, 2)
    return tmp_path, notebook, grid


def stored(folder) -> list:
    return json.loads((folder / "add-up.json").read_text())["rows"]


def test_an_experiment_calls_the_notebooks_function_and_keeps_its_numbers(small):
    folder, _, _ = small
    experiments.run("add-up")
    assert [{key: row[key] for key in ("a", "b", "sum", "ok")} for row in stored(folder)] == [
        {"a": a, "b": 1, "sum": a + 1, "ok": True} for a in (3, 1, 2)
    ]
    assert all("list" not in row and row["seconds"] >= 0 for row in stored(folder))
    assert [path.name for path in folder.glob("*.json")] == ["add-up.json"]


def test_a_killed_experiment_goes_on_where_it_stood(small):
    folder, notebook, _ = small
    (folder / "stop").touch()
    body = (
        "from pathlib import Path\ndef add(a, b):\n"
        f"    Path(r'{folder}', 'calls').open('a').write(str(a))\n"
        f"    if a == 1 and Path(r'{folder}', 'stop').exists():\n        raise KeyboardInterrupt\n"
        "    return {'sum': a + b}"
    )
    notebook(body)
    with pytest.raises(KeyboardInterrupt):
        experiments.run("add-up")
    assert not (folder / "add-up.json").exists()
    (folder / "stop").unlink()
    experiments.run("add-up")
    assert (folder / "calls").read_text() == "3112"
    assert [row["sum"] for row in stored(folder)] == [4, 2, 3]


def test_a_larger_grid_does_what_is_missing_and_other_code_begins_anew(small):
    folder, notebook, grid = small
    experiments.run("add-up")
    grid(3, 5)
    experiments.run("add-up")
    assert [row["a"] for row in stored(folder)] == [3, 5]
    notebook("def add(a, b):\n    return {'sum': a - b}")
    experiments.run("add-up")
    assert [row["sum"] for row in stored(folder)] == [2, 4]


def test_code_that_the_function_does_not_reach_may_change(small):
    folder, notebook, _ = small
    parts = {"one": "ONE = 1", "half": "def half(a):\n    return a / 2", "sum": "class Sum(int):\n    pass"}
    add = "def add(a, b):\n    return {'sum': Sum(part(a) + b)}"
    part = "def part(a):\n    return a + ONE"

    def written(**changed):
        notebook("\n".join([*(parts | changed).values(), part, add]))

    written()
    experiments.run("add-up")
    before = stored(folder)
    assert [row["sum"] for row in before] == [5, 3, 4]
    written(half="def half(a):\n    return a / 3")
    experiments.run("add-up")
    assert stored(folder) == before
    written(one="ONE = 2")
    experiments.run("add-up")
    assert [row["sum"] for row in stored(folder)] == [6, 4, 5]


def test_a_smaller_or_reordered_grid_is_stored_as_it_is(small):
    folder, _, grid = small
    experiments.run("add-up")
    grid(2, 3)
    experiments.run("add-up")
    assert [row["a"] for row in stored(folder)] == [2, 3]


def test_an_extension_that_is_killed_goes_on_where_it_stood(small):
    folder, notebook, grid = small
    notebook(
        "from pathlib import Path\ndef add(a, b):\n"
        f"    Path(r'{folder}', 'calls').open('a').write(str(a))\n"
        f"    if a == 7 and Path(r'{folder}', 'stop').exists():\n        raise KeyboardInterrupt\n"
        "    return {'sum': a + b}"
    )
    experiments.run("add-up")
    grid(3, 1, 2, 5, 7)
    (folder / "stop").touch()
    with pytest.raises(KeyboardInterrupt):
        experiments.run("add-up")
    (folder / "stop").unlink()
    experiments.run("add-up")
    assert (folder / "calls").read_text() == "312577"
    assert [row["a"] for row in stored(folder)] == [3, 1, 2, 5, 7]
    assert [path.name for path in folder.glob("*.json")] == ["add-up.json"]


def test_rows_of_two_machines_are_not_mixed(small, monkeypatch):
    folder, _, grid = small
    experiments.run("add-up")
    here = experiments.provenance()
    monkeypatch.setattr(experiments, "provenance", lambda: here | {"torch": "0.0"})
    experiments.run("add-up")
    made = json.loads((folder / "add-up.json").read_text())["made"]
    assert made["torch"] == here["torch"], "nothing was missing, so nothing was run"
    path = folder / "add-up.json"
    path.write_text(path.read_text().replace('"sum": 4', '"sum": 99'))
    grid(3, 1, 2, 5)
    experiments.run("add-up")
    assert [row["sum"] for row in stored(folder)] == [4, 2, 3, 6]


@pytest.mark.parametrize("measured", ["float('nan')", "[a]"])
def test_a_run_that_measures_no_number_is_refused(small, measured):
    _, notebook, _ = small
    notebook(f"def add(a, b):\n    return {{'sum': {measured}}}")
    with pytest.raises(ValueError, match=r"the run {'a': 3, 'b': 1} must measure finite numbers; it gave "):
        experiments.run("add-up")


def test_an_unknown_experiment_is_named_with_those_there_are(small):
    with pytest.raises(SystemExit, match="no experiment 'x'; there are: add-up"):
        experiments.run("x")


# --- results ---------------------------------------------------------------------------------------------------------

ROWS = [{"rival": rival, "seed": seed, "score": seed + len(rival)} for rival in ("a", "bb") for seed in (0, 1)]


def test_values_are_gathered_by_settings():
    found = results.Results("x", ROWS, {})
    assert found.values("score", by=["rival"]) == {("a",): [1, 2], ("bb",): [2, 3]}
    assert found.values("score", by=["rival"], seed=1) == {("a",): [2], ("bb",): [3]}
    assert found.values("score", by=["rival"], seed=(1,)) == found.values("score", by=["rival"], seed=range(1, 2))
    assert found.values("score", by=["rival", "seed"], seed=[0, 1], rival="a") == {("a", 0): [1], ("a", 1): [2]}


def test_what_is_not_there_is_named():
    found = results.Results("x", ROWS, {})
    with pytest.raises(KeyError, match="x has no 'speed'; it has: rival, seed, score"):
        found.values("speed", by=["rival"])
    for seeds in (9, [0, 9], range(8, 10)):
        with pytest.raises(ValueError, match=r"no row of x has seed = [89]"):
            found.values("score", by=["rival"], seed=seeds)
    with pytest.raises(FileNotFoundError, match=r"no results of 'nothing'; there are: .*gru-memory"):
        results.load("nothing")
