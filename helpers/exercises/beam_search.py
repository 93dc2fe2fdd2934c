"""Checks for the exercises of the notebook `beam-search`.

check_sure_beam_size   how wide a beam must be to be sure
check_one_step         one step of beam search, for one sentence
check_rerank           the length normalisation
check_may_stop         the stopping rule
check_nucleus          the cut of nucleus sampling
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.exercises.check import Check, draw
from helpers.exercises.messages import Wrong


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


def _one_step(k, V):
    """one_step(log_p (k,), next_log_p (k, V)) -> (parents, tokens, scores), (k,) each, best first."""
    log_p, next_log_p = (2 * part for part in draw(k, (k,), (k, V)))
    args = log_p.log_softmax(0), next_log_p.log_softmax(1)
    # Every candidate by hand, without the arithmetic that the exercise is about.
    every = [((args[0][i] + args[1][i, j]).item(), i, j) for i in range(k) for j in range(V)]
    scores, parents, tokens = torch.tensor(sorted(every, reverse=True)[:k]).unbind(1)
    return args, {"parents": parents, "tokens": tokens, "scores": scores}


def _extended(scores: Tensor, k: int, divisor: int) -> tuple[Tensor, Tensor, Tensor]:
    best, places = scores.flatten().topk(k)
    return places // divisor, places % divisor, best


check_one_step = Check(
    _one_step,
    case="beam",
    cases=[(2, 4), (3, 5), (1, 6), (4, 3), (5, 2)],
    slips={
        "divided by k": lambda p, q: _extended(p[:, None] + q, len(p), len(p)),
        "best of each": lambda p, q: (torch.arange(len(p)), q.argmax(1), (p[:, None] + q).max(1).values),
        "no past": lambda p, q: _extended(q, len(p), q.shape[1]),
        "probabilities": lambda p, q: _extended((p[:, None] + q).exp(), len(p), q.shape[1]),
    },
    praise="extended",
)


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
    """Raise Wrong if `found` is not p cut at share; of two equally probable tokens either may be left out."""
    kept: list[int] = []
    for i in sorted(range(len(p)), key=lambda i: (-p[i], -found[i].item())):
        if sum(p[j] for j in kept) >= share:
            break
        kept.append(i)
    wanted = torch.tensor([x / sum(p[j] for j in kept) if i in kept else 0.0 for i, x in enumerate(p)])
    if torch.allclose(found, wanted, atol=1e-5):
        return
    given, size = [round(x, 3) for x in found.tolist()], int((found > 0).sum())
    values = {"given": given, "wanted": [round(x, 3) for x in wanted.tolist()]}
    if abs(found.sum().item() - 1) > 1e-4:
        raise Wrong("not renormalised", **values)
    raise Wrong("one too many" if size > len(kept) else "one too few" if size < len(kept) else "other tokens", **values)


def _cut(p: list[float], enough: Callable[[float, float], bool], key: Callable[[int], float] | None = None) -> list:
    """Take tokens, the most probable first, until there is enough: before one of this probability is taken."""
    kept: list[int] = []
    for i in sorted(range(len(p)), key=key or (lambda i: -p[i])):
        if kept and enough(sum(p[j] for j in kept), p[i]):
            break
        kept.append(i)
    return [x / sum(p[j] for j in kept) if i in kept else 0.0 for i, x in enumerate(p)]


check_nucleus = Check(
    _nucleus,
    case="nucleus",
    cases=[  # halves and quarters, so that sums are exact
        ([0.5, 0.25, 0.125, 0.125], 0.6),
        ([0.125, 0.5, 0.125, 0.25], 0.6),
        ([0.5, 0.25, 0.25], 0.75),  # one of two that are equally probable
        ([0.5, 0.25, 0.25], 0.3),
        ([0.25, 0.5, 0.25], 1.0),
        ([0.0625, 0.0625, 0.875], 0.9),
        ([0.25, 0.125, 0.25, 0.125, 0.25], 0.5),
    ],
    judge=_smallest_set,
    slips={
        "not renormalised": lambda p, share: [
            x * (y > 0) for x, y in zip(p, _cut(p, lambda total, _: total >= share), strict=True)
        ],
        "one too many": lambda p, share: _cut(p, lambda total, _: total > share),
        "one too few": lambda p, share: _cut(p, lambda total, x: total + x > share),
        "other tokens": lambda p, share: sorted(_cut(p, lambda total, _: total >= share), reverse=True),
    },
    praise="nucleus taken",
)
