"""The tools: publish, readme, execute and store, on small folders made for the test."""

import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_project import NOT_OURS, ROOT, python

from tools import common, execute, publish, readme, store

# --- publish ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a folder with the tools, an address, and nothing else; the tools in this process work on it, too."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=NOT_OURS)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    project = '[project]\nversion = "0.1.0"\nurls = { Repository = "https://github.com/OWNER/NAME" }\n'
    (tmp_path / "pyproject.toml").write_text(project)
    monkeypatch.setattr(common, "ROOT", tmp_path)
    monkeypatch.setattr(common, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(common, "README", tmp_path / "README.md")
    return tmp_path


def test_publish_stamps_everything_and_nothing_else(tmp_path, monkeypatch):
    copy = shutil.copytree(ROOT, tmp_path / "copy", ignore=NOT_OURS)
    monkeypatch.setattr(common, "ROOT", copy)

    def texts():
        return {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}

    publish.publish("OWNER/NAME")
    start = texts()
    for address in ("ada-l/rnn.two", "ada-l/rnn.two", "b/c"):
        publish.publish(address)
        now = texts()
        for path, text in start.items():
            expected = re.sub(rb"(github(?:\.com)?|v2/gh)/OWNER/NAME", rb"\1/" + address.encode(), text)
            assert now[path] == (text if path.suffix == ".py" else expected), path
    assert b"github.com/b/c" in (copy / "pyproject.toml").read_bytes()
    assert python("-m", "tools.publish", "OWNER/NAME", cwd=copy)[0] == 0
    assert texts() == start


def test_publish_replaces_exact_addresses_only(small):
    ours = ["https://github.com/{}", "git+https://github.com/{}.git", "(https://github.com/{}/blob/main/a.ipynb)",
            "https://colab.research.google.com/github/{}/blob/main/a.ipynb", "see github.com/{}.",
            "https://mybinder.org/v2/gh/{}/main?urlpath=lab"]  # fmt: skip
    others = ["https://github.com/OWNER/NAME-other", "https://github.com/OWNER/NAMES", "github.com/OWNER/NAME.js",
              "gist.github.com/OWNER/NAME", "make publish REPO=OWNER/NAME", "github.com/MY-OWNER/NAME"]  # fmt: skip
    text = "\r\n".join(ours + others)
    (small / "README.md").write_bytes(text.replace("{}", "OWNER/NAME").encode())
    publish.publish("ada/rnn")
    assert (small / "README.md").read_bytes().decode() == text.replace("{}", "ada/rnn")


def test_publish_stamps_the_tag_of_the_version_and_says_what_the_owner_does(small, capsys):
    source = 'TAG = "v0.0.9"  # the release\nprint("TAG = v0.0.9")'
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), small / "notebooks" / "gru.ipynb")
    publish.publish("ada/rnn")
    (cell,) = nbformat.read(small / "notebooks" / "gru.ipynb", as_version=4).cells
    assert cell.source == source.replace('"v0.0.9"', '"v0.1.0"')
    assert "git tag v0.1.0\n    git push --atomic origin HEAD v0.1.0\n" in capsys.readouterr().out
    publish.publish("OWNER/NAME")
    assert "git " not in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", ["foo", "a/b/c", "", "a b/c", "a/..", "/b", "-a/b", "github.com/a/b", "a/b.git", "a/b\n"]
)
def test_publish_refuses_what_is_no_address(small, wrong):
    before = (small / "pyproject.toml").read_bytes()
    with pytest.raises(SystemExit, match="give it as owner/name"):
        publish.publish(wrong)
    assert (small / "pyproject.toml").read_bytes() == before


# --- readme ----------------------------------------------------------------------------------------------------------


def results_cell(*tables):
    outputs = [new_output("display_data", {"text/markdown": table, "text/plain": "<Markdown>"}) for table in tables]
    return new_code_cell("table", metadata={"tags": ["results"]}, outputs=outputs)


def test_the_readme_shows_the_stored_results():
    status, printed = python("-m", "tools.readme", "--check")
    assert status == 0, printed


def test_readme_copies_the_tables_and_check_only_compares(small):
    nbformat.write(new_notebook(cells=[results_cell("| new |\n| --: |")]), small / "notebooks" / "gru.ipynb")
    old = "# T\n<!-- results:gru -->\nold\n<!-- /results -->\nend\n"
    (small / "README.md").write_text(old)
    with pytest.raises(SystemExit, match="differs"):
        readme.update(check=True)
    assert (small / "README.md").read_text() == old
    readme.update()
    new = "# T\n<!-- results:gru -->\n\n| new |\n| --: |\n\n<!-- /results -->\nend\n"
    assert (small / "README.md").read_text() == new
    readme.update(check=True)


def test_readme_joins_the_tables_of_several_notebooks(small):
    for name, row in (("gru", "| plain RNN | 5 |"), ("lstm", "| nn.LSTM | 4 |\n| book | 7 |")):
        table = f"| model | held out |\n| :-- | --: |\n{row}"
        nbformat.write(new_notebook(cells=[results_cell(table)]), small / "notebooks" / f"{name}.ipynb")
    (small / "README.md").write_text("<!-- results:gru+lstm -->\n<!-- /results -->\n")
    readme.update()
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
        readme.update()


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
        readme.update()
    assert (small / "README.md").read_text() == text


# --- execute and store -----------------------------------------------------------------------------------------------


def write(path, *cells):
    nbformat.write(new_notebook(cells=[new_markdown_cell("[next](gru.ipynb)"), *map(new_code_cell, cells)]), path)


def test_notebooks_are_found_in_the_chapters_order(small):
    names = ["index", "gru", "lstm", "deep-rnn", "beam-search", "solutions/gru", "solutions/beam-search"]
    for name in [*names, ".ipynb_checkpoints/gru"]:
        path = small / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [common.short(path) for path in common.find()] == [f"{name}.ipynb" for name in names]


def test_run_makes_pages_goes_on_after_a_failure_and_leaves_the_sources_alone(small):
    folder = small / "notebooks"
    write(folder / "index.ipynb", "import os", "print(os.path.basename(os.getcwd()), os.environ['TQDM_DISABLE'])")
    write(folder / "gru.ipynb", "1 / 0")
    write(folder / "solutions" / "gru.ipynb", "import os; print('in', os.path.basename(os.getcwd()))")
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    status, printed = python("-m", "tools.execute", cwd=small, TQDM_DISABLE="", PYDEVD_DISABLE_FILE_VALIDATION="1")
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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import time\ntime.sleep(20)", r"cell 2 \(import time\): not done after 1 s"),
        ("import os\nos._exit(1)", r"cell 2 \(import os\): the kernel died"),
        ("'fine'\n1 / 0", r"cell 2 \('fine'\): ZeroDivisionError: division by zero"),
    ],
    ids=["too slow", "dead", "failing"],
)
def test_a_cell_that_does_not_come_to_its_end_is_named(source, message, tmp_path):
    notebook = new_notebook(cells=[new_markdown_cell("text"), new_code_cell(source), new_code_cell("1")])
    with pytest.raises(RuntimeError, match=message):
        execute.execute(notebook, tmp_path, cell_seconds=1)


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

    status, printed = python(
        "-m", "tools.store", cwd=small, MODERN_RNN_CACHE=str(small / "no-folder"), PYTHONPATH=str(ROOT)
    )
    assert status == 1
    assert "not stored: cell 3 (import sys; print('not so', file=sys.stderr)) writes to stderr: not so" in printed
    assert "cell 3 (datasets.time_machine()): DataError: " in printed
    assert printed.endswith("failed: gru.ipynb, lstm.ipynb\n")
    assert {name: (folder / f"{name}.ipynb").read_bytes() for name in ("gru", "lstm")} == before
    assert sorted(path.name for path in folder.glob("*.ipynb*")) == ["gru.ipynb", "index.ipynb", "lstm.ipynb"]
    assert "| a |" in (small / "README.md").read_text()

    stored = json.loads((folder / "index.ipynb").read_text())
    assert stored["metadata"] == store.METADATA
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
        (new_output("display_data", {"image/png": "aaa"}), "image/png has no alternative text"),
        (new_output("display_data", {"image/svg+xml": "<svg/>"}), "image/svg+xml has no alternative text"),
    ],
)
def test_what_is_not_stored(output, message, monkeypatch):
    monkeypatch.setattr(common, "ROOT", Path("/srv/project"))
    monkeypatch.setenv("HOME", "/srv/me")
    cells = [new_markdown_cell("text"), new_code_cell("first = 1\nsecond", outputs=[output])]
    (complaint,) = store.complaints(new_notebook(cells=cells))
    assert complaint.startswith("cell 2 (first = 1)")
    assert message in complaint


def test_ordinary_outputs_are_stored():
    outputs = [
        new_output("stream", name="stdout", text="loss 0.5, 100% correct\r\nsee https://x.org/home/a, 0x41\n"),
        new_output(
            "display_data",
            {"image/png": "aaa+/tmp/aaa", "text/plain": "A line rises."},
            metadata={"image/png": {"alt": "A line rises."}},
        ),
        new_output("display_data", {"text/markdown": "| 45% | 12% |", "text/plain": "<IPython Markdown object>"}),
    ]
    assert not list(store.complaints(new_notebook(cells=[new_code_cell("x", outputs=outputs)])))


@pytest.mark.parametrize(("given", "threads"), [(None, "1"), ("3", "3")])
def test_run_computes_with_one_thread_unless_told_otherwise(given, threads, small, monkeypatch):
    write(small / "notebooks" / "gru.ipynb", "'text'")
    monkeypatch.setattr("sys.argv", ["execute"])
    monkeypatch.setenv("OMP_NUM_THREADS", given or "")
    if given is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    seen = []
    monkeypatch.setattr(execute, "run", lambda *_: seen.append(os.environ["OMP_NUM_THREADS"]))
    execute.main()
    assert seen == [threads]


def test_a_missing_notebook_is_named(small):
    status, printed = python("-m", "tools.execute", "notebooks/gru.ipynb", cwd=small)
    assert status == 2
    assert "there is no notebook notebooks/gru.ipynb" in printed
