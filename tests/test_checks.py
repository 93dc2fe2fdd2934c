"""The shared checks: what is accepted, what is refused, and in which words."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import checks

INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]

# --- whole_number ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [7, np.int64(7), np.uint8(7), np.array(7), torch.tensor(7), torch.tensor(7, dtype=torch.uint8)]
)
def test_a_whole_number_in_any_dress_is_an_int(value):
    number = checks.whole_number("n", value, least=7, most=7)
    assert type(number) is int
    assert number == 7


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "True (bool)"),
        (np.bool_(True), "(bool"),  # bool_ in NumPy 1
        (7.0, "7.0 (float)"),
        (float("nan"), "nan (float)"),
        (np.float32(7), "(float32)"),
        ("7", "'7' (str)"),
        (None, "None (NoneType)"),
        ([7], "a list"),
        (np.array([7]), "an array of int64 of shape (1,)"),
        (torch.tensor(True), "a tensor of torch.bool of shape ()"),
        (torch.tensor(7.0), "a tensor of torch.float32 of shape ()"),
        (torch.tensor([7]), "a tensor of torch.int64 of shape (1,)"),
    ],
)
def test_what_is_no_whole_number_is_refused_with_what_came(value, shown):
    with pytest.raises(TypeError, match=r"^num_steps must be a whole number; got .*" + re.escape(shown)):
        checks.whole_number("num_steps", value)


@pytest.mark.parametrize(
    ("least", "most", "wanted"), [(5, None, "at least 5"), (None, 3, "at most 3"), (0, 3, "from 0 to 3")]
)
def test_a_number_out_of_bounds_is_named_with_the_bounds(least, most, wanted):
    with pytest.raises(ValueError, match=f"^size is 4; it must be {wanted}$"):
        checks.whole_number("size", 4, least, most)


# --- token_ids -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTEGERS)
def test_ids_of_every_whole_dtype_become_int64(dtype):
    ids = checks.token_ids("ids", torch.tensor([[100, 3]], dtype=dtype), "(B, T)", 101)
    assert ids.dtype == torch.int64
    assert (ids * 100).tolist() == [[10000, 300]]  # uint8 would give 16 and 44


def test_int64_ids_are_not_copied():
    ids = torch.tensor([1, 2])
    assert checks.token_ids("ids", ids, "(N,)", 3) is ids


@pytest.mark.parametrize(("axes", "shape"), [("(N,)", (4,)), ("(B, T)", (2, 3)), ("(B, T, K)", (1, 2, 3))])
def test_the_axes_say_how_many_there_must_be(axes, shape):
    for right in ((4,), (2, 3), (1, 2, 3)):
        ids = torch.zeros(right, dtype=torch.int64)
        if right == shape:
            assert checks.token_ids("ids", ids, axes) is ids
        else:
            with pytest.raises(ValueError, match=re.escape(f"ids must have the shape {axes}; got the shape {right}")):
                checks.token_ids("ids", ids, axes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([[1, 2]], "a list; torch.tensor makes a tensor of it"),
        (((1,), (2,)), "a tuple; torch.tensor"),
        (np.array([[1]]), "an array of int64 of shape (1, 1); torch.as_tensor"),
        (torch.tensor([[1.0]]), "a tensor of torch.float32 of shape (1, 1)"),
        (torch.tensor([[True]]), "a tensor of torch.bool of shape (1, 1)"),
        (torch.tensor([[1j]]), "a tensor of torch.complex64 of shape (1, 1)"),
        (None, "None (NoneType)"),
        ("x" * 99, "'" + "x" * 56 + "... (str)"),
    ],
)
def test_what_is_no_tensor_of_ids_is_refused_with_what_came(value, shown):
    message = f"tokens must be a tensor (B, T) of whole numbers, the ids; got {shown}"
    with pytest.raises(TypeError, match="^" + re.escape(message)):
        checks.token_ids("tokens", value, "(B, T)")


@pytest.mark.parametrize("shape", [(2, 0), (0, 3)])
def test_an_empty_axis_is_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"tokens is empty: its shape (B, T) is {shape}")):
        checks.token_ids("tokens", torch.zeros(shape, dtype=torch.int64), "(B, T)")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-3, 8), min_size=1, max_size=12), st.integers(1, 7))
def test_the_first_id_outside_the_vocabulary_is_named_with_its_place(ids, vocab_size):
    wrong = [(i, value) for i, value in enumerate(ids) if not 0 <= value < vocab_size]
    tensor = torch.tensor(ids)
    if not wrong:
        assert checks.token_ids("ids", tensor, "(N,)", vocab_size) is tensor
    else:
        place, value = wrong[0]
        expected = f"ids[{place}] is {value}; it must be from 0 to {vocab_size - 1}; the vocabulary has {vocab_size}"
        with pytest.raises(ValueError, match="^" + re.escape(expected)):
            checks.token_ids("ids", tensor, "(N,)", vocab_size)


def test_the_place_of_a_wrong_id_has_an_index_for_each_axis():
    with pytest.raises(ValueError, match=r"^tokens\[1, 0\] is 9; it must be from 0 to 4"):
        checks.token_ids("tokens", torch.tensor([[0, 4], [9, -1]]), "(B, T)", 5)


# --- id_list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [[2, 0], (2, 0), np.array([2, 0]), [np.int64(2), 0], torch.tensor([2, 0]), [torch.tensor(2), 0], range(2, -1, -2)],
)
def test_one_row_of_ids_in_any_dress_is_a_list_of_ints(ids):
    found = checks.id_list("ids", ids, 3)
    assert found == [2, 0]
    assert {type(i) for i in found} == {int}


@pytest.mark.parametrize("kind", [list, torch.tensor, np.array])
@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_id_outside_the_table_is_named_and_none_counts_from_the_end(kind, wrong):
    with pytest.raises(IndexError, match=f"^id {wrong} is outside the pairs, whose ids are 0 to 2$"):
        checks.id_list("index", kind([0, wrong, 9]), 3, "the pairs")


def test_without_a_size_only_negative_ids_are_refused():
    assert checks.id_list("ids", [10**9]) == [10**9]
    with pytest.raises(IndexError, match=r"^id -4 is outside the vocabulary, whose ids begin at 0$"):
        checks.id_list("ids", [3, -4])


# --- lengths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTEGERS)
def test_lengths_of_every_whole_dtype_become_int64(dtype):
    found = checks.lengths("src_len", torch.tensor([1, 3], dtype=dtype), count=2, least=1, most=3)
    assert found.dtype == torch.int64
    assert found.tolist() == [1, 3]


def test_no_lengths_are_right_for_no_sequences():
    assert checks.lengths("src_len", torch.zeros(0, dtype=torch.int64), count=0, least=1, most=3).shape == (0,)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (torch.tensor([1, 2, 3]), ValueError, "src_len must have the shape (2,), one length a row; got the shape (3,)"),
        (torch.tensor([[1, 2]]), ValueError, "got the shape (1, 2)"),
        (torch.tensor([1, 4]), ValueError, "src_len[1] is 4; it must be from 1 to 3"),
        (torch.tensor([0, 3]), ValueError, "src_len[0] is 0; it must be from 1 to 3"),
        (
            torch.tensor([1.0, 2.5]),
            TypeError,
            "src_len must be a tensor (2,) of whole numbers, the lengths; got",
        ),
        (torch.tensor([True, True]), TypeError, "got a tensor of torch.bool of shape (2,)"),
        ([1, 2], TypeError, "got a list; torch.tensor makes a tensor of it"),
    ],
)
def test_lengths_that_cannot_be_are_refused(value, error, message):
    with pytest.raises(error, match=re.escape(message)):
        checks.lengths("src_len", value, count=2, least=1, most=3)
