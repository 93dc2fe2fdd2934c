"""What the notebooks `lstm`, `deep-rnn` and `bi-rnn` derive, at sizes that they do not show."""

import pytest
import torch
from notebook_code import definitions
from torch import nn

SIZES = [(1, 1, 1, 1), (2, 7, 3, 5), (3, 20, 28, 16)]  # B, T, D, H
KINDS = [nn.RNN, nn.GRU, nn.LSTM]


def assert_same(ours, theirs):
    """Compare outputs and states; a state is a tensor or a pair of them."""
    if isinstance(theirs, tuple):
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    else:
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_the_lstm_cell_equals_torch(B, T, D, H):
    torch.manual_seed(B)
    code = definitions("lstm")
    ours, theirs = code["Recurrent"](code["LSTMCell"](D, H)), nn.LSTM(D, H, batch_first=True)
    theirs.load_state_dict(code["as_torch"](ours.cell))
    X, state = torch.randn(B, T, D), (torch.randn(1, B, H), torch.randn(1, B, H))
    assert_same(ours(X, state), theirs(X, state))
    assert_same(ours(X), theirs(X))


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 6)])
def test_wrong_dimensions_into_the_lstm_are_named(shape):
    code = definitions("lstm")
    with pytest.raises(ValueError, match=r"X must be \(batch, steps, 5\)"):
        code["Recurrent"](code["LSTMCell"](5, 6))(torch.zeros(*shape))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_layers", [1, 2, 4])
def test_the_stack_equals_torch_from_zero_and_from_a_state(kind, num_layers):
    torch.manual_seed(num_layers)
    code = definitions("deep-rnn")
    deep = kind(5, 6, num_layers, batch_first=True)
    stack = code["Stacked"](code["layers_of"](deep))
    X = torch.randn(2, 9, 5)
    outputs, states = stack(X)
    assert_same((outputs, code["as_torch"](states)), deep(X))
    their_state = deep(X)[1]
    outputs, states = stack(X, states)
    assert_same((outputs, code["as_torch"](states)), deep(X, their_state))


def test_a_state_for_another_number_of_layers_is_named():
    stack = definitions("deep-rnn")["Stacked"]([nn.GRU(3, 3, batch_first=True)] * 2)
    with pytest.raises(ValueError, match="state must be a list of 2 states"):
        stack(torch.zeros(1, 2, 3), [torch.zeros(1, 1, 3)])


@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_equal_torch(kind):
    torch.manual_seed(0)
    code = definitions("bi-rnn")
    theirs = kind(5, 6, bidirectional=True, batch_first=True)
    ours = code["as_ours"](theirs)
    X = torch.randn(2, 9, 5)
    state = theirs(torch.randn(2, 4, 5))[1]
    assert_same(ours(X), theirs(X))
    assert_same(ours(X, state), theirs(X, state))
