"""Finding the sequence that a model thinks best, or drawing one: written once for every model.

    Found              what every search returns
    greedy             the most probable token at every step
    sample             draw every token
    truncated          the distribution that `sample` draws from: temperature, top-k, nucleus
    beam_search        keep the k best unfinished sequences at every step
    exhaustive_search  try every sequence there is
    Expansion          one step of a beam search, recorded for drawing

All searches know a model by two functions, and work on all its sentences (N) at once:

    step(tokens (M,), state) -> (log_probs (M, V), state)    read one token a row; the log-probabilities of the next
    reorder(state, index (M',)) -> state                     the state whose row i is row index[i] of the old one

`Decoder` and `LanguageModel` in `models` have both. Derived in the notebooks `seq2seq` (greedy) and `beam-search`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
Reorder = Callable[[Any, Tensor], Any]
MAX_SEQUENCES = 1_000_000  # more than this an exhaustive search refuses to hold in memory


@dataclass(frozen=True)
class Found:
    """Sequences for N sentences, K each, the best first.

    tokens (N, K, T): without the start token, ending in eos or cut off at the limit, and filled up with eos.
    lengths (N, K): how many tokens count, the eos included; 0 where there were fewer than K sequences.
    log_probs (N, K): log P of the whole sequence in nats; -inf where there is none.
    scores (N, K): log P / L^alpha, by which they are sorted; for `greedy` and `sample`, which compare nothing, log P.
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


@dataclass(frozen=True)
class Expansion:
    """One step of a beam search over all sentences, for drawing.

    rows (M,): the sentence of each hypothesis that was extended. log_probs (M,): its log P. next_log_probs (M, V):
    those of its possible next tokens. parents, tokens (M',): which extensions were kept, best first within each
    sentence; parents counts rows. finished (M',): whether the kept one has ended. next_rows (M',): its sentence.
    """

    rows: Tensor
    log_probs: Tensor
    next_log_probs: Tensor
    parents: Tensor
    tokens: Tensor
    finished: Tensor
    next_rows: Tensor


def greedy(step: Step, state: Any, start: Tensor, *, eos: int | None, max_steps: int) -> Found:
    """Take the most probable token at every step, for all sentences side by side, until each has written eos.

    start (N,): the token to read first. eos: the id that ends a sequence; None: none does, all are `max_steps` long.
    max_steps: the limit T. Of equally probable tokens the one with the smallest id is taken.
    """

    def choose(log_probs: Tensor) -> Tensor:
        return log_probs.argmax(-1)

    return _one_by_one(step, state, start, eos, max_steps, choose)


def sample(
    step: Step,
    state: Any,
    start: Tensor,
    *,
    eos: int | None,
    max_steps: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Found:
    """Draw every token from the model's distribution, as `truncated` reshapes it; the rest as for `greedy`.

    A temperature of 0 is greedy search. The log-probabilities returned are the model's own. generator: default torch's
    global one.
    """
    if temperature == 0:
        return greedy(step, state, start, eos=eos, max_steps=max_steps)

    def choose(log_probs: Tensor) -> Tensor:
        reshaped = truncated(log_probs, temperature=temperature, top_k=top_k, top_p=top_p)
        return torch.multinomial(reshaped.exp(), 1, generator=generator)[:, 0]

    return _one_by_one(step, state, start, eos, max_steps, choose)


def truncated(
    log_probs: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Return log-probabilities (N, V) after reshaping: first the temperature, then top-k, then the nucleus.

    temperature: p^(1 / temperature), renormalised; below 1 sharper, above 1 flatter.
    top_k: only the k most probable tokens stay (Fan et al., 2018).
    top_p: only the smallest set of most probable tokens stays whose probabilities add up to at least top_p (nucleus;
        Holtzman et al., 2020); at least one.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it must be above 0 (greedy search is the limit at 0)")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}; it must be at least 1")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; it must be above 0 and at most 1")
    log_probs = (log_probs / temperature).log_softmax(-1)
    ordered, order = log_probs.sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        ordered[..., top_k:] = -torch.inf
        ordered = ordered.log_softmax(-1)
    if top_p is not None and top_p < 1:  # at 1 rounding would cut off the least probable ones
        probs = ordered.exp()
        ordered = ordered.masked_fill(probs.cumsum(-1) - probs >= top_p, -torch.inf)  # the mass before a token
    return torch.empty_like(ordered).scatter_(-1, order, ordered).log_softmax(-1)


@torch.no_grad()
def _one_by_one(step: Step, state: Any, start: Tensor, eos: int | None, max_steps: int, choose) -> Found:
    _check(start, max_steps)
    tokens, log_probs, columns = start, None, []
    running = torch.ones_like(start, dtype=torch.bool)
    lengths = torch.zeros_like(start)
    for _ in range(max_steps):
        scores, state = step(tokens, state)  # (N, V)
        tokens = choose(scores)
        gained = scores.gather(-1, tokens[:, None])[:, 0]
        log_probs = gained if log_probs is None else log_probs + gained.masked_fill(~running, 0.0)
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
    step: Step,
    reorder: Reorder,
    state: Any,
    start: Tensor,
    *,
    beam_size: int,
    eos: int | None,
    max_steps: int,
    alpha: float = 0.75,
    num_best: int = 1,
    trace: list[Expansion] | None = None,
) -> Found:
    """Keep the `beam_size` most probable extensions at every step, for all sentences at once (the book, "Beam Search").

    An extension that ends in eos leaves the beam for a pool of finished sequences; the others are extended. A sentence
    is done when nothing is left to extend, at the limit, or when no unfinished sequence can enter its `num_best` any
    more: log P only falls, and nothing is longer than max_steps, so log P / max_steps^alpha bounds what it may reach.
    Stopping there changes nothing in the result.

    start (N,), eos, max_steps: as for `greedy`, which is beam_size = 1.
    alpha: score = log P / L^alpha, L counting eos. 0 compares log P itself; the larger, the better long sequences fare.
    num_best: how many sequences to return for each sentence, at most; they differ, and are sorted by score.
    trace: a list to which every step is appended, for drawing; large, so for small models only.

    Equal scores are decided by position: the better parent first, then the smaller token id; in the pool, the
    sequence that ended earlier. Sequences of probability 0 are never returned.
    """
    _check(start, max_steps)
    if beam_size < 1 or num_best < 1:
        raise ValueError(f"beam_size is {beam_size} and num_best is {num_best}; both must be at least 1")
    if alpha < 0:
        raise ValueError(f"alpha is {alpha}; it must be at least 0, for the stopping rule holds only then")
    N, device, K = len(start), start.device, beam_size
    rows = torch.arange(N, device=device)  # (M,) the sentence of every hypothesis in the beam, in rising order
    log_probs = None  # (M,)
    history = torch.empty(N, 0, dtype=torch.long, device=device)  # (M, t)
    tokens, pool = start, None
    for t in range(1, max_steps + 1):
        next_log_probs, state = step(tokens, state)  # (M, V)
        if pool is None:
            log_probs = next_log_probs.new_zeros(N)
            pool = _Pool(N, num_best, max_steps, eos, next_log_probs)
        before = log_probs
        # No sentence keeps more than K extensions, so of each hypothesis the best K suffice.
        scores, candidates = _top(before[:, None] + next_log_probs, K)  # (M, k)
        k = candidates.shape[1]
        # The M hypotheses lie one after another; give each sentence a row of its own, K · k wide.
        place = torch.arange(len(rows), device=device) - torch.searchsorted(rows, rows)
        table = scores.new_full((N, K, k), -torch.inf)
        table[rows, place] = scores
        owner = rows.new_zeros((N, K))
        owner[rows, place] = torch.arange(len(rows), device=device)
        active = torch.unique_consecutive(rows)
        best, index = _top(table[active].flatten(1), K)  # (A, k')
        real = best > -torch.inf
        parents = owner[active].gather(1, index // k)[real]  # (M',)
        tokens = candidates[parents, (index % k)[real]]
        log_probs = best[real]
        next_rows = active[:, None].expand_as(index)[real]
        history = torch.cat([history[parents], tokens[:, None]], 1)  # (M', t)
        finished = torch.full_like(tokens, t == max_steps, dtype=torch.bool)
        if eos is not None:
            finished |= tokens == eos
        if trace is not None:
            trace.append(Expansion(rows, before, next_log_probs, parents, tokens, finished, next_rows))
        pool.add(next_rows[finished], history[finished], log_probs[finished], log_probs[finished] / t**alpha)
        alive = ~finished
        # The best that any of a sentence's unfinished hypotheses can reach.
        hope = pool.worst.new_full((N,), -torch.inf)
        hope.scatter_reduce_(0, next_rows[alive], log_probs[alive] / max_steps**alpha, "amax")
        alive &= (hope > pool.worst)[next_rows]
        if not alive.any():
            break
        rows, log_probs, history, tokens = next_rows[alive], log_probs[alive], history[alive], tokens[alive]
        state = reorder(state, parents[alive])
    return pool.found()


class _Pool:
    """The best finished sequences of every sentence so far, sorted by score."""

    def __init__(self, N: int, size: int, max_steps: int, eos: int | None, like: Tensor):
        self.tokens = torch.full((N, size, max_steps), -1 if eos is None else eos, device=like.device)
        self.lengths = torch.zeros(N, size, dtype=torch.long, device=like.device)
        self.log_probs = like.new_full((N, size), -torch.inf)
        self.scores = like.new_full((N, size), -torch.inf)

    @property
    def worst(self) -> Tensor:
        """The score (N,) that a sequence must exceed to enter."""
        return self.scores[:, -1]

    def add(self, rows: Tensor, tokens: Tensor, log_probs: Tensor, scores: Tensor) -> None:
        """Take in sequences of one length: tokens (F, t) for the sentences `rows` (F,), which rise."""
        if not len(rows):
            return
        sentences, inverse, counts = torch.unique_consecutive(rows, return_inverse=True, return_counts=True)
        size, width, t = self.scores.shape[1], int(counts.max()), tokens.shape[1]
        place = size + torch.arange(len(rows), device=rows.device) - torch.searchsorted(rows, rows)

        def joined(old: Tensor, new: Tensor | int, empty: float) -> Tensor:
            both = old.new_full((len(sentences), size + width, *old.shape[2:]), empty)
            both[:, :size] = old[sentences]
            both[inverse, place] = new
            return both

        longer = self.tokens.new_full((len(rows), self.tokens.shape[2]), int(tokens[0, -1]))
        longer[:, :t] = tokens
        all_scores = joined(self.scores, scores, -torch.inf)
        scores, index = all_scores.sort(dim=1, descending=True, stable=True)
        index = index[:, :size]
        self.scores[sentences] = scores[:, :size]
        for name, new, empty in (("log_probs", log_probs, -torch.inf), ("lengths", t, 0)):
            values = getattr(self, name)
            values[sentences] = joined(values, new, empty).gather(1, index)
        wide = index[:, :, None].expand(-1, -1, self.tokens.shape[2])
        self.tokens[sentences] = joined(self.tokens, longer, 0).gather(1, wide)

    def found(self) -> Found:
        longest = max(int(self.lengths.max()), 1)
        return Found(self.tokens[:, :, :longest], self.lengths, self.log_probs, self.scores)


def _top(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest of each row (R, W) and their places, falling; of equal values the first place comes first.

    torch.topk alone leaves open which of several equal values it takes.
    """
    width = values.shape[1]
    if width <= k:
        return values.sort(dim=1, descending=True, stable=True)
    top, places = values.topk(k + 1, dim=1)
    least = top[:, k - 1 : k]
    tied = (least == top[:, k:]) & (least > -torch.inf)
    places, order = places[:, :k].sort(dim=1)
    top = top[:, :k].gather(1, order)
    if tied.any():
        rows = tied[:, 0].nonzero()[:, 0]
        some, bound = values[rows], least[rows]
        equal = some == bound
        room = k - (some > bound).sum(1, keepdim=True)
        wanted = (some > bound) | (equal & (equal.cumsum(1) <= room))
        places[rows] = wanted.nonzero()[:, 1].view(len(rows), k)
        top[rows] = some.gather(1, places[rows])
    top, order = top.sort(dim=1, descending=True, stable=True)
    return top, places.gather(1, order)


@torch.no_grad()
def exhaustive_search(
    step: Step,
    reorder: Reorder,
    state: Any,
    start: Tensor,
    *,
    eos: int | None,
    max_steps: int,
    alpha: float = 0.75,
    num_best: int = 1,
) -> Found:
    """Score every sequence of at most `max_steps` tokens, and return the `num_best` best of each sentence.

    Nothing is left out, so the cost grows as V^max_steps: for small models only. Arguments and result as for
    `beam_search`. Raises ValueError if there are more than a million sequences to hold.
    """
    _check(start, max_steps)
    if num_best < 1 or alpha < 0:
        raise ValueError(f"num_best is {num_best} and alpha is {alpha}; num_best must be at least 1, alpha at least 0")
    N, device = len(start), start.device
    rows, tokens = torch.arange(N, device=device), start
    log_probs, history, pool = None, torch.empty(N, 0, dtype=torch.long, device=device), None
    for t in range(1, max_steps + 1):
        next_log_probs, state = step(tokens, state)  # (M, V)
        M, V = next_log_probs.shape
        if M * V > MAX_SEQUENCES:
            raise ValueError(
                f"at step {t} there are {M * V:,} sequences to follow, more than {MAX_SEQUENCES:,}; lower max_steps, "
                "take a smaller vocabulary or fewer sentences, or use beam_search"
            )
        if pool is None:
            log_probs = next_log_probs.new_zeros(N)
            pool = _Pool(N, num_best, max_steps, eos, next_log_probs)
        log_probs = (log_probs[:, None] + next_log_probs).flatten()
        parents = torch.arange(M, device=device).repeat_interleave(V)
        tokens = torch.arange(V, device=device).repeat(M)
        rows, history = rows[parents], torch.cat([history[parents], tokens[:, None]], 1)
        possible = log_probs > -torch.inf
        finished = torch.full_like(possible, t == max_steps)
        if eos is not None:
            finished |= tokens == eos
        done = possible & finished
        pool.add(rows[done], history[done], log_probs[done], log_probs[done] / t**alpha)
        alive = possible & ~finished
        if not alive.any():
            break
        rows, log_probs, history, tokens = rows[alive], log_probs[alive], history[alive], tokens[alive]
        state = reorder(state, parents[alive])
    return pool.found()


def _check(start: Tensor, max_steps: int) -> None:
    if start.dim() != 1 or start.is_floating_point() or not len(start):
        raise ValueError(f"start must be token ids of shape (N,), N at least 1; got {start.dtype} {tuple(start.shape)}")
    if max_steps < 1:
        raise ValueError(f"max_steps is {max_steps}; it must be at least 1")
