"""Beam search, written once for every model: follow several sequences at once, and keep the best.

    beam_search  keep the K most probable unfinished sequences at every step

What it asks of a model, and what it returns, stands in `search`. Derived in the notebook `beam-search`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from helpers import checks
from helpers.search import Found, check_eos, check_possible, check_start


@torch.no_grad()
def beam_search(
    model: Any,
    state: Any,
    start: Tensor,
    *,
    beam_size: int,
    eos: int | None,
    max_steps: int,
    alpha: float = 0.75,
    num_best: int = 1,
) -> Found:
    """Keep the `beam_size` most probable extensions at every step, for all sentences at once (the book, "Beam Search").

    An extension that ends in eos leaves the beam for the pool of finished sequences; the others are extended, as long
    as they may still enter the pool: log P only falls, and nothing is longer than max_steps, so log P / max_steps^alpha
    bounds what a hypothesis may reach. Leaving out what cannot reach the pool changes no result, for whatever would
    take its place in the beam is less probable still. A sentence of which nothing is left is done.

    start (N,), eos, max_steps: as for `greedy`, which is beam_size = 1.
    alpha: score = log P / L^alpha, L counting eos. 0 compares log P itself; the larger, the better long sequences fare.
    num_best: how many sequences to return for each sentence, at most; they differ, and are sorted by score.

    Of equal scores any may come first. Sequences of probability 0 are never returned. Raises ValueError for
    log-probabilities that are NaN, and if a sentence has no sequence of a probability above 0.
    """
    tokens, max_steps = check_start(start, max_steps)
    K = checks.whole_number("beam_size", beam_size, least=1)
    pool_size = checks.whole_number("num_best", num_best, least=1)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"alpha is {alpha}; it must be a number from 0 on, for the stopping rule holds only then")

    N, device = len(tokens), tokens.device
    sentences = torch.arange(N, device=device)  # (n,) those that are not done; n = N at first
    live = torch.ones(N, 1, dtype=torch.bool, device=device)  # (n, k) where a hypothesis is to be extended: m of them
    history = tokens.new_empty(N, 1, 0)  # (n, k, t); k = 1 at first, later K
    log_probs = pool = None
    for t in range(1, max_steps + 1):
        next_log_probs, state = model.step(tokens, state)  # (m, V), no row for an empty place
        if pool is None:
            check_eos(eos, next_log_probs)
            log_probs = next_log_probs.new_zeros(N)  # (m,)
            pool = _Pool(next_log_probs, N, pool_size, max_steps, eos)

        gained, ids = next_log_probs.topk(min(K, next_log_probs.shape[1]))  # (m, j): none has more heirs than K
        j, candidates = ids.shape[1], _placed(live, log_probs[:, None] + gained, -torch.inf)  # (n, k·j)
        log_probs, places = candidates.topk(min(K, candidates.shape[1]))  # (n, K), falling
        parents, tokens = places // j, _placed(live, ids, 0).gather(1, places)
        history = torch.cat([history.gather(1, parents[:, :, None].expand(-1, -1, t - 1)), tokens[:, :, None]], -1)
        check_possible(torch.maximum(log_probs[:, 0], pool.scores[sentences, 0]))

        finished = torch.full_like(tokens, t == max_steps, dtype=torch.bool)
        if eos is not None:
            finished |= tokens == eos
        pool.add(sentences, history, log_probs.masked_fill(~finished, -torch.inf), alpha)

        rows = (live.flatten().cumsum(0) - 1).view_as(live).gather(1, parents)  # (n, K) where each one's parent lay
        reachable = log_probs.masked_fill(finished, -torch.inf) / max_steps**alpha  # the best score it may still get
        live = reachable > pool.scores[sentences, -1:]  # (n, K)
        going_on = live.any(1)  # (n,)
        if not going_on.any():
            break
        state = model.reorder(state, rows[live])
        tokens, log_probs = tokens[live], log_probs[live]
        sentences, history, live = sentences[going_on], history[going_on], live[going_on]
    return pool.found()


def _placed(live: Tensor, values: Tensor, filling: float) -> Tensor:
    """Return the j values (m, j) of each of m hypotheses at its place in `live` (n, k), as (n, k·j)."""
    grid = values.new_full((*live.shape, values.shape[1]), filling)
    grid[live] = values
    return grid.flatten(1)


class _Pool:
    """The best finished sequences of every sentence so far, sorted by score."""

    def __init__(self, like: Tensor, N: int, size: int, max_steps: int, eos: int | None):
        self.scores = like.new_full((N, size), -torch.inf)
        self.log_probs = like.new_full((N, size), -torch.inf)
        self.lengths = torch.zeros(N, size, dtype=torch.long, device=like.device)
        self.filling = 0 if eos is None else eos
        self.tokens = torch.full((N, size, max_steps), self.filling, device=like.device)

    def add(self, sentences: Tensor, tokens: Tensor, log_probs: Tensor, alpha: float) -> None:
        """Take in tokens (n, K, t) with log_probs (n, K) for the `sentences` (n,); -inf stands for no sequence."""
        (n, K, t), none = tokens.shape, log_probs == -torch.inf
        filled = tokens.new_full((n, K, self.tokens.shape[2]), self.filling)
        filled[:, :, :t] = tokens.masked_fill(none[:, :, None], self.filling)
        lengths = torch.full_like(tokens[:, :, 0], t).masked_fill(none, 0)

        both = torch.cat([self.scores[sentences], log_probs / t**alpha], 1)  # (n, size + K)
        self.scores[sentences], place = both.topk(self.scores.shape[1])
        for name, new in (("log_probs", log_probs), ("lengths", lengths)):
            old = getattr(self, name)
            old[sentences] = torch.cat([old[sentences], new], 1).gather(1, place)
        both = torch.cat([self.tokens[sentences], filled], 1)  # (n, size + K, max_steps)
        self.tokens[sentences] = both.gather(1, place[:, :, None].expand(-1, -1, both.shape[2]))

    def found(self) -> Found:
        """Return all of them, no wider than the longest."""
        longest = max(int(self.lengths.max()), 1)
        return Found(self.tokens[:, :, :longest], self.lengths, self.log_probs, self.scores)
