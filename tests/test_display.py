"""What cells show: drawings, figures and tables. How they look is for eyes."""

import struct

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.display import Markdown
from PIL import Image

from helpers import display
from tools import draw


@pytest.fixture(autouse=True)
def _clean():
    yield
    plt.close("all")


def output(picture) -> tuple[dict, dict]:
    """Return what IPython would store for a cell that ends with this picture."""
    return DisplayFormatter().format(picture)


def pixels(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", png[16:24])


# --- show ------------------------------------------------------------------------------------------------------------


def test_a_figure_is_a_png_with_its_text_and_half_its_pixels_as_size():
    picture = display.show(plt.subplots(figsize=(4, 2))[0], alt="A line\n  that rises.")
    data, metadata = output(picture)
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == "A line that rises."
    width, height = pixels(data["image/png"])
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (round(width / 2), round(height / 2))
    assert 300 < width / 2 < 400  # about 4 inches of 96 pixels, less the empty margin


def test_a_shown_figure_is_closed_so_that_it_appears_once():
    first, second = plt.figure(), plt.figure()
    display.show(first, alt="Nothing.")
    assert plt.get_fignums() == [second.number]


@pytest.mark.parametrize("part", [lambda fig, axes: fig, lambda fig, axes: axes, lambda fig, axes: axes[0, 1],
                                  lambda fig, axes: list(axes.flat)])  # fmt: skip
def test_axes_stand_for_their_figure(part):
    fig, axes = plt.subplots(2, 2)
    assert display.show(part(fig, axes), alt="Four.").size[0] > 400
    assert plt.get_fignums() == []


@pytest.mark.parametrize("alt", ["", "  \n", None, 3])
def test_an_empty_text_is_refused(alt):
    with pytest.raises(ValueError, match=r"alt is .*; write a sentence or two that say what the figure shows"):
        display.show(plt.figure(), alt=alt)


@pytest.mark.parametrize("drawn", [3, None, [], "ax", np.zeros(2)])
def test_what_is_no_figure_is_named(drawn):
    with pytest.raises(TypeError, match=f"not {type(drawn).__name__}"):
        display.show(drawn, alt="x")


def test_axes_of_two_figures_are_refused():
    with pytest.raises(ValueError, match="2 figures"):
        display.show([plt.subplots()[1], plt.subplots()[1]], alt="x")


# --- diagram ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawings(monkeypatch, tmp_path):
    """A checkout with two drawings."""
    img = tmp_path / "notebooks" / "img"
    img.mkdir(parents=True)
    for name in ("lstm", "gru"):
        head = f'<svg xmlns="http://www.w3.org/2000/svg"><title>A {name}</title><desc>Two\n boxes.</desc>'
        (img / f"{name}.svg").write_text(head + "</svg>")
        Image.new("RGBA", (40, 20)).save(img / f"{name}.png")
    monkeypatch.setattr(display, "__file__", str(tmp_path / "helpers" / "display.py"))
    return tmp_path


def test_a_diagram_is_svg_and_png_in_one_output_with_the_drawings_own_words(drawings):
    data, metadata = output(display.diagram("gru"))
    assert "<title>A gru</title>" in data["image/svg+xml"]
    assert pixels(data["image/png"]) == (40, 20)
    assert metadata["image/png"] == {"alt": "A gru. Two boxes.", "width": 20, "height": 10}
    assert metadata["image/svg+xml"]["alt"] == data["text/plain"] == "A gru. Two boxes."


def test_a_diagram_is_found_beside_the_installed_helpers(drawings):
    (drawings / "helpers").mkdir()
    (drawings / "notebooks" / "img").rename(drawings / "helpers" / "img")
    assert display.diagram("lstm").alt == "A lstm. Two boxes."


def test_an_unknown_diagram_is_an_error_that_lists_the_known_ones(drawings):
    with pytest.raises(FileNotFoundError, match=r"no drawing 'grue'; there are: gru, lstm$"):
        display.diagram("grue")


@pytest.mark.parametrize("svg", sorted(draw.IMG.glob("*.svg")), ids=lambda path: path.stem)
def test_each_drawing_has_a_png_of_itself_and_describes_itself(svg):
    png = Image.open(svg.with_suffix(".png"))
    assert png.text["svg-sha256"] == draw.digest(svg), f"{svg.name} was changed; run: python -m tools.draw {svg.stem}"
    picture = display.diagram(svg.stem)
    assert f'width="{picture.size[0]}" height="{picture.size[1]}"' in picture.svg
    assert len(picture.alt) > 100
    seen = png.convert("RGBA").getchannel("A")
    corners = [(x, y) for x in (0, seen.width - 1) for y in (0, seen.height - 1)]
    assert [seen.getpixel(corner) for corner in corners] == [0] * 4, "its round corners would be black"


@pytest.mark.parametrize("colours", [1, 200, 1000])
def test_what_lies_outside_of_a_drawing_stays_transparent_in_its_file(colours, tmp_path):
    shot = Image.new("RGBA", (40, 40))
    for place in range(1, 1000):
        shot.putpixel(divmod(place, 40), (place % colours % 256, place % colours // 4, 200, 255))
    draw.with_palette(shot).save(tmp_path / "drawn.png", optimize=True)
    seen = Image.open(tmp_path / "drawn.png").convert("RGBA").getchannel("A")
    assert seen.tobytes() == shot.getchannel("A").tobytes()


# --- table -----------------------------------------------------------------------------------------------------------


def test_a_table_is_markdown_with_the_numbers_to_the_right():
    shown = display.table(["model", "perplexity", "s"], [["ours", 3.71, 12], ["torch", 3.7, 9]])
    assert isinstance(shown, Markdown)
    assert shown.data.splitlines() == [
        "| model | perplexity | s |",
        "| :-- | --: | --: |",
        "| ours | 3.71 | 12 |",
        "| torch | 3.7 | 9 |",
    ]


@pytest.mark.parametrize("row", [["a"], ["a", 1, 2]])
def test_a_row_of_another_length_is_shown_in_the_error(row):
    with pytest.raises(ValueError, match=f"has {len(row)} entries for 2 columns"):
        display.table(["model", "perplexity"], [["b", 1], row])


def test_a_bar_in_an_entry_does_not_end_it():
    assert display.table(["p(a|b)"], [["x|y"]]).data.splitlines() == ["| p(a\\|b) |", "| :-- |", "| x\\|y |"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_a_line_end_in_an_entry_does_not_break_the_table(end):
    assert display.table(["a"], [[f"x{end}y"]]).data.splitlines() == ["| a |", "| :-- |", "| x y |"]


def test_a_token_in_angle_brackets_does_not_vanish_as_a_tag():
    assert display.table(["a"], [["<eos>"], ["`<eos>`"]]).data.splitlines()[2:] == ["| &lt;eos> |", "| `<eos>` |"]
