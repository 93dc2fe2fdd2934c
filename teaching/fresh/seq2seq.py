"""Hidden cases for the checks of the section `seq2seq`."""

from __future__ import annotations

from random import Random

WORDS = ["le", "chat", "noir", "dort", "bien", "ici", "."]


def check_smoothed_bleu(random: Random) -> list[tuple]:
    """Return a prediction of few words, so that some come more often than in a reference, against one to three."""

    def sentence(shortest: int, longest: int) -> list[str]:
        return random.choices(WORDS, k=random.randint(shortest, longest))

    found = []
    for number in (1, 2, 3):
        references = [sentence(4, 8) for _ in range(number)]
        base = random.choice(references)
        changed = [random.choice(WORDS) if random.random() < 0.3 else word for word in base]
        prediction = [*changed[: random.randint(3, 8)], *sentence(0, 2)]
        found.append((" ".join(prediction), [" ".join(reference) for reference in references]))
    return found


def check_sentence_loss(random: Random) -> list[tuple]:
    found = []
    for B in (2, 3):
        T = random.randint(3, 7)
        found.append((B, T, random.randint(3, 8), [random.randint(1, T) for _ in range(B - 1)] + [T]))
    return found


def check_bridge(random: Random) -> list[tuple]:
    return [(L, *(random.randint(2, 4) for _ in range(4))) for L in random.sample([1, 2, 3], 2)]


def check_start_lstm(random: Random) -> list[tuple]:
    found = []
    for number in (random.randint(4, 6), 2):
        B = random.randint(3, 4)
        found.append((random.randint(2, 4), B, random.randint(2, 5), random.choices(range(B), k=number)))
    return found
