"""Scores.

perplexity    exp of the cross-entropy per token; derived in the notebook `gru`
"""

from __future__ import annotations

import math


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
