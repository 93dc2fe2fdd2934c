"""Hidden cases for the checks of the section `beam-search`."""

from __future__ import annotations

from itertools import pairwise
from random import Random


def check_rerank(random: Random) -> list[tuple]:
    found = []
    for alpha in (round(random.uniform(0.3, 0.9), 2), random.choice([0.0, 1.0])):
        while True:  # until no two scores are so near that rounding may decide
            hypotheses = [
                (-round(random.uniform(0.5, 8), 2), random.randint(1, 9)) for _ in range(random.randint(4, 6))
            ]
            scores = sorted(log_p / length**alpha for log_p, length in hypotheses)
            if min(b - a for a, b in pairwise(scores)) > 0.01:
                break
        found.append((hypotheses, alpha))
    return found


def check_may_stop(random: Random) -> list[tuple]:
    """Return cases that stop and cases that go on, none of them on the edge."""
    found = []
    for stops in (True, False, True, False):
        unfinished, T = -round(random.uniform(1, 6), 2), random.randint(2, 30)
        alpha = random.choice([0.0, 0.5, 0.75, 1.0])
        best, factor = unfinished / T**alpha, random.uniform(0.5, 0.8)
        found.append((round(best * factor if stops else best / factor, 4), unfinished, T, alpha))
    return random.sample(found, 4)


def check_nucleus(random: Random) -> list[tuple]:
    """Return probabilities that are exact in binary, and shares between the sums that they make."""
    found = []
    for number in random.sample(range(3, 8), 3):
        cuts = sorted(random.sample(range(1, 64), number - 1))
        p = [(b - a) / 64 for a, b in pairwise([0, *cuts, 64])]
        found.append((p, (random.randint(12, 62) + 0.5) / 64))
    return found


def check_step_with_brothers(random: Random) -> list[tuple]:
    return [(k, random.randint(4, 8), most) for k, most in zip(random.sample(range(3, 8), 3), (1, 2, 3), strict=True)]


def check_exact_list(random: Random) -> list[tuple]:
    """Return random models (kinds from 100 on), small enough for a search that leaves out what cannot win."""
    return [(random.randint(3, 6), random.randint(4, 7), m, random.randrange(100, 10**6)) for m in (1, 2, 4)]


def check_sure_beam_size(random: Random) -> list[tuple]:
    return random.sample([(V, T) for V in range(3, 12) for T in range(3, 8)], 2)
