"""Pairs as tensors, against the book's code, torch's padding, and counting by hand."""

import random
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from two_devices import SECOND, TwoDevices

from helpers import checks
from helpers.book import d2l
from helpers.padding import pad
from helpers.pair_batches import PairBatch, PairBatches, encode_pairs, encode_sentences
from helpers.pairs import Pairs
from helpers.tokenizers import BOS, EOS, PAD, UNK, BPETokenizer, WordTokenizer

quick = settings(max_examples=60, deadline=None)


# --- encode_pairs, PairBatch -----------------------------------------------------------------------------------------


def small() -> tuple[Pairs, WordTokenizer, WordTokenizer]:
    pairs = Pairs(["go .", "i go home ."], ["va !", "je vais"])
    return pairs, WordTokenizer(pairs.sources, min_freq=1), WordTokenizer(pairs.targets, min_freq=1)


def test_encoding_worked_by_hand():
    """Ids by falling frequency, then by first occurrence: go 4, . 5, i 6, home 7; va 4, ! 5, je 6, vais 7."""
    data = encode_pairs(*small())
    assert data.src.tolist() == [[4, 5, EOS, PAD, PAD], [6, 4, 7, 5, EOS]]
    assert data.src_len.tolist() == [3, 5]
    assert data.tgt.tolist() == [[BOS, 4, 5, EOS], [BOS, 6, 7, EOS]]
    assert data.tgt_len.tolist() == [3, 3]
    assert {part.dtype for part in (data.src, data.src_len, data.tgt, data.tgt_len)} == {torch.int64}
    assert data.num_pairs == 2


def test_encoding_truncates_both_sides_and_keeps_the_eos():
    data = encode_pairs(*small(), num_steps=2)
    assert data.src.tolist() == [[4, EOS], [6, EOS]]
    assert data.tgt.tolist() == [[BOS, 4, EOS], [BOS, 6, EOS]]
    assert data.src_len.tolist() == data.tgt_len.tolist() == [2, 2]


def test_sources_are_the_books_array_when_none_is_longer_than_the_steps(sample):
    """d2l.build_array_nmt, with our numbers for its words."""
    part = sample[::20]
    words, width = WordTokenizer(part.sources), 12
    book = d2l.Vocab([s.split() for s in part.sources], 2, ["<pad>", "<bos>", "<eos>"])
    array, valid_len = d2l.build_array_nmt([s.split() for s in part.sources], book, width)
    ids = torch.tensor([UNK, PAD, BOS, EOS, *range(4, len(book))])
    src, src_len = encode_sentences(part.sources, words)
    assert torch.equal(ids[array][:, : src.shape[1]], src)
    assert torch.equal(src_len, valid_len)


def test_encoding_sources_leaves_an_empty_sentence_its_eos(pieces):
    for tokenizer in (WordTokenizer(["a a"]), pieces):
        src, src_len = encode_sentences(["", "a a"], tokenizer)
        assert src[0, 0] == EOS
        assert src_len[0] == 1


def test_no_pairs_cannot_be_encoded():
    _, source, target = small()
    with pytest.raises(ValueError, match="there are no pairs to encode"):
        encode_pairs(Pairs([], []), source, target)


@pytest.mark.parametrize("kind", [list, torch.tensor])
def test_rows_are_no_wider_than_the_longest_of_them(kind):
    pairs = Pairs(["a", "a a a", "a a"], ["b b b", "b", "b b"])
    data = encode_pairs(pairs, WordTokenizer(["a a"]), WordTokenizer(["b b"]))
    src, src_len, tgt, tgt_len = data.rows(kind([2, 0]))
    assert src.tolist() == [[4, 4, EOS], [4, EOS, PAD]]
    assert src_len.tolist() == [3, 2]
    assert tgt.tolist() == [[BOS, 4, 4, EOS, PAD], [BOS, 4, 4, 4, EOS]]
    assert tgt_len.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ([0, 3], IndexError, "id 3 is outside the pairs, whose ids are 0 to 2"),
        ([-1], IndexError, "id -1 is outside the pairs, whose ids are 0 to 2"),
        (torch.tensor([-1]), IndexError, "id -1 is outside the pairs"),
        ([0.5], TypeError, "index[0] must be a whole number; got 0.5"),
        (torch.tensor([0.0]), TypeError, "index must be whole numbers; got a tensor of torch.float32"),
        ([True, False, True], TypeError, "index[0] must be a whole number; got True"),
        (torch.tensor([True, False, True]), TypeError, "index must be whole numbers; got a tensor of torch.bool"),
        (1, TypeError, "index must be a list or a tensor (T,) of ids; got 1 (int)"),
        ([], ValueError, "index is empty; at least one pair is needed"),
    ],
)
def test_rows_that_are_not_there_are_an_error(index, error, message):
    with pytest.raises(error, match="^" + re.escape(message)):
        data_of([(1, 1), (2, 2), (3, 3)]).rows(index)


def test_a_batch_has_four_parts_with_names_and_counts():
    data = data_of([(1, 2), (3, 4), (2, 2)])
    assert [id(part) for part in data] == [id(part) for part in (data.src, data.src_len, data.tgt, data.tgt_len)]
    assert data.num_pairs == 3
    batch = data.rows(np.array([2, 0]))
    assert isinstance(batch, PairBatch)
    assert (batch.num_pairs, batch.src_len.tolist()) == (2, [2, 1])


LIES = [  # which part of data_of([(2, 1), (1, 2)]) is replaced, by what, and what is said
    ("src_len", torch.tensor([2.0, 1.5]), TypeError, "src_len must be a tensor (2,) of whole numbers"),
    ("tgt_len", torch.tensor([True, True]), TypeError, "tgt_len must be a tensor (2,) of whole numbers"),
    ("src_len", torch.tensor([2, 3]), ValueError, "src_len[1] is 3; it must be from 1 to 2"),
    ("tgt_len", torch.tensor([3, 2]), ValueError, "tgt_len[0] is 3; it must be from 1 to 2"),
    ("src_len", torch.tensor([0, 1]), ValueError, "src_len[0] is 0; it must be from 1 to 2"),
]


@pytest.mark.parametrize(("part", "wrong", "error", "message"), LIES)
def test_lengths_that_cannot_be_are_an_error_and_not_rounded(part, wrong, error, message):
    data = data_of([(2, 1), (1, 2)])._replace(**{part: wrong})
    for use in (lambda: data.rows([0, 1]), lambda: PairBatches(data, 2)):
        with pytest.raises(error, match="^" + re.escape(message)):
            use()


@pytest.mark.parametrize(("part", "lengths"), [("src_len", [2, 2]), ("src_len", [1, 1]), ("tgt_len", [2, 2])])
def test_a_length_that_is_not_where_the_padding_begins_is_an_error(part, lengths):
    """It would have padding read as a token, or a token left out, and nobody would know."""
    data = data_of([(2, 1), (1, 2)])._replace(**{part: torch.tensor(lengths)})
    with pytest.raises(ValueError, match=rf"^{part}\[[01]\] is [12], which is not where the padding of row [01]"):
        PairBatches(data, 2)


def test_lengths_are_checked_once_and_not_in_every_batch(monkeypatch):
    batches, calls = PairBatches(data_of([(2, 1), (1, 2), (3, 3)]), 1), []
    monkeypatch.setattr(checks, "lengths", lambda *args: calls.append(args))
    monkeypatch.setattr(checks, "id_list", lambda *args: calls.append(args))
    assert len(list(batches)) == 3
    assert calls == []


def test_lengths_and_ids_of_one_byte_do_not_overflow():
    """The sort key is source length x 3 + target length: in uint8 86 x 3 + 1 = 259 would be 3, the smallest."""
    data = data_of([(86, 1), (2, 1), (40, 1)])
    small = PairBatch(*(part.to(torch.uint8) for part in data))
    [batch] = PairBatches(small, 3, shuffle=False)
    assert batch.src_len.tolist() == [2, 40, 86]
    assert {part.dtype for part in batch} == {torch.int64}


@pytest.mark.parametrize("kind", ["words", "subwords"])
def test_every_pair_of_the_sample_comes_back_from_its_batch(kind, sample, pieces):
    if kind == "words":
        source, target = WordTokenizer(sample.sources, min_freq=1), WordTokenizer(sample.targets, min_freq=1)
    else:
        source, target = BPETokenizer(sample.sources, 150), pieces
    found = []
    for src, src_len, tgt, tgt_len in PairBatches(encode_pairs(sample, source, target), 256):
        assert src.shape[1] == src_len.max()
        assert tgt.shape[1] == tgt_len.max() + 1
        assert (tgt[:, 0] == BOS).all()
        assert torch.equal((src != PAD).sum(1), src_len)
        assert torch.equal((tgt[:, 1:] != PAD).sum(1), tgt_len)
        found += zip(source.decode(src), target.decode(tgt), strict=True)
    assert sorted(found) == sorted(sample)


# --- PairBatches ---------------------------------------------------------------------------------------------------


def data_of(lengths: list[tuple[int, int]]) -> PairBatch:
    """Pairs of these lengths; the first id of each source is its number, from 100 on."""
    src, src_len = pad([[100 + i] + [4] * (s - 1) for i, (s, _) in enumerate(lengths)])
    tgt, tgt_len = pad([[BOS] + [5] * t for _, t in lengths])
    return PairBatch(src, src_len, tgt, tgt_len - 1)


def numbers(batches: PairBatches) -> list[list[int]]:
    return [[i - 100 for i in batch[0][:, 0].tolist()] for batch in batches]


LENGTHS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=30)


@quick
@given(LENGTHS, st.integers(1, 12), st.booleans(), st.booleans())
def test_every_pass_has_every_pair_once_in_batches_of_the_size(lengths, batch_size, sort_by_length, shuffle):
    data = data_of(lengths)
    batches = PairBatches(data, batch_size, sort_by_length, shuffle)
    for _ in range(2):
        found = numbers(batches)
        assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
        assert len(found) == len(batches)
        assert sorted(map(len, found))[1:] == [batch_size] * (len(found) - 1)
        assert max(map(len, found)) <= batch_size
    for batch, (src, src_len, tgt, tgt_len) in zip(
        numbers(PairBatches(data, batch_size, sort_by_length, False)),
        PairBatches(data, batch_size, sort_by_length, False),
        strict=True,
    ):
        for part, expected in zip((src, src_len, tgt, tgt_len), data.rows(batch), strict=True):
            assert torch.equal(part, expected)


@quick
@given(LENGTHS, st.integers(1, 12))
def test_batches_are_cut_from_the_pairs_sorted_by_source_then_target_length(lengths, batch_size):
    """A stable sort, as Python has it; with shuffling, the same lengths go together, in whatever order."""
    data = data_of(lengths)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    expected = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    assert numbers(PairBatches(data, batch_size, shuffle=False)) == expected
    shuffled = [sorted(lengths[i] for i in batch) for batch in numbers(PairBatches(data, batch_size))]
    assert sorted(shuffled) == sorted([lengths[i] for i in batch] for batch in expected)


def test_without_sorting_and_shuffling_the_order_is_that_of_the_pairs():
    lengths = [(3, 1), (1, 1), (2, 2), (1, 4), (5, 1)]
    assert numbers(PairBatches(data_of(lengths), 2, sort_by_length=False, shuffle=False)) == [[0, 1], [2, 3], [4]]


def test_without_shuffling_every_pass_is_the_same_and_no_random_number_is_drawn():
    before, batches = torch.get_rng_state(), PairBatches(data_of([(1, 1)] * 9), 2, shuffle=False)
    assert numbers(batches) == numbers(batches)
    assert torch.equal(torch.get_rng_state(), before)


def test_with_shuffling_the_order_of_batches_and_of_pairs_among_equals_changes_with_every_pass():
    batches = PairBatches(data_of([(1, 1)] * 20 + [(2, 1)] * 20 + [(3, 1)] * 20), 10)
    first, second = numbers(batches), numbers(batches)
    assert [batch[0] // 20 for batch in first] != [batch[0] // 20 for batch in second]
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    assert [batch[0] // 20 for batch in first] != sorted(batch[0] // 20 for batch in first)


def test_shuffled_batches_without_sorting_mix_all_pairs():
    batches = PairBatches(data_of([(1, 1)] * 50 + [(2, 1)] * 50), 20, sort_by_length=False)
    assert all(0 < sum(i < 50 for i in batch) < 20 for batch in numbers(batches))


@pytest.mark.parametrize("sort_by_length", [True, False])
def test_random_order_comes_from_torchs_global_generator(sort_by_length):
    batches, orders = PairBatches(data_of([(1, 1)] * 30), 4, sort_by_length=sort_by_length), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        random.seed(0)
        orders.append(numbers(batches))
    assert orders[0] == orders[1] != orders[2]


def test_sorting_by_length_saves_padding(sample):
    """On the sample: most batches have sources of one length, and little of what is read is padding."""
    words = WordTokenizer(sample.sources), WordTokenizer(sample.targets)
    data, share = encode_pairs(sample, *words), {}
    for sort_by_length in (True, False):
        batches = list(PairBatches(data, 64, sort_by_length=sort_by_length))
        read = sum(src.numel() + tgt.numel() for src, _, tgt, _ in batches)
        share[sort_by_length] = 1 - sum(int(s.sum() + t.sum()) + len(t) for _, s, _, t in batches) / read
        if sort_by_length:
            assert sum(int(s.min() == s.max()) for _, s, _, _ in batches) > 0.8 * len(batches)
    assert share[True] < 0.05 < 0.2 < share[False]


@pytest.mark.parametrize("sort_by_length", [True, False])
@pytest.mark.parametrize("shuffle", [True, False])
def test_pairs_on_another_device_give_the_same_batches_there(sort_by_length, shuffle):
    data, batches = data_of([(1, 3), (3, 1), (2, 2), (1, 1), (2, 4)]), []
    for device in (torch.device("cpu"), SECOND):
        with TwoDevices():
            torch.manual_seed(0)
            here = PairBatches(data.to(device), 2, sort_by_length, shuffle)
            batches.append([batch.to("cpu") for batch in here])
            assert {part.device for batch in here for part in batch} == {device}
    assert len(batches[0]) == len(batches[1]) == 3
    for one, other in zip(*batches, strict=True):
        for part, expected in zip(one, other, strict=True):
            assert part.tolist() == expected.tolist()


@pytest.mark.parametrize("kind", [list, torch.tensor])
def test_rows_on_another_device_take_an_index_of_this_one(kind):
    with TwoDevices():
        batch = data_of([(1, 3), (3, 1), (2, 2)]).to(SECOND).rows(kind([2, 0]))
        assert {part.device for part in batch} == {SECOND}
        assert batch.src_len.tolist() == [2, 1]


def test_batches_do_not_continue_one_another():
    assert PairBatches.continues is False


@pytest.mark.parametrize("batch_size", [2.0, True, None])
def test_a_batch_size_that_is_no_whole_number_is_an_error(batch_size):
    with pytest.raises(TypeError, match=r"^batch_size must be a whole number; got"):
        PairBatches(data_of([(1, 1)]), batch_size)
    assert len(PairBatches(data_of([(1, 1)] * 3), np.int64(2))) == 2


def test_batches_of_nothing_or_of_no_size_are_errors():
    with pytest.raises(ValueError, match="batch_size is 0; it must be at least 1"):
        PairBatches(data_of([(1, 1)]), 0)
    empty = torch.zeros(0, 2, dtype=torch.long)
    with pytest.raises(ValueError, match="there are no pairs to make batches of"):
        PairBatches(PairBatch(empty, empty[:, 0], empty, empty[:, 0]), 4)
