"""Finding the sequence that a model thinks best: written once for every model.

    Found       what every search returns
    greedy      the most probable token at every step
    one_by_one  the loop of greedy search, for any way to choose a token
    check_start, check_eos, check_possible   what every search refuses

A search knows a model by two methods, and works on all N sentences at once:

    model.step(tokens (M,), state) -> (log_probs (M, V), state)    read one token a row; log P of every next one
    model.reorder(state, index (M',)) -> state                     the state whose row i is row index[i] of the old one

A `Decoder`, a `LanguageModel` and a table of probabilities all have both. Greedy search is derived in the notebook
`seq2seq`; `beam_search` and `sampling` are built on this file.
"""

from __future__ import annotations

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
    tokens, max_steps = check_start(start, max_steps)
    log_probs, columns = None, []
    running = torch.ones_like(tokens, dtype=torch.bool)
    lengths = torch.zeros_like(tokens)
    for _ in range(max_steps):
        next_log_probs, state = model.step(tokens, state)  # (N, V)
        check_eos(eos, next_log_probs)
        tokens = choose(next_log_probs)
        gained = next_log_probs.gather(-1, tokens[:, None])[:, 0].masked_fill(~running, 0.0)
        check_possible(gained)
        log_probs = gained if log_probs is None else log_probs + gained
        lengths += running
        if eos is not None:
            tokens = tokens.masked_fill(~running, eos)
            running &= tokens != eos
        columns.append(tokens)
        if not running.any():
            break
    return Found(torch.stack(columns, 1)[:, None], lengths[:, None], log_probs[:, None], log_probs[:, None])


def check_start(start: Tensor, max_steps: int) -> tuple[Tensor, int]:
    """Return the start tokens (N,) as int64 and the limit as an int, or raise TypeError or ValueError."""
    return checks.token_ids("start", start, "(N,)"), checks.whole_number("max_steps", max_steps, least=1)


def check_eos(eos: int | None, log_probs: Tensor) -> None:
    """Raise ValueError unless eos is one of the V tokens that log_probs (M, V) are about, or None."""
    if eos is not None:
        checks.whole_number("eos", eos, least=0, most=log_probs.shape[-1] - 1)


def check_possible(log_probs: Tensor) -> None:
    """Raise ValueError unless every sentence (n,) still has something of a probability above 0."""
    if log_probs.isnan().any():
        raise ValueError("the model's log-probabilities are NaN; look for weights or inputs that are not finite")
    if (log_probs == -torch.inf).any():
        row = int((log_probs == -torch.inf).nonzero()[0])
        raise ValueError(f"the model gives every sequence probability 0 in row {row}: there is nothing to choose from")
