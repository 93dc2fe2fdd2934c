"""Finding the sequence that a model thinks best: written once for every model.

    Found        what every search returns
    greedy       the most probable token at every step
    beam_search  keep the K most probable unfinished sequences at every step

A search knows a model by two methods, and works on all N sentences at once:

    model.step(tokens (M,), state) -> (log_probs (M, V), state)    read one token a row; log P of every next one
    model.reorder(state, index (M',)) -> state                     the state whose row i is row index[i] of the old one

A `Decoder`, a `LanguageModel` and a table of probabilities all have both. Derived in the notebooks `seq2seq` (greedy)
and `beam-search`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from helpers import checks


@dataclass(frozen=True)
class Found:
    """Sequences for N sentences, K each, the best first.

    tokens (N, K, T): without the start token, ending in eos or cut off at the limit, and filled up with eos.
    lengths (N, K): how many tokens count, the eos included; 0 where there were fewer than K sequences.
    log_probs (N, K): log P of the whole sequence in nats; -inf where there is none.
    scores (N, K): log P / L^alpha, by which they are sorted; from `greedy` and `sample`, which compare nothing, log P.
    """

    tokens: Tensor
    lengths: Tensor
    log_probs: Tensor
    scores: Tensor

    def best(self) -> list[list[int]]:
        """Return the ids of each sentence's best sequence, its eos included."""
        return [ids[:n] for ids, n in zip(self.tokens[:, 0].tolist(), self.lengths[:, 0].tolist(), strict=True)]

    def n_best(self, sentence: int) -> list[tuple[list[int], float, float]]:
        """Return (ids, log P, score) of one sentence's sequences, the best first."""
        columns = (getattr(self, name)[sentence].tolist() for name in ("tokens", "lengths", "log_probs", "scores"))
        return [(ids[:n], log_prob, score) for ids, n, log_prob, score in zip(*columns, strict=True) if n]


def greedy(model: Any, state: Any, start: Tensor, *, eos: int | None, max_steps: int) -> Found:
    """Take the most probable token at every step, for all sentences side by side, until each has written eos.

    start (N,): the token to read first. eos: the id that ends a sequence; None: none does, all are `max_steps` long.
    max_steps: the limit T. Of equally probable tokens the one with the smallest id is taken.
    Raises ValueError for a model whose log-probabilities are NaN, or that gives every token probability 0.
    """
    return one_by_one(model, state, start, eos, max_steps, choose=lambda log_probs: log_probs.argmax(-1))


@torch.no_grad()
def one_by_one(
    model: Any, state: Any, start: Tensor, eos: int | None, max_steps: int, choose: Callable[[Tensor], Tensor]
) -> Found:
    """Write one sequence for each sentence; `choose` takes a token for every row of log-probabilities (N, V)."""
    tokens, max_steps = _checked(start, max_steps)
    log_probs, columns = None, []
    running = torch.ones_like(tokens, dtype=torch.bool)
    lengths = torch.zeros_like(tokens)
    for _ in range(max_steps):
        next_log_probs, state = model.step(tokens, state)  # (N, V)
        _check_eos(eos, next_log_probs)
        tokens = choose(next_log_probs)
        gained = next_log_probs.gather(-1, tokens[:, None])[:, 0].masked_fill(~running, 0.0)
        _check_possible(gained)
        log_probs = gained if log_probs is None else log_probs + gained
        lengths += running
        if eos is not None:
            tokens = tokens.masked_fill(~running, eos)
            running &= tokens != eos
        columns.append(tokens)
        if not running.any():
            break
    return Found(torch.stack(columns, 1)[:, None], lengths[:, None], log_probs[:, None], log_probs[:, None])


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

    An extension that ends in eos leaves the beam for the pool of finished sequences; the others are extended. A
    sentence is done when nothing unfinished can enter its pool any more: log P only falls, and nothing is longer than
    max_steps, so log P / max_steps^alpha bounds what a hypothesis may reach. Stopping there changes no result.

    start (N,), eos, max_steps: as for `greedy`, which is beam_size = 1.
    alpha: score = log P / L^alpha, L counting eos. 0 compares log P itself; the larger, the better long sequences fare.
    num_best: how many sequences to return for each sentence, at most; they differ, and are sorted by score.

    Of equal scores any may come first. Sequences of probability 0 are never returned. Raises ValueError for
    log-probabilities that are NaN, and if a sentence has no sequence of a probability above 0.
    """
    tokens, max_steps = _checked(start, max_steps)
    K = checks.whole_number("beam_size", beam_size, least=1)
    pool_size = checks.whole_number("num_best", num_best, least=1)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"alpha is {alpha}; it must be a number from 0 on, for the stopping rule holds only then")

    N, device = len(tokens), tokens.device
    sentences = torch.arange(N, device=device)  # (n,) those that are not done; n = N at first
    tokens = tokens[:, None]  # (n, k): one hypothesis a sentence at first, later K
    history = tokens.new_empty(N, 1, 0)  # (n, k, t)
    log_probs = pool = None
    for t in range(1, max_steps + 1):
        next_log_probs, state = model.step(tokens.flatten(), state)  # (n·k, V)
        if pool is None:
            _check_eos(eos, next_log_probs)
            log_probs = next_log_probs.new_zeros(N, 1)  # (n, k)
            pool = _Pool(next_log_probs, N, pool_size, max_steps, eos)
        n, k = tokens.shape
        V = next_log_probs.shape[-1]

        candidates = (log_probs[:, :, None] + next_log_probs.view(n, k, V)).flatten(1)  # (n, k·V)
        log_probs, places = candidates.topk(min(K, k * V))  # (n, K), falling
        parents, tokens = places // V, places % V
        history = torch.cat([history[torch.arange(n, device=device)[:, None], parents], tokens[:, :, None]], -1)
        _check_possible(torch.maximum(log_probs[:, 0], pool.scores[sentences, 0]))

        finished = torch.full_like(tokens, t == max_steps, dtype=torch.bool)
        if eos is not None:
            finished |= tokens == eos
        pool.add(sentences, history, log_probs.masked_fill(~finished, -torch.inf), alpha)
        log_probs = log_probs.masked_fill(finished, -torch.inf)  # their places in the beam stay empty

        reachable = log_probs.amax(1) / max_steps**alpha  # the best score that an unfinished one may still get
        going_on = reachable > pool.scores[sentences, -1]  # (n,)
        if not going_on.any():
            break
        rows = torch.arange(n, device=device)[:, None] * k + parents  # (n, K) where each one's parent lay
        state = model.reorder(state, rows[going_on].flatten())
        sentences, tokens, history = sentences[going_on], tokens[going_on], history[going_on]
        log_probs = log_probs[going_on]
    return pool.found()


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
        longest = max(int(self.lengths.max()), 1)
        return Found(self.tokens[:, :, :longest], self.lengths, self.log_probs, self.scores)


def _checked(start: Tensor, max_steps: int) -> tuple[Tensor, int]:
    return checks.token_ids("start", start, "(N,)"), checks.whole_number("max_steps", max_steps, least=1)


def _check_eos(eos: int | None, log_probs: Tensor) -> None:
    if eos is not None:
        checks.whole_number("eos", eos, least=0, most=log_probs.shape[-1] - 1)


def _check_possible(log_probs: Tensor) -> None:
    """Raise ValueError unless every sentence (n,) still has something of a probability above 0."""
    if log_probs.isnan().any():
        raise ValueError("the model's log-probabilities are NaN; look for weights or inputs that are not finite")
    if (log_probs == -torch.inf).any():
        row = int((log_probs == -torch.inf).nonzero()[0])
        raise ValueError(f"the model gives every sequence probability 0 in row {row}: there is nothing to choose from")
