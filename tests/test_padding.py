"""Rows cut and filled up, against the book's code, torch's padding, and counting by hand."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from helpers.book import d2l
from helpers.padding import pad, real_places, truncate
from helpers.tokenizers import EOS, PAD

quick = settings(max_examples=60, deadline=None)
ROWS = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=6)


@quick
@given(st.lists(st.integers(3, 9), max_size=8), st.integers(1, 10))
def test_truncating_keeps_the_eos_that_the_book_cuts_off(ids, num_steps):
    ids = [*ids, EOS]
    short = truncate(ids, num_steps)
    assert short[:-1] == d2l.truncate_pad(ids, num_steps, None)[: len(short) - 1]
    assert len(short) == min(len(ids), num_steps)
    assert short[-1] == EOS


def test_truncating_to_nothing_is_an_error():
    assert truncate([4, 5, EOS], 1) == [EOS]
    with pytest.raises(ValueError, match="num_steps is 0; it must be at least 1"):
        truncate([EOS], 0)


@quick
@given(ROWS, st.none() | st.integers(6, 9))
def test_padding_is_that_of_torch(rows, num_steps):
    padded, lengths = pad(rows, num_steps)
    width = [torch.zeros(num_steps, dtype=torch.long)] if num_steps else []
    tensors = [torch.tensor(row, dtype=torch.long) for row in rows]
    expected = pad_sequence([*tensors, *width], batch_first=True, padding_value=PAD)[: len(rows)]
    assert torch.equal(padded, expected)
    assert padded.dtype == lengths.dtype == torch.int64
    assert lengths.tolist() == [len(row) for row in rows]


def test_no_sequences_are_padded_to_an_empty_tensor():
    padded, lengths = pad([])
    assert (padded.shape, lengths.shape) == ((0, 0), (0,))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([[4, 5], [4.7]], TypeError, "sequences[1][0] must be a whole number; got 4.7 (float)"),
        ([[4, True]], TypeError, "sequences[0][1] must be a whole number; got True (bool)"),
        ([["a"]], TypeError, "sequences[0][0] must be a whole number; got 'a'"),
        ([torch.tensor([4.7])], TypeError, "sequences[0] must be whole numbers; got a tensor of torch.float32"),
        ([[4], [5, -1]], IndexError, "id -1 is outside the vocabulary"),
        ([np.array([4, -1])], IndexError, "id -1 is outside the vocabulary"),
    ],
)
def test_what_are_no_ids_is_not_padded(rows, error, message):
    """4.7 was 4, True was 1."""
    with pytest.raises(error, match="^" + re.escape(message)):
        pad(rows)


@pytest.mark.parametrize("kind", [tuple, np.array, torch.tensor, lambda ids: [np.int32(i) for i in ids]])
def test_rows_in_any_dress_are_padded(kind):
    padded, lengths = pad([kind([4, 5, 6]), kind([7])], num_steps=np.int64(4))
    assert padded.tolist() == [[4, 5, 6, PAD], [7, PAD, PAD, PAD]]
    assert lengths.tolist() == [3, 1]


@pytest.mark.parametrize("num_steps", [2.5, True, "3"])
def test_a_width_that_is_no_whole_number_is_an_error(num_steps):
    for function in (pad, lambda rows, steps: truncate(rows[0], steps)):
        with pytest.raises(TypeError, match=r"^num_steps must be a whole number; got"):
            function([[4, 5]], num_steps)


def test_a_sequence_longer_than_the_width_is_an_error():
    with pytest.raises(ValueError, match="a sequence has 3 ids, more than num_steps = 2; truncate it first"):
        pad([[4], [4, 5, 6]], num_steps=2)


def test_real_places_are_those_before_the_length():
    assert real_places(torch.tensor([2, 0, 3]), 3).tolist() == [[True, True, False], [False] * 3, [True] * 3]
