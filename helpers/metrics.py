"""Scores.

perplexity    exp of the cross-entropy per token; derived in the notebook `gru`
book_bleu     the book's BLEU of one sentence against one label; derived in the notebook `seq2seq`
corpus_bleu   BLEU of many sentences, each with one or more references; derived there too
BLEU          what corpus_bleu returns: the score and what it is made of
ngrams        how often each run of n tokens occurs
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


def perplexity(loss: float) -> float:
    """Return exp(loss), where `loss` is the mean cross-entropy per token in nats.

    1 means that every token is predicted with certainty; the size of the vocabulary is what guessing blindly reaches.
    (The book, chapter "Recurrent Neural Networks", section on perplexity.) A loss too large for a float gives inf.
    Raises ValueError for a negative loss: a mean of -log p cannot be negative.
    """
    loss = float(loss)
    if loss < 0:
        raise ValueError(f"the loss is {loss}; a cross-entropy per token is never negative. Is it a log-likelihood?")
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


def book_bleu(prediction: str, label: str, k: int) -> float:
    """Return the book's BLEU, exp(min(0, 1 - len_label / len_pred)) · ∏_{n=1..k} p_n^(1 / 2^n), from 0 to 1.

    p_n is the share of the prediction's n-grams that the label has too, each of the label's counted once (the book,
    section on sequence to sequence learning). Sentences are divided at spaces. The book leaves open, and its editions
    get wrong or differ on, what we define so:
    * an empty prediction, or one with no word in common, scores 0;
    * an n for which neither sentence has an n-gram is left out, so that a sentence scores 1 against itself;
    * a prediction too short to have n-grams, where the label has some, has p_n = 0.
    Raises ValueError for an empty label or k < 1.
    """
    pred, ref = prediction.split(), label.split()
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    if not ref:
        raise ValueError("the label is empty; there is nothing to compare with")
    if not pred:
        return 0.0
    score = math.exp(min(0.0, 1 - len(ref) / len(pred)))
    for n in range(1, min(k, max(len(pred), len(ref))) + 1):
        of_pred, of_ref = ngrams(pred, n), ngrams(ref, n)
        precision = (of_pred & of_ref).total() / of_pred.total() if of_pred else 0.0
        score *= precision ** (0.5**n)
    return score


def ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """Return how often each run of `n` tokens occurs in `tokens`."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


@dataclass(frozen=True)
class BLEU:
    """`score` from 0 to 100; the n-gram `precisions` for n = 1 ... from 0 to 1; the `brevity_penalty` from 0 to 1; the
    number of tokens predicted, `length`, and of the closest references, `reference_length`."""

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    length: int
    reference_length: int

    def __str__(self) -> str:
        precisions = " / ".join(f"{100 * p:.1f}" for p in self.precisions)
        ratio = self.length / max(self.reference_length, 1)
        return f"BLEU {self.score:.1f} ({precisions}, brevity penalty {self.brevity_penalty:.3f}, length {ratio:.2f})"


def corpus_bleu(predictions: Sequence[str], references: Sequence[Sequence[str]], max_n: int = 4) -> BLEU:
    """Return the BLEU of Papineni et al. (2002), BP · exp(1/N · Σ log p_n), over all sentences together.

    predictions: one sentence each. references: for each prediction one or more acceptable translations. All are
        divided at spaces, so they must be tokenised alike.
    Matches and n-grams are summed over the corpus before the division. An n-gram counts as often as it occurs in the
    one reference that has most of it. The brevity penalty compares the length of the predictions with that of the
    references closest in length (of two equally close, the shorter). Equal to sacreBLEU with tokenize='none' and
    smooth_method='none'; no smoothing, so that a corpus without any match of some n scores 0.
    Raises ValueError if there are no predictions, their number is not that of the references, or one has none.
    """
    if isinstance(predictions, str) or not len(predictions):
        raise ValueError("predictions must be a list of sentences, and not empty")
    if len(predictions) != len(references):
        raise ValueError(f"there are {len(predictions)} predictions but references for {len(references)}")
    if max_n < 1:
        raise ValueError(f"max_n is {max_n}; it must be at least 1")
    matches, totals, length, reference_length = [0] * max_n, [0] * max_n, 0, 0
    for i, (prediction, alternatives) in enumerate(zip(predictions, references, strict=True)):
        if isinstance(alternatives, str) or not len(alternatives):
            raise ValueError(f"references[{i}] must be a list of at least one sentence; it is {alternatives!r}")
        pred, refs = prediction.split(), [reference.split() for reference in alternatives]
        length += len(pred)
        reference_length += min((abs(len(ref) - len(pred)), len(ref)) for ref in refs)[1]
        for n in range(1, max_n + 1):
            of_pred, most = ngrams(pred, n), Counter()
            for ref in refs:
                most |= ngrams(ref, n)  # the larger count of each n-gram
            matches[n - 1] += (of_pred & most).total()
            totals[n - 1] += of_pred.total()
    precisions = tuple(m / t if t else 0.0 for m, t in zip(matches, totals, strict=True))
    penalty = math.exp(min(0.0, 1 - reference_length / length)) if length else 0.0
    mean_log = sum(math.log(p) for p in precisions) / max_n if all(precisions) else -math.inf
    return BLEU(100 * penalty * math.exp(mean_log), precisions, penalty, length, reference_length)
