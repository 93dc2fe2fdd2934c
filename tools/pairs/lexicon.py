"""The words of lexicon.txt, by section, and the five persons."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace as Bag

LEXICON = Path(__file__).with_name("lexicon.txt")
I, YOU, SHE, WE, THEY = range(5)  # persons; he and it are SHE's forms


def sections(text: str) -> dict[str, list[str]]:
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    heads = [i for i, line in enumerate(lines) if line[0] == "["] + [len(lines)]
    return {lines[i][1:-1]: lines[i + 1 : j] for i, j in itertools.pairwise(heads)}


def table(name: str) -> list[list[str]]:
    return [entry.strip().split("/") for line in LINES[name] for entry in line.split(";")]


LINES = sections(LEXICON.read_text(encoding="utf-8"))
NOUN = {en: [(word[:-2], word[-1] == "f") for word in others] for en, *others in table("nouns")}
PLURALS, BEFORE = dict(table("plurals")), dict(table("before"))
STATES = [Bag(en=en, fr=fr, pt=pt, copula=to_be, goes=goes.split()) for en, fr, pt, to_be, goes in table("states")]
COLOURS, SMALL, OWN, MANY, COUNTED, RELATIVES, FOOD = (
    [name for (name,) in table(kind)]
    for kind in ("colours", "small things", "own", "many", "counted", "relatives", "food and drink")
)
COMPARED = {key: forms for key, *forms in table("compared")}
PREPOSITION = {en: (fr, pt) for en, fr, pt in table("prepositions")}
NUMBER = {en: (fr, pt) for en, fr, pt in table("numbers")}
HABITS, PAST, FUTURE, SEASONS, TOWNS, WEATHER = map(table, ["habits", "past", "future", "seasons", "towns", "weather"])
