"""Searches, against the plainest programs that do the same: brute force, and a beam search on lists."""

import functools
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    Table,
    assert_same,
    brute_force,
    first_step,
    lists,
    log_prob,
    plain_beam_search,
    plain_greedy,
    table,
)
from torch import nn

from helpers import beam_search as beam
from helpers import sampling, search
from helpers.encoder_decoder import EncoderDecoder
from helpers.language_model import LanguageModel
from helpers.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder

quick = settings(max_examples=50, deadline=None)
thorough = settings(max_examples=100, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
ALPHAS = st.sampled_from([0.0, 0.3, 0.75, 1.0, 2.0])
WITHOUT_TIES, WITH_TIES = ["smooth", "peaked", "holes"], ["tied", "uniform"]
BOS, EOS, V = 1, 2, 6  # of the recurrent networks below


@st.composite
def cases(draw, kinds=WITHOUT_TIES, longest=5):
    """Return a model and the limits of a search."""
    kind, N, V = draw(st.sampled_from(kinds)), draw(st.integers(1, 4)), draw(st.integers(2, 4))
    eos = draw(st.none() | st.integers(0, V - 1))
    return table(kind, N, V, draw(SEEDS)), {"eos": eos, "max_steps": draw(st.integers(1, longest))}


def greedy(model, **options) -> search.Found:
    return search.greedy(model, model.state, model.start, **options)


def sample(model, **options) -> search.Found:
    return sampling.sample(model, model.state, model.start, **options)


def beam_search(model, **options) -> search.Found:
    return beam.beam_search(model, model.state, model.start, **options)


# --- greedy ----------------------------------------------------------------------------------------------------------


@quick
@given(cases())
def test_greedy_takes_the_most_probable_token_and_of_equals_the_smallest_id(case):
    model, limits = case
    found = greedy(model, **limits)
    expected = [plain_greedy(model.next(i), **limits) for i in range(model.N)]
    assert [(ids, total) for [(ids, total, _)] in lists(found)] == expected
    assert torch.equal(found.scores, found.log_probs)
    assert found.best() == [ids for ids, _ in expected]


@quick
@given(cases(), ALPHAS)
def test_greedy_is_a_beam_of_one(case, alpha):
    model, limits = case
    one, beam = greedy(model, **limits), beam_search(model, beam_size=1, alpha=alpha, **limits)
    for name in ("tokens", "lengths", "log_probs"):
        assert torch.equal(getattr(one, name), getattr(beam, name))


# --- beam search -----------------------------------------------------------------------------------------------------


@thorough
@given(cases(), st.integers(1, 7), st.integers(1, 4), ALPHAS)
def test_beam_search_is_that_on_lists_which_never_stops_early(case, beam_size, num_best, alpha):
    """To the last bit. Stopping early changes nothing, then, nor does the number of sentences."""
    model, limits = case
    options = {"beam_size": beam_size, "alpha": alpha, "num_best": num_best} | limits
    expected = [plain_beam_search(model.next(i), **options) for i in range(model.N)]
    assert_same(lists(beam_search(model, **options)), expected, exact=True)


@quick
@given(cases([*WITHOUT_TIES, *WITH_TIES], longest=4), st.integers(1, 6), ALPHAS)
def test_a_beam_as_wide_as_all_prefixes_is_exhaustive_search(case, num_best, alpha):
    """V^(T - 1) is more than there are unfinished prefixes. Where scores are equal, the scores agree."""
    model, limits = case
    options = {"num_best": num_best, "alpha": alpha} | limits
    width = max(model.V ** (limits["max_steps"] - 1), num_best)
    found = lists(beam_search(model, beam_size=width, **options))
    for i in range(model.N):
        expected = brute_force(model.next(i), model.V, **options)
        assert [score for *_, score in found[i]] == pytest.approx([score for *_, score in expected], abs=1e-12)


@thorough
@given(cases([*WITHOUT_TIES, *WITH_TIES], longest=6), st.integers(1, 6), st.integers(1, 9), ALPHAS)
def test_what_is_returned_is_complete_sorted_distinct_and_scored_by_the_model(case, beam_size, num_best, alpha):
    model, limits = case
    eos, max_steps = limits["eos"], limits["max_steps"]
    found = beam_search(model, beam_size=beam_size, num_best=num_best, alpha=alpha, **limits)
    T = found.tokens.shape[2]
    assert found.tokens.shape == (model.N, num_best, T)
    assert T == found.lengths.max() <= max_steps
    for sentence in range(model.N):
        entries = found.n_best(sentence)
        assert entries
        assert len({tuple(ids) for ids, *_ in entries}) == len(entries)
        assert found.scores[sentence].tolist() == sorted(found.scores[sentence].tolist(), reverse=True)
        for ids, total, score in entries:
            assert eos not in ids[:-1]
            assert ids[-1] == eos or len(ids) == max_steps
            assert -math.inf < total == pytest.approx(log_prob(model.next(sentence), ids), abs=1e-12)
            assert score == pytest.approx(total / len(ids) ** alpha, abs=1e-12)
        for place in range(num_best):
            length = int(found.lengths[sentence, place])
            if eos is not None:
                assert (found.tokens[sentence, place, length:] == eos).all()
            if place >= len(entries):
                assert length == 0
                assert found.log_probs[sentence, place] == found.scores[sentence, place] == -math.inf


@quick
@given(cases(), st.integers(1, 5), st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_sentence_fares_the_same_alone_in_company_and_in_any_order(case, beam_size, num_best, random):
    model, limits = case
    order = random.sample(range(model.N), model.N)
    for find, options in (
        (greedy, limits),
        (beam_search, {"beam_size": beam_size, "num_best": num_best} | limits),
    ):
        together = lists(find(model, **options))
        assert_same([lists(find(model.rows([i]), **options))[0] for i in range(model.N)], together, exact=True)
        assert_same(lists(find(model.rows(order), **options)), [together[i] for i in order], exact=True)


def test_a_wider_beam_finds_what_greedy_search_misses():
    """The book's example: greedy search takes A B C eos, 0.048; A C B eos is worth 0.054. Ids: eos 0, A 1, B 2, C 3."""
    p = torch.full((1, 5, 4, 4), 0.25, dtype=torch.float64)
    p[0, 4, 0] = torch.tensor([0.1, 0.5, 0.2, 0.2])  # the first token
    p[0, 0, 1] = torch.tensor([0.2, 0.1, 0.4, 0.3])  # after A
    p[0, 1, 2] = torch.tensor([0.2, 0.2, 0.2, 0.4])  # after A B
    p[0, 2, 3] = torch.tensor([0.6, 0.2, 0.2, 0.0])  # after B C
    p[0, 1, 3] = torch.tensor([0.1, 0.1, 0.6, 0.2])  # after A C
    p[0, 3, 2] = torch.tensor([0.6, 0.2, 0.1, 0.1])  # after C B
    model, limits = Table(p.log(), torch.tensor([0])), {"eos": 0, "max_steps": 4}
    [[(ids, total, _)]] = lists(greedy(model, **limits))
    assert (ids, math.exp(total)) == ([1, 2, 3, 0], pytest.approx(0.5 * 0.4 * 0.4 * 0.6))
    [[(ids, total, score)]] = lists(beam_search(model, beam_size=2, alpha=0.75, **limits))
    assert (ids, math.exp(total)) == ([1, 3, 2, 0], pytest.approx(0.5 * 0.3 * 0.6 * 0.6))
    assert score == pytest.approx(math.log(0.054) / 4**0.75)


def test_the_length_penalty_favours_the_longer_of_two():
    """Ending at once has p = 0.5; going on for three steps p = 0.4. Scores at alpha 1: -0.69 and -0.31."""
    p = torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    p[0, 2, 0] = torch.tensor([0.5, 0.5])
    p[0, 0, 1] = torch.tensor([0.1, 0.9])
    p[0, 1, 1] = torch.tensor([0.8 / 0.9, 1 - 0.8 / 0.9])
    model, limits = Table(p.log(), torch.tensor([0])), {"eos": 0, "max_steps": 3, "beam_size": 2}
    assert beam_search(model, alpha=0.0, **limits).best() == [[0]]
    assert beam_search(model, alpha=1.0, **limits).best() == [[1, 1, 0]]


def test_an_impossible_sequence_is_never_returned():
    """The beam could hold five, and five are asked for, but only one sequence is possible."""
    found = beam_search(first_step([0.0, 1.0, 0.0], [1.0, 0.0, 0.0]), beam_size=5, num_best=5, eos=0, max_steps=3)
    assert lists(found) == [[([1, 1, 1], 0.0, 0.0)], [([0], 0.0, 0.0)]]
    assert found.lengths.tolist() == [[3, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert (found.tokens[0, 1:] == 0).all()


@pytest.mark.parametrize("search", [greedy, sample, beam_search])
@pytest.mark.parametrize(("value", "message"), [(-math.inf, "probabilit"), (math.nan, "NaN")])
@pytest.mark.parametrize("step", [0, 1])
def test_a_model_that_allows_nothing_or_is_not_finite_is_an_error(search, value, message, step):
    """From the first or the second step on, in one of three sentences."""
    model = table("smooth", 3, 4, seed=1)
    model.log_probs[step:, 1] = value
    with pytest.raises(ValueError, match=message):
        search(model, eos=0, max_steps=4, **({"beam_size": 2} if search is beam_search else {}))


def test_without_eos_every_sequence_has_the_full_length():
    model = table("smooth", 3, 4, seed=1)
    for found in (
        greedy(model, eos=None, max_steps=6),
        sample(model, eos=None, max_steps=6),
        beam_search(model, beam_size=3, num_best=3, eos=None, max_steps=6),
    ):
        assert (found.lengths == 6).all()
        assert found.tokens.shape[2] == 6


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
def test_start_tokens_of_any_whole_type_are_taken(dtype):
    model = table("smooth", 300, 4, seed=2)
    expected = greedy(model, eos=None, max_steps=3)
    model.start = model.start.to(dtype)
    found = greedy(model, eos=None, max_steps=3)
    assert torch.equal(found.tokens, expected.tokens)
    assert found.lengths.dtype == torch.int64


# --- how much is done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 50])
@pytest.mark.parametrize("eos", [None, 2])
def test_the_model_is_called_once_a_step_for_all_sentences(N, eos):
    for beam_size in (1, 4):
        model = table("smooth", N, 5, seed=3)
        beam_search(model, beam_size=beam_size, eos=eos, max_steps=7)
        assert model.calls == 7 if eos is None else model.calls <= 7
    for find, max_steps in ((greedy, 7), (sample, 7)):
        model = table("smooth", N, 5, seed=3)
        find(model, eos=eos, max_steps=max_steps)
        assert model.calls == max_steps if eos is None else model.calls <= max_steps


def test_the_search_stops_as_soon_as_nothing_can_get_better():
    """Ending at once has p = 0.99; whatever follows the rest has p < 0.01, and at alpha = 0 length earns nothing."""
    model = first_step([0.99, 0.005, 0.005])
    beam_search(model, beam_size=3, eos=0, max_steps=20, alpha=0.0)
    assert model.calls == 1
    model = first_step([0.99, 0.005, 0.005])  # the second best has p = 0.005 * 0.99 and ends at the second step
    beam_search(model, beam_size=3, eos=0, max_steps=20, alpha=0.0, num_best=3)
    assert model.calls == 2


def test_the_search_goes_on_while_a_longer_sequence_may_still_win():
    """[0] scores ln 0.6 = -0.51; after 1, with p = 0.4, three certain steps follow: ln 0.4 / 4 = -0.23."""
    p = torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    p[0, 2, 0] = torch.tensor([0.6, 0.4])
    p[0, 0, 1] = p[0, 1, 1] = torch.tensor([0.0, 1.0])
    model = Table(p.log(), torch.tensor([0]))
    [[(ids, _, score)]] = lists(beam_search(model, beam_size=2, eos=0, max_steps=4, alpha=1.0))
    assert (ids, score) == ([1, 1, 1, 1], pytest.approx(math.log(0.4) / 4))


def test_a_finished_sentence_leaves_the_batch():
    """The first ends at once, with certainty; from the second step on only the second is extended."""
    model, read = first_step([1.0, 0.0, 0.0], [0.0, 0.5, 0.5]), []
    step = model.step
    model.step = lambda tokens, state: (read.append(state[1].tolist()), step(tokens, state))[1]
    beam_search(model, beam_size=2, eos=0, max_steps=3)
    assert read == [[0, 1], [1, 1], [1, 1]]


@pytest.mark.parametrize(("first", "rows"), [([0.5, 0.3, 0.2], 2), ([0.5, 0.4, 0.1], 1)])
def test_what_has_ended_or_can_no_longer_win_is_not_extended(first, rows):
    """0 has ended and scores ln 0.5 = -0.69. In three steps ln 0.2 may still become -0.54, but ln 0.1 only -0.77."""
    model, read = first_step(first), []
    step = model.step
    model.step = lambda tokens, state: (read.append(len(tokens)), step(tokens, state))[1]
    beam_search(model, beam_size=3, eos=0, max_steps=3, alpha=1.0)
    assert read[:2] == [1, rows]


def test_no_search_records_gradients():
    model = table("smooth", 2, 3, seed=5)
    model.log_probs.requires_grad_()
    for found in (
        greedy(model, eos=0, max_steps=3),
        sample(model, eos=0, max_steps=3),
        beam_search(model, beam_size=2, eos=0, max_steps=3),
    ):
        assert not found.log_probs.requires_grad
        assert not found.scores.requires_grad


# --- recurrent networks ----------------------------------------------------------------------------------------------

NETWORKS = [(nn.GRU, 1, False), (nn.GRU, 2, True), (nn.LSTM, 1, True), (nn.LSTM, 2, False)]


def lively(model: nn.Module) -> nn.Module:
    """Weights large enough that what was read matters."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.double().eval()


def translator(recurrent, num_layers: int, tied: bool, seed: int) -> EncoderDecoder:
    torch.manual_seed(seed)
    sizes = {"embed_size": 4, "num_hiddens": 5, "num_layers": num_layers, "recurrent": recurrent}
    return lively(EncoderDecoder(Seq2SeqEncoder(7, **sizes), Seq2SeqDecoder(V, **sizes, tied=tied)))


def sources(N: int, S: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Random sources, with other random tokens in place of padding."""
    return torch.randint(7, (N, S)), torch.randint(1, S + 1, (N,))


def read_anew(logits) -> Callable[[list[int]], list[float]]:
    """What follows `ids`, from `logits` (T, V) of a function that reads all ids again: no state is ever kept."""

    @functools.cache
    def log_probs(ids):
        return logits(ids)[-1].log_softmax(-1).tolist()

    return lambda ids: log_probs(tuple(ids))


def translation_anew(model: EncoderDecoder, tokens, lengths, sentence: int):
    """`read_anew` from a source that is read alone and without padding."""
    source, length = tokens[[sentence], : lengths[sentence]], lengths[[sentence]]
    return read_anew(lambda ids: model(source, length, torch.tensor([[BOS, *ids]]))[0][0])


@pytest.mark.parametrize(("recurrent", "num_layers", "tied"), NETWORKS)
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_a_translators_searches_equal_those_that_read_everything_anew(recurrent, num_layers, tied, seed):
    model = translator(recurrent, num_layers, tied, seed)
    tokens, lengths = sources(N=4)
    start = torch.full((4,), BOS)
    anew = [translation_anew(model, tokens, lengths, i) for i in range(4)]
    limits, ranking = {"eos": EOS, "max_steps": 5}, {"alpha": 0.75, "num_best": 3}
    found = beam.beam_search(model, model.begin(tokens, lengths), start, beam_size=3, **ranking, **limits)
    assert_same(lists(found), [plain_beam_search(f, 3, **ranking, **limits) for f in anew])
    found = search.greedy(model, model.begin(tokens, lengths), start, **limits)
    expected = [plain_greedy(f, **limits) for f in anew]
    assert_same(lists(found), [[(ids, total, total)] for ids, total in expected])
    limits["max_steps"] = 3
    found = beam.beam_search(model, model.begin(tokens, lengths), start, beam_size=V * V, **ranking, **limits)
    assert_same(lists(found), [brute_force(f, V, **ranking, **limits) for f in anew])


@pytest.mark.parametrize(("recurrent", "num_layers", "tied"), NETWORKS)
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_padding_and_the_order_of_the_batch_change_no_translation(recurrent, num_layers, tied, seed):
    model = translator(recurrent, num_layers, tied, seed)
    tokens, lengths = sources(N=9)
    order = torch.randperm(9)

    def translations(tokens, lengths):
        state, start = model.begin(tokens, lengths), torch.full((len(tokens),), BOS)
        options = {"beam_size": 4, "num_best": 3, "eos": EOS, "max_steps": 6}
        return lists(beam.beam_search(model, state, start, **options))

    expected = translations(tokens, lengths)
    wider = torch.cat([tokens, torch.randint(7, (9, 5))], dim=1)
    assert_same(translations(wider, lengths), expected)
    assert_same(translations(tokens[order], lengths[order]), [expected[i] for i in order.tolist()])
    assert_same([translations(tokens[[i]], lengths[[i]])[0] for i in range(9)], expected)


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize("prompt", [0, 3])
@torch.no_grad()
def test_a_language_models_searches_equal_those_that_read_everything_anew(cell, prompt):
    """With the state of a prompt, and with None, the state at the start."""
    torch.manual_seed(1)
    model, N = lively(LanguageModel(cell(4, 5, batch_first=True), V, 5, embed_size=4)), 3
    tokens = torch.randint(V, (N, prompt + 1))

    def anew(sentence):
        return read_anew(lambda ids: model(torch.tensor([[*tokens[sentence].tolist(), *ids]]))[0][0])

    state = model(tokens[:, :prompt])[1] if prompt else None
    limits, ranking = {"eos": None, "max_steps": 4}, {"alpha": 0.75, "num_best": 4}
    found = beam.beam_search(model, state, tokens[:, -1], beam_size=4, **ranking, **limits)
    assert_same(lists(found), [plain_beam_search(anew(i), 4, **ranking, **limits) for i in range(N)])
    found = search.greedy(model, state, tokens[:, -1], **limits)
    assert found.best() == [plain_greedy(anew(i), **limits)[0] for i in range(N)]


def test_results_have_the_models_precision():
    model = table("smooth", 2, 3, seed=9)
    model.log_probs = model.log_probs.float()
    for found in (greedy(model, eos=0, max_steps=3), beam_search(model, beam_size=2, eos=0, max_steps=3)):
        assert found.log_probs.dtype == found.scores.dtype == torch.float32
        assert found.tokens.dtype == found.lengths.dtype == torch.int64


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [greedy, sample, beam_search])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_steps": 0}, "max_steps is 0; it must be at least 1"),
        ({"start": torch.zeros(2, 1, dtype=torch.long)}, r"start must have the shape \(N,\); got the shape \(2, 1\)"),
        ({"start": torch.zeros(2)}, r"start must be a tensor .*got a tensor of torch.float32"),
        ({"start": torch.zeros(0, dtype=torch.long)}, r"start is empty"),
    ],
)
def test_an_impossible_start_or_limit_is_an_error_that_says_what_came(search, changed, message):
    model, options = table("smooth", 2, 3, seed=0), {"eos": 0, "max_steps": 3}
    if search is beam_search:
        options["beam_size"] = 2
    if "start" in changed:
        model.start = changed["start"]
    else:
        options |= changed
    with pytest.raises((TypeError, ValueError), match=message):
        search(model, **options)
    assert model.calls == 0


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        (beam_search, {"beam_size": 0}, "beam_size is 0"),
        (beam_search, {"beam_size": 2, "num_best": 0}, "num_best is 0"),
        (beam_search, {"beam_size": 2, "alpha": -0.5}, "alpha is -0.5; it must be a number from 0 on"),
        (beam_search, {"beam_size": 2, "alpha": math.nan}, "alpha is nan"),
        (beam_search, {"beam_size": 2.5}, "beam_size must be a whole number; got 2.5"),
        (beam_search, {"beam_size": 2, "eos": 3}, "eos is 3"),
        (greedy, {"eos": -1}, "eos is -1"),
        (greedy, {"max_steps": 1.5}, "max_steps must be a whole number; got 1.5"),
        (sample, {"temperature": 0, "top_k": 0}, "top_k is 0"),
        (sample, {"top_k": 1.5}, "top_k must be a whole number; got 1.5"),
        (sample, {"temperature": -1.0}, r"temperature is -1\.0; it must be above 0 \(greedy"),
        (sample, {"temperature": math.nan}, "temperature is nan"),
        (sample, {"top_k": 0}, "top_k is 0; it must be at least 1"),
        (sample, {"top_p": 0.0}, r"top_p is 0\.0; it must be above 0 and at most 1"),
        (sample, {"top_p": 1.5}, r"top_p is 1\.5"),
    ],
)
def test_an_impossible_option_is_an_error_that_names_it_and_its_value(search, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        search(table("smooth", 2, 3, seed=0), **{"eos": 0, "max_steps": 3} | options)
