"""Exercises with numbers of one's own in the sections on recurrent layers."""

from __future__ import annotations

import math
from collections.abc import Callable

from helpers.exercises import deep_rnn
from teaching.own_numbers.own import Own

# --- gru -------------------------------------------------------------------------------------------------------------


def _fallen(values: dict) -> Callable:
    def half_life(z):
        return (z,), math.inf if z == 1 else math.log(values["k"]) / -math.log(z)

    return half_life


GRU = {
    ("gru", 4): Own(
        values=lambda random: {"k": random.choice([k for k in range(3, 40) if k & (k - 1)])},
        texts=lambda v: {"half": f"{math.log2(v['k']):.4f}"},
        statement=(
            ("would a state have halved?", "would a state have fallen to 1/<<k>> of what it was?"),
            ("for $z = 0.5$ it is 1, and", "for $z = 0.5$ it is <<half>>, and"),
        ),
        check="check_half_life",
        question=_fallen,
        examples=((0.5,), (0.9,), (1.0,)),
        more=((0.99,), (0.25,)),
    ),
    ("gru", 7): Own(
        values=lambda random: {"seed": random.randint(1, 999), "begin": random.randint(0, 30)},
        texts=lambda v: {"end": v["begin"] + 70},
        statement=(
            (
                "for a single pass, and fill",
                "for a single pass over the part of the text that is yours, from <<begin>>% to <<end>>% of it, from "
                "the seed <<seed>> on, and fill",
            ),
        ),
        code=(
            ("    set_seed(0)\n", "    set_seed(<<seed>>)\n"),
            (
                "    batches = SequentialBatches(corpus.train, batch_size=32, num_steps=num_steps)\n",
                "    n = len(corpus.train)\n"
                "    mine = corpus.train[n * <<begin>> // 100 : n * <<end>> // 100]\n"
                "    batches = SequentialBatches(mine, batch_size=32, num_steps=num_steps)\n",
            ),
        ),
    ),
}

# --- lstm ------------------------------------------------------------------------------------------------------------


def _bias(values: dict) -> Callable:
    def bias_for(k):
        left = (values["percent"] / 100) ** (1 / k)
        return (k,), math.log(left) - math.log1p(-left)

    return bias_for


LSTM = {
    ("lstm", 4): Own(
        values=lambda random: {"percent": random.choice([p for p in range(15, 91) if p != 50])},
        texts=lambda v: {"one": f"{math.log(v['percent'] / (100 - v['percent'])):.4f}"},
        statement=(
            ("leaves half of a cell after", "leaves <<percent>>% of a cell after"),
            ("For $k = 1$ it is 0.", "For $k = 1$ it is <<one>>."),
        ),
        check="check_bias_for",
        question=_bias,
        examples=((1,), (10,)),
        more=((2,), (40,), (1000,)),
        case="symbols",  # "k = ..."; the public one speaks of a half-life
        tolerance=1e-3,
    ),
    ("lstm", 8): Own(
        values=lambda random: {
            "width": random.choice([48, 56, 64, 72, 80]),
            "low": random.choice([0.5, 0.8, 1.0, 1.2, 1.5]),
            "high": random.choice([2.5, 3.0, 3.5, 4.0]),
            "seed": random.randint(1, 999),
        },
        statement=(
            (
                "Train an LSTM of 64 units for two passes",
                "Train an LSTM of <<width>> units, from the seed <<seed>>, for two passes",
            ),
            ("forget biases of 0, 1 and 3", "forget biases of 0, <<low>> and <<high>>"),
        ),
    ),
}

# --- deep-rnn --------------------------------------------------------------------------------------------------------


def _sent_in(k: int, L: int, g: float, f: float, residual: bool, size: int, steps: int) -> float:
    return size * sum(deep_rnn._top(k - i, L, g, f, residual)[0] for i in range(min(steps, k + 1)))


def _influence(values: dict) -> Callable:
    def influence(k, num_layers, g, f, residual):
        args = k, num_layers, g, f, residual
        return args, _sent_in(*args, **values)

    return influence


DEEP = {
    ("deep-rnn", 5): Own(
        values=lambda random: {"size": random.choice([2, 3, 5, 6, 7, 9]), "steps": random.randint(2, 5)},
        texts=lambda v: {
            "plain": f"{_sent_in(2, 3, 0.5, 0.5, False, **v):.6g}",
            "past": f"{_sent_in(0, 2, 0.25, 0.5, True, **v):.6g}",
        },
        statement=(
            (
                "Send in a single 1, then zeros: what does the last layer hand on $k$ steps later?",
                "Send in a <<size>> at each of the first <<steps>> steps, then zeros: what does the last layer hand on "
                "$k$ steps after the first of them?",
            ),
            (
                r"it is $6 \cdot \frac18 \cdot \frac14 = 0.1875$; for",
                "it is <<plain>> (a single 1 leaves $6 \\cdot \\frac18 \\cdot \\frac14 = 0.1875$ after two steps); for",
            ),
            ("residual connections it is 1.5625.", "residual connections it is <<past>>."),
        ),
        check="check_influence",
        question=_influence,
        examples=((2, 3, 0.5, 0.5, False), (0, 2, 0.25, 0.5, True)),
        more=((6, 4, 0.3, 0.9, False), (5, 4, 0.1, 0.8, True), (9, 2, 0.4, 0.7, True)),
    ),
    ("deep-rnn", 7): Own(
        values=lambda random: {
            "least": random.randint(7, 12),
            "middle": random.randint(20, 30),
            "most": random.randint(45, 60),
            "seed": random.randint(1, 999),
        },
        statement=(
            (
                "on the first tenth, quarter, half and all of the training text,",
                "on the first <<least>>%, <<middle>>%, <<most>>% and all of the training text, from the seed <<seed>>,",
            ),
        ),
    ),
}

# --- bi-rnn ----------------------------------------------------------------------------------------------------------


def _widths(values: dict) -> Callable:
    def two_widths(n, T, d, h_f, h_b, q):
        blocks, L = deep_rnn.BLOCKS[values["kind"]], values["layers"]
        parameters = sum(blocks * h * (d + h + 2 + (L - 1) * (2 * h + 2)) for h in (h_f, h_b))
        shapes = {"outputs": (n, T, h_f + h_b), "W_hq": (h_f + h_b, q)}
        return (n, T, d, h_f, h_b, q), {**shapes, "parameters": parameters}

    return two_widths


BI = {
    ("bi-rnn", 1): Own(
        values=lambda random: {"kind": random.choice(["RNN", "GRU", "LSTM"]), "layers": random.randint(2, 6)},
        statement=(
            (
                "both are `nn.GRU` with $d$ inputs.",
                "both are `nn.<<kind>>` with $d$ inputs and `num_layers=<<layers>>`, each a stack of its own.",
            ),
            ("of the bidirectional layer (without", "of both stacks together (without"),
        ),
        check="check_two_widths",
        question=_widths,
        examples=((2, 5, 3, 4, 6, 7),),
        more=((1, 1, 1, 5, 2, 3), (3, 8, 10, 1, 9, 28)),
    ),
    ("bi-rnn", 8): Own(
        values=lambda random: {
            "few": random.randint(3, 7),
            "some": random.randint(12, 18),
            "more": random.randint(26, 34),
            "most": random.randint(55, 65),
            "trained": random.randint(35, 45),
        },
        statement=(
            ("Mask 5 %, 15 %, 30 % and 60 % of", "Mask <<few>> %, <<some>> %, <<more>> % and <<most>> % of"),
            ("train one with 40 % masked", "train one with <<trained>> % masked"),
        ),
    ),
}
