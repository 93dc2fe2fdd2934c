"""The slides of lecture mode: what of a notebook stands on them, and, measured in a browser, that it can be read."""

import re
import shutil
import tarfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from teaching import reveal, slides
from teaching.slide_code import Shown, pieces
from teaching.slide_layout import TAG
from teaching.slide_layout import slides as slides_of
from teaching.slide_parts import ROOM
from teaching.slide_text import blocks, chapters, points, sentences
from tools import common

every_notebook = pytest.mark.parametrize("name", common.PAGES)
PIXEL = "iVBORw0KGgo="


def read(name):
    return nbformat.read(common.NOTEBOOKS / f"{name}.ipynb", as_version=4)


def notebook(*cells):
    """Return a notebook of these cells, all on the short path, behind an opening."""
    opening = new_markdown_cell("# A title\n\n[Next](lstm.ipynb)\n\n**The question.** What now? Who knows.")
    made = new_notebook(cells=[opening, new_code_cell("import torch\nset_up()"), *cells])
    for cell in made.cells:
        cell.metadata["tags"] = [TAG]
    return made


def figure(source="display.show(ax, alt='A line.')", alt='A "line".'):
    output = new_output("execute_result", data={"image/png": PIXEL}, metadata={"image/png": {"alt": alt}})
    return new_code_cell(source, outputs=[output])


def visible(html):
    """Return what the room sees: the page without the speaker's notes."""
    return re.sub(r"<aside.*?</aside>", "", html, flags=re.DOTALL)


# --- prose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paragraph", "number"),
    [
        ("One. Two.", 2),
        ("As Cho et al. Found, e.g. This, it is H. G. Wells.", 1),
        ("A ratio of $x.\\ Y$ and `a. B` stays.", 1),
        ("It is so (see there. Or here.) and ends.", 1),
        ("It ends. (So does this.) And this.", 3),
        ("**A lead.** Then more.", 2),
        ("Is it? $x$ says so.", 2),
    ],
)
def test_sentences_end_where_a_reader_stops(paragraph, number):
    assert len(sentences(paragraph)) == number
    assert " ".join(sentences(paragraph)) == paragraph


LONG = "The first sentence is long enough to stand on a slide by itself alone."


@pytest.mark.parametrize(
    ("paragraph", "leads_up", "shown"),
    [
        (f"{LONG} A detail.", False, [LONG]),
        (f"Short. {LONG} Another.", False, [f"Short. {LONG}"]),
        (f"{LONG} A detail. This is the **gate**.", False, [LONG, "This is the **gate**."]),
        (f"{LONG} A detail. So it is. More.", False, [LONG, "So it is."]),
        (f"{LONG} Why is it? More.", False, [f"{LONG} Why is it?"]),
        (f"{LONG} A detail. It is the sum", True, [LONG, "It is the sum"]),
        (f"{LONG} A detail. It is (No. End.) the sum. (Nor this.)", True, [LONG, "It is (No. End.) the sum."]),
        (f"**A lead.** {LONG} A detail.", False, [f"**A lead.** {LONG}"]),
        (f"{LONG} A *term*. *A finding of some length*.", False, [LONG, "*A finding of some length*."]),
        (f"{LONG} The power `a**b**c` is code.", False, [LONG]),
        ("Short. (An aside that nobody has to see here.) And so on.", False, ["Short.", "And so on."]),
        ("One word", False, ["One word"]),
    ],
)  # fmt: skip
def test_a_paragraph_is_shown_by_its_points(paragraph, leads_up, shown):
    assert points(paragraph, leads_up) == shown


def test_prose_falls_into_its_parts():
    prose = "Text over\ntwo lines.\n$$a = b$$\nand on.\n\n* **One.** First\n  item.\n* Two.\n\n| a |\n| - |\n| 1 |"
    found = [
        (block.kind, block.source) for block in blocks(f"[← Start](index.ipynb) · [Next →](lstm.ipynb)\n\n{prose}")
    ]
    assert found == [
        ("text", "Text over two lines."),
        ("formula", "a = b"),
        ("text", "and on."),
        ("item", "**One.** First item."),
        ("item", "Two."),
        ("table", "| a |\n| - |\n| 1 |"),
    ]


def test_two_long_equations_side_by_side_get_a_row_each():
    long = ", \\qquad ".join(rf"\mathbf{{{gate}}} = \sigma(XW_{{x{gate}}} + HW_{{h{gate}}})" for gate in "rzh")
    assert len(blocks(f"$${long}$$")) == 3
    assert len(blocks("$$a = b, \\qquad c = d$$")) == 1


def test_a_cell_is_cut_before_its_headings():
    assert chapters("Before.\n\n## 2. Next\n\nAfter.") == [("", "Before."), ("## 2. Next", "After.")]


# --- code ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("import torch\nfrom math import log\nx = f(1)", "x = f(1)"),
        ("# why\nx = f(1)  # (B, T)", "# why\nx = f(1)  # (B, T)"),
        ("def f(x):\n    return x\n\ny = f(1)\nax = plotting.curves(y)\nax.set_title('t')\ndisplay.show(ax, alt='a')",
         "def f(x):\n    return x"),
        ("def label(ax, x):\n    ax.text(x)\n\nlabel(axes, 1)\nprint(f(1))", "print(f(1))"),
        ("stored = results.load('a')\nbest = max(stored.values())", ""),
        ("from helpers.results import load\nstored = load('a')\nfound = g(1)", "found = g(1)"),
        ("rows = [g(1)]\ndisplay.table(['a'], rows)", ""),
        ("%pip install x", "%pip install x"),
        ("x = f(1)  # noqa: E501", "x = f(1)"),
        ("@torch.no_grad()\ndef f():\n    pass", "@torch.no_grad()\ndef f():\n    pass"),
    ],
)  # fmt: skip
def test_code_that_only_imports_draws_or_reads_results_is_left_out(source, shown):
    assert Shown().code(source) == shown


def test_what_draws_is_remembered_from_cell_to_cell_and_forgotten_when_the_name_is_used_anew():
    shown = Shown()
    shown.code("for name in plotting.COLOURS:\n    line = plt.plot(name)")
    assert shown.code("line.set_color('red')\ny = f(1)") == "y = f(1)"
    cell = "class Cell:\n    def __init__(self, shapes):\n        for name in shapes:\n            self.add(name)"
    assert shown.code(cell) == cell
    assert shown.code("line = f(2)\nprint(line)") == "line = f(2)\nprint(line)"


def test_long_code_is_cut_at_blank_lines_and_nothing_is_lost():
    code = "\n".join(["class A:", *["    x = 1"] * 12, "", "    def f(self):", *["        y = 2"] * 15])
    cut = pieces(code, 20)
    assert "\n\n".join(cut) == code
    assert cut[1].startswith("    def f")
    assert "\n".join(pieces("a\n" * 50, 20)).split() == ["a"] * 50
    assert pieces("", 20) == []


# --- slides ----------------------------------------------------------------------------------------------------------


def test_sections_become_columns_and_the_notes_hold_the_whole_prose():
    made = notebook(
        new_markdown_cell(f"## 1. Begin\n\n{LONG} A detail that only the speaker sees."),
        new_code_cell("x = f(1)\nprint(x)", outputs=[new_output("stream", text="forty-two <eos>\n")]),
        new_markdown_cell(f"## 2. Go on\n\n{LONG}\n\n$$\\sigma(x)$$"),
    )
    html = slides.body(made, "made")
    assert html.count("<section>") == len(["title", "way", 1, 2]) * 2
    assert "A detail that only the speaker sees" in html
    assert "A detail" not in visible(html)
    assert "set_up" not in html
    assert "forty-two &lt;eos&gt;" in visible(html)
    assert "Cells 3, 4 of made.ipynb" in html
    assert re.search(r'<math[^>]*display="block"', visible(html))
    assert "<h2>2. Go on</h2>" in html
    assert "<strong>The question.</strong> What now? Who knows." in visible(html)


def test_a_figure_is_shown_with_its_words_and_a_short_remark_after_it_appears_below():
    html = slides.body(notebook(new_markdown_cell("## 1. A"), figure(), new_markdown_cell("See? It falls.")), "made")
    assert 'alt="A &quot;line&quot;."' in html
    assert "display.show" not in html
    assert re.search(r'<div class="part takeaway fragment"><p>See\? It falls\.</p>', html)


def test_a_remark_before_code_begins_a_slide():
    cells = [figure(), new_markdown_cell("Now code."), new_code_cell("x = f(1)")]
    assert "takeaway" not in slides.body(notebook(new_markdown_cell("## 1. A"), *cells), "made")


def test_a_paragraph_gives_way_to_the_code_that_it_leads_to():
    def last(lines):
        code = "\n".join(["def f(x):", *["    x = g(x)"] * (lines - 1)])
        text = f"## 1. A\n\nShort. {LONG[:-1]}, and it goes on for another line."
        return slides_of(notebook(new_markdown_cell(text), new_code_cell(code)))[-1].parts

    assert [part.kind for part in last(19)] == [part.kind for part in last(20)] == ["text", "code"]
    assert "another line" in last(19)[0].html
    assert "another line" not in last(20)[0].html
    assert [part.kind for part in last(22)] == ["code"]


def test_code_is_as_large_as_the_slide_allows():
    def size(code):
        return slides_of(notebook(new_markdown_cell("## 1. A"), new_code_cell(code)))[-1].code_size

    assert size("x = f(1)") == 26
    assert size("x = f(1)  # " + "wide " * 14) == 23
    assert size("x = f(1)  # " + "wide " * 16) == 20
    assert size("x = f(1)\n" * 22) == 20


def test_prose_after_prose_stays_on_its_slide_unless_code_follows():
    cells = [new_markdown_cell("## 1. A\n\nOne."), new_markdown_cell("Two.")]
    assert len(slides_of(notebook(*cells))) == 3
    assert len(slides_of(notebook(*cells, new_code_cell("x = f(1)")))) == 4


def test_a_high_table_goes_over_several_slides_with_its_head_on_each():
    rows = "".join(f"| {i} | {'word ' * 20} |\n" for i in range(15))
    table = new_output("execute_result", data={"text/markdown": f"| n | words |\n| :-- | --: |\n{rows}"})
    html = slides.body(notebook(new_markdown_cell("## 1. A"), new_code_cell("show()", outputs=[table])), "made")
    assert html.count("<table") == html.count("words</th>") > 1
    assert html.count("<tr") - html.count("<table") == 15


def test_the_deck_ends_with_what_was_learnt_although_it_is_not_on_the_path():
    made = notebook(new_markdown_cell("## 1. A\n\nText."))
    made.cells.append(new_markdown_cell("## 9. What we have learnt\n\n* This.\n\nTalk.\n\n**One limit.** That."))
    last = visible(slides.body(made, "made")).rpartition("<h2>")[2]
    assert last.startswith("What we have learnt</h2>")
    assert "This." in last
    assert "That." in last
    assert "Talk" not in last


def test_a_notebook_without_a_short_path_is_an_error():
    with pytest.raises(ValueError, match="no cell is tagged short-path"):
        slides_of(new_notebook(cells=[new_markdown_cell("# A")]))


@every_notebook
def test_every_picture_and_every_text_of_the_path_has_its_slide_and_none_is_too_full(name):
    cells = {number: cell for number, cell in enumerate(read(name).cells, 1) if TAG in cell.metadata.get("tags", [])}
    made = slides_of(read(name), str(common.NOTEBOOKS))
    outputs = [output for cell in cells.values() for output in cell.get("outputs", [])]
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    assert sum(part.kind == "figure" for slide in made for part in slide.parts) == pictures
    assert {number for number, cell in cells.items() if cell.cell_type == "markdown"} <= {
        n for s in made for n in s.cells
    }
    full = [slide.heading for slide in made if sum(part.height for part in slide.parts) > ROOM]
    assert not full


# --- the page, and what npm brings -----------------------------------------------------------------------------------


def test_the_page_holds_all_it_needs(monkeypatch):
    monkeypatch.setattr(reveal, "parts", lambda: [".reveal {}", "let a = '</script>';", "let notes;"])
    html = slides.deck(common.NOTEBOOKS / "index.ipynb")
    assert html.count("</script>") == 3
    assert "let a = '<\\/script>'" in html
    outside = re.findall(r"""(?:\bsrc|<link[^>]*\bhref)\s*=\s*["'](?!data:)([^"']*)|@import|url\((?!data:)""", html)
    assert outside == []


def test_without_npm_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"npm fetches once: install Node\.js"):
        reveal.parts(tmp_path)


def npm(tmp_path, monkeypatch, script):
    """Let `npm` be this shell script."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_without_the_network_the_error_says_so_and_nothing_is_kept(monkeypatch, tmp_path):
    npm(tmp_path, monkeypatch, "echo no such host >&2; exit 1")
    with pytest.raises(RuntimeError, match="needs the network: no such host"):
        reveal.parts(tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_npm_brought_is_kept(monkeypatch, tmp_path):
    with tarfile.open(tmp_path / "made.tgz", "w:gz") as archive:
        for name in [*reveal.FILES, "LICENSE"]:
            (tmp_path / "file").write_text(name)
            archive.add(tmp_path / "file", f"package/{name}")
    npm(tmp_path, monkeypatch, f"cp {tmp_path}/made.tgz . && rm {tmp_path}/made.tgz")
    for _ in range(2):  # the second time from what was kept
        assert reveal.parts(tmp_path / "kept") == reveal.FILES


def test_an_unknown_section_is_an_error_that_lists_the_sections(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["slides", "gruu"])
    with pytest.raises(SystemExit):
        slides.main()
    assert "there is no section 'gruu'; there are: index, gru, lstm" in capsys.readouterr().err


# --- in a browser ----------------------------------------------------------------------------------------------------

# Of the slide that is shown: text outside of its 1280 × 720 pixels or too small, and pictures that are cut or small.
FAULTS = """
() => {
  const slide = Reveal.getCurrentSlide(), faults = [];
  const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  const outside = box => box.left < 0 || box.top < 0 || box.right > 1280 || box.bottom > 716;
  for (let text; text = walker.nextNode();) {
    const parent = text.parentElement, said = text.textContent.trim().slice(0, 40);
    if (!said || parent.closest('aside')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    if ([...range.getClientRects()].some(outside)) faults.push('outside: ' + said);
    const size = parseFloat(getComputedStyle(parent.closest('math') || parent).fontSize);
    if (size < (parent.closest('pre') ? 20 : 26)) faults.push(size + ' px: ' + said);
  }
  for (const part of slide.querySelectorAll('.part'))
    if (part.scrollWidth > part.clientWidth + 1) faults.push('too wide: ' + part.className);
  for (const image of slide.querySelectorAll('img')) {
    const box = image.getBoundingClientRect();
    if (outside(box) || box.height < 400) faults.push('picture: ' + Math.round(box.height) + ' px high');
  }
  return faults;
}
"""
GO = """
i => {
  const slide = Reveal.getSlides()[i], place = Reveal.getIndices(slide);
  Reveal.slide(place.h, place.v);
}
"""


@pytest.mark.browser
@every_notebook
def test_every_slide_can_be_read_from_the_last_row_and_needs_no_network(name, chromium, tmp_path):
    try:
        html = slides.deck(common.NOTEBOOKS / f"{name}.ipynb")
    except RuntimeError as error:
        pytest.skip(str(error))
    (tmp_path / "deck.html").write_text(html, encoding="utf-8")
    shown, said = chromium.new_page(viewport={"width": 1280, "height": 720}), []
    shown.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    shown.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto((tmp_path / "deck.html").as_uri())
    shown.wait_for_function("window.Reveal && Reveal.isReady()")
    faults = {}
    for i in range(shown.evaluate("Reveal.getTotalSlides()")):
        shown.evaluate(GO, i)
        if found := shown.evaluate(FAULTS):
            faults[i + 1] = found
    shown.close()
    assert i + 1 >= 15
    assert faults == {}
    assert said == []
