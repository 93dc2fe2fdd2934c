"""Other answers for the checks of the section `beam-search`, right and wrong."""

import numpy as np
import torch

from helpers.exercises.beam_search import _cut, _extended, _order


def one_step(log_p, next_log_p, places=lambda scores: scores):
    return _extended(places(log_p[:, None] + next_log_p), len(log_p), next_log_p.shape[1])


def nucleus_by_sorting(p, share):
    p = torch.tensor(p)
    sizes, order = p.sort(descending=True)
    kept = order[: int((sizes.cumsum(0) < share).sum()) + 1]
    return torch.zeros_like(p).index_copy(0, kept, p[kept] / p[kept].sum())


def at_least(p, least):
    """Every token that is as probable as that."""
    kept = [x if x >= least else 0.0 for x in p]
    return [x / (sum(kept) or 1) for x in kept]


def cut(p, share, **key):
    return _cut(p, lambda total, _: total >= share, **key)


RIGHT = {
    "check_sure_beam_size": {"a tensor": lambda V, T: torch.tensor(1 if T == 1 else V * (V - 1) ** (T - 2))},
    "check_rerank": {"argsort": lambda h, alpha: np.argsort([-p / n**alpha for p, n in h], kind="stable")},
    "check_may_stop": {
        "NumPy's": lambda finished, unfinished, T, alpha: np.float64(unfinished) / T**alpha <= finished,
        "0 or 1": lambda finished, unfinished, T, alpha: int(unfinished / T**alpha <= finished),
    },
    "check_nucleus": {
        "sorted": nucleus_by_sorting,
        "of two equally probable tokens the last": lambda p, share: cut(p[::-1], share)[::-1],
    },
}
WRONG = {
    "check_sure_beam_size": {
        "the last step, too": (lambda V, T: V * (V - 1) ** (T - 1), "V = 4 and T = 3 a beam of 36 is sure"),
        "no case for one step": (lambda V, T: V * (V - 1) ** abs(T - 2), "V = 2 and T = 1 a beam of 2 is sure"),
        "linear": (lambda V, T: V * (T - 1), "V = 4 and T = 3 a beam of 8 is too narrow: step 2 has 12 candidates"),
        "a half": (lambda V, T: V * (V - 1) ** (T - 2) + 0.5, "the result is 12.5; it should be 12"),
    },
    "check_one_step": {
        "flattened the other way": (lambda *args: one_step(*args, lambda scores: scores.T), "k = 2 and V = 4 parents"),
        "worst first": (lambda *args: [part.flip(0) for part in one_step(*args)], "for k = 2 and V = 4 "),
        "scores first": (lambda *args: one_step(*args)[::-1], "k = 2 and V = 4 parents"),
        "two results": (lambda *args: one_step(*args)[:2], "should be (parents, tokens, scores)"),
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
            "p = [0.5, 0.25, 0.25] and share = 0.75",
        ),
        "not sorted": (lambda p, share: cut(p, share, key=lambda i: i), "p = [0.125, 0.5, 0.125, 0.25]"),
        "a threshold": (lambda p, share: at_least(p, 1 - share), "p = [0.5, 0.25, 0.125, 0.125] and share = 0.6"),
        "as logarithms": (lambda p, share: [y - 1 for y in cut(p, share)], "p = [0.5, 0.25, 0.125, 0.125]"),
    },
}
