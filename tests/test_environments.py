"""The tools that try other environments, without making one: the twin of Colab, and the oldest and newest packages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from test_project import ROOT
from test_tools import small  # noqa: F401 (a fixture)

from tools import colab_twin, common, environments, versions

TAG = 'REPOSITORY = "https://github.com/OWNER/NAME"\nTAG = "v0.0.9"  # the release'


@pytest.fixture
def project(small):  # noqa: F811
    """Return a small git checkout with a notebook and helpers, and something that git ignores."""
    nbformat.write(new_notebook(cells=[new_code_cell(TAG)]), small / "notebooks" / "gru.ipynb")
    (small / "helpers").mkdir()
    (small / "helpers" / "book.py").write_text("")
    (small / ".gitignore").write_text("*.log\n")
    (small / "much.log").write_text("")
    subprocess.run(["git", "init", "-q"], cwd=small, check=True)
    return small


def test_the_published_copy_answers_to_its_address_and_only_its_tag_has_the_helpers(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("twin")
    copy = colab_twin.published_copy(folder)
    assert copy == folder / "ada" / "rnn"
    (cell,) = nbformat.read(copy / "notebooks" / "gru.ipynb", as_version=4).cells
    assert cell.source == TAG.replace("OWNER/NAME", "ada/rnn").replace("v0.0.9", "v0.1.0")
    served = environments.served(folder)
    for branch, has in ((["-b", "v0.1.0"], True), ([], False)):
        clone = tmp_path_factory.mktemp("clone") / "rnn"
        command = ["git", "clone", "-q", *branch, "https://github.com/ada/rnn", str(clone)]
        subprocess.run(command, env=os.environ | served, check=True, capture_output=True)
        assert (clone / "helpers").exists() == has
        assert (clone / "notebooks" / "gru.ipynb").exists()
        assert not (clone / "much.log").exists()


class FakeEnvironment:
    """Takes notes of what is run, and has packages and a notebook's outputs as told."""

    def __init__(self, after, outputs):
        self.held, self.outputs, self.ran = [{"torch": "2.13.0"}, after], outputs, []

    def packages(self):
        return self.held.pop(0)

    def execute(self, notebook, folder, cell_seconds):
        assert not list(folder.iterdir())
        for cell, outputs in zip(notebook.cells, self.outputs, strict=True):
            cell.outputs = outputs

    def run(self, *arguments):
        self.ran.append(arguments)


GOOD = {"torch": "2.13.0", "d2l": "0.17.0", "modern-rnn-helpers": "0.1.0"}
WARNING = [new_output("stream", name="stdout", text="x.py:3: TqdmWarning: no bar")]


@pytest.mark.parametrize(
    ("after", "outputs", "message"),
    [
        (GOOD, [[], []], None),
        (GOOD | {"torch": "2.14.0"}, [[], []], r"changed or not installed: \['torch'\]"),
        (GOOD | {"sacrebleu": "2"}, [[], []], r"changed or not installed: \['sacrebleu'\]"),
        ({"torch": "2.13.0", "d2l": "0.17.0"}, [[], []], "not installed: .'modern-rnn-helpers'"),
        (GOOD, [[new_output("stream", name="stdout", text="Note: restart")], []], "first cell prints .*Note: restart"),
        (GOOD, [[], WARNING], r"cell 2 \(1\) shows: x.py:3: TqdmWarning: no bar"),
        (GOOD, [[], [new_output("stream", name="stderr", text="50%")]], r"cell 2 \(1\) shows: 50%"),
    ],
    ids=["fine", "torch", "more", "less", "prints", "warns", "stderr"],
)
def test_the_twin_sees_what_is_not_as_in_colab_and_then_forgets_what_was_installed(tmp_path, after, outputs, message):
    nbformat.write(new_notebook(cells=[new_code_cell("0"), new_code_cell("1")]), tmp_path / "gru.ipynb")
    fake = FakeEnvironment(after, outputs)
    if message:
        with pytest.raises(RuntimeError, match=message):
            colab_twin.run(fake, tmp_path / "gru.ipynb")
    else:
        colab_twin.run(fake, tmp_path / "gru.ipynb")
    assert fake.ran == [("-m", "pip", "uninstall", "-q", "-y", "d2l", "modern-rnn-helpers")]


@pytest.fixture
def bare(tmp_path):
    """Return an environment that costs nothing: the program `true` makes none, and its Python is this one."""
    environment = environments.Environment(tmp_path / "twin", "true", before="import sys; sys.started = 1", TOLD="yes")
    environment.python = Path(sys.executable)
    return environment


def test_nothing_of_ours_leads_into_an_environment(bare, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    names = "PYTHONPATH", "TQDM_DISABLE", "HOME", "TOLD", "MODERN_RNN_DATA"
    printed = bare.run("-c", f"import os; print([os.environ.get(name) for name in {names}])").strip()
    assert printed == str([None, None, str(bare.folder / "home"), "yes", "sample"])
    assert "torch" in bare.packages()
    with pytest.raises(RuntimeError, match=r"-c 1 / 0 failed:\nTraceback[^$]*ZeroDivisionError"):
        bare.run("-c", "1 / 0")


@pytest.mark.parametrize(("variable", "kept"), [("PIP_CACHE_DIR", True), ("PIP_NO_CACHE_DIR", False)])
def test_an_environment_shares_what_pip_keeps_if_it_keeps_something(variable, kept, tmp_path, monkeypatch):
    for name in ("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path) if kept else "1")
    settings = environments.Environment(tmp_path / "twin", "true").settings
    assert settings.get("PIP_CACHE_DIR") == (str(tmp_path) if kept else None)


def test_a_notebook_runs_in_the_environment_and_not_in_ours(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    source = "import os, sys\nprint(sys.started, os.environ.get('TQDM_DISABLE'), os.environ['TOLD'], os.listdir())"
    notebook = new_notebook(cells=[new_code_cell(source)])
    bare.execute(notebook, tmp_path)
    assert notebook.cells[0].outputs[0].text == "1 None yes ['twin']\n"
    assert environments.debris(notebook) == []


def test_the_oldest_packages_are_those_that_pyproject_names():
    declared = common.project()["dependencies"]
    assert versions.requirements("oldest") == [line.replace(">=", "==") for line in declared]
    names = [re.match(r"[\w-]+", line)[0] for line in declared]
    assert versions.requirements("newest") == [f"torch=={versions.TORCH}", *names[1:]]
    assert versions.requirements("oldest", "2.5.1")[0] == "torch==2.5.1"
    assert f"torch=={versions.TORCH} " in (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_a_dependency_written_otherwise_is_refused(small):  # noqa: F811
    text = '[project]\nversion = "1"\ndependencies = ["torch>=2.4", "numpy>=1.26,<3"]\n'
    (small / "pyproject.toml").write_text(text)
    with pytest.raises(SystemExit, match=r"name>=version; not so numpy>=1\.26,<3"):
        versions.requirements("oldest")


def test_the_unit_tests_for_other_versions_are_most_and_need_nothing_of_tools_and_teaching():
    names = versions.unit_tests(ROOT)
    assert "tests/test_training.py" in names
    assert len(names) > 30
    assert not {"tests/test_tools.py", "tests/test_notebooks.py", "tests/test_environments.py"} & set(names)
    assert not {"tests/test_fresh.py", "tests/test_pytest_entry.py", "tests/test_variants.py"} & set(names)
