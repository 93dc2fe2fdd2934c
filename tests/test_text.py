"""Cleaning, vocabulary and corpus, against the book's code and against counting by hand."""

import string

import numpy as np
import pytest
import torch
from hypothesis import given, settings
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


def test_characters_10000_to_15000_are_val_range_and_the_rest_is_for_training():
    raw = datasets.time_machine("sample").raw
    corpus, cleaned = text.character_corpus(raw), text.clean(raw)
    assert "".join(corpus.vocab.decode(corpus.val)) == cleaned[10_000:15_000]
    assert "".join(corpus.vocab.decode(corpus.train)) == cleaned[:10_000] + cleaned[15_000:]
    assert corpus.train.dtype == corpus.val.dtype == torch.int64


def test_the_vocabulary_knows_nothing_of_the_val_range_part():
    corpus = text.character_corpus("aab" + "zzz" + "bbb", val_range=(3, 6))
    assert corpus.vocab.tokens == ["<unk>", "b", "a"]
    assert corpus.val.tolist() == [0, 0, 0]


@pytest.mark.parametrize("raw", ["", " \n", "1895 -- 42!"])
def test_a_text_without_letters_is_an_error(raw):
    with pytest.raises(ValueError, match="the text is empty"):
        text.character_corpus(raw, val_range=(0, 3))


def test_a_text_too_short_to_hold_out_is_an_error_with_the_numbers():
    with pytest.raises(ValueError, match="the cleaned text has 15,001 characters; holding out 10,000 to 15,000"):
        text.character_corpus("a" * 15_001)
    assert len(text.character_corpus("a" * 15_002).train) == 10_002


@pytest.mark.parametrize("val_range", [(5, 5), (-1, 3), (6, 2)])
def test_an_impossible_val_range_range_is_an_error(val_range):
    with pytest.raises(ValueError, match=r"val_range is .* 0 <= start < stop"):
        text.character_corpus("abcdefghijkl", val_range=val_range)


def test_one_val_range_character_has_no_target_and_is_an_error():
    with pytest.raises(ValueError, match="too little"):
        text.character_corpus("abcdefghijkl", val_range=(2, 3))


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1.0], TypeError, r"ids\[0\] must be a whole number; got 1.0 \(float\)"),
        ([1, True], TypeError, r"ids\[1\] must be a whole number; got True"),
        (torch.tensor([1.5]), TypeError, "got a tensor of torch.float32"),
        (torch.tensor([True]), TypeError, "got a tensor of torch.bool"),
        (torch.tensor(1), ValueError, r"one row of ids, of shape \(T,\); got the shape \(\)"),
        ("1", TypeError, r"a list or a tensor \(T,\) of ids; got '1' \(str\)"),
        (1, TypeError, r"a list or a tensor \(T,\) of ids; got 1 \(int\)"),
    ],
)
def test_decode_refuses_what_are_no_ids(ids, error, message):
    with pytest.raises(error, match=message):
        text.Vocab("abc").decode(ids)


def test_numpy_numbers_are_ids_and_bounds():
    assert text.Vocab("abc").decode(np.array([1, 2])) == text.Vocab("abc").decode([np.int64(1), 2]) == ["a", "b"]
    assert len(text.character_corpus("abcdefghijkl", val_range=(np.int64(2), np.int64(5))).val) == 3


@pytest.mark.parametrize("bounds", [(2.0, 5), (True, 5), ("2", 5)])
def test_bounds_that_are_no_whole_numbers_are_an_error(bounds):
    with pytest.raises(TypeError, match="a bound of val_range must be a whole number; got"):
        text.character_corpus("abcdefghijkl", val_range=bounds)


def test_a_least_frequency_must_be_a_whole_number():
    with pytest.raises(TypeError, match=r"min_freq must be a whole number; got 1.5"):
        text.Vocab("abc", min_freq=1.5)
