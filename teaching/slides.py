"""Make slides of a notebook's short path, from its stored outputs; nothing is executed.

python -m teaching.slides [SECTION ...]       all notebooks with a short path, if none is named

Each becomes build/slides/SECTION.html, one file that needs no network: open it in a browser and press S for the
speaker's notes (the notebook's whole prose), Esc for an overview, the right arrow or the space bar to go on. With
?print-pdf behind the address the browser prints it.

    body    the slides as HTML, without reveal.js
    deck    the whole page
"""

from __future__ import annotations

import argparse
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from teaching import reveal
from teaching.slide_deck import Slide
from teaching.slide_layout import slides
from tools import common

STYLE = Path(__file__).with_name("slides.css")
SETTINGS = (
    '{width: 1280, height: 720, margin: 0, center: false, hash: true, controls: false, slideNumber: "c/t", '
    'transition: "none", navigationMode: "linear", plugins: [RevealNotes]}'
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{reveal_css}</style>
<style>{style}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{body}
</div></div>
<script>{reveal_js}</script>
<script>{notes_js}</script>
<script>Reveal.initialize({settings});</script>
</body>
</html>
"""


def body(notebook: NotebookNode, name: str, folder: str = "") -> str:
    """Return the slides of a notebook called `name` as HTML: one column of reveal.js a section."""
    columns: list[list[str]] = []
    for slide in slides(notebook, folder):
        if slide.opens or not columns:
            columns.append([])
        columns[-1].append(_html(slide, name))
    return "\n".join(f"<section>\n{''.join(column)}</section>" for column in columns)


def _html(slide: Slide, name: str) -> str:
    level, kind = ("h1", " title") if slide.title else ("h2", "")
    cells = f"Cell{'s' * (len(slide.cells) > 1)} {', '.join(map(str, slide.cells))}"
    where = f"<p><strong>{cells} of {name}.ipynb</strong></p>" if slide.cells else ""
    kinds = {"takeaway": "takeaway fragment"}  # it appears with the next key, when the class has looked at the figure
    shown = "".join(f'<div class="part {kinds.get(part.kind, part.kind)}">{part.html}</div>\n' for part in slide.parts)
    return (
        f'<section><div class="frame code-{slide.code_size}{kind}">\n'
        f"<{level}>{slide.heading}</{level}>\n{shown}</div>\n"
        f'<aside class="notes">{where}{slide.notes}</aside></section>\n'
    )


def deck(path: Path) -> str:
    """Return the page of the notebook at `path`. Raises ValueError without a short path, RuntimeError without npm."""
    notebook = nbformat.read(path, as_version=4)
    made = body(notebook, path.stem, str(path.parent))
    css, script, notes = reveal.parts()
    style = STYLE.read_text(encoding="utf-8") + HtmlFormatter(style="friendly", cssclass="code").get_style_defs()
    title = escape(notebook.cells[0].source.splitlines()[0].lstrip("# "))
    inside = {"title": title, "reveal_css": css, "style": style, "body": made, "settings": SETTINGS}
    return PAGE.format(**inside, reveal_js=_embedded(script), notes_js=_embedded(notes))


def _embedded(script: str) -> str:
    return script.replace("</script", "<\\/script")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(common.PAGES))
    given = parser.parse_args().sections
    if unknown := [name for name in given if name not in common.PAGES]:
        parser.error(f"there is no section {unknown[0]!r}; there are: {', '.join(common.PAGES)}")
    folder = common.BUILD / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for name in given or common.PAGES:
        try:
            common.write(folder / f"{name}.html", deck(common.NOTEBOOKS / f"{name}.ipynb"))
        except (ValueError, RuntimeError) as error:
            raise SystemExit(f"{name}: {error}") from error
        print(f"build/slides/{name}.html")


if __name__ == "__main__":
    main()
