"""What the notebook `what-came-after` derives, at sizes that it does not show, against torch or plain sums."""

import pytest
import torch
from notebook_code import definitions
from torch.nn import functional as F

LENGTHS = [1, 2, 3, 7, 8, 9, 100]


@pytest.fixture(scope="module")
def code():
    return definitions("what-came-after")


@pytest.mark.parametrize("T", LENGTHS)
def test_loop_and_scan_are_the_sum_over_all_paths(code, T):
    """h_t is the sum of every b_s times all factors after s: written out here without any recurrence."""
    torch.manual_seed(T)
    a, b = torch.rand(3, T, 2, dtype=torch.double) * 2 - 1, torch.randn(3, T, 2, dtype=torch.double)
    expected = torch.zeros_like(b)
    for t in range(T):
        for s in range(t + 1):
            expected[:, t] += a[:, s + 1 : t + 1].prod(dim=1) * b[:, s]
    for method in ("loop", "scan"):
        torch.testing.assert_close(code[method](a, b), expected)


def test_the_scan_has_the_gradients_of_the_loop(code):
    torch.manual_seed(0)
    found = []
    for method in ("loop", "scan"):
        torch.manual_seed(1)
        a, b = (torch.rand(2, 13, 3, dtype=torch.double, requires_grad=True) for _ in range(2))
        code[method](a, b).square().sum().backward()
        found.append((a.grad, b.grad))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("T", LENGTHS)
def test_the_layer_goes_on_from_a_state_with_either_method(code, T):
    torch.manual_seed(T)
    layer, X, state = code["MinGRU"](3, 4), torch.randn(2, T, 3), torch.randn(1, 2, 4)
    for method in (code["loop"], code["scan"]):
        outputs, last = layer(X, state, method)
        assert outputs.shape == (2, T, 4)
        assert last.shape == (1, 2, 4)
        H = state[0]
        for t in range(T):
            keep = 1 / (1 + torch.exp(-(X[:, t] @ layer.gate.weight.T + layer.gate.bias)))
            H = keep * H + (1 - keep) * (X[:, t] @ layer.candidate.weight.T + layer.candidate.bias)
            torch.testing.assert_close(outputs[:, t], H, atol=1e-5, rtol=0)
        torch.testing.assert_close(last[0], H, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("B", "T", "D"), [(1, 1, 1), (2, 5, 3), (3, 40, 16)])
def test_attention_equals_torch_and_does_not_look_ahead(code, B, T, D):
    torch.manual_seed(T)
    Q, K, V = torch.randn(3, B, T, D)
    found = code["attention"](Q, K, V)
    torch.testing.assert_close(found, F.scaled_dot_product_attention(Q, K, V, is_causal=True), atol=1e-5, rtol=0)
    K[:, -1], V[:, -1] = 100.0, 100.0
    torch.testing.assert_close(code["attention"](Q, K, V)[:, :-1], found[:, :-1])


@pytest.mark.parametrize("name", ["index", "what-came-after"])
def test_the_answer_of_the_recall_task_stands_behind_its_only_flag(name):
    torch.manual_seed(0)
    X, y = definitions(name)["recall_batch"](500, num_steps=6, num_symbols=3)
    tokens = X.argmax(dim=2)
    assert X.shape == (500, 6, 4)
    assert ((tokens == 3).sum(dim=1) == 1).all()
    places = (tokens == 3).float().argmax(dim=1)
    assert set(places.tolist()) == {0, 1, 2, 3, 4}
    assert torch.equal(tokens[torch.arange(500), places + 1], y)


def test_both_notebooks_set_the_same_task():
    found = []
    for name in ("index", "what-came-after"):
        torch.manual_seed(0)
        found.append(definitions(name)["recall_batch"](20))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])
