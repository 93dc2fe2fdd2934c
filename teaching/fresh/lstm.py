"""Hidden cases for the checks of the section `lstm`."""

from __future__ import annotations

from random import Random


def check_reach(random: Random) -> list[tuple]:
    """Return a value of either sign that can be reached, and one of either sign that cannot."""
    found = []
    for inside, sign in ((True, 1), (True, -1), (False, random.choice([-1, 1]))):
        T = random.randint(2, 9)
        found.append((sign * round(random.uniform(T / 2, T - 0.1) if inside else T + random.uniform(0.1, 2), 2), T))
    return found


def check_cost(random: Random) -> list[tuple]:
    return [(kind, random.randint(2, 400), random.randint(2, 400)) for kind in ("RNN", "GRU", "LSTM")]


def check_to_onnx(random: Random) -> list[tuple]:
    return [(random.randint(2, 9), random.randint(2, 9)) for _ in range(2)]


def check_bias_for(random: Random) -> list[tuple]:
    return [(random.randint(*span),) for span in ((3, 9), (11, 99), (101, 999))]


def check_forecaster(random: Random) -> list[tuple]:
    """Return windows of other lengths, near to that of the public ones: the statement promises 220 of them.

    Shorter ones, less than the series' period of 25 by much, would ask for another recipe of training.
    """
    return [(220, T) for T in random.sample(range(17, 25), 2)]


def check_counter_weights(random: Random) -> list[tuple]:
    return random.sample([("|ba",), ("a|b",), ("ba|",)], 3)
