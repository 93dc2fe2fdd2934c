"""The project as a whole: style, README, requirements, the wheel, the Makefile, and tools/notebooks.py."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import tomllib
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebooks as tool

ROOT = Path(__file__).resolve().parents[1]
TOOL = "tools/notebooks.py"
NOT_OURS = shutil.ignore_patterns(".*", "build", "__pycache__", "*.egg-info")


def python(*arguments, cwd=ROOT, **environment):
    """Run Python in a process of its own; return its exit status and all that it printed."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_style(command):
    status, printed = python("-m", "ruff", *command, "--no-cache", "--output-format=concise")
    assert status == 0, printed


def test_every_requirement_is_pinned_and_has_a_reason():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(lines) > 10
    pin = r"==[\d.]+|>=[\d.]+,<[\d.]+"
    wrong = [line for line in lines if not re.fullmatch(rf"([\w-]+({pin})|-e \.) +# \S.{{10,}}", line)]
    assert not wrong
    assert lines[-1].startswith("-e .")


def test_what_helpers_declares_is_pinned_for_development():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    pinned = re.findall(r"^([\w-]+)[=>]", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert {re.match(r"[\w-]+", line)[0] for line in declared} <= set(pinned)


def test_conda_installs_the_same_requirements():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert re.search(r"^ +- pip:\n +- -r requirements\.txt$", text, re.MULTILINE)


def test_the_links_and_pictures_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    inside = [address for address in re.findall(r"\]\(([^)\s#]+)", text) if not re.match(r"\w+:", address)]
    inside += re.findall(rf"/{re.escape(tool.address())}/(?:blob|tree)/main/([^)\s#]+)", text)
    missing = [address for address in inside if not (ROOT / address).exists()]
    assert not missing
    assert "![](" not in text, "a picture has no alternative text"


def test_no_file_names_a_package_registry_or_a_path_of_one_machine():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    hosts = [("pypi", "org"), ("pythonhosted", "org"), ("download.pytorch", "org"), ("anaconda", "org")]
    hosts += [("repo.anaconda", "com"), ("npmjs", "org")]
    forbidden = [re.escape(".".join(host)) for host in hosts]
    forbidden += [rf"(?<![\w.]){re.escape(str(ROOT))}\b", r"(?<![\w.])/(home|root|Users)/\w"]
    for name in filter(None, names):
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore") if (ROOT / name).is_file() else ""
        match = re.search("|".join(forbidden), text)
        assert not match, f"{name}: {match[0]}"


# --- the wheel, which is what Colab installs -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the folder of an unpacked wheel, built from a copy so that no old build/ leaks into it."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_OURS)
    build = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source"]
    status, printed = python(*build, PIP_NO_INDEX="1")
    assert status == 0, printed
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_holds_all_modules_the_sample_and_the_drawings(wheel):
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "helpers").rglob("*.py")}
    expected |= {f"helpers/samples/{path.name}" for path in (ROOT / "helpers" / "samples").glob("*.t*")}
    expected |= {f"helpers/img/{path.name}" for path in (ROOT / "notebooks" / "img").glob("*.svg")}
    present = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    assert expected <= present
    assert {name.split("/")[0] for name in present if ".dist-info/" not in name} == {"helpers"}


def test_the_installed_helpers_find_their_files(wheel, tmp_path):
    names = [path.stem for path in (ROOT / "notebooks" / "img").glob("*.svg")]
    script = f"""
from pathlib import Path
from helpers import datasets, plotting
assert Path(datasets.__file__).is_relative_to({str(wheel)!r}), datasets.__file__
assert len(datasets.time_machine("sample").raw) > 40_000
for name in {names!r}:
    assert "<title" in plotting.diagram(name).data
"""
    status, printed = python("-c", script, cwd=tmp_path, PYTHONPATH=str(wheel))
    assert status == 0, printed


# --- Makefile and .ci/run --------------------------------------------------------------------------------------------


def make(*arguments):
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=outer, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("test", "/bin/pytest"),
        ("lab", "/bin/jupyter lab notebooks/index.ipynb"),
        ("run", "/bin/python tools/notebooks.py run"),
        ("lint", "/bin/ruff format --check"),
        ("publish", "/bin/python tools/notebooks.py publish ada/rnn"),
    ],
)
def test_make_installs_once_and_then_runs_one_line(tmp_path, target, line):
    settings = [f"VENV={tmp_path}/venv", "REPO=ada/rnn"]
    status, first = make("-n", target, *settings)
    assert status == 0, first
    assert "-m venv" in first
    assert f"{tmp_path}/venv{line}" in first.replace('"', "")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / ".ready").touch()
    assert "-m venv" not in make("-n", target, *settings)[1]
    assert f"make {target}" in make()[1]


def test_make_publish_asks_for_the_address_before_anything_else(tmp_path):
    status, printed = make("publish", "REPO=", f"VENV={tmp_path}/venv")
    assert status != 0
    assert "make publish REPO=owner/name" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("pretence", "message"),
    [
        ("import sys; sys.version_info = (3, 10, 1)", "Python 3.11 or newer is needed"),
        ("import sys; sys.modules['ensurepip'] = None", "python3-venv"),
    ],
)
def test_make_explains_an_unfit_python(tmp_path, pretence, message):
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretence}; exec(sys.argv[1])" "$2"\n')
    fake.chmod(0o755)
    status, printed = make("test", f"VENV={tmp_path}/venv", f"PYTHON={fake}")
    assert status != 0
    assert message in printed
    assert not (tmp_path / "venv").exists()


def test_ci_runs_the_readme_command_in_a_fresh_environment():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert re.search(r'^make test VENV="\$fresh/venv"$', script.read_text(encoding="utf-8"), re.MULTILINE)


# --- tools/notebooks.py publish --------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a folder with the tool, an address, and nothing else; `tool` in this process works on it, too."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / TOOL, tmp_path / "tools")
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nurls = { Repository = "https://github.com/OWNER/NAME" }\n')
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(tool, "README", tmp_path / "README.md")
    return tmp_path


def test_publish_stamps_everything_and_nothing_else(tmp_path, monkeypatch):
    copy = shutil.copytree(ROOT, tmp_path / "copy", ignore=NOT_OURS)
    monkeypatch.setattr(tool, "ROOT", copy)

    def texts():
        return {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}

    tool.publish("OWNER/NAME")
    start = texts()
    for address in ("ada-l/rnn.two", "ada-l/rnn.two", "b/c"):
        tool.publish(address)
        now = texts()
        for path, text in start.items():
            expected = re.sub(rb"github(\.com)?/OWNER/NAME", rb"github\1/" + address.encode(), text)
            assert now[path] == (text if path.suffix == ".py" else expected), path
    assert b"github.com/b/c" in (copy / "pyproject.toml").read_bytes()
    assert python(TOOL, "publish", "OWNER/NAME", cwd=copy)[0] == 0
    assert texts() == start


def test_publish_replaces_exact_addresses_only(small):
    ours = ["https://github.com/{}", "git+https://github.com/{}.git", "(https://github.com/{}/blob/main/a.ipynb)",
            "https://colab.research.google.com/github/{}/blob/main/a.ipynb", "see github.com/{}."]  # fmt: skip
    others = ["https://github.com/OWNER/NAME-other", "https://github.com/OWNER/NAMES", "github.com/OWNER/NAME.js",
              "gist.github.com/OWNER/NAME", "make publish REPO=OWNER/NAME", "github.com/MY-OWNER/NAME"]  # fmt: skip
    text = "\r\n".join(ours + others)
    (small / "README.md").write_bytes(text.replace("{}", "OWNER/NAME").encode())
    tool.publish("ada/rnn")
    assert (small / "README.md").read_bytes().decode() == text.replace("{}", "ada/rnn")


@pytest.mark.parametrize(
    "wrong", ["foo", "a/b/c", "", "a b/c", "a/..", "/b", "-a/b", "github.com/a/b", "a/b.git", "a/b\n"]
)
def test_publish_refuses_what_is_no_address(small, wrong):
    before = (small / "pyproject.toml").read_bytes()
    with pytest.raises(SystemExit, match="give it as owner/name"):
        tool.publish(wrong)
    assert (small / "pyproject.toml").read_bytes() == before


# --- tools/notebooks.py readme ---------------------------------------------------------------------------------------


def results_cell(*tables):
    outputs = [new_output("display_data", {"text/markdown": table, "text/plain": "<Markdown>"}) for table in tables]
    return new_code_cell("table", metadata={"tags": ["results"]}, outputs=outputs)


def test_the_readme_shows_the_stored_results():
    status, printed = python(TOOL, "readme", "--check")
    assert status == 0, printed


def test_readme_copies_the_tables_and_check_only_compares(small):
    nbformat.write(new_notebook(cells=[results_cell("| new |\n| --: |")]), small / "notebooks" / "gru.ipynb")
    old = "# T\n<!-- results:gru -->\nold\n<!-- /results -->\nend\n"
    (small / "README.md").write_text(old)
    with pytest.raises(SystemExit, match="differs"):
        tool.readme(check=True)
    assert (small / "README.md").read_text() == old
    tool.readme()
    new = "# T\n<!-- results:gru -->\n\n| new |\n| --: |\n\n<!-- /results -->\nend\n"
    assert (small / "README.md").read_text() == new
    tool.readme(check=True)


def test_readme_joins_the_tables_of_several_notebooks(small):
    for name, row in (("gru", "| plain RNN | 5 |"), ("lstm", "| nn.LSTM | 4 |\n| book | 7 |")):
        table = f"| model | held out |\n| :-- | --: |\n{row}"
        nbformat.write(new_notebook(cells=[results_cell(table)]), small / "notebooks" / f"{name}.ipynb")
    (small / "README.md").write_text("<!-- results:gru+lstm -->\n<!-- /results -->\n")
    tool.readme()
    assert (small / "README.md").read_text().splitlines()[2:-2] == [
        "| section | model | held out |",
        "| :-- | :-- | --: |",
        "| gru | plain RNN | 5 |",
        "| lstm | nn.LSTM | 4 |",
        "| lstm | book | 7 |",
    ]


def test_readme_joins_only_tables_with_the_same_columns(small):
    for name, head in (("gru", "| model |\n| :-- |"), ("lstm", "| other |\n| :-- |")):
        nbformat.write(new_notebook(cells=[results_cell(head)]), small / "notebooks" / f"{name}.ipynb")
    (small / "README.md").write_text("<!-- results:gru+lstm -->\n<!-- /results -->\n")
    with pytest.raises(SystemExit, match="the columns of lstm differ"):
        tool.readme()


@pytest.mark.parametrize(
    ("cells", "text", "message"),
    [
        ([], "<!-- results:gru -->\n<!-- /results -->", "it has 0"),
        ([results_cell("a"), results_cell("b")], "<!-- results:gru -->\n<!-- /results -->", "it has 2"),
        ([results_cell()], "<!-- results:gru -->\n<!-- /results -->", "one Markdown table"),
        ([results_cell("a")], "<!-- results:gru -->\n", "one <!-- /results -->"),
        ([results_cell("a")], "<!-- results:lstm -->\n<!-- /results -->", "no notebooks/lstm.ipynb"),
    ],
)
def test_readme_says_what_it_cannot_copy(small, cells, text, message):
    nbformat.write(new_notebook(cells=cells), small / "notebooks" / "gru.ipynb")
    (small / "README.md").write_text(text)
    with pytest.raises(SystemExit, match=message):
        tool.readme()
    assert (small / "README.md").read_text() == text


# --- tools/notebooks.py run and store --------------------------------------------------------------------------------


def write(path, *cells):
    nbformat.write(new_notebook(cells=[new_markdown_cell("[next](gru.ipynb)"), *map(new_code_cell, cells)]), path)


def test_notebooks_are_found_in_the_chapters_order(small):
    names = ["index", "gru", "lstm", "deep-rnn", "beam-search", "solutions/gru", "solutions/beam-search"]
    for name in [*names, ".ipynb_checkpoints/gru"]:
        path = small / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [tool.short(path) for path in tool.find()] == [f"{name}.ipynb" for name in names]


def test_run_makes_pages_goes_on_after_a_failure_and_leaves_the_sources_alone(small):
    folder = small / "notebooks"
    write(folder / "index.ipynb", "import os", "print(os.path.basename(os.getcwd()), os.environ['TQDM_DISABLE'])")
    write(folder / "gru.ipynb", "1 / 0")
    write(folder / "solutions" / "gru.ipynb", "import os; print('in', os.path.basename(os.getcwd()))")
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    status, printed = python(TOOL, "run", cwd=small, TQDM_DISABLE="")
    assert status == 1
    assert re.sub(r" +\d+\.\d s", "  1.0 s", printed).splitlines() == [
        "index.ipynb  1.0 s",
        "gru.ipynb  1.0 s  FAILED",
        "    cell 2 (1 / 0): ZeroDivisionError: division by zero",
        "solutions/gru.ipynb  1.0 s",
        "failed: gru.ipynb",
    ]
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before
    pages = {name: (small / "build" / f"{name}.html").read_text() for name in ("index", "gru", "solutions/gru")}
    assert "notebooks 1\n" in pages["index"]
    assert 'href="gru.html"' in pages["index"]
    assert "ZeroDivisionError" in pages["gru"]
    assert "in solutions\n" in pages["solutions/gru"]


def test_store_cleans_what_is_fit_and_leaves_the_rest_alone(small):
    folder = small / "notebooks"
    table = "from IPython.display import Markdown, display\ndisplay(Markdown('| a |\\n| --: |'))"
    pieces = "import os\nprint(os.environ['MODERN_RNN_DATA'], flush=True)\nprint('twice')"
    write(folder / "index.ipynb", pieces, table)
    notebook = nbformat.read(folder / "index.ipynb", as_version=4)
    notebook.metadata = {"kernelspec": {"name": "other", "display_name": "x"}, "widgets": {"state": {}}}
    notebook.cells[1].metadata = {"execution": {"iopub.status.busy": "12:00"}, "tags": ["a"]}
    notebook.cells[2].metadata = {"tags": ["results"]}
    nbformat.write(notebook, folder / "index.ipynb")
    write(folder / "gru.ipynb", "print('fine')", "import sys; print('not so', file=sys.stderr)")
    write(folder / "lstm.ipynb", "from helpers import datasets", "datasets.time_machine()")
    (small / "no-folder").write_text("a file where the cache folder should be")
    (small / "README.md").write_text("<!-- results:index -->\n<!-- /results -->\n")
    before = {name: (folder / f"{name}.ipynb").read_bytes() for name in ("gru", "lstm")}

    status, printed = python(TOOL, "store", cwd=small, MODERN_RNN_CACHE=str(small / "no-folder"), PYTHONPATH=str(ROOT))
    assert status == 1
    assert "not stored: cell 3 (import sys; print('not so', file=sys.stderr)) writes to stderr: not so" in printed
    assert "cell 3 (datasets.time_machine()): DataError: " in printed
    assert printed.endswith("failed: gru.ipynb, lstm.ipynb\n")
    assert {name: (folder / f"{name}.ipynb").read_bytes() for name in ("gru", "lstm")} == before
    assert sorted(path.name for path in folder.glob("*.ipynb*")) == ["gru.ipynb", "index.ipynb", "lstm.ipynb"]
    assert "| a |" in (small / "README.md").read_text()

    stored = json.loads((folder / "index.ipynb").read_text())
    assert stored["metadata"] == tool.METADATA
    first, second = stored["cells"][1:]
    assert [first["metadata"], second["metadata"]] == [{"tags": ["a"]}, {"tags": ["results"]}]
    assert [first["execution_count"], second["execution_count"]] == [1, 2]
    assert first["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["book\n", "twice\n"]}]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (new_output("error", ename="ValueError", evalue="no", traceback=[]), "has an error: ValueError"),
        (new_output("stream", name="stderr", text="hm"), "writes to stderr: hm"),
        (new_output("stream", name="stdout", text="x.py:3: UserWarning: old"), "shows a warning: 'UserWarning:'"),
        (new_output("stream", name="stdout", text="50%|#####     |"), "shows a progress bar"),
        (new_output("stream", name="stdout", text="1 of 2\r2 of 2"), "shows a progress bar"),
        (new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}}), "shows a widget"),
        (new_output("execute_result", {"text/plain": "<f at 0x7fab12cd34>"}), "shows a memory address"),
        (new_output("execute_result", {"text/plain": "PosixPath('/tmp/x')"}), "shows a path of this machine: '/tmp/'"),
        (new_output("execute_result", {"text/html": "lib/site-packages/torch"}), "shows a path of this machine"),
        (new_output("stream", name="stdout", text="in /srv/project/x"), "shows a path of this machine: '/srv/project'"),
        (new_output("stream", name="stdout", text="in /srv/me/x"), "shows a path of this machine: '/srv/me'"),
    ],
)
def test_what_is_not_stored(output, message, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", Path("/srv/project"))
    monkeypatch.setenv("HOME", "/srv/me")
    cells = [new_markdown_cell("text"), new_code_cell("first = 1\nsecond", outputs=[output])]
    (complaint,) = tool.complaints(new_notebook(cells=cells))
    assert complaint.startswith(f"cell 2 (first = 1) {message}")


def test_ordinary_outputs_are_stored():
    outputs = [
        new_output("stream", name="stdout", text="loss 0.5, 100% correct\r\nsee https://x.org/home/a, 0x41\n"),
        new_output("display_data", {"image/png": "aaa+/tmp/aaa", "text/plain": "<Figure size 620x300 with 1 Axes>"}),
        new_output("display_data", {"text/markdown": "| 45% | 12% |", "text/plain": "<IPython Markdown object>"}),
    ]
    assert not list(tool.complaints(new_notebook(cells=[new_code_cell("x", outputs=outputs)])))


def test_a_missing_notebook_is_named(small):
    status, printed = python(TOOL, "run", "notebooks/gru.ipynb", cwd=small)
    assert status == 2
    assert "there is no notebook notebooks/gru.ipynb" in printed
