"""A notebook as a page that needs no network: formulas, drawings and styles stand inside it.

    as_html               the page of a notebook
    from_markdown         a piece of Markdown as HTML
    pictures_without_alt  the pictures stored in a notebook that say nothing to those who do not see them

Formulas become MathML, which every current browser shows without a script.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

# nbconvert's own page, without what it would fetch (require.js, MathJax, Mermaid), and with the alternative
# texts and the sizes of pictures.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block extra_css -%}
<style>
  main { max-width: 68rem; margin: 0 auto; }
  math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; font-size: 1.08em; }
  /* Without a font for mathematics, indices reach below the box that a browser gives a formula: hence the padding. */
  math[display="block"] { margin: 0.5em 0; padding: 0.5em 0; overflow-x: auto; overflow-y: hidden; max-width: 100%; }
  mtable[columnspacing^="0em"] mtd { padding: 0.3em 0; text-align: left; }
  mtable[columnspacing^="0em"] mtd:nth-child(odd) { padding-left: 2em; text-align: right; }
  mtable[columnspacing^="0em"] mtd:first-child { padding-left: 0; }
  /* A narrow window scrolls what is wide by itself: pictures shrink only as far as their letters can be read. */
  img, .jp-RenderedSVG svg { max-width: max(100%, 30rem, 0.75 * var(--size, 0px)) !important; height: auto; }
  .jp-OutputArea-output, .jp-MarkdownOutput, .highlight, .scrolls { overflow-x: auto !important; }
  @media screen and (max-width: 48rem) {
    .jp-RenderedHTMLCommon table { width: max-content; max-width: 40rem; }
    .jp-RenderedText pre { white-space: pre !important; }
  }
  /* Colours that stand out from their ground by 4.5 to 1, and links that are more than a colour. */
  main {
    --jp-cell-prompt-not-active-font-color: #616161; --jp-cell-prompt-not-active-opacity: 1;
    --jp-mirror-editor-comment-color: #356b6b; --jp-mirror-editor-number-color: #007300;
    --jp-mirror-editor-operator-color: #9016e0;
  }
  .jp-RenderedHTMLCommon a:link:not(.anchor-link) { text-decoration: underline; }
</style>
{%- endblock -%}
{%- macro described(html, output, kind) -%}
{%- set alt, width = output | get_metadata('alt', kind), output | get_metadata('width', 'image/png') -%}
{%- set html = html | replace('<img ', '<img alt="' ~ (alt | escape_html) ~ '" ', 1) if alt else html -%}
{{ html | replace('<img ', '<img style="--size: ' ~ width ~ 'px" ', 1) if width else html }}
{%- endmacro -%}
{%- block data_png scoped -%}
{{ described(super(), output, 'image/png') }}
{%- endblock -%}
{%- block data_svg scoped -%}
{{ described(super(), output, 'image/svg+xml') }}
{%- endblock -%}
"""


class WithMath(IPythonRenderer):
    """nbconvert's Markdown, with formulas as MathML, and tables that scroll by themselves."""

    def table(self, text: str) -> str:
        return f'<div class="scrolls" role="group" aria-label="table" tabindex="0"><table>\n{text}</table></div>\n'

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


class PageExporter(HTMLExporter):
    """nbconvert's page without scripts from elsewhere."""

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        folder = context.get("resources", {}).get("metadata", {}).get("path", "")
        attachments = context.get("cell", {}).get("attachments", {})
        return from_markdown(source, folder, attachments)


def from_markdown(source: str, folder: str = "", attachments: dict | None = None) -> str:
    """Return Markdown as HTML; formulas become MathML, and pictures, sought in `folder`, stand inside."""
    renderer = WithMath(escape=False, embed_images=True, path=folder, attachments=attachments or {})
    return MarkdownWithMath(renderer=renderer).render(source)


def mathml(formula: str, display: str) -> str:
    """Return a LaTeX formula as MathML. Raises ValueError that names a formula which cannot be translated."""
    try:
        made = convert(re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", formula), display=display)
    except Exception as error:
        raise ValueError(f"cannot translate the formula {formula!r}: {type(error).__name__} {error}") from error
    if unknown := re.search(r">(\\\w+|&|&amp;)<", made):
        raise ValueError(f"cannot translate {unknown[1]} in the formula {formula!r}")
    return made


def as_html(notebook: NotebookNode, path: Path) -> str:
    """Return the notebook, which lies at `path`, as a page; links to other notebooks lead to their pages."""
    notebook = copy.deepcopy(notebook)
    if heading := re.search(r"^# (.+)", "\n".join(cell.source for cell in notebook.cells[:1]), re.MULTILINE):
        notebook.metadata["title"] = heading[1]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"(\]\((?!\w+:)[^)\s]+)\.ipynb\b", r"\1.html", cell.source)
            cell.source = re.sub(r"!\[([^\]]*)\]\(https?://[^)]*\)", r"\1", cell.source)  # a badge: only its words
    resources = {"metadata": {"name": path.stem, "path": str(path.parent)}}
    return PageExporter(raw_template=TEMPLATE, embed_images=True).from_notebook_node(notebook, resources=resources)[0]


def pictures_without_alt(notebook: NotebookNode) -> Iterator[str]:
    """Yield, for each picture in the outputs that has no alternative text, the cell where it stands."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/") and not output.metadata.get(kind, {}).get("alt", "").strip():
                    yield f"cell {number} ({cell.source.strip().partition(chr(10))[0]}): {kind}"
