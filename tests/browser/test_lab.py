"""Every notebook in JupyterLab: as a reader first sees it, and, but for the solutions, after Run All on the sample.

JupyterLab does not show the alternative texts of pictures in outputs: of those only the pictures themselves are judged
here, and the texts on the pages of `make run` (test_pages.py).
"""

import contextlib
from pathlib import Path

import lab
import looks
import nbformat
import pytest

from tools import common, store

pytestmark = pytest.mark.browser
NOTEBOOKS = [common.short(path).removesuffix(".ipynb") for path in common.find()]
LOOKS = [(name, *look) for look in [("Light", 1300), ("Dark", 1300), ("Light", 390)] for name in common.PAGES]
LOOKS += [(name, "Light", 1300) for name in NOTEBOOKS if name not in common.PAGES]

RUN_SECONDS = 1800  # of one notebook on the sample: minutes, on a busy machine several times as many
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent.trim())"
OUTPUTS = ".jp-OutputArea-output"
MARKDOWN = ".jp-RenderedMarkdown"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with lab.start(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def open_notebook(server, open_page):
    """Return a function that opens a notebook in a theme, and returns the page when all its cells are drawn."""

    def open_notebook(name: str, width: int, theme: str = "Light"):
        server.set("apputils-extension/themes", {"theme": f"JupyterLab {theme}"})
        page = open_page(width)
        page.goto(server.address(f"{name}.ipynb"))
        page.wait_for_selector(f"body[data-jp-theme-name='JupyterLab {theme}']", state="attached")
        cells = nbformat.read(server.notebooks / f"{name}.ipynb", as_version=4).cells
        count = "document.querySelectorAll('.jp-Notebook .jp-Cell').length"
        lab.wait(lambda: page.evaluate(count) == len(cells), 120, f"the {len(cells)} cells of {name}")
        texts = sum(cell.cell_type == "markdown" for cell in cells)
        drawn = f"document.querySelectorAll('.jp-MarkdownCell {MARKDOWN}:not(:empty)').length"
        lab.wait(lambda: page.evaluate(drawn) == texts, 120, f"the {texts} texts of {name}")
        page.wait_for_timeout(1000)  # formulas are set after the text that they stand in
        return page

    return open_notebook


def written_since(before: int, file: Path):
    """Return the notebook, None if it has not been written since, or not yet to its end."""
    if file.stat().st_mtime_ns > before:
        with contextlib.suppress(nbformat.reader.NotJSONError):
            return nbformat.read(file, as_version=4)
    return None


def stored_pictures(notebook) -> int:
    return sum(any(kind.startswith("image/") for kind in output.get("data", {}))
               for cell in notebook.cells for output in cell.get("outputs", []))  # fmt: skip


def judge_what_is_seen(page, notebook, width: int) -> None:
    seen = looks.pictures(page, OUTPUTS)
    assert len(seen) == stored_pictures(notebook)
    for picture in [*seen, *looks.pictures(page, MARKDOWN)]:
        assert picture["pixels"] > 0, picture
        assert picture["width"] > 100, picture
        assert width < 1000 or picture["right"] <= width, picture
    assert all(picture["alt"].strip() for picture in looks.pictures(page, MARKDOWN))
    assert looks.raw_tex(page, MARKDOWN) == []
    assert "Error displaying widget" not in page.inner_text(".jp-Notebook")
    assert "IPython.core.display" not in page.inner_text(".jp-Notebook")


@pytest.mark.parametrize(("name", "theme", "width"), LOOKS)
def test_a_notebook_that_was_never_run_here_is_whole(name, theme, width, server, open_notebook, shoot):
    page = open_notebook(name, width, theme)
    notebook = nbformat.read(server.notebooks / f"{name}.ipynb", as_version=4)
    assert server.trusted(f"{name}.ipynb") == {False}
    shoot(page, f"lab-{name.replace('/', '-')}-{theme.lower()}-{width}")
    judge_what_is_seen(page, notebook, width)


@pytest.mark.parametrize("name", common.PAGES)
def test_run_all_works_and_leaves_a_notebook_fit_to_be_read(name, server, open_notebook, shoot):
    """What was saved is judged: each code cell in its place, no error, no piece of a progress bar."""
    page = open_notebook(name, 1300)
    lab.wait(lambda: server.connected(f"{name}.ipynb"), 120, f"the page of {name} talks to its kernel")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()

    # The cells are all sent at once, and all say [*] until they have been run, or given up after an error.
    lab.wait(lambda: "[*]:" in page.evaluate(PROMPTS), 60, "the first cell runs")
    lab.wait(lambda: "[*]:" not in page.evaluate(PROMPTS), RUN_SECONDS, f"the last cell of {name} is done")
    lab.wait(lambda: server.connected(f"{name}.ipynb"), 60, "the kernel has nothing to do")
    file = server.notebooks / f"{name}.ipynb"
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    saved = lab.wait(lambda: written_since(before, file), 60, f"{name} is saved")
    counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code" and cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert list(store.complaints(saved)) == []
    shoot(page, f"lab-{name}-run")
    judge_what_is_seen(page, saved, 1300)
    server.end(f"{name}.ipynb")
