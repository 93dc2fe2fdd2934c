"""Every link inside the project leads to a file that is there, and every #anchor to a heading: in texts and notebooks.

`broken` says which of a text's links do not; test_page asks `broken_in_page` about each page that `make run` writes.
"""

import functools
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tools import common

ROOT = Path(__file__).resolve().parents[1]
TEXTS = sorted([*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *ROOT.glob("[!.]*/**/*.md")])
TEXTS = [path for path in TEXTS if "build" not in path.relative_to(ROOT).parts]


@functools.cache
def source(path: Path) -> str:
    """The Markdown of a text or a notebook, without code."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"^(```|~~~).*?^\1|`[^`\n]+`", "", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """All addresses: [words](address), [words]: address, <a href>, <img src>."""
    found = re.findall(r"\]\(\s*<?([^)\s>]+)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)
    return found + re.findall(r"""\b(?:href|src)=["']([^"']*)["']""", text)


def anchors(path: Path) -> set[str]:
    """What a # may be followed by: for a text as GitHub makes it of the headings, for a notebook as Jupyter does."""
    raw = path.read_text(encoding="utf-8") if path.suffix == ".md" else source(path)
    headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", re.sub(r"^```.*?^```", "", raw, flags=re.DOTALL | re.M), re.M)
    words = [re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", heading) for heading in headings]
    if path.suffix == ".ipynb":
        found = [heading.replace(" ", "-") for heading in words]
    else:
        found = []
        for slug in (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in words):
            found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return {*found, *re.findall(r"""\b(?:id|name)=["']([^"']+)["']""", raw)}


def broken(path: Path, text: str) -> list[str]:
    """Return those links of `text`, which stands in `path`, that lead nowhere inside the project."""
    found = []
    for address in links(text):
        ours = re.match(rf"https://github\.com/{re.escape(common.address())}/(?:blob|tree)/main/(.+)", address)
        if re.match(r"\w+:|//", address) and not ours:
            continue
        place, _, anchor = unquote(ours[1] if ours else address).partition("#")
        target = (ROOT / place if ours else path.parent / place).resolve() if place else path
        missing = not target.exists() or not target.is_relative_to(ROOT)
        if missing or (anchor and target.suffix in (".md", ".ipynb") and anchor not in anchors(target)):
            found.append(address)
    return found


def broken_in_page(html: str, path: Path) -> list[str]:
    """Return the links of the page of the notebook at `path` that lead neither to a page, nor a file, nor a place."""
    found, places = [], set(re.findall(r"""\bid=["']([^"']+)["']""", html))
    for address in re.findall(r"""<a\b[^>]*\bhref=["']([^"']*)["']""", html):
        place, _, anchor = address.partition("#")
        target = path.parent / unquote(place)
        target = target.with_suffix(".ipynb") if target.suffix == ".html" else target
        there = target.exists() if place else {anchor, unquote(anchor)} & places  # a browser tries both
        if not re.match(r"\w+:", address) and not there:
            found.append(address)
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_links_of_a_text_lead_somewhere(path):
    assert broken(path, source(path)) == []


@pytest.mark.parametrize("path", common.find(), ids=common.short)
def test_the_links_of_a_notebook_lead_somewhere(path):
    assert broken(path, source(path)) == []


def test_the_readme_and_its_neighbours_are_among_the_texts():
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {path.name for path in TEXTS}


GOOD = """
# Two commands
## The `lab` & [more](x.md)
## Two commands
[a](#two-commands) [b](#two-commands-1) [c](#the-lab--more) [d](https://elsewhere.example/gone#x) [e](mailto:a@b.c)
[f](inside/notebook.ipynb#2.-A-heading) <a href="inside/">g</a> <img src="picture.png"> [h]
[h]: picture.png
```
[no link](nowhere.md)
# no heading
```
`[nor](this.md)`
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("[x](gone.md)", ["gone.md"]),
        ("[x](#gone) [y](#no-heading)", ["#gone", "#no-heading"]),
        ("[x](inside/notebook.ipynb#gone)", ["inside/notebook.ipynb#gone"]),
        ('<img src="gone.png"> <a href="#up">', ["gone.png", "#up"]),
        ("[x][y]\n\n[y]: gone.md", ["gone.md"]),
        ("[x](../outside.md)", ["../outside.md"]),
        (
            "[x](https://github.com/OWNER/NAME/blob/main/gone.md) [y](https://github.com/OWNER/NAME/blob/main/text.md)",
            ["https://github.com/OWNER/NAME/blob/main/gone.md"],
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text, found, tmp_path, monkeypatch):
    root = tmp_path / "project"
    (root / "inside").mkdir(parents=True)
    (root / "picture.png").touch()
    (tmp_path / "outside.md").touch()
    cell = nbformat.v4.new_markdown_cell("## 2. A heading")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "inside" / "notebook.ipynb")
    monkeypatch.setattr(f"{__name__}.ROOT", root)
    monkeypatch.setattr(common, "address", lambda: "OWNER/NAME")
    (root / "x.md").touch()
    (root / "text.md").write_text(GOOD + text, encoding="utf-8")
    assert sorted(broken(root / "text.md", source(root / "text.md"))) == sorted(found)


def test_a_link_of_a_page_that_leads_nowhere_is_found():
    html = '<h2 id="here"></h2><a href="lstm.html"></a><a href="gone.html"></a><a href="#here"></a><a href="#no">'
    html += (
        '<a href="https://d2l.ai/gone.html"></a><a class="x" href="img/gone.svg"></a><a href="img/gru-cell.svg"></a>'
    )
    assert broken_in_page(html, ROOT / "notebooks" / "gru.ipynb") == ["gone.html", "#no", "img/gone.svg"]
