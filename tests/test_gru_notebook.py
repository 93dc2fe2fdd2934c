"""What the notebook `gru` derives, at sizes and in cases that the notebook does not show."""

import pytest
import torch
from notebook_code import definitions
from torch import nn

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


def test_the_gates_of_a_trained_layer_are_read_off_rightly():
    torch.manual_seed(1)
    vocab = Vocab("abcde ")
    model = GRU["LanguageModel"](nn.GRU(4, 3, batch_first=True), len(vocab), num_hiddens=3, embed_size=4)
    GRU["device"] = "cpu"
    ids = torch.tensor(vocab.encode("a bad cab"))
    Z = GRU["update_gates"](model, ids)
    # H_t = Z H_{t-1} + (1 - Z) candidate, and the candidate lies between -1 and 1: so Z bounds what can change.
    outputs, _ = model.layer(model.embedding(ids)[None])
    states = torch.cat([torch.zeros(1, 3), outputs[0]])
    change = (states[1:] - Z * states[:-1]).abs()
    assert Z.shape == (len(ids), 3)
    assert (change <= 1 - Z + 1e-6).all()
    one = GRU["open_update_gate"](model.layer, bias=100.0)
    assert (GRU["update_gates"](model, ids) > 0.999).all()
    assert one is model.layer
