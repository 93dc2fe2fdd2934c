"""Pictures: what stands on the axes, and what is refused. How they look is for eyes."""

import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers import plotting


@pytest.fixture(autouse=True)
def _clean():
    with mpl.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


# --- curves ----------------------------------------------------------------------------------------------------------


def test_curves_draws_each_series_from_1_on():
    drawn = plotting.curves({"ours": [3, 2, 1], "torch": [4, 3]})
    ours, torchs = drawn.get_lines()
    assert (ours.get_xdata().tolist(), ours.get_ydata().tolist()) == ([1, 2, 3], [3, 2, 1])
    assert torchs.get_xdata().tolist() == [1, 2]


def test_curves_draws_against_x():
    [line] = plotting.curves({"a": [3, 2]}, x=[10, 20]).get_lines()
    assert line.get_xdata().tolist() == [10, 20]


def test_curves_sets_title_labels_and_legend():
    drawn = plotting.curves({"a": [1], "b": [2]}, title="It falls", xlabel="epoch", ylabel="loss")
    title = "".join(drawn.get_title(loc) for loc in ("left", "center", "right"))
    assert (title, drawn.get_xlabel(), drawn.get_ylabel()) == ("It falls", "epoch", "loss")
    assert [entry.get_text() for entry in drawn.get_legend().get_texts()] == ["a", "b"]


def test_one_curve_needs_no_legend():
    assert plotting.curves({"a": [1, 2]}).get_legend() is None


@pytest.mark.parametrize(
    ("log", "scales"),
    [("", ("linear", "linear")), ("x", ("log", "linear")), ("y", ("linear", "log")), ("xy", ("log", "log"))],
)
def test_curves_makes_the_named_axes_logarithmic(log, scales):
    drawn = plotting.curves({"a": [1, 2]}, log=log)
    assert (drawn.get_xscale(), drawn.get_yscale()) == scales


def test_curves_marks_the_points_if_asked_to():
    assert plotting.curves({"a": [1, 2]}, marker="o").get_lines()[0].get_marker() == "o"


def test_a_series_longer_than_x_is_named():
    with pytest.raises(ValueError, match="series 'b' has 3 values for 2 positions"):
        plotting.curves({"a": [1, 2], "b": [1, 2, 3]}, x=[1, 2])


# --- heat_map --------------------------------------------------------------------------------------------------------


def test_heat_map_puts_the_tokens_under_the_columns_and_shows_a_space():
    drawn = plotting.heat_map(np.zeros((2, 3)), ["a", " ", "b"])
    assert [label.get_text() for label in drawn.get_xticklabels()] == ["a", "␣", "b"]
    assert drawn.get_xticks().tolist() == [0, 1, 2]


def test_heat_map_shows_the_values_unchanged():
    values = np.arange(6.0).reshape(2, 3)
    [image] = plotting.heat_map(values, "abc").get_images()
    assert (image.get_array() == values).all()


def test_heat_map_takes_one_row_as_a_list():
    [image] = plotting.heat_map([1, 2, 3], "abc").get_images()
    assert image.get_array().shape == (1, 3)


def test_heat_map_labels_rows_title_and_y_axis():
    drawn = plotting.heat_map(np.zeros((2, 1)), "a", rows=["R", "Z"], title="Gates", ylabel="unit")
    title = "".join(drawn.get_title(loc) for loc in ("left", "center", "right"))
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["R", "Z"]
    assert (title, drawn.get_ylabel()) == ("Gates", "unit")


def test_heat_map_without_row_labels_has_no_row_ticks():
    assert len(plotting.heat_map(np.zeros((2, 1)), "a").get_yticks()) == 0


def test_heat_map_limits_set_the_ends_of_a_colour_bar():
    drawn = plotting.heat_map([[0.4, 0.6]], "ab", limits=(0, 1))
    [image] = drawn.get_images()
    assert image.get_clim() == (0, 1)
    assert image.colorbar is not None
    [image] = plotting.heat_map([[0.4, 0.6]], "ab").get_images()
    assert image.get_clim() == (0.4, 0.6)


@pytest.mark.parametrize("tokens", ["ab", "abcd"])
def test_heat_map_needs_a_token_for_each_column(tokens):
    with pytest.raises(ValueError, match=f"there are 3 columns but {len(tokens)} tokens"):
        plotting.heat_map(np.zeros((2, 3)), tokens)


def test_a_space_is_marked_by_two_lines_and_its_tick():
    drawn = plotting.heat_map(np.zeros((2, 3)), ["a", " ", "b"])
    assert [line.get_xdata()[0] for line in drawn.get_lines()] == [0.5, 1.5]
    assert len({label.get_color() for label in drawn.get_xticklabels()}) == 2


@pytest.mark.parametrize("token", ["$", "$_{$", "$x_$", "a$\\frac$"])
def test_tokens_are_no_formulas(token):
    drawn = plotting.heat_map([[1.0]], [token], rows=[token])
    drawn.figure.canvas.draw()  # here a formula would be read, and fail
    assert drawn.get_xticklabels()[0].get_text() == token
    plotting.padded_batch([[7]], [[token]], [1]).figure.canvas.draw()


def test_what_is_no_matrix_is_no_colour_picture():
    with pytest.raises(ValueError, match=r"values must have the shape \(rows, T\) or \(T,\); got \(1, 2, 3\)"):
        plotting.heat_map(np.zeros((1, 2, 3)), "ab")
    with pytest.raises(ValueError, match=r"ids must have the shape \(B, T\); got \(1, 2, 3\)"):
        plotting.padded_batch(np.zeros((1, 2, 3)), [["a", "b"]], [2])
    with pytest.raises(ValueError, match=r"series 'a' must be a list of numbers; got the shape \(1, 2\)"):
        plotting.curves({"a": [[1, 2]]})


def test_values_may_be_a_tensor_with_gradients():
    [image] = plotting.heat_map(torch.ones(2, 3, requires_grad=True), "abc").get_images()
    assert image.get_array().shape == (2, 3)


@pytest.mark.parametrize(("number", "length"), [(5, 1), (60, 1), (8, 7), (40, 9)])
def test_tokens_do_not_overlap(number, length):
    drawn = plotting.heat_map(np.zeros((2, number)), ["e" * length] * number)
    drawn.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in drawn.get_xticklabels()]
    assert all(left.x1 <= right.x0 + 1 for left, right in itertools.pairwise(boxes))


# --- padded_batch ----------------------------------------------------------------------------------------------------

ROWS = [["go", ".", "<eos>"], ["stop", "<eos>", "<pad>"]]
IDS = [[7, 5, 2], [8, 2, 0]]


def cells(drawn):
    """Return where each text stands, by what it says: (column, row), both from 0."""
    return {text.get_text(): (round(text.get_position()[0]) - 1, round(text.get_position()[1])) for text in drawn.texts}


def test_padded_batch_writes_each_token_and_its_id_into_its_cell():
    drawn = plotting.padded_batch(np.array(IDS), ROWS, [3, 2])
    assert len(drawn.texts) == 2 * 6
    found = cells(drawn)
    assert (found["go"], found["."], found["stop"], found["<pad>"]) == ((0, 0), (1, 0), (0, 1), (2, 1))
    assert (found["7"], found["5"], found["8"], found["0"]) == ((0, 0), (1, 0), (0, 1), (2, 1))
    assert drawn.get_xticks().tolist() == [1, 2, 3]
    low, high = drawn.get_ylim()
    assert low > high  # the first sentence stands above


@pytest.mark.parametrize("lengths", [[3, 2], [1, 0], [3, 3]])
def test_padded_batch_shades_what_lies_beyond_a_length_and_nothing_else(lengths):
    drawn = plotting.padded_batch(IDS, ROWS, np.array(lengths))
    assert len(drawn.patches) == 6
    for patch in drawn.patches:
        step, row = round(patch.get_x() - 0.5), round(patch.get_y() + 0.5)
        assert bool(patch.get_hatch()) == (step >= lengths[row])
        assert (luminance(patch.get_facecolor()) < 0.88) == (step >= lengths[row])


def test_padded_batch_sets_title_and_labels():
    drawn = plotting.padded_batch(IDS, ROWS, [3, 2], title="Two sentences", ylabel="English")
    title = "".join(drawn.get_title(loc) for loc in ("left", "center", "right"))
    assert (title, drawn.get_ylabel(), drawn.get_xlabel()) == ("Two sentences", "English", "time step")


@pytest.mark.parametrize("rows", [ROWS[:1], [ROWS[0], ROWS[1][:2]], [*ROWS, []]])
def test_tokens_that_do_not_fill_the_grid_are_counted(rows):
    with pytest.raises(ValueError, match=r"ids is 2 x 3, but there are \[3.*\] tokens"):
        plotting.padded_batch(IDS, rows, [3, 2])


@pytest.mark.parametrize("lengths", [[3], [3, 4], [3, -1]])
def test_lengths_outside_the_grid_are_shown(lengths):
    with pytest.raises(ValueError, match="lengths must be 2 numbers from 0 to 3; got"):
        plotting.padded_batch(IDS, ROWS, lengths)


# --- both ------------------------------------------------------------------------------------------------------------

DRAW = [
    lambda **options: plotting.curves({"a": [1, 2]}, **options),
    lambda **options: plotting.heat_map([1], "a", **options),
    lambda **options: plotting.padded_batch([[5]], [["a"]], [1], **options),
]


@pytest.mark.parametrize("draw", DRAW, ids=["curves", "heat_map", "padded_batch"])
def test_given_axes_are_drawn_on_and_returned(draw, ax):
    assert draw(ax=ax) is ax
    assert plt.get_fignums() == [ax.figure.number]
    assert ax.has_data()


@pytest.mark.parametrize("draw", DRAW, ids=["curves", "heat_map", "padded_batch"])
def test_without_axes_a_new_figure_is_made(draw, ax):
    assert draw().figure is not ax.figure
    assert len(plt.get_fignums()) == 2


def luminance(colour: str) -> float:
    return float(np.dot(mpl.colors.to_rgb(colour), (0.2126, 0.7152, 0.0722)))


def test_the_style_tells_seven_curves_apart_without_colour():
    plotting.use_style()
    lines = plotting.curves({str(i): [i, i + 1] for i in range(7)}).get_lines()
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == 7
    assert len({line.get_color() for line in lines}) == 7


def test_every_colour_of_the_style_stands_out_from_white():
    assert all(luminance(colour) < 0.75 for colour in plotting.COLOURS)
