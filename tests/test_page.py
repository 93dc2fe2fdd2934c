"""The pages of `make run`: nothing in them is fetched, formulas are formulas, pictures have words."""

import re

import matplotlib.pyplot as plt
import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_links import broken_in_page

from helpers import display
from tools import draw, page

ROOT = draw.IMG.parents[1]
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def page_of(*cells) -> str:
    return page.as_html(new_notebook(cells=list(cells)), ROOT / "notebooks" / "made.ipynb")


def text(source: str) -> str:
    return page_of(new_markdown_cell(source))


def shown(picture, text_alternative=True):
    """Return a cell whose output is this picture, as a notebook file stores it."""
    data, metadata = DisplayFormatter().format(picture)
    data = {kind: value for kind, value in data.items() if kind != "image/png"} | {"image/png": "iVBORw0KGgo="}
    output = new_output("execute_result", data=data, metadata=metadata if text_alternative else {}, execution_count=1)
    return new_code_cell("show", outputs=[output])


def fetched(html: str) -> list[str]:
    """Return what a browser would fetch to show a page."""
    inside = re.sub(r"/\*.*?\*/", "", html, flags=re.DOTALL)
    found = re.findall(r"""(?:\bsrc|<link[^>]*\bhref)\s*=\s*["']([^"']*)""", inside)
    found += re.findall(r"""(?:@import|url\()\s*["']?([^"')]*)""", inside)
    return [address for address in found if not address.startswith(("data:", "#"))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix())
def test_a_page_fetches_nothing_and_all_its_formulas_are_translated(path):
    html = page.as_html(nbformat.read(path, as_version=4), path)
    assert fetched(html) == []
    assert "<script" not in html
    assert not re.search(r"https?://[^\s\"']*cdn|unpkg|jsdelivr", html)
    assert broken_in_page(html, path) == []


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        ("$\\sigma(x)$", ['display="inline"', "σ|&#x003C3;"]),
        ("$$a_t = 1$$", ['display="block"', "<msub>"]),
        ("$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$", ["<mtable", "<mtr>.*<mtr>"]),
    ],
)
def test_a_formula_becomes_mathml(formula, parts):
    made = re.search(r"<math.*</math>", text(f"Here: {formula}"))[0]
    assert all(re.search(part, made) for part in parts)
    assert "&amp;" not in made
    assert "$" not in made


def test_a_formula_that_cannot_be_translated_is_named():
    with pytest.raises(ValueError, match=r"cannot translate \\nocommand in the formula"):
        text("$\\nocommand + 1$")


def test_links_between_notebooks_lead_to_pages_and_others_stay():
    html = text("[a](gru.ipynb) [b](solutions/gru.ipynb#x) [c](https://example.org/gru.ipynb)")
    assert 'href="gru.html"' in html
    assert 'href="solutions/gru.html#x"' in html
    assert 'href="https://example.org/gru.ipynb"' in html


def test_a_picture_from_elsewhere_leaves_its_words():
    html = text("[![Open it](https://example.org/badge.svg)](https://example.org)")
    assert '<a href="https://example.org">Open it</a>' in html


def test_a_figure_brings_its_alternative_text_into_the_page():
    html = page_of(shown(display.show(plt.figure(), alt='A line "rises" <.')))
    assert "A line &quot;rises&quot; &lt;." in html or "'A line \"rises\" &lt;.'" in html
    assert "No description" not in html


def test_a_drawing_brings_its_alternative_text_into_the_page():
    html = page_of(shown(display.diagram("gru-cell")))
    assert re.search(r'<img alt="One step of a gated recurrent unit[^"]*" src="data:image/svg', html)
    assert re.search(r'<img [^>]*style="--size: 720px"', html)
    assert "No description" not in html


def test_a_page_has_its_heading_as_title_and_tables_that_scroll_by_themselves():
    html = text("# Gates\n\n| a | b |\n| :-- | --: |\n| 1 | 2 |")
    assert "<title>Gates</title>" in html
    assert re.search(r'<div [^>]*class="scrolls"[^>]*><table>\s*<thead>', html)
    assert html.count("</table></div>") == 1


def test_the_notebook_stays_as_it_was():
    notebook = new_notebook(cells=[new_markdown_cell("[a](gru.ipynb)")])
    page.as_html(notebook, ROOT / "notebooks" / "made.ipynb")
    assert notebook.cells[0].source == "[a](gru.ipynb)"


def test_pictures_without_words_are_listed_with_their_cell():
    picture = display.show(plt.figure(), alt="A line rises.")
    notebook = new_notebook(cells=[new_markdown_cell("a"), shown(picture), shown(picture, text_alternative=False)])
    assert list(page.pictures_without_alt(notebook)) == ["cell 3 (show): image/png"]
