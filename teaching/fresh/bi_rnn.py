"""Hidden cases for the checks of the section `bi-rnn`."""

from __future__ import annotations

from random import Random


def check_two_widths(random: Random) -> list[tuple]:
    """Return sizes (n, T, d, h_f, h_b, q); the directions differ in width."""
    sizes = [[random.randint(1, 30) for _ in range(4)] for _ in range(3)]
    return [(n, T, d, *random.sample(range(1, 20), 2), q) for n, T, d, q in sizes]


def check_run_deep(random: Random) -> list[tuple]:
    kinds = random.sample(["RNN", "GRU"], 2)
    return [(kind, L, *(random.randint(2, 4) for _ in range(4))) for kind, L in zip(kinds, (2, 3), strict=True)]


def check_final_states(random: Random) -> list[tuple]:
    found = []
    for padding in (0, random.choice([-7, -1, 3, 8])):
        lengths = [*random.sample(range(1, 9), 3), random.randint(1, 9)]
        found.append((lengths, random.randint(1, 4), random.randint(2, 4), padding))
    return found


def check_around(random: Random) -> list[tuple]:
    return [(random.randint(1, 4), random.randint(3, 8), random.randint(1, 4), random.randint(2, 5)) for _ in range(2)]


def check_forward_backward(random: Random) -> list[tuple]:
    """Return a chain with gaps, one without, and one that is as long as the statement warns of."""
    found = []
    for gaps, length in ((2, random.randint(6, 9)), (0, random.randint(4, 9)), (0, 1500)):
        k, m = random.randint(2, 4), random.randint(2, 4)
        x: list[int | None] = [random.randrange(m) for _ in range(length)]
        for place in random.sample(range(length), gaps):
            x[place] = None
        found.append((k, m, x))
    return found


def check_fixed_lag(random: Random) -> list[tuple]:
    found = []
    for lag in random.sample(range(1, 5), 2):
        k, m = random.randint(2, 4), random.randint(2, 4)
        found.append((k, m, [random.randrange(m) for _ in range(random.randint(5, 9))], lag))
    return found
