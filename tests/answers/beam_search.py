"""Right and wrong answers for the checks of the section `beam-search`."""

import numpy as np
import torch
from notebook_code import definitions

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/beam-search")  # whose answers join the right ones by themselves


# --- how wide a beam must be -----------------------------------------------------------------------------------------

ANSWERS["check_sure_beam_size"] = Answers(
    right={
        "formula": lambda V, T: 1 if T == 1 else V * (V - 1) ** (T - 2),
        "a tensor": lambda V, T: torch.tensor(1 if T == 1 else V * (V - 1) ** (T - 2)),
        "counted": lambda V, T: max(1, round(V * (V - 1) ** (T - 2))) if T > 1 else 1,
    },
    wrong={
        "the book's bound": (lambda V, T: V ** (T - 1), "for 4 tokens and 3 steps a beam of 16 is sure, but"),
        "unfinished sentences only": (
            lambda V, T: (V - 1) ** (T - 1),
            "for 4 tokens and 3 steps a beam of 9 is too narrow: step 2 has 12 candidates",
        ),
        "every candidate of the last step": (lambda V, T: V * (V - 1) ** (T - 1), "a beam of 36 is sure, but"),
        "no case for one step": (lambda V, T: V * (V - 1) ** abs(T - 2), "for 2 tokens and 1 step a beam of 2 is sure"),
        "linear": (lambda V, T: V * (T - 1), "for 4 tokens and 3 steps a beam of 8 is too narrow"),
        "a half": (lambda V, T: V * (V - 1) ** (T - 2) + 0.5, "is not a whole number"),
        "nothing": (lambda V, T: None, "the result is None"),
    },
)


# --- one step --------------------------------------------------------------------------------------------------------


one_step = SOLVED["one_step"]


def with_lists(log_p, next_log_p):
    k, V = next_log_p.shape
    every = [(float(log_p[i] + next_log_p[i, j]), i, j) for i in range(k) for j in range(V)]
    best = sorted(every, reverse=True)[:k]
    return [b[1] for b in best], [b[2] for b in best], [b[0] for b in best]


def without_the_past(log_p, next_log_p):
    return one_step(torch.zeros_like(log_p), next_log_p)


def best_of_each(log_p, next_log_p):
    scores, tokens = (log_p[:, None] + next_log_p).max(1)
    return torch.arange(len(log_p)), tokens, scores


def divided_by_k(log_p, next_log_p):
    k = len(log_p)
    scores, places = (log_p[:, None] + next_log_p).flatten().topk(k)
    return places // k, places % k, scores


def along_the_wrong_axis(log_p, next_log_p):
    k, V = next_log_p.shape
    if k != V:
        scores, places = (log_p[:, None] + next_log_p).T.flatten().topk(k)
        return places // V, places % V, scores
    return one_step(log_p, next_log_p)


ANSWERS["check_one_step"] = Answers(
    right={
        "lists": with_lists,
        "a list of three": lambda *args: list(one_step(*args)),
    },
    wrong={
        "the past forgotten": (without_the_past, "for k = 2 and V = 4"),
        "the best of each hypothesis": (best_of_each, "for k = 2 and V = 4"),
        "divided by k instead of V": (divided_by_k, "for k = 2 and V = 4, parents,"),
        "flattened the other way round": (along_the_wrong_axis, "for k = 2 and V = 4"),
        "probabilities multiplied": (
            lambda log_p, next_log_p: (*one_step(log_p, next_log_p)[:2], one_step(log_p, next_log_p)[2].exp()),
            "scores, the result is off",
        ),
        "worst first": (lambda *args: tuple(part.flip(0) for part in one_step(*args)), "for k = 2 and V = 4"),
        "scores first": (lambda *args: one_step(*args)[::-1], "for k = 2 and V = 4, parents,"),
        "two results": (lambda *args: one_step(*args)[:2], "should be (parents, tokens, scores)"),
    },
)


# --- length penalty --------------------------------------------------------------------------------------------------


def ranked_by(score):
    return lambda hypotheses, alpha: sorted(
        range(len(hypotheses)), key=lambda i: score(*hypotheses[i], alpha), reverse=True
    )


ANSWERS["check_rerank"] = Answers(
    right={
        "divided": ranked_by(lambda log_p, length, alpha: log_p / length**alpha),
        "a tensor": lambda hypotheses, alpha: torch.tensor([p / n**alpha for p, n in hypotheses]).argsort(
            descending=True
        ),
    },
    wrong={
        "multiplied": (ranked_by(lambda p, n, alpha: p * n**alpha), "for α = 0.75"),
        "alpha ignored": (ranked_by(lambda p, n, alpha: p), "for α = 0.75"),
        "always the mean": (ranked_by(lambda p, n, alpha: p / n), "for α = 0.0"),
        "worst first": (
            lambda hypotheses, alpha: sorted(
                range(len(hypotheses)), key=lambda i: hypotheses[i][0] / hypotheses[i][1] ** alpha
            ),
            "for α = 0.0",
        ),
        "end token not counted": (ranked_by(lambda p, n, alpha: p / max(n - 1, 0.5) ** alpha), "the order is"),
        "times alpha": (ranked_by(lambda p, n, alpha: p / (n * alpha or 1)), "the order is"),
        "the best alone": (
            lambda hypotheses, alpha: ranked_by(lambda p, n, a: p / n**a)(hypotheses, alpha)[:1],
            "every position should be in it once",
        ),
        "scores instead of positions": (
            lambda hypotheses, alpha: sorted((p / n**alpha for p, n in hypotheses), reverse=True),
            "every position should be in it once",
        ),
    },
)


# --- stopping --------------------------------------------------------------------------------------------------------

ANSWERS["check_may_stop"] = Answers(
    right={
        "bound": lambda finished, unfinished, T, alpha: unfinished / T**alpha <= finished,
        "a tensor": lambda finished, unfinished, T, alpha: torch.tensor(unfinished / T**alpha) <= finished,
        "a truth value of NumPy": lambda finished, unfinished, T, alpha: np.float64(unfinished) / T**alpha <= finished,
        "0 or 1": lambda finished, unfinished, T, alpha: int(unfinished / T**alpha <= finished),
    },
    wrong={
        "log P beside a score": (
            lambda finished, unfinished, T, alpha: unfinished <= finished,
            "for finished = -1.0, unfinished = -1.5, T = 10 and α = 1.0 you stop",
        ),
        "as soon as one has finished": (
            lambda finished, unfinished, T, alpha: True,
            "for finished = -1.0, unfinished = -0.5, T = 10 and α = 0.0 you stop",
        ),
        "never": (
            lambda finished, unfinished, T, alpha: False,
            "for finished = -1.0, unfinished = -1.5, T = 10 and α = 0.0 you go on",
        ),
        "multiplied": (lambda finished, unfinished, T, alpha: unfinished * T**alpha <= finished, "you stop"),
        "the wrong way round": (lambda finished, unfinished, T, alpha: unfinished / T**alpha >= finished, "you stop"),
        "alpha taken for 1": (lambda finished, unfinished, T, alpha: unfinished / T <= finished, "you go on"),
        "seven": (
            lambda finished, unfinished, T, alpha: 7 * (unfinished / T**alpha <= finished),
            "the result is '7'; it should be True or False",
        ),
        "a difference": (
            lambda finished, unfinished, T, alpha: finished - unfinished / T**alpha,
            "for finished = -1.0, unfinished = -0.5, T = 10 and α = 0.0 the result is '-0.5'; it should be True or",
        ),
        "no answer": (lambda finished, unfinished, T, alpha: None, "the result is 'None'; it should be True or False"),
    },
)


# --- nucleus ---------------------------------------------------------------------------------------------------------


def nucleus(p, share, enough=lambda total, share: total >= share, renormalise=True, order=lambda p, i: -p[i]):
    kept, total = set(), 0.0
    for i in sorted(range(len(p)), key=lambda i: order(p, i)):
        if enough(total, share):
            break
        kept.add(i)
        total += p[i]
    return [(p[i] / total if renormalise else p[i]) if i in kept else 0.0 for i in range(len(p))]


def nucleus_values(p, share):
    return {x for x, kept in zip(p, nucleus(p, share), strict=True) if kept}


def stops_before_reaching(p, share):
    kept, total = [], 0.0
    for i in sorted(range(len(p)), key=lambda i: -p[i]):
        if total + p[i] > share and kept:
            break
        kept.append(i)
        total += p[i]
    return [p[i] / total if i in kept else 0.0 for i in range(len(p))]


def nucleus_by_sorting(p, share):
    p = torch.tensor(p)
    sizes, order = p.sort(descending=True)
    kept = order[: int((sizes.cumsum(0) < share).sum()) + 1]
    result = torch.zeros_like(p)
    result[kept] = p[kept] / p[kept].sum()
    return result


ANSWERS["check_nucleus"] = Answers(
    right={
        "a loop": nucleus,
        "a tensor": lambda p, share: torch.tensor(nucleus(p, share)),
        "of two equally probable tokens the last": lambda p, share: nucleus(p[::-1], share)[::-1],
        "torch.sort": nucleus_by_sorting,
    },
    wrong={
        "not renormalised": (
            lambda p, share: nucleus(p, share, renormalise=False),
            "for p = [0.5, 0.25, 0.125, 0.125] and share = 0.6 the result is off",
        ),
        "one token too many": (
            lambda p, share: nucleus(p, share, enough=lambda total, share: total > share),
            "for p = [0.5, 0.25, 0.25] and share = 0.75",
        ),
        "both of two equally probable tokens": (
            lambda p, share: [
                x / sum(y for y in p if y in nucleus_values(p, share)) * (x in nucleus_values(p, share)) for x in p
            ],
            "for p = [0.5, 0.25, 0.25] and share = 0.75 the result is off",
        ),
        "one token too few": (stops_before_reaching, "for p = [0.5, 0.25, 0.125, 0.125] and share = 0.6"),
        "not sorted": (
            lambda p, share: nucleus(p, share, order=lambda p, i: i),
            "for p = [0.125, 0.5, 0.125, 0.25] and share = 0.6",
        ),
        "a threshold": (
            lambda p, share: (
                [x / sum(y for y in p if y >= 1 - share) if x >= 1 - share else 0.0 for x in p]
                if any(y >= 1 - share for y in p)
                else p
            ),
            "for p = [0.5, 0.25, 0.125, 0.125] and share = 0.6",
        ),
        "in order of size": (
            lambda p, share: sorted(nucleus(p, share), reverse=True),
            "for p = [0.125, 0.5, 0.125, 0.25] and share = 0.6",
        ),
    },
)
