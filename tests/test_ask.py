"""Whatever a reader types, an answer or a friendly word comes back."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import pretrained
from helpers.ask import ask, go_on
from helpers.language_model import generate
from helpers.pretrained import writers

PORTUGUESE = pretrained.load("english-portuguese").translator
WRITER = writers.load()


def test_the_best_translations_stand_with_their_probabilities():
    sentence, *answers = ask(PORTUGUESE, "We never eat soup.", num_best=3)
    assert sentence == "we never eat soup ."
    best = PORTUGUESE.search([sentence], 5, num_best=3)[0]
    assert [line.split(maxsplit=1)[1] for line in answers] == [found.text for found in best] or "<" in answers[-1]
    assert answers[0].split()[0] == f"{math.exp(best[0].log_prob):.1%}"
    assert best[0].text == "nunca comemos sopa ."


def test_a_missing_mark_at_the_end_is_set():
    assert ask(PORTUGUESE, "we never eat soup") == ask(PORTUGUESE, " We never  eat soup. ")


@pytest.mark.parametrize("nothing", ["", "  ", "\t\n", "...", "!?", ","])
def test_nothing_gets_a_friendly_word(nothing):
    assert ask(PORTUGUESE, nothing) == [
        "There is nothing to translate yet: type a sentence between the quotation marks."
    ]


def test_unknown_characters_are_named():
    first, *rest = ask(PORTUGUESE, "日本 is nice.")
    assert re.search("never seen 日 本", first)
    assert rest[0] == "日本 is nice ."


def test_a_sentence_longer_than_those_of_training_is_translated_with_a_warning():
    first, second, *_ = ask(PORTUGUESE, "we " * 10 + ".")
    assert "at most 10 words and marks" in first
    assert second.startswith("we we")
    assert not ask(PORTUGUESE, "we " * 9 + ".")[0].startswith("(")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30))
def test_nothing_that_can_be_typed_is_an_error(sentence):
    assert ask(PORTUGUESE, sentence, num_best=1, beam_size=1)


def test_a_beginning_is_continued_in_four_ways():
    beginning, *ways = go_on(WRITER, "The Time", length=9)
    assert beginning == "the time"
    assert [way.split("…")[0].strip() for way in ways] == [
        "most probable", "a beam of 10", "drawn, τ = 0.6", "drawn, τ = 1"
    ]  # fmt: skip
    assert beginning + ways[0].split("…")[1] == generate(WRITER.model, WRITER.vocab, beginning, 9)
    assert all(len(way.split("…")[1]) == 9 for way in ways)


@pytest.mark.parametrize("typed", ["", "  ", "123 !?", "日本"])
def test_a_beginning_without_a_letter_gets_a_friendly_word(typed):
    (line,) = go_on(WRITER, typed)
    assert "type a few English words" in line


def test_a_beginning_that_is_no_string_is_an_error():
    with pytest.raises(TypeError, match="the beginning is int"):
        go_on(WRITER, 5)


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=30))
def test_no_beginning_that_can_be_typed_is_an_error(beginning):
    assert go_on(WRITER, beginning, length=2)
