"""Searches, against the plainest programs that do the same: brute force, and a beam search on lists.

Most models here are tables: the next token depends on the sentence and on the last two tokens, so that a state put to
the wrong row, or a hypothesis to the wrong parent, gives other numbers. Some tables are smooth, some peaked, some full
of ties, some with impossible tokens. Small recurrent networks follow.
"""

import functools
import itertools
import math
import sys
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import decoding
from helpers.models import EncoderDecoder, LanguageModel, Seq2SeqDecoder, Seq2SeqEncoder

quick = settings(max_examples=50, deadline=None)
thorough = settings(max_examples=100, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
ALPHAS = st.sampled_from([0.0, 0.3, 0.75, 1.0, 2.0])
WITHOUT_TIES, WITH_TIES = ["smooth", "peaked", "holes"], ["tied", "uniform"]


class Table:
    """log P(next token | sentence, last but one, last), (N, V + 1, V, V); V stands for nothing before the start."""

    def __init__(self, log_probs: torch.Tensor, start: torch.Tensor):
        self.log_probs, self.start, self.calls = log_probs, start, 0
        self.N, self.V = len(log_probs), log_probs.shape[-1]
        self.state = (torch.arange(self.N), torch.full((self.N,), self.V))
        self._plain, self._start = log_probs.tolist(), start.tolist()

    def step(self, tokens, state):
        self.calls += 1
        sentence, before = state
        return self.log_probs[sentence, before, tokens], (sentence, tokens)

    @staticmethod
    def reorder(state, index):
        return tuple(part[index] for part in state)

    def next(self, sentence: int) -> Callable[[list[int]], list[float]]:
        """Return the function that gives the log-probabilities after `ids`, all of them read anew."""

        def log_probs(ids):
            *_, before, last = [self.V, self._start[sentence], *ids]
            return self._plain[sentence][before][last]

        return log_probs

    def rows(self, index) -> "Table":
        return Table(self.log_probs[index], self.start[index])


def table(kind: str, N: int, V: int, seed: int) -> Table:
    draw = torch.Generator().manual_seed(seed)
    shape = (N, V + 1, V, V)
    logits = torch.randn(shape, generator=draw, dtype=torch.float64)
    if kind == "peaked":
        logits *= 4
    elif kind == "holes":
        hole = (torch.rand(shape, generator=draw) < 0.4) & (logits < logits.amax(-1, keepdim=True))
        logits = logits.masked_fill(hole, -torch.inf)
    elif kind == "tied":
        logits = torch.randint(2, shape, generator=draw).double()
    elif kind == "uniform":
        logits = torch.zeros_like(logits)
    return Table(logits.log_softmax(-1), torch.randint(V, (N,), generator=draw))


@st.composite
def cases(draw, kinds=(*WITHOUT_TIES, *WITH_TIES), longest=5):
    """Return a model and the limits of a search."""
    kind, N, V = draw(st.sampled_from(kinds)), draw(st.integers(1, 4)), draw(st.integers(2, 4))
    eos = draw(st.none() | st.integers(0, V - 1))
    return table(kind, N, V, draw(SEEDS)), {"eos": eos, "max_steps": draw(st.integers(1, longest))}


def greedy(model, **options) -> decoding.Found:
    return decoding.greedy(model.step, model.state, model.start, **options)


def sample(model, **options) -> decoding.Found:
    return decoding.sample(model.step, model.state, model.start, **options)


def beam_search(model, **options) -> decoding.Found:
    return decoding.beam_search(model.step, model.reorder, model.state, model.start, **options)


def exhaustive(model, **options) -> decoding.Found:
    return decoding.exhaustive_search(model.step, model.reorder, model.state, model.start, **options)


def lists(found: decoding.Found) -> list[list[tuple[list[int], float, float]]]:
    """Return (ids, log P, score) of every sentence's sequences."""
    return [found.n_best(i) for i in range(len(found.tokens))]


def first_step(*rows: list[float]) -> Table:
    """A model of these probabilities, a row a sentence, whatever came before."""
    p = torch.tensor(rows, dtype=torch.float64)
    return Table(p.log()[:, None, None].repeat(1, p.shape[1] + 1, p.shape[1], 1), torch.zeros(len(p), dtype=torch.long))


# --- the plain programs ----------------------------------------------------------------------------------------------


def log_prob(log_probs, ids: list[int]) -> float:
    return math.fsum(log_probs(ids[:i])[token] for i, token in enumerate(ids))


def plain_greedy(log_probs, eos, max_steps) -> tuple[list[int], float]:
    ids, total = [], 0.0
    while len(ids) < max_steps and (not ids or ids[-1] != eos):
        row = log_probs(ids)
        token = row.index(max(row))
        ids, total = [*ids, token], total + row[token]
    return ids, total


def brute_force(log_probs, V, eos, max_steps, alpha, num_best):
    """Write down every sequence there is."""
    found = []
    for length in range(1, max_steps + 1):
        for ids in map(list, itertools.product(range(V), repeat=length)):
            total = log_prob(log_probs, ids) if eos not in ids[:-1] else -math.inf
            if total > -math.inf and (ids[-1] == eos or length == max_steps):
                found.append((ids, total, total / length**alpha))
    return sorted(found, key=lambda entry: -entry[2])[:num_best]


def plain_beams(log_probs, beam_size, eos, max_steps) -> list[list[tuple[list[int], float]]]:
    """Return what a beam search keeps at each step, (ids, log P) best first; it goes on while anything is left."""
    beam, steps = [([], 0.0)], []
    while beam and len(steps) < max_steps:
        extensions = [
            ([*ids, token], total + gained)
            for ids, total in beam
            for token, gained in enumerate(log_probs(ids))
            if gained > -math.inf
        ]
        extensions.sort(key=lambda entry: -entry[1])  # stable: better parents first, then smaller ids
        steps.append(extensions[:beam_size])
        beam = [(ids, total) for ids, total in steps[-1] if ids[-1] != eos]
    return steps


def plain_beam_search(log_probs, beam_size, eos, max_steps, alpha, num_best=1):
    finished = [
        (ids, total, total / len(ids) ** alpha)
        for kept in plain_beams(log_probs, beam_size, eos, max_steps)
        for ids, total in kept
        if ids[-1] == eos or len(ids) == max_steps
    ]
    return sorted(finished, key=lambda entry: -entry[2])[:num_best]  # stable: what ended earlier first


def assert_same(found, expected, exact: bool = False) -> None:
    """Same sequences in the same order, and the same numbers; `found` and `expected` as `lists` has them."""
    assert [[ids for ids, *_ in row] for row in found] == [[ids for ids, *_ in row] for row in expected]
    for ours, theirs in zip(itertools.chain(*found), itertools.chain(*expected), strict=True):
        assert ours[1:] == (theirs[1:] if exact else pytest.approx(theirs[1:], rel=1e-9, abs=1e-9))


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
    """To the last bit, ties included. Stopping early changes nothing, then, nor does the number of sentences."""
    model, limits = case
    options = {"beam_size": beam_size, "alpha": alpha, "num_best": num_best} | limits
    expected = [plain_beam_search(model.next(i), **options) for i in range(model.N)]
    assert_same(lists(beam_search(model, **options)), expected, exact=True)


@quick
@given(cases(WITHOUT_TIES, longest=4), st.integers(1, 6), ALPHAS)
def test_a_beam_as_wide_as_all_prefixes_finds_what_exhaustive_search_finds(case, num_best, alpha):
    """V^(T - 1) is more than there are unfinished prefixes; the n-best lists agree as well."""
    model, limits = case
    options = {"num_best": num_best, "alpha": alpha} | limits
    width = max(model.V ** (limits["max_steps"] - 1), num_best)
    assert_same(lists(beam_search(model, beam_size=width, **options)), lists(exhaustive(model, **options)), exact=True)


@quick
@given(cases(WITH_TIES, longest=4), st.integers(1, 6), ALPHAS)
def test_a_beam_as_wide_as_all_prefixes_finds_equal_scores_where_there_are_ties(case, num_best, alpha):
    model, limits = case
    options = {"num_best": num_best, "alpha": alpha} | limits
    width = max(model.V ** (limits["max_steps"] - 1), num_best)
    torch.testing.assert_close(
        beam_search(model, beam_size=width, **options).scores, exhaustive(model, **options).scores, rtol=1e-12, atol=0
    )


@thorough
@given(cases(longest=6), st.integers(1, 6), st.integers(1, 9), ALPHAS, st.booleans())
def test_what_is_returned_is_complete_sorted_distinct_and_scored_by_the_model(case, beam_size, num_best, alpha, beam):
    model, limits = case
    eos, max_steps = limits["eos"], limits["max_steps"]
    if beam:
        found = beam_search(model, beam_size=beam_size, num_best=num_best, alpha=alpha, **limits)
    else:
        found = exhaustive(model, num_best=num_best, alpha=alpha, **limits)
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
    for search, options in (
        (greedy, limits),
        (exhaustive, {"num_best": num_best} | limits),
        (beam_search, {"beam_size": beam_size, "num_best": num_best} | limits),
    ):
        together = lists(search(model, **options))
        assert_same([lists(search(model.rows([i]), **options))[0] for i in range(model.N)], together, exact=True)
        assert_same(lists(search(model.rows(order), **options)), [together[i] for i in order], exact=True)


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


def test_equal_scores_are_decided_by_the_parent_then_by_the_id_and_in_the_pool_by_age():
    """With everything equally probable the beam holds the first tokens in the order of their ids."""
    model, options = table("uniform", 2, 3, seed=0), {"beam_size": 3, "max_steps": 2, "num_best": 9, "alpha": 0.0}
    assert [ids for ids, *_ in beam_search(model, eos=None, **options).n_best(1)] == [[0, 0], [0, 1], [0, 2]]
    assert [ids for ids, *_ in beam_search(model, eos=1, **options).n_best(1)] == [[1], [0, 0], [0, 1], [0, 2]]
    # At alpha = 1 the score is the mean log p, equal for all: what ended earlier stays in front.
    model = table("uniform", 1, 2, seed=0)
    found = beam_search(model, eos=0, max_steps=3, beam_size=2, alpha=1.0, num_best=4)
    assert [ids for ids, *_ in found.n_best(0)] == [[0], [1, 0], [1, 1, 0], [1, 1, 1]]


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, -math.inf]), min_size=5, max_size=5), min_size=1, max_size=4))
@quick
def test_a_beam_takes_the_first_of_equal_tokens(rows):
    """torch.topk alone takes any of them. As many as the beam is wide, in every width."""
    logits = torch.tensor(rows, dtype=torch.float64).clamp_min(-1e9)
    logits[:, 4] = 2.0
    logits = logits.masked_fill(logits < 0, -torch.inf)
    model = first_step(*logits.softmax(-1).tolist())
    for k in range(1, 7):
        found = beam_search(model, beam_size=k, num_best=k, eos=None, max_steps=1, alpha=0.0)
        for sentence, row in enumerate(logits.tolist()):
            possible = [i for i, value in enumerate(row) if value > -math.inf]
            expected = sorted(possible, key=lambda i, row=row: -row[i])[:k]
            assert [ids for ids, *_ in found.n_best(sentence)] == [[i] for i in expected]


def test_an_impossible_sequence_is_never_returned():
    """The beam could hold five, and five are asked for, but only one sequence is possible."""
    model = first_step([0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    for found in (
        beam_search(model, beam_size=5, num_best=5, eos=0, max_steps=3),
        exhaustive(model, num_best=5, eos=0, max_steps=3),
    ):
        assert lists(found) == [[([1, 1, 1], 0.0, 0.0)], [([0], 0.0, 0.0)]]
        assert found.lengths.tolist() == [[3, 0, 0, 0, 0], [1, 0, 0, 0, 0]]


def test_a_model_that_allows_nothing_has_no_sequence():
    model = first_step([0.0, 0.0], [0.5, 0.5])
    model.log_probs = model.log_probs.nan_to_num(neginf=-torch.inf)
    for found in (
        beam_search(model, beam_size=2, eos=0, max_steps=2, alpha=0.0),
        exhaustive(model, eos=0, max_steps=2, alpha=0.0),
    ):
        assert found.best() == [[], [0]]
        assert found.n_best(0) == []


def test_without_eos_every_sequence_has_the_full_length():
    model = table("smooth", 3, 4, seed=1)
    for found in (
        greedy(model, eos=None, max_steps=6),
        sample(model, eos=None, max_steps=6),
        beam_search(model, beam_size=3, num_best=3, eos=None, max_steps=6),
        exhaustive(model, num_best=3, eos=None, max_steps=6),
    ):
        assert (found.lengths == 6).all()
        assert found.tokens.shape[2] == 6


# --- how much is done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 50])
@pytest.mark.parametrize("eos", [None, 2])
def test_the_model_is_called_once_a_step_for_all_sentences(N, eos):
    for beam_size in (1, 4):
        model = table("smooth", N, 5, seed=3)
        beam_search(model, beam_size=beam_size, eos=eos, max_steps=7)
        assert model.calls == 7 if eos is None else model.calls <= 7
    for search, max_steps in ((greedy, 7), (sample, 7), (exhaustive, 4)):
        model = table("smooth", N, 5, seed=3)
        search(model, eos=eos, max_steps=max_steps)
        assert model.calls == max_steps if eos is None else model.calls <= max_steps


def calls_made(function) -> int:
    """Count the calls of Python and C functions while `function` runs."""
    count = itertools.count()
    sys.setprofile(lambda frame, event, argument: next(count) if event in ("call", "c_call") else None)
    try:
        function()
    finally:
        sys.setprofile(None)
    return next(count)


@pytest.mark.parametrize("search", [greedy, sample, beam_search, exhaustive])
def test_no_python_loop_runs_over_sentences_or_hypotheses(search):
    counts = set()
    for N, width in ((2, 3), (40, 3), (2, 6)):
        model = table("smooth", N, 8, seed=4)
        options = {"beam_size": width, "num_best": width} if search is beam_search else {}
        counts.add(calls_made(lambda model=model, options=options: search(model, eos=None, max_steps=3, **options)))
    assert len(counts) == 1


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
    model, trace = first_step([1.0, 0.0, 0.0], [0.0, 0.5, 0.5]), []
    beam_search(model, beam_size=2, eos=0, max_steps=3, trace=trace)
    assert [step.rows.tolist() for step in trace] == [[0, 1], [1, 1], [1, 1]]


def test_no_search_records_gradients():
    model = table("smooth", 2, 3, seed=5)
    model.log_probs.requires_grad_()
    for found in (
        greedy(model, eos=0, max_steps=3),
        sample(model, eos=0, max_steps=3),
        beam_search(model, beam_size=2, eos=0, max_steps=3),
        exhaustive(model, eos=0, max_steps=3),
    ):
        assert not found.log_probs.requires_grad
        assert not found.scores.requires_grad


# --- exhaustive search -----------------------------------------------------------------------------------------------


@quick
@given(cases(WITHOUT_TIES), st.integers(1, 8), ALPHAS)
def test_exhaustive_search_finds_the_best_of_all_sequences_written_down(case, num_best, alpha):
    model, limits = case
    options = {"num_best": num_best, "alpha": alpha} | limits
    expected = [brute_force(model.next(i), model.V, **options) for i in range(model.N)]
    assert_same(lists(exhaustive(model, **options)), expected)


@quick
@given(cases(WITH_TIES, longest=4), st.integers(1, 300), ALPHAS)
def test_exhaustive_search_finds_the_scores_of_all_sequences_where_there_are_ties(case, num_best, alpha):
    model, limits = case
    options = {"num_best": num_best, "alpha": alpha} | limits
    found = exhaustive(model, **options)
    for i in range(model.N):
        expected = brute_force(model.next(i), model.V, **options)
        assert [score for *_, score in found.n_best(i)] == pytest.approx([score for *_, score in expected], abs=1e-12)


def test_the_probabilities_of_all_sequences_add_up_to_one():
    found = exhaustive(table("smooth", 3, 3, seed=6), eos=1, max_steps=4, num_best=100)
    assert found.lengths.count_nonzero(1).tolist() == [1 + 2 + 4 + 8 * 3] * 3
    torch.testing.assert_close(found.log_probs.exp().sum(1), torch.ones(3, dtype=torch.float64))


def test_too_many_sequences_are_refused_with_their_number():
    with pytest.raises(ValueError, match=r"at step 7 there are 2,097,152 sequences.*more than 1,000,000.*beam_search"):
        exhaustive(table("uniform", 1, 8, seed=0), eos=None, max_steps=9)
    with pytest.raises(ValueError, match=r"at step 3 there are 1,024,000 sequences"):  # 2,000 sentences, 8^3
        exhaustive(table("uniform", 2000, 8, seed=0), eos=None, max_steps=9)


# --- the record for drawing ------------------------------------------------------------------------------------------


@thorough
@given(cases(longest=5), st.integers(1, 5), ALPHAS)
def test_the_trace_tells_the_search_step_by_step(case, beam_size, alpha):
    """Every sentence's kept extensions are those of the plain search, up to where the sentence was done."""
    model, limits = case
    trace, eos, max_steps = [], limits["eos"], limits["max_steps"]
    found = beam_search(model, beam_size=beam_size, alpha=alpha, num_best=2, trace=trace, **limits)
    plain = [plain_beams(model.next(i), beam_size, eos, max_steps) for i in range(model.N)]
    assert len(trace) == model.calls
    beam, finished = [(i, [], 0.0) for i in range(model.N)], [[] for _ in range(model.N)]
    for t, step in enumerate(trace, start=1):
        going_on = set(step.rows.tolist())
        beam = [entry for entry in beam if entry[0] in going_on]
        assert step.rows.tolist() == [sentence for sentence, *_ in beam]
        assert step.log_probs.tolist() == [total for *_, total in beam]
        assert step.next_log_probs.tolist() == [model.next(sentence)(ids) for sentence, ids, _ in beam]
        kept = []
        columns = (getattr(step, name).tolist() for name in ("parents", "tokens", "finished", "next_rows"))
        for parent, token, ended, sentence in zip(*columns, strict=True):
            assert sentence == beam[parent][0]
            ids = [*beam[parent][1], token]
            assert ended is (token == eos or t == max_steps)
            kept.append((sentence, ids, beam[parent][2] + step.next_log_probs[parent, token].item()))
            if ended:
                finished[sentence].append(ids)
        for sentence in going_on:
            ours = [(ids, total) for s, ids, total in kept if s == sentence]
            assert ours == plain[sentence][t - 1]
        beam = [entry for entry, ended in zip(kept, step.finished.tolist(), strict=True) if not ended]
    assert all(ids in finished[i] for i in range(model.N) for ids, *_ in found.n_best(i))


def test_keeping_a_trace_changes_nothing():
    model = table("peaked", 4, 4, seed=8)
    options = {"beam_size": 3, "num_best": 2, "eos": 1, "max_steps": 6}
    assert_same(lists(beam_search(model, trace=[], **options)), lists(beam_search(model, **options)), exact=True)


# --- recurrent networks ----------------------------------------------------------------------------------------------

BOS, EOS, V, NETWORKS = 1, 2, 6, [(nn.GRU, 1, False), (nn.GRU, 2, True), (nn.LSTM, 1, True), (nn.LSTM, 2, False)]


def lively(model: nn.Module) -> nn.Module:
    """Weights large enough that what was read matters."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.double().eval()


def translator(cell, num_layers: int, tied: bool, seed: int) -> EncoderDecoder:
    torch.manual_seed(seed)
    sizes = {"embed_size": 4, "num_hiddens": 5, "num_layers": num_layers, "cell": cell}
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


@pytest.mark.parametrize(("cell", "num_layers", "tied"), NETWORKS)
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_a_translators_searches_equal_those_that_read_everything_anew(cell, num_layers, tied, seed):
    model = translator(cell, num_layers, tied, seed)
    tokens, lengths = sources(N=4)
    step, reorder, start = model.decoder.step, model.decoder.reorder, torch.full((4,), BOS)
    anew = [translation_anew(model, tokens, lengths, i) for i in range(4)]
    limits, ranking = {"eos": EOS, "max_steps": 5}, {"alpha": 0.75, "num_best": 3}
    found = decoding.beam_search(step, reorder, model.start(tokens, lengths), start, beam_size=3, **ranking, **limits)
    assert_same(lists(found), [plain_beam_search(f, 3, **ranking, **limits) for f in anew])
    found = decoding.greedy(step, model.start(tokens, lengths), start, **limits)
    expected = [plain_greedy(f, **limits) for f in anew]
    assert_same(lists(found), [[(ids, total, total)] for ids, total in expected])
    limits["max_steps"] = 3
    found = decoding.exhaustive_search(step, reorder, model.start(tokens, lengths), start, **ranking, **limits)
    assert_same(lists(found), [brute_force(f, V, **ranking, **limits) for f in anew])


@pytest.mark.parametrize(("cell", "num_layers", "tied"), NETWORKS)
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_padding_and_the_order_of_the_batch_change_no_translation(cell, num_layers, tied, seed):
    model = translator(cell, num_layers, tied, seed)
    tokens, lengths = sources(N=9)
    order = torch.randperm(9)

    def translations(tokens, lengths):
        state, start = model.start(tokens, lengths), torch.full((len(tokens),), BOS)
        options = {"beam_size": 4, "num_best": 3, "eos": EOS, "max_steps": 6}
        return lists(decoding.beam_search(model.decoder.step, model.decoder.reorder, state, start, **options))

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
    found = decoding.beam_search(model.step, model.reorder, state, tokens[:, -1], beam_size=4, **ranking, **limits)
    assert_same(lists(found), [plain_beam_search(anew(i), 4, **ranking, **limits) for i in range(N)])
    found = decoding.greedy(model.step, state, tokens[:, -1], **limits)
    assert found.best() == [plain_greedy(anew(i), **limits)[0] for i in range(N)]


def test_results_have_the_models_precision():
    model = table("smooth", 2, 3, seed=9)
    model.log_probs = model.log_probs.float()
    for found in (greedy(model, eos=0, max_steps=3), beam_search(model, beam_size=2, eos=0, max_steps=3)):
        assert found.log_probs.dtype == found.scores.dtype == torch.float32
        assert found.tokens.dtype == found.lengths.dtype == torch.int64


# --- sampling --------------------------------------------------------------------------------------------------------


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
    reshaped = decoding.truncated(
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
    reshaped = decoding.truncated(torch.tensor([P], dtype=dtype).log(), **options)
    assert reshaped.dtype == dtype
    assert reshaped.exp()[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_nucleus_of_1_leaves_out_nothing():
    """Though the sum of the large ones rounds to 1 before the small ones come."""
    log_probs = torch.tensor([[0.0, 0.0, -20.0, -30.0, -40.0]]).log_softmax(-1)
    torch.testing.assert_close(decoding.truncated(log_probs, top_p=1.0), log_probs)


def test_truncating_leaves_its_input_alone_and_impossible_tokens_impossible():
    log_probs = torch.tensor([[-math.inf, math.log(0.25), math.log(0.75)]])
    before = log_probs.clone()
    reshaped = decoding.truncated(log_probs, temperature=2.0, top_k=3, top_p=0.999)
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
        expected = decoding.truncated(log_probs[None], **options)[0].exp().tolist()
        counts = Counter(tokens.tolist())
        for token, p in enumerate(expected):
            assert abs(counts[token] - p * len(tokens)) <= 4.5 * math.sqrt(p * (1 - p) * len(tokens)) + 1e-3

    for sentence in range(2):
        start, (first, second) = small.start[sentence], drawn[sentence].T
        assert_frequencies(first, small.log_probs[sentence, small.V, start])
        for token in first.unique().tolist():
            assert_frequencies(second[first == token], small.log_probs[sentence, start, token])


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


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [greedy, sample, beam_search, exhaustive])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_steps": 0}, "max_steps is 0; it must be at least 1"),
        ({"start": torch.zeros(2, 1, dtype=torch.long)}, r"start must be .*got torch.int64 \(2, 1\)"),
        ({"start": torch.zeros(2)}, r"start must be token ids.*got torch.float32 \(2,\)"),
        ({"start": torch.zeros(0, dtype=torch.long)}, r"N at least 1; got torch.int64 \(0,\)"),
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
    with pytest.raises(ValueError, match=message):
        search(model, **options)
    assert model.calls == 0


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        (beam_search, {"beam_size": 0}, "beam_size is 0 and num_best is 1; both must be at least 1"),
        (beam_search, {"beam_size": 2, "num_best": 0}, "beam_size is 2 and num_best is 0"),
        (beam_search, {"beam_size": 2, "alpha": -0.5}, "alpha is -0.5; it must be at least 0, for the stopping rule"),
        (exhaustive, {"num_best": 0}, "num_best is 0 and alpha is 0.75"),
        (exhaustive, {"alpha": -1.0}, "alpha is -1.0; .*alpha at least 0"),
        (sample, {"temperature": -1.0}, r"temperature is -1\.0; it must be above 0 \(greedy"),
        (sample, {"temperature": math.nan}, "temperature is nan"),
        (sample, {"top_k": 0}, "top_k is 0; it must be at least 1"),
        (sample, {"top_p": 0.0}, r"top_p is 0\.0; it must be above 0 and at most 1"),
        (sample, {"top_p": 1.5}, r"top_p is 1\.5"),
    ],
)
def test_an_impossible_option_is_an_error_that_names_it_and_its_value(search, options, message):
    with pytest.raises(ValueError, match=message):
        search(table("smooth", 2, 3, seed=0), eos=0, max_steps=3, **options)


def test_temperature_0_is_refused_where_it_has_no_distribution():
    with pytest.raises(ValueError, match="temperature is 0; it must be above 0"):
        decoding.truncated(torch.zeros(1, 3), temperature=0)
