"""Drawing from a model, against definitions written on lists, and against frequencies."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_same, lists, log_prob, table
from test_search import SEEDS, cases, greedy, quick, sample

from helpers import sampling


def plain_truncated(p: list[float], temperature: float, top_k: int | None, top_p: float | None) -> list[float]:
    def normalised(weights):
        total = math.fsum(weights.values())
        return {i: w / total for i, w in weights.items()}

    kept = normalised({i: q ** (1 / temperature) for i, q in enumerate(p)})
    order = sorted(kept, key=lambda i: -kept[i])[:top_k]
    kept = normalised({i: kept[i] for i in order})
    if top_p is not None:
        count = next((n for n in range(1, len(order)) if math.fsum(kept[i] for i in order[:n]) >= top_p), len(order))
        kept = normalised({i: kept[i] for i in order[:count]})
    return [kept.get(i, 0.0) for i in range(len(p))]


@quick
@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8),
    st.floats(0.3, 3.0),
    st.none() | st.integers(1, 9),
    st.none() | st.floats(0.05, 0.999),
)
def test_truncated_equals_the_definition_on_lists_and_sums_to_one(weights, temperature, top_k, top_p):
    p = [w / math.fsum(weights) for w in weights]
    reshaped = sampling.truncated(
        torch.tensor([p, p[::-1]], dtype=torch.float64).log(), temperature=temperature, top_k=top_k, top_p=top_p
    )
    if len(set(p)) == len(p):  # of equal ones the smaller id stays: not so on both sides of a mirror
        assert reshaped[1].exp().tolist() == pytest.approx(reshaped[0].exp().tolist()[::-1])
    assert reshaped[0].exp().tolist() == pytest.approx(plain_truncated(p, temperature, top_k, top_p), abs=1e-9)
    torch.testing.assert_close(reshaped.exp().sum(-1), torch.ones(2, dtype=torch.float64))


P = [0.125, 0.5, 0.125, 0.25]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1 / 8, 1 / 2, 1 / 8, 1 / 4]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_k": 3}, [1 / 7, 4 / 7, 0, 2 / 7]),  # of the two with 1/8 the smaller id
        ({"top_k": 4}, P),
        ({"top_k": 99}, P),
        ({"top_p": 1e-9}, [0, 1, 0, 0]),  # at least one
        ({"top_p": 0.5}, [0, 1, 0, 0]),  # at least 0.5: 0.5 suffices
        ({"top_p": 0.501}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_p": 0.75}, [0, 2 / 3, 0, 1 / 3]),
        ({"top_p": 0.751}, [1 / 7, 4 / 7, 0, 2 / 7]),
        ({"top_p": 0.875}, [1 / 7, 4 / 7, 0, 2 / 7]),
        ({"top_p": 0.876}, P),
        ({"top_p": 1.0}, P),
        ({"temperature": 0.5}, [1 / 22, 16 / 22, 1 / 22, 4 / 22]),
        ({"temperature": 2.0}, [p**0.5 / sum(q**0.5 for q in P) for p in P]),
        ({"temperature": 0.5, "top_p": 0.72}, [0, 1, 0, 0]),  # the temperature comes first: 16/22 = 0.727
        ({"temperature": 0.5, "top_p": 0.74}, [0, 4 / 5, 0, 1 / 5]),
        ({"top_k": 2, "top_p": 0.6}, [0, 1, 0, 0]),  # then top-k: 2/3 of what is left
        ({"top_k": 2, "top_p": 0.7}, [0, 2 / 3, 0, 1 / 3]),
    ],
)
def test_truncation_worked_by_hand(options, expected, dtype):
    reshaped = sampling.truncated(torch.tensor([P], dtype=dtype).log(), **options)
    assert reshaped.dtype == dtype
    assert reshaped.exp()[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_nucleus_of_1_leaves_out_nothing():
    """Though the sum of the large ones rounds to 1 before the small ones come."""
    log_probs = torch.tensor([[0.0, 0.0, -20.0, -30.0, -40.0]]).log_softmax(-1)
    torch.testing.assert_close(sampling.truncated(log_probs, top_p=1.0), log_probs)


def test_truncating_leaves_its_input_alone_and_impossible_tokens_impossible():
    log_probs = torch.tensor([[-math.inf, math.log(0.25), math.log(0.75)]])
    before = log_probs.clone()
    reshaped = sampling.truncated(log_probs, temperature=2.0, top_k=3, top_p=0.999)
    assert torch.equal(log_probs, before)
    assert reshaped[0, 0] == -math.inf
    assert reshaped.exp().sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.7}, {"temperature": 2.0, "top_k": 3, "top_p": 0.9}]
)
def test_samples_are_as_frequent_as_truncated_says(options):
    """3,000 draws of two tokens from each of two sentences: each of the first, and each second after the first."""
    small, n = table("smooth", 2, 4, seed=10), 3000
    model = small.rows(torch.arange(2).repeat_interleave(n))
    found = sample(model, eos=None, max_steps=2, generator=torch.Generator().manual_seed(0), **options)
    drawn = found.tokens[:, 0].view(2, n, 2)

    def assert_frequencies(tokens, log_probs):
        expected = sampling.truncated(log_probs[None], **options)[0].exp().tolist()
        counts = Counter(tokens.tolist())
        for token, p in enumerate(expected):
            assert abs(counts[token] - p * len(tokens)) <= 4.5 * math.sqrt(p * (1 - p) * len(tokens)) + 1e-3

    for sentence in range(2):
        start, (first, second) = small.start[sentence], drawn[sentence].T
        assert_frequencies(first, small.log_probs[0, sentence, small.V, start])
        for token in first.unique().tolist():
            assert_frequencies(second[first == token], small.log_probs[1, sentence, start, token])


@quick
@given(cases(), st.floats(0.2, 3.0), st.none() | st.integers(1, 4), SEEDS)
def test_a_sample_ends_in_eos_or_at_the_limit_and_has_the_models_own_probability(case, temperature, top_k, seed):
    model, limits = case
    options = {"temperature": temperature, "top_k": top_k, "generator": torch.Generator().manual_seed(seed)}
    found = sample(model, **options, **limits)
    assert found.tokens.shape[2] == found.lengths.max()
    for sentence, [(ids, total, score)] in enumerate(lists(found)):
        assert limits["eos"] not in ids[:-1]
        assert ids[-1] == limits["eos"] or len(ids) == limits["max_steps"]
        assert total == score == pytest.approx(log_prob(model.next(sentence), ids), abs=1e-12)
        assert set(found.tokens[sentence, 0, len(ids) :].tolist()) <= {limits["eos"]}


@pytest.mark.parametrize("options", [{"temperature": 0}, {"temperature": 0.0}, {"temperature": 1e-6}, {"top_k": 1}])
def test_a_temperature_of_0_and_a_choice_of_1_are_greedy_search(options):
    for seed in range(5):
        model = table("smooth", 4, 5, seed)
        expected = lists(greedy(model, eos=0, max_steps=6))
        assert_same(lists(sample(model, eos=0, max_steps=6, **options)), expected, exact=True)


def test_samples_repeat_with_the_generator_and_leave_the_global_one_alone():
    model, drawn = table("smooth", 5, 4, seed=11), []
    before = torch.get_rng_state()
    for seed in (1, 1, 2):
        found = sample(model, eos=None, max_steps=8, generator=torch.Generator().manual_seed(seed))
        drawn.append(found.tokens.tolist())
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_repeat_with_the_global_seed():
    model, drawn = table("smooth", 5, 4, seed=11), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(sample(model, eos=None, max_steps=8).tokens.tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_temperature_0_is_refused_where_it_has_no_distribution():
    with pytest.raises(ValueError, match="temperature is 0; it must be above 0"):
        sampling.truncated(torch.zeros(1, 3), temperature=0)


@pytest.mark.parametrize(
    "options", [{"temperature": 1e-300}, {"temperature": 1e-45}, {"top_p": 1e-300}, {"top_p": 1e-45}]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_smallest_options_leave_the_most_probable_token(options, dtype):
    reshaped = sampling.truncated(torch.tensor([P, P[::-1]], dtype=dtype).log(), **options)
    assert reshaped.exp().tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize("row", [[math.nan, 0.0], [-math.inf, -math.inf]])
def test_a_row_with_nothing_to_draw_is_an_error(row):
    with pytest.raises(ValueError, match="without any token to draw"):
        sampling.truncated(torch.tensor([[-0.7, -0.7], row]))
