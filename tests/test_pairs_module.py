"""Sentence pairs as text: against the book's code, Unicode's own tables, and counting by hand."""

import re
import unicodedata

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import datasets
from helpers.book import d2l
from helpers.pairs import Pairs, normalize, read_pairs, references_of, split_by_source

quick = settings(max_examples=60, deadline=None)


# --- normalize -------------------------------------------------------------------------------------------------------


@quick
@given(st.text(st.sampled_from("aZÉ ,.!?'-\t\n\u202f\xa0"), max_size=30))
def test_normalize_is_the_books_preprocessing(text):
    """All of it, but that the book sets no space before a mark with which the whole text begins."""
    expected = d2l.preprocess_nmt(text)
    assert normalize(text) == (" " if text[:1] in (*",.!?",) and text else "") + expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Go.", "go ."),
        ("Ça va\u202f?", "ça va ?"),
        ("Viens\xa0!", "viens !"),
        ("Non\u2009!", "non !"),
        ("Dix\u2009mille", "dix mille"),
        ("zero\u200bwidth\u200b.", "zerowidth ."),
        ("soft\xadhyphen", "softhyphen"),
        ("J’ai", "j'ai"),
        ("Wait, what?!", "wait , what ? !"),
        ("Hm...", "hm . . ."),
        ("already set , apart .", "already set , apart ."),
        ("\ufeffGo.\tVa!", "go .\tva !"),  # a byte-order mark
        ("Go.\tVa!\rHi.\tSalut!\r", "go .\tva !\nhi .\tsalut !\n"),  # line ends of old Macs
        ("Go.\tVa!\r\n\r\n", "go .\tva !\n\n"),
        ("E\u0301te\u0301 c\u0327a", "\xe9t\xe9 \xe7a"),  # accents as characters of their own
        ("e\u200b\u0301", "\xe9"),
        ("a\u3000b\u2003c\u2028d\u2009!", "a b c d !"),  # ideographic, em and thin spaces, a divided line
        ("l\u2018eau, l\u2019eau, l\u02bceau, l\u201beau, l\uff07eau", "l'eau , l'eau , l'eau , l'eau , l'eau"),
        ("\u200eWord\u2060s\u200f", "words"),
        ("A.\tB!\nC?\tD,\n", "a .\tb !\nc ?\td ,\n"),
        ("", ""),
    ],
)
def test_normalize_worked_by_hand(text, expected):
    assert normalize(text) == expected


@quick
@given(st.text(st.sampled_from("aÉİΣ ,.!?’'\t\n\r\u202f\xa0\u2009\u200b\xad\ufeff\u3000\u0301\u0327"), max_size=30))
def test_normalizing_twice_is_normalizing_once(text):
    once = normalize(text)
    assert normalize(once) == once
    assert not re.search("[\u202f\xa0\u2009\u200b\xad’A-Z]|[^ ][,.!?]", once)


def test_every_space_of_unicode_becomes_a_space_a_tab_or_a_line_end():
    """Python's own table says what a space is."""
    for character in filter(str.isspace, map(chr, range(0x10000))):
        expected = {"\t": "\t", "\n": "\n", "\r": "\n"}.get(character, " ")
        assert normalize(f"a{character}b") == f"a{expected}b"


def test_no_character_of_unicode_is_normalized_further_the_second_time():
    text = "\n".join(chr(i) for i in range(0x20000) if not 0xD800 <= i < 0xE000)
    once = normalize(text)
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_what_is_no_text_is_an_error():
    for function in (normalize, read_pairs):
        with pytest.raises(TypeError, match=r"^text must be a string; got bytes"):
            function(b"Go.")


# --- Pairs, read_pairs -----------------------------------------------------------------------------------------------


def test_pairs_have_a_length_are_iterated_and_sliced():
    pairs = Pairs(["a", "b", "c"], ["1", "2", "3"], skipped=4)
    assert len(pairs) == 3
    assert list(pairs) == [("a", "1"), ("b", "2"), ("c", "3")]
    assert pairs[1:] == Pairs(["b", "c"], ["2", "3"])
    assert pairs[::-2] == Pairs(["c", "a"], ["3", "1"])
    assert pairs[:2].skipped == 0


def test_one_place_is_one_pair():
    """It was a `Pairs` of the letters of both sentences."""
    pairs = Pairs(["go .", "hi ."], ["va !", "salut !"])
    assert pairs[0] == pairs[np.int64(0)] == ("go .", "va !")
    assert pairs[-1] == ("hi .", "salut !")
    with pytest.raises(IndexError):
        pairs[2]


def test_sides_of_different_lengths_are_no_pairs():
    with pytest.raises(ValueError, match=r"^there are 2 sources, but 1 targets"):
        Pairs(["a", "b"], ["1"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffGo.\tVa !\n", [("Go.", "Va !")]),  # a byte-order mark
        ("Go.\tVa !\rHi.\tSalut !\r", [("Go.", "Va !"), ("Hi.", "Salut !")]),  # line ends of old Macs
        ("I\u3000go\tle\u0301a\u2003va", [("I go", "l\xe9a va")]),  # other spaces, an accent of its own
        ("Go.\tVa !\nHi.\tSalut !\n", [("Go.", "Va !"), ("Hi.", "Salut !")]),
        ("Go.\tVa !\nHi.\tSalut !", [("Go.", "Va !"), ("Hi.", "Salut !")]),  # no newline at the end
        ("Go.\tVa !\r\nHi.\tSalut !\r\n\r\n", [("Go.", "Va !"), ("Hi.", "Salut !")]),
        ("Go.\tVa !\tCC-BY 2.0\t\nHi.\tSalut !\t", [("Go.", "Va !"), ("Hi.", "Salut !")]),  # further columns
        ("\n\nGo.\tVa !\n  \n", [("Go.", "Va !")]),
        ("  I   go \t je  vais \n", [("I go", "je vais")]),
        ("I\u2028go\x0bnow\tje\x85vais\n", [("I go now", "je vais")]),  # str.splitlines would cut here
        ("", []),
    ],
)
def test_a_line_is_a_pair_with_one_space_between_words(text, expected):
    pairs = read_pairs(text)
    assert list(pairs) == expected
    assert pairs.skipped == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no tab here", "has no tab between two sentences: 'no tab here'"),
        ("Go.\t", "has an empty side"),
        ("\tVa !", "has an empty side"),
        ("\t", "has an empty side"),
        ("Go.\t \tthird", "has an empty side"),
    ],
)
def test_a_malformed_line_is_an_error_with_its_number_or_left_out_and_counted(line, message):
    text = f"Go.\tVa !\n\n{line}\nHi.\tSalut !\n{line}\n"
    with pytest.raises(ValueError, match=f"^line 3 {message}.*skip_malformed=True"):
        read_pairs(text)
    pairs = read_pairs(text, skip_malformed=True)
    assert list(pairs) == [("Go.", "Va !"), ("Hi.", "Salut !")]
    assert pairs.skipped == 2


def test_reading_a_clean_text_with_skip_malformed_leaves_nothing_out(sample):
    raw = normalize(datasets.english_french("sample").raw)
    assert read_pairs(raw, skip_malformed=True) == sample
    assert len(sample) == 5993


def test_the_words_of_every_pair_are_those_the_book_finds(sample):
    source, target = d2l.tokenize_nmt(d2l.preprocess_nmt(datasets.english_french("sample").raw))
    assert [s.split(" ") for s in sample.sources] == source
    assert [s.split(" ") for s in sample.targets] == target


# --- split_by_source, references_of ----------------------------------------------------------------------------------


@st.composite
def some_pairs(draw):
    sources = draw(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=20).filter(lambda s: len(set(s)) > 1))
    return Pairs(sources, [f"{source} {i}" for i, source in enumerate(sources)])


@quick
@given(some_pairs(), st.data(), st.integers(0, 1000), st.randoms(use_true_random=False))
def test_a_split_takes_each_source_with_all_its_translations_to_one_side(pairs, data, seed, rng):
    distinct = set(pairs.sources)
    count = data.draw(st.integers(1, len(distinct) - 1))
    train, held = split_by_source(pairs, count, seed)
    assert not set(train.sources) & set(held.sources)
    assert len(set(held.sources)) == count
    assert sorted([*train, *held]) == sorted(pairs)
    order = {target: i for i, target in enumerate(pairs.targets)}
    for part in (train, held):
        assert [order[target] for target in part.targets] == sorted(order[target] for target in part.targets)
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    again = split_by_source(Pairs(*map(list, zip(*shuffled, strict=True))), count, seed)
    assert set(again[1].sources) == set(held.sources)


def test_a_share_is_a_share_of_the_distinct_sources(sample):
    distinct = len(set(sample.sources))
    _, held = split_by_source(sample, 0.1)
    assert len(set(held.sources)) == round(0.1 * distinct)
    assert len(set(split_by_source(sample, 500)[1].sources)) == 500


def test_the_seed_decides_the_split_and_the_global_generator_has_no_part_in_it(sample):
    before = torch.get_rng_state()
    held = [set(split_by_source(sample, 300, seed)[1].sources) for seed in (0, 0, 1)]
    assert held[0] == held[1] != held[2]
    assert torch.equal(torch.get_rng_state(), before)
    assert set(split_by_source(sample, 300)[1].sources) == held[0]  # the default seed


def test_a_split_spreads_over_the_whole_file(sample):
    """The file is sorted by length: every quarter of it must be there."""
    _, held = split_by_source(sample, 0.1)
    quarter = len(sample) // 4
    for start in range(0, 4 * quarter, quarter):
        share = sum(s in set(held.sources) for s in sample.sources[start : start + quarter]) / quarter
        assert 0.05 < share < 0.15


@pytest.mark.parametrize(("val_size", "count"), [(0, 0), (-1, -1), (3, 3), (4, 4), (0.1, 0), (0.9, 3)])
def test_a_split_that_leaves_a_side_empty_is_an_error_with_the_numbers(val_size, count):
    pairs = Pairs(["a", "b", "a", "c"], ["1", "2", "3", "4"])
    with pytest.raises(ValueError, match=f"^val_size is {val_size}, which takes {count} of 3 distinct"):
        split_by_source(pairs, val_size)


def test_references_are_the_distinct_translations_in_order_of_appearance():
    pairs = Pairs(["hi", "go", "hi", "hi", "go"], ["salut", "va", "bonjour", "salut", "allez"])
    found = references_of(pairs)
    assert found == {"hi": ["salut", "bonjour"], "go": ["va", "allez"]}
    assert list(found) == ["hi", "go"]


@pytest.mark.parametrize("val_size", [0.0, 1.0, -0.5, 1.5, float("nan"), float("inf")])
def test_a_share_that_is_none_is_an_error(val_size):
    with pytest.raises(ValueError, match=f"^val_size is {val_size}; a share must lie between 0 and 1"):
        split_by_source(Pairs(["a", "b"], ["1", "2"]), val_size)


@pytest.mark.parametrize(
    ("options", "name"), [({"val_size": True}, "val_size"), ({"val_size": 1, "seed": 0.5}, "seed")]
)
def test_a_number_or_a_seed_that_is_none_is_an_error(options, name):
    with pytest.raises(TypeError, match=f"^{name} must be a whole number; got"):
        split_by_source(Pairs(["a", "b"], ["1", "2"]), **options)


def test_numbers_and_shares_of_numpy_are_accepted():
    pairs = Pairs(list("abcd"), list("1234"))
    assert split_by_source(pairs, np.int64(2)) == split_by_source(pairs, np.float32(0.5)) == split_by_source(pairs, 2)
