"""Perplexity by its definition; BLEU against sacreBLEU, the book's function, and values worked by hand."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers.book import d2l
from helpers.metrics import BLEU, book_bleu, corpus_bleu, ngrams, perplexity

quick = settings(max_examples=150, deadline=None)
SENTENCE = st.lists(st.sampled_from("abc"), min_size=1, max_size=9).map(" ".join)

# --- perplexity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("V", [2, 28, 10_000])
def test_guessing_blindly_reaches_the_size_of_the_vocabulary(V):
    loss = F.cross_entropy(torch.zeros(5, V), torch.arange(5) % V)
    assert perplexity(loss) == pytest.approx(V, rel=1e-5)


def test_certainty_reaches_1():
    assert perplexity(0.0) == 1.0


def test_perplexity_is_the_inverse_geometric_mean_of_the_probabilities():
    probabilities = [0.5, 0.125, 0.25]
    loss = -sum(map(math.log, probabilities)) / 3
    assert perplexity(loss) == pytest.approx((0.5 * 0.125 * 0.25) ** (-1 / 3))


@pytest.mark.parametrize("loss", [1e4, math.inf])
def test_a_loss_too_large_for_a_float_gives_infinity(loss):
    assert perplexity(loss) == math.inf


def test_nan_stays_nan():
    assert math.isnan(perplexity(math.nan))


def test_a_negative_loss_is_an_error_with_its_value():
    with pytest.raises(ValueError, match=r"the loss is -0\.5.*log-likelihood"):
        perplexity(-0.5)


# --- book_bleu -------------------------------------------------------------------------------------------------------


@quick
@given(SENTENCE, SENTENCE, st.integers(1, 5))
def test_book_bleu_is_the_books_where_that_is_defined(prediction, label, k):
    """With k or more words in the prediction; with fewer the book divides by zero or by a negative number."""
    assume(len(prediction.split()) >= k)
    assert book_bleu(prediction, label, k) == pytest.approx(d2l.bleu(prediction, label, k), abs=1e-12)


@pytest.mark.parametrize(
    ("prediction", "label", "k", "expected"),
    [
        # The book's example: p1 = 4/5, p2 = 3/4, p3 = 1/3, p4 = 0.
        ("A B B C D", "A B C D E F", 1, math.exp(1 - 6 / 5) * (4 / 5) ** (1 / 2)),
        ("A B B C D", "A B C D E F", 2, math.exp(1 - 6 / 5) * (4 / 5) ** (1 / 2) * (3 / 4) ** (1 / 4)),
        (
            "A B B C D",
            "A B C D E F",
            3,
            math.exp(-1 / 5) * (4 / 5) ** (1 / 2) * (3 / 4) ** (1 / 4) * (1 / 3) ** (1 / 8),
        ),
        ("A B B C D", "A B C D E F", 4, 0.0),
        ("a b c", "a b c", 2, 1.0),
        ("a b c d", "a b", 1, (2 / 4) ** (1 / 2)),  # no reward and no penalty for length
        ("a a a", "a", 1, (1 / 3) ** (1 / 2)),  # each of the label's counts once
        ("", "a b", 2, 0.0),
        ("  ", "a b", 2, 0.0),
        ("x y", "a b", 2, 0.0),
        ("a", "a", 4, 1.0),  # neither has a 2-gram
        ("a", "a b", 1, math.exp(-1)),
        ("a", "a b", 2, 0.0),  # the label has a 2-gram, the prediction has none
        ("a b", "a", 2, 0.0),  # the other way round: its 2-gram is not in the label
        ("a  b ", " a b", 2, 1.0),  # spaces are no words
    ],
)
def test_book_bleu_worked_by_hand(prediction, label, k, expected):
    assert book_bleu(prediction, label, k) == pytest.approx(expected)


@quick
@given(SENTENCE, st.integers(1, 6))
def test_a_sentence_scores_1_against_itself_and_no_other_more(sentence, k):
    assert book_bleu(sentence, sentence, k) == 1.0
    assert 0 <= book_bleu("a b a", sentence, k) <= 1


def test_words_that_join_to_the_same_letters_are_not_the_same():
    """The book glues an n-gram's words together, and takes "ab c" for "a bc"."""
    assert book_bleu("a bc x", "ab c x", 2) == 0.0
    assert d2l.bleu("a bc x", "ab c x", 2) > 0


@pytest.mark.parametrize(
    ("label", "k", "message"),
    [("", 2, "the label is empty"), (" ", 2, "the label is empty"), ("a", 0, "k is 0; it must")],
)
def test_book_bleu_refuses_what_has_no_score(label, k, message):
    with pytest.raises(ValueError, match=message):
        book_bleu("a", label, k)


def test_ngrams_are_counted_as_often_as_they_occur():
    assert ngrams(["a", "b", "a", "b"], 2) == {("a", "b"): 2, ("b", "a"): 1}
    assert ngrams(["a"], 2) == {}


# --- corpus_bleu -----------------------------------------------------------------------------------------------------


def sacre(predictions, references, max_n=4):
    """sacreBLEU takes the first references of all, then the second of all, ..., None where a sentence has no more."""
    sacrebleu = pytest.importorskip("sacrebleu")
    most = max(map(len, references))
    columns = [[refs[i] if i < len(refs) else None for refs in references] for i in range(most)]
    metric = sacrebleu.metrics.BLEU(tokenize="none", smooth_method="none", force=True, max_ngram_order=max_n)
    return metric.corpus_score(predictions, columns)


LONG = st.lists(st.sampled_from("ab"), min_size=1, max_size=12).map(" ".join)


@quick
@given(st.lists(st.tuples(LONG, st.lists(LONG, min_size=1, max_size=4)), min_size=1, max_size=5), st.integers(1, 4))
def test_corpus_bleu_is_sacrebleus(corpus, max_n):
    """Few words, so that many n-grams match and references are often equally close in length."""
    predictions, references = map(list, zip(*corpus, strict=True))
    ours, theirs = corpus_bleu(predictions, references, max_n), sacre(predictions, references, max_n)
    assert ours.score == pytest.approx(theirs.score, abs=1e-9)
    assert (ours.length, ours.reference_length) == (theirs.sys_len, theirs.ref_len)
    assert ours.brevity_penalty == pytest.approx(theirs.bp)
    if ours.score:
        assert [100 * p for p in ours.precisions] == pytest.approx(theirs.precisions)


def test_a_prediction_of_no_words_counts_as_in_sacrebleu():
    predictions, references = ["a b c d e", ""], [["a b c d e"], ["a b"]]
    ours, theirs = corpus_bleu(predictions, references), sacre(predictions, references)
    assert ours.score == pytest.approx(theirs.score)
    assert ours.reference_length == theirs.ref_len == 7


def test_corpus_bleu_worked_by_hand():
    """Papineni's "the": clipped at 2. Matches 2 + 2 of 7 + 2 words, 0 + 1 of 6 + 1 pairs; 9 words against 7 + 2."""
    bleu = corpus_bleu(["the the the the the the the", "a b"], [["the cat is on the mat now"], ["a b"]], max_n=2)
    assert bleu.precisions == (4 / 9, 1 / 7)
    assert (bleu.length, bleu.reference_length, bleu.brevity_penalty) == (9, 9, 1.0)
    assert bleu.score == pytest.approx(100 * math.sqrt(4 / 9 * 1 / 7))


def test_an_ngram_counts_as_often_as_in_the_one_reference_with_most_of_it():
    assert corpus_bleu(["a a a b"], [["a a c c", "a b c c"]], max_n=1).precisions == (3 / 4,)


def test_the_brevity_penalty_takes_the_closest_reference_and_of_two_the_shorter():
    assert corpus_bleu(["a b c"], [["a b c d e", "a b"]], max_n=1).reference_length == 2
    assert corpus_bleu(["a b c"], [["a b c d", "a b"]], max_n=1).reference_length == 2
    bleu = corpus_bleu(["a b c"], [["a b c d"]], max_n=1)
    assert bleu.brevity_penalty == pytest.approx(math.exp(1 - 4 / 3))
    assert bleu.score == pytest.approx(100 * math.exp(-1 / 3))


def test_without_a_match_of_some_length_the_score_is_0():
    assert corpus_bleu(["a b d"], [["a b c"]]).score == 0.0
    assert corpus_bleu(["a b c"], [["a b c"]]).score == 0.0  # no 4-gram at all
    assert corpus_bleu(["a b c d"], [["a b c d"]]).score == 100.0
    assert corpus_bleu([""], [["a"]]) == BLEU(0.0, (0.0,) * 4, 0.0, 0, 1)


def test_bleu_prints_its_parts():
    bleu = corpus_bleu(["a b c"], [["a b c d"]], max_n=2)
    assert str(bleu) == "BLEU 71.7 (100.0 / 100.0, brevity penalty 0.717, length 0.75)"


@pytest.mark.parametrize(
    ("predictions", "references", "options", "message"),
    [
        ([], [], {}, "predictions must be a list of sentences, and not empty"),
        ("a b", [["a b"]] * 3, {}, "predictions must be a list of sentences"),
        (["a", "b"], [["a"]], {}, "there are 2 predictions but references for 1"),
        (["a", "b"], [["a"], []], {}, r"references\[1\] must be a list of at least one sentence; it is \[\]"),
        (["a"], ["a"], {}, r"references\[0\] must be a list of at least one sentence; it is 'a'"),
        (["a"], [["a"]], {"max_n": 0}, "max_n is 0; it must be at least 1"),
    ],
)
def test_corpus_bleu_refuses_what_has_no_score(predictions, references, options, message):
    with pytest.raises(ValueError, match=message):
        corpus_bleu(predictions, references, **options)
