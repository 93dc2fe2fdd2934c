"""Perplexity, by its definition."""

import math

import pytest
import torch
from torch.nn import functional as F

from helpers.metrics import perplexity


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
