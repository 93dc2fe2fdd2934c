"""Hidden cases for the checks of the section `encoder-decoder`.

check_best_share has none: its cases are all the pairs that its tables hold.
"""

from __future__ import annotations

from random import Random

from helpers.exercises.encoder_decoder import STATES

FAINT = "(X * real).sum(1) + 3e-5 * X[:, -1]"  # whether it shows above 1e-5 hangs on the tokens behind the length


def check_longest_word(random: Random) -> list[tuple]:
    """Return a common case, one at whose edge the shorter words decide, one with a single letter, one beyond floats."""
    edge = random.randint(2, 5)  # 2^edge letters: words of n letters alone would fill edge · n bits
    return [
        (random.choice([5, 6, 7, 9, 11, 12, 26]), random.randint(20, 300)),
        (2**edge, edge * random.randint(4, 30)),
        (1, random.randint(4, 12)),
        (random.randint(5, 26), random.randint(1100, 4096)),
    ]


def check_reorder(random: Random) -> list[tuple]:
    """Return a choice that repeats rows, and one that leaves some out."""
    found = []
    for number in (random.randint(5, 7), 2):
        B = random.randint(3, 5)
        found.append((random.randint(1, 4), B, random.choices(range(B), k=number)))
    return found


def check_ignores_padding(random: Random) -> list[tuple]:
    """Return a sound encoder and a broken one on sources of several lengths, and one of either kind without padding."""
    sound, broken = ([code for code in STATES if STATES[code][1] is kind and code != FAINT] for kind in (True, False))
    everywhere = [code for code in broken if "X[:, -1]" not in code]
    n = random.choice([2, 4, 5])
    return [
        (random.choice(sound), tuple(random.sample(range(2, 7), 3))),
        (random.choice(broken), tuple(random.sample(range(2, 7), 3))),
        (random.choice([sound[0], *everywhere]), (n, n, n)),
    ]


def check_make_pair(random: Random) -> list[tuple]:
    return [(random.randint(13, 80),)]


def check_copy_batch(random: Random) -> list[tuple]:
    shortest = random.randint(2, 4)
    return [
        (random.randint(250, 600), shortest, shortest + random.randint(2, 4), random.randint(3, 11)),
        (random.randint(250, 600), shortest, shortest, random.randint(3, 11)),
    ]
