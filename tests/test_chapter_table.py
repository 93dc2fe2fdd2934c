"""What section 10 of `deep-rnn` measures for the chapter's table, against sums written out place by place."""

import math

import pytest
import torch
from notebook_code import definitions
from torch import nn

from helpers.language_model import LanguageModel
from helpers.machine import set_seed
from helpers.ngram import NGram
from helpers.text import Corpus, Vocab

deep_rnn = definitions("deep-rnn", device=torch.device("cpu"))


@pytest.fixture(scope="module")
def model():
    set_seed(0)
    return LanguageModel(nn.LSTM(3, 8, batch_first=True), 5, 8, embed_size=3, dropout=0.5).train()


IDS = torch.randint(5, (90,), generator=torch.Generator().manual_seed(1))


def log_p(model, context, token):
    """log p(token | context), from an empty state."""
    with torch.no_grad():
        return model.eval()(context[None])[0][0, -1].log_softmax(-1)[token].item()


@pytest.mark.parametrize("k", [1, 5, 64])
def test_k_characters_are_known_and_the_same_places_scored(model, k):
    expected = [-log_p(model, IDS[t - k : t], IDS[t]) for t in range(64, 90)]
    found = deep_rnn["perplexity_knowing"](model, IDS, k)
    assert found == pytest.approx(math.exp(sum(expected) / len(expected)), rel=1e-5)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_a_mixture_adds_probabilities(model, weight):
    counted = NGram(IDS, 3, 5).log_probs(IDS).exp()
    expected = []
    for t in range(1, 90):
        p = weight * math.exp(log_p(model, IDS[:t], IDS[t])) + (1 - weight) * counted[t - 1, IDS[t]].item()
        expected.append(-math.log(p))
    found = deep_rnn["mixed_perplexity"](model, IDS, counted, weight)
    assert found == pytest.approx(math.exp(sum(expected) / len(expected)), rel=1e-5)


@pytest.mark.parametrize("wrap", [lambda layer: layer, lambda layer: deep_rnn["Stacked"]([layer])])
def test_dynamic_evaluation_scores_before_it_learns_and_leaves_the_model_alone(wrap):
    set_seed(2)
    lstm = nn.LSTM(3, 8, batch_first=True)
    model = LanguageModel(wrap(lstm), 5, 8, embed_size=3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    dynamic = deep_rnn["dynamic_perplexity"]
    static = [-log_p(model, IDS[:t], IDS[t]) for t in range(1, 90)]
    assert dynamic(model, IDS, rate=0.0) == pytest.approx(math.exp(sum(static) / 89), rel=1e-5)
    first_piece = math.exp(sum(static[:32]) / 32)
    assert dynamic(model, IDS[:33], rate=9.0) == pytest.approx(first_piece, rel=1e-5)
    repeated = torch.arange(90) % 3
    assert dynamic(model, repeated, rate=0.5) < dynamic(model, repeated, rate=0.0) - 0.1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_choosing_and_reporting_see_different_text():
    train, val = torch.arange(20_000), torch.arange(100)
    corpus = Corpus(train, val, Vocab("ab"))
    learnt, unseen = deep_rnn["parts_of"](corpus, "choose")
    assert torch.equal(torch.cat([learnt, unseen]), train)
    assert len(unseen) == 15_000
    learnt, unseen = deep_rnn["parts_of"](corpus, "report")
    assert learnt is train
    assert unseen is val


def test_the_layers_are_those_that_the_name_asks_for():
    layers_for = deep_rnn["layers_for"]
    for name in ("RNN", "GRU", "LSTM"):
        assert [type(layer) for layer in layers_for(name, 6, 2)] == [getattr(nn, name)] * 2
    (layer,) = layers_for("RNN, orthogonal", 6, 1)
    W = layer.weight_hh_l0
    assert torch.allclose(W @ W.T, torch.eye(6), atol=1e-5)
    assert not layer.bias_ih_l0.any()
    assert not layer.bias_hh_l0.any()
    first, second = layers_for("LSTM, residual", 6, 2)
    assert isinstance(first, nn.LSTM)
    assert isinstance(second, deep_rnn["Residual"])
    assert (first.input_size, second.layer.input_size) == (32, 6)
