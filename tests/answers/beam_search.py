"""Other answers for the checks of the section `beam-search`, right and wrong."""

import heapq
import itertools
import math

import numpy as np
import torch

from helpers.exercises.beam_search import _cut, _extended, _order


def nucleus_by_sorting(p, share):
    p = torch.tensor(p)
    sizes, order = p.sort(descending=True)
    kept = order[: int((sizes.cumsum(0) < share).sum()) + 1]
    return torch.zeros_like(p).index_copy(0, kept, p[kept] / p[kept].sum())


def nucleus_by_logarithms(p, share):
    """Rounding makes of a sum that is equal to the share one that is above or below it."""
    log_p, order = torch.tensor(p).log().sort(descending=True)
    kept = order[: int((log_p.logcumsumexp(0) < math.log(share)).sum()) + 1]
    return torch.zeros(len(p)).index_copy(0, kept, torch.tensor(p)[kept].log().softmax(0))


def at_least(p, least):
    """Every token that is as probable as that."""
    kept = [x if x >= least else 0.0 for x in p]
    return [x / (sum(kept) or 1) for x in kept]


def cut(p, share, **key):
    return _cut(p, lambda total, _: total >= share, **key)


def one_by_one(log_p, next_log_p, most):
    """Brothers by hand: the best candidate again and again, unless its parent has enough children."""
    k, V = next_log_p.shape
    scores, found = (log_p[:, None] + next_log_p).flatten(), []
    for place in scores.argsort(descending=True).tolist():
        if len(found) < k and sum(p // V == place // V for p in found) < most:
            found.append(place)
    return [p // V for p in found], [p % V for p in found], scores[found]


def by_depth(next_p, m, T):
    """Exact search from the front to the back, with a heap of the m best sentences so far."""
    V, best = len(next_p(())), []

    def visit(ids, p):
        for token, q in sorted(enumerate(next_p(ids)), key=lambda pair: -pair[1]):
            if len(best) == m and p * q <= best[0][0]:
                return
            if token == V - 1:
                heapq.heappush(best, (p * q, (*ids, token)))
                if len(best) > m:
                    heapq.heappop(best)  # the least of them
            elif len(ids) < T - 1:
                visit((*ids, token), p * q)

    visit((), 1.0)
    return [ids for _, ids in sorted(best, reverse=True)]


def by_brute_force(next_p, m, T):
    V, every = len(next_p(())), []
    for n in range(T):
        for words in itertools.product(range(V - 1), repeat=n):
            ids = (*words, V - 1)
            every.append((math.prod(next_p(ids[:t])[i] for t, i in enumerate(ids)), ids))
    return [ids for _, ids in sorted(every, reverse=True)[:m]]


def bar_of_the_best(next_p, m, T):
    """Leaves out what cannot be the best any more, though it might be the second."""
    found = by_depth(next_p, 1, T)
    return found * m


RIGHT = {
    "check_sure_beam_size": {"a tensor": lambda V, T: torch.tensor(1 if T == 1 else V * (V - 1) ** (T - 2))},
    "check_step_with_brothers": {"one by one": one_by_one},
    "check_rerank": {"argsort": lambda h, alpha: np.argsort([-p / n**alpha for p, n in h], kind="stable")},
    "check_may_stop": {
        "NumPy's": lambda finished, unfinished, T, alpha: np.float64(unfinished) / T**alpha <= finished,
        "0 or 1": lambda finished, unfinished, T, alpha: int(unfinished / T**alpha <= finished),
    },
    "check_nucleus": {
        "sorted": nucleus_by_sorting,
        "logarithms": nucleus_by_logarithms,
        "a hair above": lambda p, share: cut(p, share + 1e-9),
        "a hair below": lambda p, share: cut(p, share - 1e-9),
        "of two equally probable tokens the last": lambda p, share: cut(p[::-1], share)[::-1],
    },
    "check_exact_list": {"by depth": by_depth},
}
WRONG = {
    "check_sure_beam_size": {
        "the last step, too": (lambda V, T: V * (V - 1) ** (T - 1), "V = 4 and T = 3 a beam of 36 is sure"),
        "no case for one step": (lambda V, T: V * (V - 1) ** abs(T - 2), "V = 2 and T = 1 a beam of 2 is sure"),
        "linear": (lambda V, T: V * (T - 1), "V = 4 and T = 3 a beam of 8 is too narrow: step 2 has 12 candidates"),
        "a half": (lambda V, T: V * (V - 1) ** (T - 2) + 0.5, "the result is 12.5; it should be 12"),
    },
    "check_step_with_brothers": {
        "flattened the other way": (
            lambda p, q, most: _extended((p[:, None] + q).T[: len(p)], most),
            "k = 6, V = 5 and most = 2 ",
        ),
        "worst first": (lambda p, q, most: [part.flip(0) for part in _extended(p[:, None] + q, most)], "for k = 6"),
        "scores first": (lambda p, q, most: _extended(p[:, None] + q, most)[::-1], "parents"),
        "two results": (lambda p, q, most: _extended(p[:, None] + q, most)[:2], "should be (parents, tokens, scores)"),
    },
    "check_rerank": {
        "alpha ignored": (lambda h, alpha: _order(h, lambda p, n: p), "α = 0.6"),
        "times alpha": (lambda h, alpha: _order(h, lambda p, n: p / (n * alpha or 1)), "the order is"),
        "scores": (lambda h, alpha: [p / n**alpha for p, n in h], "each of [0, 1, 2, 3] once"),
    },
    "check_may_stop": {
        "at once": (lambda *_: True, "unfinished = -0.5, T = 10 and α = 0.0 you stop"),
        "never": (lambda *_: False, "unfinished = -1.5, T = 10 and α = 0.0 you go on"),
        "multiplied": (lambda finished, unfinished, T, alpha: unfinished * T**alpha <= finished, "you stop"),
        "the wrong way round": (lambda finished, unfinished, T, alpha: unfinished / T**alpha >= finished, "you stop"),
        "seven": (
            lambda finished, unfinished, T, alpha: 7 * (unfinished / T**alpha <= finished),
            "the result is 7; it",
        ),
        "a difference": (lambda finished, unfinished, T, alpha: finished - unfinished, "should be True or False"),
    },
    "check_nucleus": {
        "all of a tie": (
            lambda p, share: at_least(p, min(x for x, y in zip(p, cut(p, share), strict=True) if y)),
            "p = [0.5, 0.25, 0.25] and share = 0.7",
        ),
        "not sorted": (lambda p, share: cut(p, share, key=lambda i: i), "p = [0.125, 0.5, 0.125, 0.25]"),
        "a threshold": (lambda p, share: at_least(p, 1 - share), "p = [0.5, 0.25, 0.125, 0.125] and share = 0.6"),
        "as logarithms": (lambda p, share: [y - 1 for y in cut(p, share)], "p = [0.5, 0.25, 0.125, 0.125]"),
    },
    "check_exact_list": {
        "brute force": (by_brute_force, "V = 8, T = 12 and m = 3 your function asks for more than"),
        "the bar of the best": (bar_of_the_best, "V = 4, T = 5 and m = 2 the result is"),
        "cut off": (lambda next_p, m, T: [(0,) * T] * 1 if m == 1 else by_depth(next_p, m, T), "is no sentence"),
    },
}
