"""The sentences of all patterns and templates, none twice, no word rare."""

from __future__ import annotations

import re
from collections import Counter

from tools.pairs import actions, belongings, states
from tools.pairs.clauses import finish
from tools.pairs.draw import Draw
from tools.pairs.lexicon import LINES
from tools.pairs.slots import slots

SEED, MIN_COUNT, MOST_WORDS = 9, 4, (9, 11, 11)
PATTERNS = actions.PATTERNS + states.PATTERNS + belongings.PATTERNS


def templates() -> list:
    """Return the templates of the lexicon as patterns."""
    choices = slots()

    def make(en: str, fr: str, pt: str):
        def draw(d):
            drawn = {slot: d.pick(choices[slot]) for slot in re.findall(r"{(\w+)}", en)}
            if len({thing.en.split()[-1] for thing in drawn.values()}) < len(drawn):
                return None  # "the museum is near the museum"
            parts = [text.format_map({slot: getattr(thing, lang) for slot, thing in drawn.items()})
                     for text, lang in ((en[:-1], "en"), (fr, "fr"), (pt, "pt"))]  # fmt: skip
            return finish(*parts, end=en[-1])

        return draw

    return [(int(count), make(*texts)) for count, *texts in (line.split("|") for line in LINES["templates"])]


def tokens(sentence: str) -> list[str]:
    return re.sub(r"[.,?!]", " ", sentence.lower()).split()


def build() -> list[tuple[str, ...]]:
    """Return the sentences, short ones first."""
    d, patterns, found = Draw(SEED), PATTERNS + templates(), {}

    def draw(function) -> tuple | None:
        made = function(d)
        fits = made and all(2 <= len(tokens(text)) <= most for text, most in zip(made, MOST_WORDS, strict=True))
        return made if fits and made[0] not in found else None

    for count, function in patterns:
        before = len(found)
        for _ in range(40 * count):
            if len(found) < before + count and (made := draw(function)):
                found[made[0]] = made
    words = Counter((i, word) for made in found.values() for i, text in enumerate(made) for word in set(tokens(text)))
    for _ in range(30_000):  # more sentences with rare words
        made = draw(d.pick(patterns)[1])
        new = {(i, word) for i, text in enumerate(made or ()) for word in tokens(text)}
        if any(words[word] < MIN_COUNT for word in new):
            found[made[0]] = made
            words.update(new)
    while rare := {word for word, n in words.items() if n < MIN_COUNT}:
        for made in list(found.values()):
            new = {(i, word) for i, text in enumerate(made) for word in tokens(text)}
            if new & rare:
                del found[made[0]]
                words.subtract(new)
        words = +words
    return sorted(found.values(), key=lambda made: (len(made[0]), made))
