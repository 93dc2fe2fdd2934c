"""Hidden cases for the checks of the section `deep-rnn`."""

from __future__ import annotations

from random import Random


def check_two_layers(random: Random) -> list[tuple]:
    """Return sizes (B, T, D, h1, h2); the layers differ in width.

    Small ones: at some larger sizes the check's quotient of differences is too coarse for a right gradient.
    """
    return [(*(random.randint(2, 3) for _ in range(3)), *random.sample(range(2, 5), 2)) for _ in range(2)]


def check_count(random: Random) -> list[tuple]:
    kinds = ("RNN", "GRU", "LSTM")
    return [(kind, random.randint(2, 300), random.randint(2, 300), random.randint(2, 6)) for kind in kinds]


def check_split_state(random: Random) -> list[tuple]:
    return [(kind, *(random.randint(2, 6) for _ in range(3))) for kind in ("RNN", "GRU", "LSTM")]


def check_read_in_pieces(random: Random) -> list[tuple]:
    kinds = random.sample(["nn.RNN", "nn.GRU", "nn.LSTM"], 2)
    stack = " + ".join(random.choices(["nn.RNN", "nn.GRU", "nn.LSTM"], k=3))
    sizes = [random.randint(2, 5) for _ in range(3)]
    lengths = [random.randint(2 * size + 1, 3 * size + 1) for size in sizes]
    return list(zip([*kinds, stack], [random.randint(1, 3), random.randint(1, 3), 1], lengths, sizes, strict=True))


def check_influence(random: Random) -> list[tuple]:
    def price() -> float:
        return round(random.uniform(0.1, 0.9), 2)

    return [
        (random.randint(1, 7), random.randint(2, 5), price(), price(), False),
        (random.randint(1, 7), random.randint(2, 5), price(), price(), True),
        (0, random.randint(2, 5), price(), price(), True),
    ]
