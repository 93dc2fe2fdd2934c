"""Hidden cases for the checks of the section `machine-translation-and-dataset`."""

from __future__ import annotations

from itertools import pairwise
from random import Random

PHRASES = {
    "en": ["the boat", "my brother", "an old house", "this road", "she", "our garden", "the sea", "you"],
    "fr": ["le bateau", "mon frère", "une vieille maison", "cette route", "elle", "notre jardin", "la mer", "tu"],
    "pt": ["o barco", "meu irmão", "uma casa velha", "esta estrada", "ela", "nosso jardim", "o mar", "você"],
}
VERBS = {
    "en": ["is here", "waits", "sleeps", "comes back", "was far away"],
    "fr": ["est ici", "attend", "dort", "revient", "était loin"],
    "pt": ["está aqui", "espera", "dorme", "volta", "estava longe"],
}


def check_score_by_origin(random: Random) -> list[tuple]:
    return [(5,)]  # the one beginning of the table that is not public


def check_fit(random: Random) -> list[tuple]:
    return [(random.choice([2, 5]),), (random.choice([7, *range(9, 30)]),)]


def check_groups(random: Random) -> list[tuple]:
    """Return random pairs: with some twice as many as sentences, groups of every size come about."""
    found = []
    for number in (random.randint(5, 9), random.randint(20, 40)):
        sources = [f"word{i} ." for i in random.sample(range(100), number)]
        targets = [f"mot{i} ." for i in random.sample(range(100), number)]
        pairs = [(random.choice(sources), random.choice(targets)) for _ in range(number)]
        found.append((pairs, number))
    return found


def check_pieces(random: Random) -> list[tuple]:
    return [_word_and_pieces(random) for _ in range(4)]


def _word_and_pieces(random: Random) -> tuple[str, list[str]]:
    """Return a word, and pieces that were learnt from others like it, each joined from two that were there."""
    letters = random.sample("adeilnorst", 3)
    words = [["▁", *random.choices(letters, k=random.randint(4, 7))] for _ in range(4)]
    learnt: list[str] = []
    for _ in range(random.randint(5, 8)):
        joint = random.choice([a + b for parts in words for a, b in pairwise(parts)] or [""])
        if joint and joint not in learnt:
            learnt.append(joint)
            words = [_join(parts, joint) for parts in words]
    return "".join(random.choices(letters, k=random.randint(5, 8))), learnt


def _join(parts: list[str], joint: str) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1] + part == joint:
            joined[-1] = joint
        else:
            joined.append(part)
    return joined


def check_detokenise(random: Random) -> list[tuple]:
    def clause(language: str) -> str:
        return f"{random.choice(PHRASES[language])} {random.choice(VERBS[language])}"

    question = f"{clause('fr')} , {clause('fr')} ?"
    return [
        (f"{clause('en')} , {clause('en')} {random.choice('!?.')}", "en"),
        (question, "fr"),
        (f"{clause('fr')} {random.choice('!.')}", "fr"),
        (f"{clause('pt')} {random.choice('!?')}", "pt"),
    ]
