"""Hidden cases for the checks of the section `gru`."""

from __future__ import annotations

from random import Random


def check_only_token(random: Random) -> list[tuple]:
    T, longer = random.sample(range(5, 13), 2)
    return [(0, T), (random.randrange(1, longer - 1), longer), (T - 1, T)]


def _cells(random: Random) -> list[tuple]:
    return [tuple(random.randint(2, 7) for _ in range(3)) for _ in range(2)]


check_reset_only = check_update_only = _cells


def check_flip_update_gate(random: Random) -> list[tuple]:
    return [(random.randint(1, 9), random.randint(2, 9)) for _ in range(2)]


def check_half_life(random: Random) -> list[tuple]:
    return [(round(random.uniform(*span), 4),) for span in ((0.05, 0.45), (0.55, 0.95), (0.96, 0.999))]


def check_gates_by_hand(random: Random) -> list[tuple]:
    return [(k,) for k in random.sample(range(3, 21), 2)]
