"""Random choices of words that suit one another, and the lists of patterns that ask for them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import SimpleNamespace as Bag

from tools.pairs.lexicon import HABITS, STATES
from tools.pairs.phrases import ASKED, NAMES, OTHERS, PRONOUNS, VERBS, YOURS


class Draw:
    """Random choices. Only random() is used: its sequence is the same in every version of Python."""

    def __init__(self, seed: int):
        self.random = Random(seed).random

    def pick(self, things):
        things = list(things)
        return things[int(self.random() * len(things))]

    def kind(self) -> str:
        return self.pick("++--?")

    def who(self, kind: str = "+") -> Bag:
        """Return a subject; a question is not about the one who asks."""
        return self.pick(
            self.pick([ASKED, ASKED, NAMES, YOURS] if kind == "?" else [PRONOUNS, PRONOUNS, NAMES, OTHERS])
        )

    def act(self, flag: str, s: Bag, kind: str = "+") -> tuple[Bag, Bag]:
        """Return a verb with `flag` and an object that suit the subject and the kind of sentence."""
        while True:
            verb = self.pick(v for v in VERBS if flag in v.flags)
            thing = self.pick(verb.objects)
            child, itself = "child" in s.en, s.en in thing.en and s not in PRONOUNS
            if not ((thing.a and kind == "-") or (child and "b" in verb.flags) or itself):
                return verb, thing

    def when(self, times: list, verb: Bag) -> list[str]:
        return self.pick(
            times[:1] if "d" in verb.flags else times if "l" in verb.flags or times is HABITS else times[:-1]
        )

    def state(self, who: bool) -> Bag:
        return self.pick(state for state in STATES if (state.goes == ["who"]) == who and state.en != "new")


def collect() -> tuple[list, Callable]:
    """Return an empty list of patterns and the decorator that adds a function, which makes `count` sentences, to it."""
    patterns = []

    def pattern(count: int) -> Callable:
        def add(function: Callable) -> Callable:
            patterns.append((count, function))
            return function

        return add

    return patterns, pattern
