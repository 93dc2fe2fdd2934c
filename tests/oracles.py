"""Searches written as plainly as can be, on lists: what the batched ones must find. And models small enough for that.

Most models here are tables: the next token depends on the step, the sentence and the last two tokens, so that a state
put to the wrong row, or a hypothesis to the wrong parent, gives other numbers. Some tables are smooth, some peaked,
some full of ties, some with impossible tokens.
"""

import itertools
import math
from collections.abc import Callable

import pytest
import torch

from helpers.search import Found


class Table:
    """log P(next token | step, sentence, last but one, last), (T, N, V + 1, V, V); V: nothing stood before the start.

    Without the first axis, (N, V + 1, V, V), the step has no part in it. Later steps begin again at the first.
    """

    def __init__(self, log_probs: torch.Tensor, start: torch.Tensor):
        self.log_probs = log_probs if log_probs.dim() == 5 else log_probs[None]
        self.start, self.calls = start, 0
        self.T, self.N, self.V = len(self.log_probs), len(start), log_probs.shape[-1]
        self.state = (torch.zeros(self.N, dtype=torch.long), torch.arange(self.N), torch.full((self.N,), self.V))

    def step(self, tokens, state):
        self.calls += 1
        t, sentence, before = state
        return self.log_probs[t % self.T, sentence, before, tokens], (t + 1, sentence, tokens)

    @staticmethod
    def reorder(state, index):
        return tuple(part[index] for part in state)

    def next(self, sentence: int) -> Callable[[list[int]], list[float]]:
        """Return the function that gives the log-probabilities after `ids`, all of them read anew."""
        plain, start = self.log_probs[:, sentence].tolist(), int(self.start[sentence])

        def log_probs(ids):
            *_, before, last = [self.V, start, *ids]
            return plain[len(ids) % self.T][before][last]

        return log_probs

    def rows(self, index) -> "Table":
        return Table(self.log_probs[:, index], self.start[index])


def table(kind: str, N: int, V: int, seed: int) -> Table:
    draw = torch.Generator().manual_seed(seed)
    shape = (6, N, V + 1, V, V)
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


def first_step(*rows: list[float]) -> Table:
    """A model of these probabilities, a row a sentence, whatever came before."""
    p = torch.tensor(rows, dtype=torch.float64)
    return Table(p.log()[:, None, None].repeat(1, p.shape[1] + 1, p.shape[1], 1), torch.zeros(len(p), dtype=torch.long))


def lists(found: Found) -> list[list[tuple[list[int], float, float]]]:
    """Return (ids, log P, score) of every sentence's sequences."""
    return [found.n_best(i) for i in range(len(found.tokens))]


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
