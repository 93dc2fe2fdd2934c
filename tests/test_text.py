"""Cleaning, vocabulary and batches, against the book's code and against counting by hand."""

import string
from unittest import mock

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers import datasets, text
from helpers.book import d2l

LINES = "I told the\nTime Traveller that it seemed to him\nwas--a 4th dimension.\n\n  Yes,he said.\n"
TOKENS = st.lists(st.sampled_from("abcdefg "), max_size=40)
settings.register_profile("quick", max_examples=60, deadline=None)
settings.load_profile("quick")


@pytest.fixture
def book_lines(monkeypatch, tmp_path):
    """What the book's own reader makes of LINES."""
    path = tmp_path / "timemachine.txt"
    path.write_text(LINES)
    monkeypatch.setattr(d2l, "download", lambda name: str(path))
    return d2l.read_time_machine()


# --- clean -----------------------------------------------------------------------------------------------------------


def test_clean_keeps_letters_in_lower_case_and_one_space_between_words():
    assert text.clean("The Time-Traveller (for so\n\n it, 1895)") == "the time traveller for so it "


@given(st.text(st.sampled_from("aZé -\n\t4'_"), max_size=30))
def test_clean_equals_reading_character_by_character(raw):
    expected = ""
    for character in raw:
        if character in string.ascii_letters:
            expected += character.lower()
        elif not expected.endswith(" "):
            expected += " "
    assert text.clean(raw) == expected


def test_clean_finds_the_words_that_the_book_finds(book_lines):
    assert text.clean(LINES).split() == [word for line in d2l.tokenize(book_lines) for word in line]


def test_clean_does_not_glue_the_words_at_the_end_of_lines_as_the_book_does(book_lines):
    glued = "".join(character for line in d2l.tokenize(book_lines, "char") for character in line)
    assert "himwas" in glued
    assert " him was " in text.clean(LINES)


# --- Vocab -----------------------------------------------------------------------------------------------------------


@given(TOKENS, st.integers(0, 4), st.lists(st.sampled_from(["<pad>", "<bos>", "a"]), unique=True))
def test_vocab_orders_and_counts_as_the_book_does(tokens, min_freq, reserved):
    """Ties, rare tokens and reserved tokens included."""
    ours, theirs = text.Vocab(tokens, min_freq, reserved), d2l.Vocab(tokens, min_freq, reserved)
    assert ours.tokens == theirs.idx_to_token
    assert ours.encode("abcxyz") == theirs[list("abcxyz")]
    assert sorted(ours.freqs.items()) == sorted(theirs.token_freqs)


def test_vocab_orders_by_frequency_and_ties_by_first_occurrence():
    assert text.Vocab("cabbage").tokens == ["<unk>", "a", "b", "c", "g", "e"]


@given(TOKENS.filter(bool), st.data())
def test_decode_undoes_encode(tokens, data):
    vocab = text.Vocab(tokens)
    sentence = data.draw(st.lists(st.sampled_from(tokens)))
    ids = vocab.encode(sentence)
    assert vocab.decode(ids) == vocab.decode(torch.tensor(ids, dtype=torch.int64)) == sentence


def test_every_token_has_its_own_id_from_0_to_len_minus_1():
    vocab = text.Vocab("hello world", specials=["<pad>", "<bos>"])
    assert [vocab[token] for token in vocab.tokens] == list(range(len(vocab)))


def test_an_unknown_token_becomes_unk():
    vocab = text.Vocab("abc")
    assert "z" not in vocab
    assert vocab["z"] == vocab.unk == 0
    assert vocab.decode(vocab.encode("az")) == ["a", "<unk>"]


def test_unk_keeps_the_place_that_specials_give_it():
    vocab = text.Vocab("ab", specials=["<pad>", "<unk>"])
    assert vocab.tokens[:2] == ["<pad>", "<unk>"]
    assert vocab["z"] == vocab.unk == 1


def test_strict_encoding_names_every_unknown_character_once():
    with pytest.raises(ValueError, match=r"not in the vocabulary: '!', 'Z'; clean the text first.*<unk> b a c$"):
        text.Vocab("bbaac").encode("aZb!Z", strict=True)


def test_strict_encoding_of_known_characters_is_encoding():
    vocab = text.Vocab("abc")
    assert vocab.encode("cab", strict=True) == vocab.encode("cab")


@pytest.mark.parametrize("kind", [list, torch.tensor])
@pytest.mark.parametrize("bad", [-1, 4])
def test_decode_refuses_ids_outside_the_table(bad, kind):
    with pytest.raises(IndexError, match=rf"^id {bad} is outside the vocabulary, whose ids are 0 to 3"):
        text.Vocab("abc").decode(kind([1, bad]))


def test_a_special_token_given_twice_is_an_error():
    with pytest.raises(ValueError, match="twice"):
        text.Vocab("abc", specials=["<pad>", "<pad>"])


# --- character_corpus ------------------------------------------------------------------------------------------------


def test_characters_10000_to_15000_are_held_out_and_the_rest_is_for_training():
    raw = datasets.time_machine("sample").raw
    corpus, cleaned = text.character_corpus(raw), text.clean(raw)
    assert "".join(corpus.vocab.decode(corpus.val)) == cleaned[10_000:15_000]
    assert "".join(corpus.vocab.decode(corpus.train)) == cleaned[:10_000] + cleaned[15_000:]
    assert corpus.train.dtype == corpus.val.dtype == torch.int64


def test_the_vocabulary_knows_nothing_of_the_held_out_part():
    corpus = text.character_corpus("aab" + "zzz" + "bbb", held_out=(3, 6))
    assert corpus.vocab.tokens == ["<unk>", "b", "a"]
    assert corpus.val.tolist() == [0, 0, 0]


@pytest.mark.parametrize("raw", ["", " \n", "1895 -- 42!"])
def test_a_text_without_letters_is_an_error(raw):
    with pytest.raises(ValueError, match="the text is empty"):
        text.character_corpus(raw, held_out=(0, 3))


def test_a_text_too_short_to_hold_out_is_an_error_with_the_numbers():
    with pytest.raises(ValueError, match="the cleaned text has 15,001 characters; holding out 10,000 to 15,000"):
        text.character_corpus("a" * 15_001)
    assert len(text.character_corpus("a" * 15_002).train) == 10_002


@pytest.mark.parametrize("held_out", [(5, 5), (-1, 3), (6, 2)])
def test_an_impossible_held_out_range_is_an_error(held_out):
    with pytest.raises(ValueError, match=r"held_out is .* 0 <= start < stop"):
        text.character_corpus("abcdefghijkl", held_out=held_out)


def test_one_held_out_character_has_no_target_and_is_an_error():
    with pytest.raises(ValueError, match="too little"):
        text.character_corpus("abcdefghijkl", held_out=(2, 3))


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
    ours = list(text.SequentialBatches(ids, B, T, offset=offset))
    assert len(ours) == len(theirs) > 0
    for mine, book in zip(ours, theirs, strict=True):
        assert torch.equal(mine[0], book[0])
        assert torch.equal(mine[1], book[1])


def test_a_row_continues_in_the_same_row_of_the_next_batch():
    batches = list(text.SequentialBatches(torch.arange(100), batch_size=3, num_steps=4))
    rows = torch.cat([X for X, _ in batches], dim=1)
    assert len(batches) > 2
    assert (rows.diff(dim=1) == 1).all()


@given(sizes())
def test_sequential_targets_are_the_inputs_one_step_later(size):
    n, B, T = size
    for X, Y in text.SequentialBatches(torch.arange(n), B, T):
        assert X.shape == Y.shape == (B, T)
        assert torch.equal(Y, X + 1)


def test_sequential_batches_copy_nothing():
    ids = torch.arange(50)
    for X, Y in text.SequentialBatches(ids, batch_size=2, num_steps=5):
        assert X.untyped_storage().data_ptr() == Y.untyped_storage().data_ptr() == ids.untyped_storage().data_ptr()


@given(sizes(), st.data())
def test_len_is_the_number_of_sequential_batches_at_every_offset(size, data):
    n, B, T = size
    offset = data.draw(st.none() | st.integers(0, n - 1 - B * T))
    batches = text.SequentialBatches(torch.arange(n), B, T, offset)
    assert len(list(batches)) == len(batches) >= 1
    assert len(list(batches)) == len(batches)  # the next pass, with another offset


def test_the_offset_is_new_in_each_pass_and_takes_every_value_below_num_steps():
    batches = text.SequentialBatches(torch.arange(50), batch_size=2, num_steps=3)
    torch.manual_seed(0)
    assert {int(next(iter(batches))[0][0, 0]) for _ in range(50)} == {0, 1, 2}


@pytest.mark.parametrize("kind", [text.SequentialBatches, text.RandomBatches])
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
    with pytest.raises(ValueError, match=rf"offset is {offset}; it must be 0 to 7"):
        text.SequentialBatches(torch.arange(20), batch_size=3, num_steps=4, offset=offset)


# --- RandomBatches ---------------------------------------------------------------------------------------------------


def windows(batches) -> list[tuple[int, ...]]:
    """All windows of one pass, each with its last target, in the order in which they come."""
    return [(*x.tolist(), int(y[-1])) for X, Y in batches for x, y in zip(X, Y, strict=True)]


def test_random_windows_partition_the_text():
    """14 ids and T = 3: whatever the offset, four windows fit, and their inputs cover 12 neighbouring ids."""
    offsets = set()
    for _ in range(30):
        inputs = sorted(i for window in windows(text.RandomBatches(torch.arange(15), 2, 3)) for i in window[:-1])
        assert inputs == list(range(inputs[0], inputs[0] + 12))
        offsets.add(inputs[0])
    assert offsets == {0, 1, 2}


@given(sizes())
def test_random_windows_are_windows_of_the_book_at_the_same_offset(size):
    n, B, T = size
    ids = torch.arange(n)
    ours = windows(text.RandomBatches(ids, B, T))
    with mock.patch("random.randint", return_value=ours[0][0] % T):
        theirs = windows(d2l.seq_data_iter_random(ids.tolist(), 1, T))
    assert set(ours) <= set(theirs)
    assert len(theirs) - len(ours) <= B  # left out: an incomplete batch


def test_stride_1_gives_every_window_once():
    found = windows(text.RandomBatches(torch.arange(14), batch_size=2, num_steps=4, stride=1))
    assert sorted(found) == [tuple(range(i, i + 5)) for i in range(10)]


@given(sizes(), st.integers(1, 9))
def test_no_window_comes_twice_in_a_pass_and_len_counts_the_batches(size, stride):
    n, B, T = size
    assume((n - T - 1) // stride + 1 >= B)
    batches = text.RandomBatches(torch.arange(n), B, T, stride)
    for _ in range(2):
        found = list(batches)
        assert len(found) == len(batches) >= 1
        assert all(X.shape == Y.shape == (B, T) and torch.equal(Y, X + 1) for X, Y in found)
        assert len(set(windows(found))) == len(batches) * B


def test_random_windows_are_shuffled_anew_in_each_pass():
    batches = text.RandomBatches(torch.arange(303), batch_size=5, num_steps=3)  # 100 windows at every offset
    torch.manual_seed(0)
    first, second = windows(batches), windows(batches)
    assert first != sorted(first)
    assert [w[0] // 3 for w in first] != [w[0] // 3 for w in second]


def test_a_stride_below_1_is_an_error():
    with pytest.raises(ValueError, match="stride is 0"):
        text.RandomBatches(torch.arange(20), 2, 3, stride=0)


def test_fewer_windows_than_a_batch_is_an_error_with_the_numbers():
    with pytest.raises(ValueError, match="20 ids give 2 windows of 3 steps at stride 10, less than one batch of 4"):
        text.RandomBatches(torch.arange(20), 4, 3, stride=10)


# --- whole, and what all refuse --------------------------------------------------------------------------------------


def test_whole_is_one_batch_that_predicts_each_id_from_all_before():
    [(X, Y)] = text.whole(torch.tensor([5, 6, 7, 8]))
    assert X.tolist() == [[5, 6, 7]]
    assert Y.tolist() == [[6, 7, 8]]


def test_whole_needs_one_id_and_its_target():
    with pytest.raises(ValueError, match="1 tokens, but"):
        text.whole(torch.tensor([5]))


@pytest.mark.parametrize("kind", [text.SequentialBatches, text.RandomBatches])
@pytest.mark.parametrize(
    ("ids", "batch_size", "num_steps", "message"),
    [
        (torch.arange(20), 0, 3, "batch_size is 0"),
        (torch.arange(20), 3, 0, "num_steps is 0"),
        (torch.arange(20), -2, 3, "batch_size is -2"),
        (torch.arange(12), 3, 4, "12 (tokens, but|ids give 2 windows)"),
        (torch.arange(0), 1, 1, "0 tokens"),
        (torch.arange(20.0), 2, 3, r"whole numbers of shape \(N,\); got torch.float32"),
        (torch.zeros(4, 5, dtype=torch.int64), 2, 3, r"got torch.int64 of shape \(4, 5\)"),
    ],
)
def test_bad_input_is_named(kind, ids, batch_size, num_steps, message):
    with pytest.raises(ValueError, match=message):
        kind(ids, batch_size, num_steps)


@pytest.mark.parametrize("kind", [text.SequentialBatches, text.RandomBatches])
def test_the_shortest_text_that_fits_gives_one_batch(kind):
    [(X, _)] = kind(torch.arange(13), 3, 4)
    assert sorted(X.flatten().tolist()) == list(range(12))
