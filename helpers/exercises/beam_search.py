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

from helpers.exercises.verdict import Verdict, Wrong, call, parts, same, tensor, truth, verdict, whole


def check_sure_beam_size(sure_beam_size: Callable[[int, int], int]) -> Verdict:
    """Check sure_beam_size(V, T) -> the smallest beam that surely finds the best score, for any alpha > 0.

    What must not be dropped are the unfinished sentences of T - 1 tokens, (V - 1)^(T - 1) of them, and in the step that
    makes them, the finished ones compete for places: (V - 1)^(T - 2) · V candidates in all.
    """

    def run() -> str:
        for V, T in [(4, 3), (2, 1), (5, 1), (3, 2), (2, 5), (4, 2), (6, 4)]:
            case = f"{V} tokens and {T} step{'s' if T > 1 else ''}"
            answer = whole(call(sure_beam_size, case, V, T), case)
            sure = 1 if T == 1 else (V - 1) ** (T - 2) * V
            if answer < sure:
                raise Wrong(
                    f"for {case} a beam of {answer} is too narrow: step {T - 1} has {sure} candidates, and the "
                    "best sentence may begin with the least probable of them"
                )
            if answer > sure:
                raise Wrong(f"for {case} a beam of {answer} is sure, but a smaller one would do")
        return "a narrower beam can be misled, a wider one is wasted."

    return verdict(run)


def check_one_step(one_step: Callable[[Tensor, Tensor], tuple]) -> Verdict:
    """Check one_step(log_p (k,), next_log_p (k, V)) -> (parents, tokens, scores), (k,) each, best first."""

    def run() -> str:
        generator = torch.Generator().manual_seed(0)
        for k, V in [(2, 4), (3, 5), (1, 6), (4, 3), (5, 2)]:
            case = f"k = {k} and V = {V}"
            log_p = torch.randn(k, generator=generator).mul(2).log_softmax(0)
            next_log_p = torch.randn(k, V, generator=generator).mul(2).log_softmax(1)
            names = ("parents", "tokens", "scores")
            answer = parts(call(one_step, case, log_p, next_log_p), names, case)
            candidates = sorted(
                ((log_p[i] + next_log_p[i, j]).item(), i, j) for i in range(k) for j in range(V)
            )  # by hand, without the arithmetic that the exercise is about
            best = candidates[::-1][:k]
            hints = ("which hypothesis was extended", "by which token", "log P of the extended sentence")
            for column, name, hint in zip((1, 2, 0), names, hints, strict=True):
                expected = torch.tensor([candidate[column] for candidate in best], dtype=torch.float32)
                value = answer[names.index(name)]
                same(value, expected, f"{case}, {name},", hint)
        return "the best extensions, each with its parent, its token and its score."

    return verdict(run)


def check_rerank(rerank: Callable[[list, float], list]) -> Verdict:
    """Check rerank(hypotheses, alpha) -> positions in order, the best log P / L^alpha first."""

    def run() -> str:
        cases = [
            ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 0.0),
            ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 0.75),
            ([(-1.0, 2), (-0.9, 1), (-2.5, 8)], 1.0),
            ([(math.log(0.1), 1), (math.log(0.1), 2), (math.log(0.054), 4)], 0.75),
            ([(-3.0, 5)], 0.5),
            ([(-2.0, 4), (-1.3, 2), (-0.9, 1)], 0.5),
            ([(-4.0, 2), (-4.5, 3), (-6.0, 3), (-3.9, 1)], 0.6),
        ]
        for hypotheses, alpha in cases:
            listed = ", ".join(f"({log_p:.2f}, {length})" for log_p, length in hypotheses)
            case = f"α = {alpha} and [{listed}]"
            answer = call(rerank, case, list(hypotheses), alpha)
            scores = [log_p / length**alpha for log_p, length in hypotheses]
            expected = sorted(range(len(scores)), key=lambda i: -scores[i])
            try:
                answer = [int(i) for i in answer]
            except (TypeError, ValueError, RuntimeError) as error:
                raise Wrong(f"for {case} the result is {answer!r}, which is not a list of positions") from error
            if sorted(answer) != list(range(len(scores))):
                raise Wrong(f"for {case} the result is {answer}; every position should be in it once")
            if answer != expected:
                raise Wrong(f"for {case} the order is {answer}; by log P / L^α it is {expected}")
        return "in the order of log P / L^α."

    return verdict(run)


def check_may_stop(may_stop: Callable[[float, float, int, float], bool]) -> Verdict:
    """Check may_stop(finished, unfinished, T, alpha): the best that can follow is unfinished / T^alpha."""

    def run() -> str:
        cases = [(-1.0, -0.5, 10, 0.0), (-1.0, -1.5, 10, 0.0), (-1.0, -1.5, 10, 1.0), (-0.2, -3.0, 10, 1.0)]
        cases += [(-0.9, -4.0, 16, 0.5), (-1.1, -4.0, 16, 0.5), (-0.5, -1.2, 2, 1.0), (-0.7, -1.2, 2, 1.0)]
        for finished, unfinished, T, alpha in cases:
            case = f"finished = {finished}, unfinished = {unfinished}, T = {T} and α = {alpha}"
            answer = truth(call(may_stop, case, finished, unfinished, T, alpha), case)
            reachable = unfinished / T**alpha
            if answer and reachable > finished:
                raise Wrong(
                    f"for {case} you stop, but the unfinished one can still come to {reachable:.2f}, which is better"
                )
            if not answer and reachable <= finished:
                raise Wrong(f"for {case} you go on, but the unfinished one comes to {reachable:.2f} at best")
        return "no step too many, and no better sentence missed."

    return verdict(run)


def check_nucleus(nucleus: Callable[[list, float], list]) -> Verdict:
    """Check nucleus(p, share): the smallest set of most probable tokens that adds up to share, renormalised."""

    def run() -> str:
        cases = [
            ([0.5, 0.25, 0.125, 0.125], 0.6),
            ([0.125, 0.5, 0.125, 0.25], 0.6),
            ([0.5, 0.25, 0.25], 0.75),
            ([0.5, 0.25, 0.25], 0.3),
            ([0.25, 0.5, 0.25], 1.0),
            ([0.0625, 0.0625, 0.875], 0.9),
        ]  # halves and quarters, so that sums are exact
        for p, share in cases:
            case = f"p = {p} and share = {share}"
            answer = tensor(call(nucleus, case, list(p), share), (len(p),), case)
            kept = _smallest_set(p, share, preferred=answer.tolist())
            expected = [p[i] / sum(p[j] for j in kept) if i in kept else 0.0 for i in range(len(p))]
            same(answer, torch.tensor(expected), case, f"expected {[round(x, 3) for x in expected]}")
        return "the smallest set that holds the share, and adds up to 1."

    return verdict(run)


def _smallest_set(p: list[float], share: float, preferred: list[float]) -> set[int]:
    """Return the places of the fewest tokens that add up to share; of two equally probable, the preferred one."""
    kept: set[int] = set()
    for i in sorted(range(len(p)), key=lambda i: (p[i], preferred[i] > 0), reverse=True):
        if sum(p[j] for j in kept) >= share:
            break
        kept.add(i)
    return kept
