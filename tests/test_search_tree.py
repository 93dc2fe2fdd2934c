"""The tree of a beam search: which words and numbers stand in it, and where."""

from collections import Counter

import numpy as np
import pytest

from helpers.search_tree import search_tree

RECORD = [
    ([0], np.log(0.5), "kept"),
    ([1], np.log(0.3), "kept"),
    ([2], np.log(0.2), "pruned"),
    ([0, 2], np.log(0.4), "finished"),
    ([0, 1], np.log(0.1), "pruned"),
    ([1, 2], np.log(0.06), "pruned"),
]


def test_a_tree_names_every_sequence_with_its_last_token_and_the_probabilities():
    drawn = search_tree(RECORD, ["A", "B", "<eos>"], title="a search")
    shown = Counter(text.get_text() for text in drawn.texts)
    assert shown["start"] == 1
    assert {label: shown[label] for label in ("A", "B", "<eos>")} == {"A": 1, "B": 2, "<eos>": 3}
    edges = ["0.5", "0.3", "0.2", "0.8", "0.2", "0.2"]  # of the last token, given what stands before it
    totals = ["0.5", "0.3", "0.2", "0.4", "0.1", "0.06"]  # of the whole
    assert shown - Counter(["start", "A", "B", "B", *["<eos>"] * 3]) == Counter(edges + totals)
    assert "a search" in (drawn.get_title(), drawn.get_title(loc="left"))


def test_children_stand_to_the_right_of_their_parents_and_in_their_order():
    drawn = search_tree(RECORD, ["A", "B", "C"])
    ends = [tuple(zip(*line.get_data(), strict=True)) for line in drawn.get_lines()]
    assert {(round(a[0]), round(b[0])) for a, b in ends} == {(0, 1), (1, 2)}
    first, second = ([b[1] for a, b in ends if round(b[0]) == level] for level in (1, 2))
    assert first == sorted(first, reverse=True)
    assert second == sorted(second, reverse=True)


def test_a_path_is_marked_as_far_as_the_record_has_it():
    def marks(path):
        drawn = search_tree(RECORD, ["A", "B", "C"], path=path, path_name="greedy")
        dashed = [line for line in drawn.get_lines() if line.get_color() == "black"]
        named = [text for text in drawn.texts if "greedy" in text.get_text()]
        return [round(line.get_xdata()[1]) for line in dashed], [round(text.xy[0]) for text in named]

    assert marks(()) == ([], [])
    assert marks([0, 2]) == ([1, 2], [2])  # it has ended
    assert marks([1, 2, 0]) == ([1, 2], [2])  # the record has no third
    assert marks([2]) == ([1], [1])  # pruned
    assert marks([0, 0]) == ([1], [1])


@pytest.mark.parametrize(("p", "shown"), [(0.5, "0.5"), (0.1234, "0.12"), (0.00012, "0.00012"), (0.00002, "2e-05")])
def test_probabilities_are_short(p, shown):
    drawn = search_tree([([0], np.log(p), "kept")], ["A"])
    assert [text.get_text() for text in drawn.texts].count(shown) == 2


def test_an_empty_record_has_no_tree():
    with pytest.raises(ValueError, match="the record is empty"):
        search_tree([], ["A"])
