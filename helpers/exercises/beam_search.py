"""Checks for the exercises of the notebook `beam-search`.

check_rerank              the length normalisation
check_may_stop            the stopping rule
check_nucleus             the cut of nucleus sampling
check_step_with_brothers  one step of beam search that limits how many extensions of a hypothesis survive
check_exact_list          the most probable sentences, for certain
check_sure_beam_size      how wide a beam must be to be sure
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from helpers.exercises.check import Check, draw
from helpers.exercises.messages import Wrong


def _rerank(hypotheses, alpha):
    """rerank(hypotheses, alpha) -> positions in order, the best log P / L^alpha first."""
    return (list(hypotheses), alpha), _order(hypotheses, lambda log_p, length: log_p / length**alpha)


def _order(hypotheses: list, score: Callable[[float, int], float]) -> tuple[int, ...]:
    return tuple(sorted(range(len(hypotheses)), key=lambda i: -score(*hypotheses[i])))


def _positions(order: tuple, hypotheses: list, alpha: float) -> None:
    if not isinstance(order, tuple) or set(order) != set(range(len(hypotheses))) or len(order) != len(hypotheses):
        raise Wrong("no order", given=order, wanted=list(range(len(hypotheses))))


check_rerank = Check(
    _rerank,
    case="hypotheses",
    cases=[
        ([(-4.0, 2), (-4.5, 3), (-6.0, 3), (-3.9, 1)], 0.0),
        ([(-4.0, 2), (-4.5, 3), (-6.0, 3), (-3.9, 1)], 0.6),
        ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 0.0),
        ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 0.75),
        ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 1.0),
        ([(math.log(0.1), 1), (math.log(0.1), 2), (math.log(0.054), 4)], 0.75),
        ([(-3.0, 5)], 0.5),
        ([(-2.0, 4), (-1.3, 2), (-0.9, 1)], 0.5),
    ],
    judge=_positions,
    slips={
        "worst first": lambda hypotheses, alpha: _order(hypotheses, lambda p, n: -p / n**alpha),
        "multiplied": lambda hypotheses, alpha: _order(hypotheses, lambda p, n: p * n**alpha),
        "always the mean": lambda hypotheses, alpha: _order(hypotheses, lambda p, n: p / n),
        "end not counted": lambda hypotheses, alpha: _order(hypotheses, lambda p, n: p / max(n - 1, 0.5) ** alpha),
        "no order": lambda hypotheses, alpha: _order(hypotheses, lambda p, n: p / n**alpha)[:1],
    },
    off="other order",
    praise="reranked",
)


def _may_stop(finished, unfinished, T, alpha):
    """may_stop(finished, unfinished, T, alpha): the best that can follow is unfinished / T^alpha."""
    return (finished, unfinished, T, alpha), unfinished / T**alpha <= finished


def _right_to_stop(stop: bool, finished: float, unfinished: float, T: int, alpha: float) -> None:
    best = unfinished / T**alpha
    if stop and best > finished:
        raise Wrong("stopped early", best=f"{best:.2f}")
    if not stop and best <= finished:
        raise Wrong("stopped late", best=f"{best:.2f}")


check_may_stop = Check(
    _may_stop,
    case="stopping",
    cases=[
        *[(-1.0, -0.5, 10, 0.0), (-1.0, -1.5, 10, 0.0), (-1.0, -1.5, 10, 1.0), (-0.2, -3.0, 10, 1.0)],
        *[(-0.9, -4.0, 16, 0.5), (-1.1, -4.0, 16, 0.5), (-0.5, -1.2, 2, 1.0), (-0.7, -1.2, 2, 1.0)],
    ],
    judge=_right_to_stop,
    slips={
        "stopped early": lambda finished, unfinished, T, alpha: unfinished <= finished,
        "stopped late": lambda finished, unfinished, T, alpha: unfinished / T <= finished,
    },
    praise="stopped",
)


def _nucleus(p, share):
    """nucleus(p, share): the smallest set of most probable tokens that adds up to share, renormalised."""
    return (list(p), share), torch.empty(len(p), device="meta")


def _smallest_set(found: Tensor, p: list[float], share: float) -> None:
    """Raise Wrong if `found` is not p cut at share.

    Of two equally probable tokens either may be left out, and where a sum is equal to the share, rounding may decide.
    """
    order = sorted(range(len(p)), key=lambda i: (-p[i], -found[i].item()))
    sizes = [sum(p[j] for j in order[:n]) for n in range(1, len(p) + 1)]
    right = [n for n in range(1, len(p) + 1) if _may_hold(sizes, n, share)]
    for n in right:
        kept = order[:n]
        wanted = torch.tensor([x / sizes[n - 1] if i in kept else 0.0 for i, x in enumerate(p)])
        if torch.allclose(found, wanted, atol=1e-5):
            return
    given, size = [round(x, 3) for x in found.tolist()], int((found > 0).sum())
    values = {"given": given, "wanted": [round(x, 3) for x in wanted.tolist()]}
    if abs(found.sum().item() - 1) > 1e-4:
        raise Wrong("not renormalised", **values)
    raise Wrong(
        "one too many" if size > max(right) else "one too few" if size < min(right) else "other tokens", **values
    )


def _may_hold(sizes: list[float], n: int, share: float, rounding: float = 1e-6) -> bool:
    """Return whether n tokens may be the smallest set: they hold the share, and one fewer does not."""
    return sizes[n - 1] >= share - rounding and (n == 1 or sizes[n - 2] < share + rounding)


def _cut(
    p: list[float],
    enough: Callable[[float, float], bool],
    key: Callable[[int], float] | None = None,
    more: int = 0,
) -> list:
    """Take tokens, the most probable first, until there is enough: before one of this probability is taken."""
    kept: list[int] = []
    order = sorted(range(len(p)), key=key or (lambda i: -p[i]))
    for i in order:
        if kept and enough(sum(p[j] for j in kept), p[i]):
            break
        kept.append(i)
    kept += order[len(kept) : len(kept) + more]
    return [x / sum(p[j] for j in kept) if i in kept else 0.0 for i, x in enumerate(p)]


check_nucleus = Check(
    _nucleus,
    case="nucleus",
    cases=[
        ([0.5, 0.25, 0.125, 0.125], 0.6),
        ([0.125, 0.5, 0.125, 0.25], 0.6),
        ([0.5, 0.25, 0.25], 0.7),  # one of two that are equally probable
        ([0.5, 0.25, 0.25], 0.3),
        ([0.25, 0.5, 0.25], 1.0),
        ([0.0625, 0.0625, 0.875], 0.9),
        ([0.25, 0.125, 0.25, 0.125, 0.25], 0.4),
    ],
    judge=_smallest_set,
    slips={
        "not renormalised": lambda p, share: [
            x * (y > 0) for x, y in zip(p, _cut(p, lambda total, _: total >= share), strict=True)
        ],
        "one too many": lambda p, share: _cut(p, lambda total, _: total >= share, more=1),
        "one too few": lambda p, share: _cut(p, lambda total, x: total + x > share),
        "other tokens": lambda p, share: sorted(_cut(p, lambda total, _: total >= share), reverse=True),
    },
    praise="nucleus taken",
)


def _step_with_brothers(k, V, most):
    """step_with_brothers(log_p (k,), next_log_p (k, V), most) -> (parents, tokens, scores), (k,) each, best first."""
    log_p, next_log_p = (2 * part for part in draw(k, (k,), (k, V)))
    args = log_p.log_softmax(0), next_log_p.log_softmax(1)
    # Every candidate by hand, the best first; one whose parent has enough children is passed over.
    every = [((args[0][i] + args[1][i, j]).item(), i, j) for i in range(k) for j in range(V)]
    taken, children = [], Counter()
    for candidate in sorted(every, reverse=True):
        if len(taken) < k and children[candidate[1]] < most:
            taken.append(candidate)
            children[candidate[1]] += 1
    scores, parents, tokens = torch.tensor(taken).unbind(1)
    return (*args, most), {"parents": parents, "tokens": tokens, "scores": scores}


def _extended(scores: Tensor, most: int, divisor: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """The best k of scores (k, V), at most so many of each row; places are divided by V, or by the divisor."""
    k, V = scores.shape
    worst_allowed = scores.topk(min(most, V), dim=1).values[:, -1:]
    best, places = scores.masked_fill(scores < worst_allowed, -math.inf).flatten().topk(k)
    return places // (divisor or V), places % (divisor or V), best


check_step_with_brothers = Check(
    _step_with_brothers,
    case="brothers",
    cases=[(6, 5, 2), (3, 5, 2), (2, 4, 2), (1, 6, 1), (4, 3, 3), (5, 6, 1), (6, 5, 3)],
    slips={
        "any number of brothers": lambda p, q, most: _extended(p[:, None] + q, q.shape[1]),
        "divided by k": lambda p, q, most: _extended(p[:, None] + q, most, len(p)),
        "no past": lambda p, q, most: _extended(q, most),
        "only one child": lambda p, q, most: _extended(p[:, None] + q, 1),
        "probabilities": lambda p, q, most: _extended((p[:, None] + q).exp(), most),
    },
    praise="extended",
)


def _exact_list(V, T, m, kind):
    """exact_list(next_p, m, T) -> the m most probable sentences, tuples of tokens, for certain."""
    ask = _Asked(V, kind)
    return (ask, m, T), tuple(_best_first(_Asked(V, kind), m, T))


class _Asked:
    """What may follow a prefix, by V random probabilities; whoever asks for too many prefixes gets Wrong.

    kind: 'trap', where the most probable sentence begins with the least probable token, or the seed of a random model.
    """

    MOST = 2000  # a search that keeps what may still win needs at most a few hundred

    def __init__(self, V: int, kind: int | str):
        self.V, self.kind, self.prefixes = V, kind, set()

    def __call__(self, prefix: Any) -> list[float]:
        prefix = tuple(int(i) for i in prefix)
        self.prefixes.add(prefix)
        if len(self.prefixes) > self.MOST:
            raise Wrong("asked too often", most=self.MOST)
        draws = random.Random(f"{self.kind} {prefix}")
        if self.kind != "trap":
            sizes = [math.exp(2.5 * draws.gauss(0, 1)) for _ in range(self.V)]
        elif not prefix:  # a certain sentence behind the least probable beginning, none behind the others
            sizes = [0.9, *(1 + draws.random() / 10 for _ in range(self.V - 2)), 0.01]
        else:
            sizes = [0.01 + draws.random() / 100 if prefix[0] == 0 else 1 + draws.random() for _ in range(self.V)]
            sizes[-1] = 2.0 if prefix[0] == 0 else sizes[-1]
        return [size / sum(sizes) for size in sizes]

    def p(self, sentence: tuple) -> float:
        return math.prod(self(sentence[:t])[token] for t, token in enumerate(sentence))


def _best_first(next_p: _Asked, m: int, T: int) -> list[tuple]:
    """Return the m most probable sentences: of all beginnings, the most probable is extended first."""
    heap, found = [(-1.0, ())], []
    while heap and len(found) < m:
        minus_p, ids = heapq.heappop(heap)
        if ids and ids[-1] == next_p.V - 1:
            found.append(ids)
        elif len(ids) < T:
            for token, p in enumerate(next_p(ids)):
                heapq.heappush(heap, (minus_p * p, (*ids, token)))
    return found


def _beam_list(next_p: _Asked, m: int, T: int, k: int) -> list[tuple]:
    beam, pool = [(1.0, ())], []
    for _ in range(T):
        candidates = sorted(((p * q, (*ids, i)) for p, ids in beam for i, q in enumerate(next_p(ids))), reverse=True)
        pool += [part for part in candidates[:k] if part[1][-1] == next_p.V - 1]
        beam = [part for part in candidates[:k] if part[1][-1] != next_p.V - 1]
    return [ids for _, ids in sorted(pool, reverse=True)[:m]]


def _sentences_in_order(given: Any, next_p: _Asked, m: int, T: int) -> None:
    eos = next_p.V - 1
    fits = isinstance(given, tuple) and len(given) == m and all(isinstance(ids, tuple) for ids in given)
    if not fits or len(set(given)) < m:
        raise Wrong("no list", given=given, m=m)
    for ids in given:
        inside = all(isinstance(i, int) and 0 <= i < next_p.V for i in ids)
        if not inside or ids.count(eos) != 1 or ids[-1] != eos or len(ids) > T:
            raise Wrong("no sentence", given=ids, eos=eos)
    asked, next_p.prefixes = next_p.prefixes, set()
    wanted = _best_first(next_p, m, T)
    low, right = [next_p.p(ids) for ids in given], [next_p.p(ids) for ids in wanted]
    next_p.prefixes = asked
    for place, (has, best) in enumerate(zip(sorted(low, reverse=True), right, strict=True), 1):
        if has < best * (1 - 1e-9):
            raise Wrong("led astray", place=place, given=f"{has:.4g}", wanted=f"{best:.4g}")
    for place in range(1, m):
        if low[place] > low[place - 1]:
            raise Wrong("not in order", place=place + 1)


check_exact_list = Check(
    _exact_list,
    case="exact list",
    cases=[(3, 3, 1, 0), (4, 5, 2, 1), (4, 5, 5, 2), (13, 4, 1, "trap"), (8, 12, 3, 3), (9, 10, 6, 4), (2, 1, 1, 5)],
    judge=_sentences_in_order,
    slips={
        "led astray": lambda next_p, m, T: _beam_list(next_p, m, T, 3 * m + 3),
        "no list": lambda next_p, m, T: _best_first(next_p, 1, T)[0],
        "no sentence": lambda next_p, m, T: [ids[:-1] for ids in _best_first(next_p, m, T)],
        "not in order": lambda next_p, m, T: _best_first(next_p, m, T)[::-1],
    },
    praise="exact list found",
)


def _sure_beam_size(V, T):
    """sure_beam_size(V, T) -> the smallest beam that surely finds the best score, for any alpha > 0.

    What must not be dropped are the unfinished sentences of T - 1 tokens, (V - 1)^(T - 1) of them, and in the step that
    makes them, the finished ones compete for places: (V - 1)^(T - 2) · V candidates in all.
    """
    return (V, T), _sure(V, T)


def _sure(V: int, T: int) -> int:
    return 1 if T == 1 else (V - 1) ** (T - 2) * V


def _wide_enough(size: float, V: int, T: int) -> None:
    if size < _sure(V, T):
        raise Wrong("too narrow", given=size, step=T - 1, wanted=_sure(V, T))
    if size > _sure(V, T) and size == int(size):
        raise Wrong("too wide", given=size)


check_sure_beam_size = Check(
    _sure_beam_size,
    case="tokens and steps",
    cases=[(4, 3), (2, 1), (5, 1), (3, 2), (2, 5), (4, 2), (6, 4)],
    judge=_wide_enough,
    slips={"too wide": lambda V, T: V ** (T - 1), "too narrow": lambda V, T: (V - 1) ** (T - 1)},
    praise="sure beam",
)
