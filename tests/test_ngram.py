"""helpers.ngram against Witten and Bell's formula, worked by hand and by a recursion that counts anew each time."""

import math

import pytest
import torch

from helpers.ngram import NGram


def by_recursion(text, token, context, vocab_size):
    """p(token | context): the formula of Witten and Bell, with counts taken from the text at each call."""
    shorter = by_recursion(text, token, context[1:], vocab_size) if context else 1 / vocab_size
    k = len(context)
    after = [text[i + k] for i in range(len(text) - k) if text[i : i + k] == context]
    if not after:
        return shorter
    return (after.count(token) + len(set(after)) * shorter) / (len(after) + len(set(after)))


def test_a_bigram_worked_by_hand():
    model = NGram(torch.tensor([0, 1, 0, 1, 1]), order=2, vocab_size=2)
    # Alone: 2 zeros and 3 ones, 2 kinds: p(0) = (2 + 2/2) / 7. After a 0 there was a 1, twice: p(0|0) = (0 + 3/7) / 3.
    assert model.distribution([]) == pytest.approx([3 / 7, 4 / 7])
    assert model.distribution([0]) == pytest.approx([1 / 7, 6 / 7])
    assert model.distribution([1]) == pytest.approx([(1 + 2 * 3 / 7) / 4, (1 + 2 * 4 / 7) / 4])


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_every_distribution_is_that_of_the_formula(order):
    generator = torch.Generator().manual_seed(order)
    text, read = (torch.randint(4, (n,), generator=generator) for n in (60, 25))
    rows = NGram(text, order, vocab_size=5).log_probs(read).exp()
    assert rows.shape == (24, 5)
    assert torch.allclose(rows.sum(dim=1), torch.ones(24))
    for t in range(1, 25):
        context = read.tolist()[max(0, t - order + 1) : t]
        expected = [by_recursion(text.tolist(), token, context, 5) for token in range(5)]
        assert rows[t - 1].tolist() == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_the_mean_over_all_tokens_but_the_first():
    model = NGram(torch.tensor([0, 1, 0, 1, 1]), order=2, vocab_size=2)
    assert model.loss(torch.tensor([1, 1, 0])) == pytest.approx(-(math.log(15 / 28) + math.log(13 / 28)) / 2)


def test_a_context_that_never_occurred_leaves_the_answer_to_the_shorter_one():
    model = NGram(torch.tensor([0, 1, 0, 1, 1]), order=3, vocab_size=3)
    assert model.distribution([2, 0]) == model.distribution([0])
    assert model.distribution([0, 2]) == model.distribution([])


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="order is 0"):
        NGram(torch.tensor([0, 1]), 0, 2)
    with pytest.raises(IndexError, match="5"):
        NGram(torch.tensor([0, 5]), 2, 2)
    with pytest.raises(ValueError, match="ids has 1 tokens"):
        NGram(torch.tensor([0, 1]), 2, 2).loss(torch.tensor([1]))
