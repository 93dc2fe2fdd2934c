"""Batches for language models, against the book's code and against counting by hand."""

from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers.batches import RandomBatches, SequentialBatches, whole, windows
from helpers.book import d2l

settings.register_profile("quick", max_examples=60, deadline=None)
settings.load_profile("quick")


# --- SequentialBatches -----------------------------------------------------------------------------------------------


@st.composite
def sizes(draw):
    """(number of ids, batch_size, num_steps): always enough for one batch."""
    B, T = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    return B * T + 1 + draw(st.integers(0, 60)), B, T


@given(sizes(), st.data())
def test_sequential_windows_are_those_of_the_book_at_the_same_offset(size, data):
    n, B, T = size
    offset = data.draw(st.integers(0, min(T, n - 1 - B * T)))
    ids = torch.randint(9, (n,))
    with mock.patch("random.randint", return_value=offset):
        theirs = list(d2l.seq_data_iter_sequential(ids.tolist(), B, T))
    ours = list(SequentialBatches(ids, B, T, offset=offset))
    assert len(ours) == len(theirs) > 0
    for mine, book in zip(ours, theirs, strict=True):
        assert torch.equal(mine[0], book[0])
        assert torch.equal(mine[1], book[1])


def test_a_row_continues_in_the_same_row_of_the_next_batch():
    batches = list(SequentialBatches(torch.arange(100), batch_size=3, num_steps=4))
    rows = torch.cat([X for X, _ in batches], dim=1)
    assert len(batches) > 2
    assert (rows.diff(dim=1) == 1).all()


@given(sizes())
def test_sequential_targets_are_the_inputs_one_step_later(size):
    n, B, T = size
    for X, Y in SequentialBatches(torch.arange(n), B, T):
        assert X.shape == Y.shape == (B, T)
        assert torch.equal(Y, X + 1)


def test_sequential_batches_copy_nothing():
    ids = torch.arange(50)
    for X, Y in SequentialBatches(ids, batch_size=2, num_steps=5):
        assert X.untyped_storage().data_ptr() == Y.untyped_storage().data_ptr() == ids.untyped_storage().data_ptr()


@given(sizes(), st.data())
def test_len_is_the_number_of_sequential_batches_at_every_offset(size, data):
    n, B, T = size
    offset = data.draw(st.none() | st.integers(0, n - 1 - B * T))
    batches = SequentialBatches(torch.arange(n), B, T, offset)
    assert len(list(batches)) == len(batches) >= 1
    assert len(list(batches)) == len(batches)  # the next pass, with another offset


def test_the_offset_is_new_in_each_pass_and_takes_every_value_below_num_steps():
    batches = SequentialBatches(torch.arange(50), batch_size=2, num_steps=3)
    torch.manual_seed(0)
    assert {int(next(iter(batches))[0][0, 0]) for _ in range(50)} == {0, 1, 2}


@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches])
def test_the_order_is_reproducible_from_the_seed_of_torch(kind):
    batches = kind(torch.arange(500), batch_size=2, num_steps=9)
    passes = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        passes.append(torch.stack([X for X, _ in batches]))
    assert torch.equal(passes[0], passes[1])
    assert not torch.equal(passes[0], passes[2])


@pytest.mark.parametrize("offset", [-1, 8])
def test_an_offset_that_leaves_no_batch_is_an_error(offset):
    with pytest.raises(ValueError, match=rf"offset is {offset}; it must be from 0 to 7"):
        SequentialBatches(torch.arange(20), batch_size=3, num_steps=4, offset=offset)


# --- RandomBatches ---------------------------------------------------------------------------------------------------


def spans(batches) -> list[tuple[int, ...]]:
    """All windows of one pass, each with its last target, in the order in which they come."""
    return [(*x.tolist(), int(y[-1])) for X, Y in batches for x, y in zip(X, Y, strict=True)]


def test_random_windows_partition_the_text():
    """14 ids and T = 3: whatever the offset, four windows fit, and their inputs cover 12 neighbouring ids."""
    offsets = set()
    for _ in range(30):
        inputs = sorted(i for window in spans(RandomBatches(torch.arange(15), 2, 3)) for i in window[:-1])
        assert inputs == list(range(inputs[0], inputs[0] + 12))
        offsets.add(inputs[0])
    assert offsets == {0, 1, 2}


@given(sizes())
def test_random_windows_are_windows_of_the_book_at_the_same_offset(size):
    n, B, T = size
    ids = torch.arange(n)
    ours = spans(RandomBatches(ids, B, T))
    with mock.patch("random.randint", return_value=ours[0][0] % T):
        theirs = spans(d2l.seq_data_iter_random(ids.tolist(), 1, T))
    assert set(ours) <= set(theirs)
    assert len(theirs) - len(ours) <= B  # left out: an incomplete batch


def test_stride_1_gives_every_window_once():
    found = spans(RandomBatches(torch.arange(14), batch_size=2, num_steps=4, stride=1))
    assert sorted(found) == [tuple(range(i, i + 5)) for i in range(10)]


@given(sizes(), st.integers(1, 9))
def test_no_window_comes_twice_in_a_pass_and_len_counts_the_batches(size, stride):
    n, B, T = size
    assume((n - T - 1) // stride + 1 >= B)
    batches = RandomBatches(torch.arange(n), B, T, stride)
    for _ in range(2):
        found = list(batches)
        assert len(found) == len(batches) >= 1
        assert all(X.shape == Y.shape == (B, T) and torch.equal(Y, X + 1) for X, Y in found)
        assert len(set(spans(found))) == len(batches) * B


def test_random_windows_are_shuffled_anew_in_each_pass():
    batches = RandomBatches(torch.arange(303), batch_size=5, num_steps=3)  # 100 windows at every offset
    torch.manual_seed(0)
    first, second = spans(batches), spans(batches)
    assert first != sorted(first)
    assert [w[0] // 3 for w in first] != [w[0] // 3 for w in second]


def test_a_stride_below_1_is_an_error():
    with pytest.raises(ValueError, match="stride is 0"):
        RandomBatches(torch.arange(20), 2, 3, stride=0)


def test_fewer_windows_than_a_batch_is_an_error_with_the_numbers():
    with pytest.raises(ValueError, match="20 ids give 2 windows of 3 steps at stride 10, less than one batch of 4"):
        RandomBatches(torch.arange(20), 4, 3, stride=10)


# --- windows ---------------------------------------------------------------------------------------------------------


@given(sizes())
def test_windows_are_all_there_are_in_the_order_of_the_text(size):
    """Against slicing: none is left out, also where the last batch is smaller."""
    n, B, T = size
    found = windows(torch.arange(n), T, batch_size=B)
    assert spans(found) == [tuple(range(i, i + T + 1)) for i in range(n - T)]
    assert [len(X) for X, _ in found[:-1]] == [B] * (len(found) - 1)
    assert len(found) == -(-(n - T) // B)


def test_windows_draw_no_random_numbers_are_the_same_in_every_pass_and_copy_nothing():
    """Unlike RandomBatches, which scored a random part of the validation text and moved the training's generator."""
    ids, before = torch.arange(1000), torch.get_rng_state()
    found = windows(ids, 32)
    assert spans(found) == spans(found)
    assert torch.equal(torch.get_rng_state(), before)
    assert {part.untyped_storage().data_ptr() for batch in found for part in batch} == {
        ids.untyped_storage().data_ptr()
    }


def test_windows_need_one_window_and_its_targets():
    assert spans(windows(torch.arange(5), 4)) == [(0, 1, 2, 3, 4)]
    with pytest.raises(ValueError, match="the text has 4 tokens, but one window of 4 steps and its targets need 5"):
        windows(torch.arange(4), 4)


# --- whole, what continues, and what all refuse ----------------------------------------------------------------------


def test_batches_know_whether_they_continue_one_another():
    ids = torch.arange(20)
    assert SequentialBatches(ids, 2, 3).continues is True
    assert RandomBatches(ids, 2, 3).continues is False
    assert not getattr(windows(ids, 3), "continues", False)
    assert not getattr(whole(ids), "continues", False)


def test_whole_is_one_batch_that_predicts_each_id_from_all_before():
    [(X, Y)] = whole(torch.tensor([5, 6, 7, 8]))
    assert X.tolist() == [[5, 6, 7]]
    assert Y.tolist() == [[6, 7, 8]]


def test_whole_needs_one_id_and_its_target():
    with pytest.raises(ValueError, match="the text has 1 token; at least 2 are needed"):
        whole(torch.tensor([5]))


def by_windows(ids, batch_size, num_steps):
    return windows(ids, num_steps, batch_size)


@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches, by_windows])
@pytest.mark.parametrize(
    ("ids", "batch_size", "num_steps", "error", "message"),
    [
        (torch.arange(20), 0, 3, ValueError, "^batch_size is 0; it must be at least 1"),
        (torch.arange(20), 3, 0, ValueError, "^num_steps is 0; it must be at least 1"),
        (torch.arange(20), -2, 3, ValueError, "^batch_size is -2"),
        (torch.arange(20), 2.0, 3, TypeError, "^batch_size must be a whole number; got 2.0"),
        (torch.arange(20), 2, 1.5, TypeError, "^num_steps must be a whole number; got 1.5"),
        (torch.arange(20), True, 3, TypeError, "^batch_size must be a whole number; got True"),
        (torch.arange(0), 1, 1, ValueError, "^ids is empty"),
        (torch.arange(4), 1, 4, ValueError, "^(the text has 4 tokens, but|4 ids give 0 windows)"),
        (torch.arange(20.0), 2, 3, TypeError, r"^ids must be a tensor \(N,\) of whole numbers.*torch.float32"),
        (torch.zeros(20, dtype=torch.bool), 2, 3, TypeError, "torch.bool"),
        (list(range(20)), 2, 3, TypeError, "got a list"),
        (torch.zeros(4, 5, dtype=torch.int64), 2, 3, ValueError, r"got the shape \(4, 5\)"),
    ],
)
def test_bad_input_is_named(kind, ids, batch_size, num_steps, error, message):
    with pytest.raises(error, match=message):
        kind(ids, batch_size, num_steps)


@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches])
def test_a_text_one_token_too_short_for_a_batch_is_an_error_with_the_numbers(kind):
    with pytest.raises(ValueError, match=r"12 (tokens, but one batch of 3 x 4.*need 13|ids give 2 windows of 4)"):
        kind(torch.arange(12), 3, 4)


@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches])
def test_the_shortest_text_that_fits_gives_one_batch(kind):
    [(X, _)] = kind(torch.arange(13), 3, 4)
    assert sorted(X.flatten().tolist()) == list(range(12))


@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches, by_windows])
def test_numpy_numbers_and_small_integers_are_accepted(kind):
    for X, Y in kind(torch.arange(30, dtype=torch.uint8), np.int64(2), np.int32(3)):
        assert X.dtype == Y.dtype == torch.int64
        assert torch.equal(Y, X + 1)
