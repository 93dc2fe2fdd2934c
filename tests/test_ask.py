"""Whatever a reader types, an answer or a friendly word comes back."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import pretrained
from helpers.ask import ask

PORTUGUESE = pretrained.load("english-portuguese").translator


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
