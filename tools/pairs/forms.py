"""Forms of single words: plurals, agreement, and the tenses of verbs in the three languages."""

from __future__ import annotations

import re
import unicodedata
from types import SimpleNamespace as Bag

from tools.pairs.lexicon import LINES, PLURALS


def starts_with_vowel(word: str) -> bool:
    return not word.startswith("huit") and unicodedata.normalize("NFD", word.lower())[0] in "aeiouhœ"


def plural(word: str, language: str) -> str:
    endings = {
        "en": {"[^aeiou]y": (1, "ies"), "(s|sh|ch|x|o)": (0, "es")},
        "fr": {"[sxz]": (0, ""), "eau": (0, "x"), "al": (1, "ux")},
        "pt": {"s": (0, ""), "ão": (2, "ões"), "m": (1, "ns"), "[rz]": (0, "es"), "el": (2, "éis"), "l": (1, "is")},
    }[language] | {"": (0, "s")}
    if language == "pt" and word.endswith("il"):
        return word[:-1] + "s"
    cut, added = next(endings[end] for end in endings if re.search(end + "$", word))
    return PLURALS.get(word) or word[: len(word) - cut] + added


def agree(forms: str, language: str, feminine: bool, many: bool) -> str:
    """Return the form of an adjective given as 'masculine feminine'."""
    form = forms.split()[feminine]
    return plural(form, language) if many else form


def english_verb(base: str, *irregular: str) -> Bag:
    first, _, particle = base.partition("~")
    double = first + first[-1] if first in ("run", "swim", "put", "get", "travel") else first
    root = double[:-1] if re.search("[^e]e$", double) else double
    past = first[:-1] + "ied" if re.search("[^aeiou]y$", first) else root + "ed"
    past, participle = irregular or (past, past)
    forms = {"third": "has" if first == "have" else plural(first, "en"), "past": past, "participle": participle}
    return Bag(
        base=f"{first} {particle}",
        **{name: f"{form} {particle}" for name, form in (forms | {"ing": root + "ing"}).items()},
    )


def french_verb(spec: str) -> Bag:
    words = spec.removeprefix("se ").removesuffix(" E").split()
    infinitive, forms, tail = words[0], words[1:7], ""
    if len(forms) < 6:
        stem, tail = infinitive[:-2], " ".join(forms)
        forms = [stem + end for end in ("e", "es", "e", "eons" if stem[-1] == "g" else "ons", "ent", "é")]
    marks = {"reflexive": spec.startswith("se "), "etre": spec.endswith(" E")}
    return Bag(infinitive=infinitive, now=forms[:5], participle=forms[5], tail=tail, **marks)


def portuguese_verb(spec: str) -> Bag:
    infinitive, _, tail = spec.partition(" ")
    stem, kind = infinitive[:-2], infinitive[-2]

    def join(ending: str) -> str:  # the spelling follows the sound: ligar, liguei; esquecer, esqueço
        changes = {"c": "qu", "g": "gu", "ç": "c"} if kind == "a" and ending[0] == "e" else {}
        changes = {"c": "ç"} if kind == "e" and ending[0] in "oa" else changes
        return stem[:-1] + changes.get(stem[-1], stem[-1]) + ending if stem else ending

    endings = {"a": "o a amos am ei ou amos aram", "e": "o e emos em i eu emos eram", "i": "o e imos em i iu imos iram"}
    irregular = next(
        (line.split()[1:] for line in LINES["irregular portuguese"] if line.startswith(infinitive + ":")), []
    )
    forms = irregular + [join(ending) for ending in endings[kind].split()][len(irregular) :]
    wish = {"ir": "vá", "dar": "dê"}.get(infinitive) or (join("e") if kind == "a" else forms[0][:-1] + "a")
    now, past = ([eu, ele, ele, nós, eles] for eu, ele, nós, eles in (forms[:4], forms[4:]))
    return Bag(infinitive=infinitive, now=now, past=past, wish=wish, ing=infinitive[:-1] + "ndo", tail=tail)
