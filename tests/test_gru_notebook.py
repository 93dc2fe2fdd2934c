"""What the notebook `gru` derives, at sizes and in cases that the notebook does not show."""

import math

import pytest
import torch
from notebook_code import definitions
from torch import nn

from helpers import language_model
from helpers.ngram import NGram
from helpers.text import Vocab

GRU = definitions("gru")
SIZES = [(1, 1, 1, 1), (2, 7, 3, 5), (4, 30, 28, 32)]  # B, T, D, H


def both(D, H):
    ours = GRU["Recurrent"](GRU["TorchGRUCell"](D, H))
    theirs = nn.GRU(D, H, batch_first=True)
    theirs.load_state_dict(GRU["as_torch"](ours.cell))
    return ours, theirs


@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
@pytest.mark.parametrize("from_zero", [True, False])
def test_the_cell_equals_torch(B, T, D, H, from_zero):
    torch.manual_seed(B + T)
    ours, theirs = both(D, H)
    X = torch.randn(B, T, D, requires_grad=True)
    state = None if from_zero else torch.randn(1, B, H)
    gradients = []
    (outputs, last), (their_outputs, their_last) = ours(X, state), theirs(X, state)
    torch.testing.assert_close(outputs, their_outputs, atol=1e-6, rtol=0)
    torch.testing.assert_close(last, their_last, atol=1e-6, rtol=0)
    for result in (outputs, their_outputs):
        gradients.append(torch.autograd.grad(result.square().mean(), X)[0])
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=0)


def test_the_fast_layer_equals_torch():
    torch.manual_seed(0)
    fast, theirs = GRU["FastGRU"](5, 6), nn.GRU(5, 6, batch_first=True)
    weights = {"weight_ih_l0": fast.W_x.T, "weight_hh_l0": fast.W_h.T}
    theirs.load_state_dict(weights | {"bias_ih_l0": fast.b_x, "bias_hh_l0": fast.b_h})
    X, state = torch.randn(3, 9, 5), torch.randn(1, 3, 6)
    for ours, expected in zip(fast(X, state), theirs(X, state), strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 6), (5,)])
def test_wrong_dimensions_are_named(shape):
    with pytest.raises(ValueError, match=r"X must be \(batch, steps, 5\)"):
        GRU["Recurrent"](GRU["GRUCell"](5, 6))(torch.zeros(*shape))


def test_the_memory_task_asks_for_the_first_symbol():
    X, y = GRU["recall_batch"](7, lag=4)
    assert X.shape == (7, 5, 8)
    assert torch.equal(X[:, 0].argmax(-1), y)


def test_the_gates_are_read_off_rightly():
    torch.manual_seed(1)
    layer, X = nn.GRU(3, 4, batch_first=True), torch.randn(2, 7, 3)
    R, Z = GRU["gates_of"](layer, X)
    states = torch.cat([torch.zeros(2, 1, 4), layer(X)[0]], dim=1)
    W_x, W_h, b = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0
    for t in range(7):
        inside = X[:, t] @ W_x.T + states[:, t] @ W_h.T + b
        torch.testing.assert_close(R[:, t], torch.sigmoid(inside[:, :4]))
        torch.testing.assert_close(Z[:, t], torch.sigmoid(inside[:, 4:8]))


def test_the_orthogonal_start_turns_and_shrinks_nothing():
    rnn = GRU["orthogonal_rnn"](3, 8)
    torch.testing.assert_close(rnn.weight_hh_l0 @ rnn.weight_hh_l0.T, torch.eye(8), atol=1e-6, rtol=0)
    assert not rnn.bias_ih_l0.any()
    assert not rnn.bias_hh_l0.any()


def test_the_product_of_jacobians_is_what_autograd_measures():
    torch.manual_seed(2)
    rnn = nn.RNN(16, 64, batch_first=True)
    measured, predicted = GRU["memory_by_lag"](rnn, steps=8), GRU["product_of_jacobians"](rnn, steps=8)
    assert measured[0] == pytest.approx(1)
    assert torch.tensor(measured).log() == pytest.approx(torch.tensor(predicted).log(), abs=0.3)  # other random inputs


@pytest.mark.parametrize(("name", "gate", "value"), [("reset gate only", "Z", 0.0), ("update gate only", "R", 1.0)])
def test_a_gate_that_is_left_out_stays_out_in_training(name, gate, value):
    torch.manual_seed(3)
    layer = GRU["gated_layer"](name, 3, 5)
    adam = torch.optim.Adam(layer.parameters(), 0.1)
    for _ in range(20):
        adam.zero_grad()
        layer(torch.randn(4, 6, 3))[0].square().mean().backward()
        adam.step()
    R, Z = GRU["gates_of"](layer, torch.randn(4, 6, 3))
    assert ((R if gate == "R" else Z) == value).all()
    assert 0 < (Z if gate == "R" else R).mean() < 1


def test_the_update_gate_alone_is_the_books_gru_with_an_open_reset_gate():
    layer = GRU["gated_layer"]("update gate only", 3, 5)
    cell = GRU["GRUCell"](3, 5)
    with torch.no_grad():
        for name, block in [("z", 1), ("h", 2)]:
            rows = slice(5 * block, 5 * block + 5)
            getattr(cell, "W_x" + name).copy_(layer.weight_ih_l0[rows].T)
            getattr(cell, "W_h" + name).copy_(layer.weight_hh_l0[rows].T)
            getattr(cell, "b_" + name).copy_(layer.bias_ih_l0[rows] + layer.bias_hh_l0[rows])
        cell.b_r.fill_(100.0)
    X = torch.randn(2, 6, 3)
    torch.testing.assert_close(GRU["Recurrent"](cell)(X)[0], layer(X)[0], atol=1e-6, rtol=0)


def test_the_selective_task_asks_for_the_symbol_that_was_flagged_last():
    X, y = GRU["selective_batch"](200, steps=12, num_symbols=5)
    assert X.shape == (200, 13, 7)
    assert (X[:, :, 5].sum(dim=1) == 2).all(), "two flags in each row"
    assert X[:, :, 6].nonzero()[:, 1].tolist() == [12] * 200, "one query, at the end"
    for row, answer in zip(X, y, strict=True):
        last = [step for step in range(13) if row[step, 5]][-1]
        assert row[last, :5].argmax() == answer


def test_a_leaky_unit_with_its_own_z_at_each_step():
    states = GRU["unit"](torch.tensor([0.5, 1.0, 0.0]), torch.tensor([1.0, 9.0, -2.0]), h=3.0)
    assert states.tolist() == [2.0, 2.0, -2.0]


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_counting_model_is_that_of_the_helpers(order):
    torch.manual_seed(order)
    text, read = torch.randint(4, (80,)), torch.randint(4, (30,))
    GRU["math"] = math
    ours, theirs = GRU["NGram"](text.tolist(), order, 5), NGram(text, order, 5)
    assert GRU["cross_entropy"](ours, read.tolist()) == pytest.approx(theirs.loss(read), rel=1e-5)
    assert sum(ours.distribution(read.tolist())) == pytest.approx(1)


def test_the_model_and_the_writing_shown_are_those_of_the_helpers():
    torch.manual_seed(4)
    vocab = Vocab("abcde ")
    shown = GRU["CharacterModel"](nn.GRU(4, 3, batch_first=True), len(vocab), num_hiddens=3, embed_size=4)
    helper = language_model.LanguageModel(nn.GRU(4, 3, batch_first=True), len(vocab), num_hiddens=3, embed_size=4)
    helper.load_state_dict(shown.state_dict())
    written = language_model.generate(helper, vocab, "bad ", 20)
    assert GRU["write"](shown, vocab, "bad ", 20) == written


@pytest.fixture
def small_model():
    torch.manual_seed(5)
    return language_model.LanguageModel(nn.GRU(4, 3, batch_first=True), 6, num_hiddens=3, embed_size=4, dropout=0.5)


def test_perplexity_by_context_predicts_the_same_characters_from_the_k_before(small_model, monkeypatch):
    monkeypatch.setitem(GRU, "CONTEXTS", (1, 4, 64))
    ids = torch.randint(6, (80,))
    found = GRU["perplexity_by_context"](small_model, ids)
    small_model.eval()
    for k in (1, 4, 64):
        losses = []
        for place in range(64, 80):
            scores = small_model(ids[None, place - k : place])[0][0, -1]
            losses.append(-scores.log_softmax(dim=0)[ids[place]].item())
        assert found[f"context {k}"] == pytest.approx(math.exp(sum(losses) / 16), rel=1e-5)


def test_the_gates_at_borders_are_means_over_all_units_and_places(small_model):
    ids = torch.randint(6, (50,))
    found = GRU["gates_at_borders"](small_model, ids, space=2)
    R, Z = (gate[0].tolist() for gate in GRU["gates_of"](small_model.layer, small_model.embedding(ids)[None]))
    for place, steps in [("space", (ids == 2).nonzero()), ("letter", (ids != 2).nonzero())]:
        of_R = [value for step in steps[:, 0] for value in R[step]]
        of_Z = [value for step in steps[:, 0] for value in Z[step]]
        assert found["R " + place] == pytest.approx(sum(of_R) / len(of_R), rel=1e-5)
        assert found["Z " + place] == pytest.approx(math.prod(of_Z) ** (1 / len(of_Z)), rel=1e-4)
    keeps = sorted(math.prod(row[unit] for row in Z) ** (1 / 50) for unit in range(3))
    assert [found["middle unit keeps"], found["best unit keeps"]] == pytest.approx(keeps[1:], rel=1e-4)
