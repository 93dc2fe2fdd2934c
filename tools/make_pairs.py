"""Write helpers/samples/pairs.tsv: sentences in English, French and Brazilian Portuguese, from a small grammar.

    python tools/make_pairs.py            rewrite the file
    python tools/make_pairs.py --check    compare it; exit status 1 if it differs

A pattern (last part of this file) draws words from pairs_lexicon.txt and builds the three sentences side by side.
Forms, agreement, elision and contraction are worked out, never typed into a pattern. Words combine only within their
class: the lexicon names what a verb or an adjective goes with.

Conventions: "you" is one person, called tu and você. "I" and "you" are men where a form must choose; "they" is ils,
eles. Portuguese leaves out eu and nós, whose verb forms are unmistakable; French asks with est-ce que, and has a
narrow no-break space before ? and !. An English sentence stands in the file once, and each word of each language in
at least MIN_COUNT sentences.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace as Bag

FILE = Path(__file__).resolve().parents[1] / "helpers" / "samples" / "pairs.tsv"
LEXICON = Path(__file__).with_name("pairs_lexicon.txt")
SEED, MIN_COUNT, MOST_WORDS = 9, 4, (9, 11, 11)
I, YOU, SHE, WE, THEY = range(5)  # persons; he and it are SHE's forms


# --- the lexicon -----------------------------------------------------------------------------------------------------


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


# --- forms -----------------------------------------------------------------------------------------------------------


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


def fixed(en: str, fr: str, pt: str) -> Bag:
    """Return a phrase; `neg` is the French after a negation, `a` marks "a ...", which is not used there."""
    return Bag(en=en, fr=fr, neg=fr, pt=pt, a=False)


def noun_phrase(det: str, name: str, many: bool = False, state: Bag | None = None) -> Bag:
    """Return determiner, noun and adjective, which is also a subject: `p` is the person, `f` and `g` the genders."""
    (fr, f), (pt, g) = NOUN[name]
    en, fr, pt = (plural(w, lang) if many else w for w, lang in ((name, "en"), (fr, "fr"), (pt, "pt")))
    if state:
        masculine, adjective = state.fr.split()[0], agree(state.fr, "fr", f, many)
        if masculine in BEFORE and starts_with_vowel(fr) and not f and not many:
            adjective = BEFORE[masculine]
        fr = f"{adjective} {fr}" if masculine in BEFORE else f"{fr} {adjective}"
        en, pt = f"{state.en} {en}", f"{pt} {agree(state.pt, 'pt', g, many)}"
    vowel = starts_with_vowel(fr)
    neg, i, j = None, 2 if many else int(f), g + 2 * many
    o = ["o", "a", "os", "as"][j]
    if det == "the":
        en, fr, pt = f"the {en}", f"{('le', 'la', 'les')[i]} {fr}", f"{o} {pt}"
    elif det == "a":
        neg, fr, pt = f"de {fr}", f"{('un', 'une')[i]} {fr}", f"{('um', 'uma')[j]} {pt}"
        en = f"{'an' if en[0] in 'aeiou' else 'a'} {en}"
    elif det == "some":
        neg, fr = f"de {fr}", f"{('de le', 'de la', 'des')[i]} {fr}"
    elif det == "this":
        en, fr = f"{'these' if many else 'this'} {en}", f"{('cet' if vowel else 'ce', 'cette', 'ces')[i]} {fr}"
        pt = f"est{'ea'[g]}{'s' * many} {pt}"
    elif det in ("my", "your", "his", "her"):
        ending = "es" if many else "a" if f and not vowel else "on"
        en, fr = f"{det} {en}", f"{ {'my': 'm', 'your': 't'}.get(det, 's') + ending } {fr}"
        mine = {"my": "meu minha meus minhas", "your": "seu sua seus suas"}.get(det)
        pt = f"{mine.split()[j]} {pt}" if mine else f"{o} {pt} {'dele' if det == 'his' else 'dela'}"
    elif det in ("our", "their"):
        en, fr = f"{det} {en}", f"{ {'our': ('notre', 'nos'), 'their': ('leur', 'leurs')}[det][many] } {fr}"
        pt = f"noss{o} {pt}" if det == "our" else f"{o} {pt} deles"
    elif det == "many":
        en, fr, pt = f"many {en}", f"beaucoup de {fr}", f"muit{o} {pt}"
    elif det:
        en, fr, pt = f"{det} {en}", f"{NUMBER[det][0]} {fr}", f"{'duas' if g and det == 'two' else NUMBER[det][1]} {pt}"
    person = THEY if many else SHE
    return Bag(en=en, fr=fr, pt=pt, neg=neg or fr, a=det == "a", p=person, f=f, g=g, many=many, name=name)


def place(preposition: str, thing: Bag | str) -> Bag:
    thing = noun_phrase("the", thing) if isinstance(thing, str) else thing
    fr, pt = PREPOSITION[preposition]
    en = {"reach": "at", "upon": "on", "give": "to", "feed": ""}.get(preposition, preposition)
    name = "school" if en in ("to", "at") and thing.en == "the school" else thing.en
    return fixed(f"{en} {name}", f"{fr} {thing.fr}", f"{pt} {thing.pt}")


def both(a: Bag, b: Bag) -> Bag:
    return Bag(en=f"{a.en} {b.en}", fr=f"{a.fr} {b.fr}", neg=f"{a.neg} {b.fr}", pt=f"{a.pt} {b.pt}", a=a.a)


def objects(spec: str) -> list[Bag]:
    """Return what a row of the verbs lists after its flags."""
    found = []
    for part in spec.split(";"):
        det, *names = part.split() or [""]
        if part.strip().startswith("="):
            found.append(fixed(*part.strip()[1:].split("=")))
        elif det in PREPOSITION:
            found += [place(det, name) for name in names]
        elif det == "handover":
            found += [both(noun_phrase("the", a), place("give", b)) for a in SMALL[:3] for b in NAMES + OTHERS[4:7]]
        elif det == "lay":
            found += [both(noun_phrase("the", a), place("upon", b)) for a in SMALL for b in ("table", "chair", "bed")]
        elif det == "who":
            found += NAMES
        else:
            many = det in ("thes", "plural")
            found += [noun_phrase({"thes": "the", "plural": "some"}.get(det, det), n, many) for n in names]
            found += [] if det else [fixed("", "", "")]
    return found


def person(en: str, fr: str, pt: str, p: int = SHE, f: bool = False) -> Bag:
    return Bag(en=en, fr=fr, pt=pt, neg=fr, a=False, p=p, f=f, g=f, many=p in (WE, THEY), name=en)


PRONOUNS = [person("I", "je", "", I), person("you", "tu", "você", YOU), person("he", "il", "ele")]
PRONOUNS += [person("she", "elle", "ela", f=True), person("we", "nous", "", WE), person("they", "ils", "eles", THEY)]
NAMES = [person(name, name, name, f=name[-1] in "ae") for name in ("Tom", "Marc", "Anna", "Clara", "Julie")]
OTHERS = [noun_phrase("my", name) for name in ("mother", "father", "sister", "brother", "grandmother")]
OTHERS += [noun_phrase("the", name) for name in ("teacher", "captain")] + [noun_phrase("our", "neighbour")]
OTHERS += [noun_phrase("my", "parent", True), noun_phrase("the", "child", True), noun_phrase("my", "friend", True)]
ASKED = [pronoun for pronoun in PRONOUNS if pronoun.en not in ("I", "we")]
YOURS = [noun_phrase("your", name) for name in ("mother", "father", "sister", "brother", "grandmother", "neighbour")]
YOURS += [noun_phrase("your", "parent", True), noun_phrase("your", "friend", True), *OTHERS[5:7]]
VERBS = []
for line in LINES["verbs"]:
    en, fr, pt, flags, spec = line.split("|")
    VERBS.append(
        Bag(
            en=english_verb(*en.split()), fr=french_verb(fr), pt=portuguese_verb(pt), flags=flags, objects=objects(spec)
        )
    )
V = {verb.pt.infinitive + (" que" if verb.pt.tail == "que" else ""): verb for verb in VERBS}


# --- sentences -------------------------------------------------------------------------------------------------------

NOT = {"am": "am not", "is": "isn't", "are": "aren't", "do": "don't", "does": "doesn't", "did": "didn't"}
NOT |= {"can": "can't"}
BE, DO, DID, HAVE = (
    aux.split() for aux in ("am are is are are", "do do does do do", "did " * 5, "have have has have have")
)
OBJECT = ["me", "te", "se", "nous", "se"]  # reflexive, in French
ALWAYS, NEVER, ALREADY = ("always", "toujours", "sempre"), ("never", "jamais", "nunca"), ("already", "déjà", "já")
NOTHING = ("", "", "")
NOW, TODAY = ("now", "maintenant", "agora"), ("today", "aujourd'hui", "hoje")


def finish(en: str, fr: str, pt: str, end: str = ".") -> tuple[str, ...]:
    """Elide, contract, and turn three strings into sentences."""
    en, fr, pt = (" ".join(text.split()).replace(" ,", ",") for text in (en, fr, pt))
    fr = re.sub(
        r"\b(je|le|la|ne|de|que|me|te|se) (?=(\w+))", lambda m: m[0][:-2] + "'" if starts_with_vowel(m[2]) else m[0], fr
    )
    for apart, joined in (("de le", "du"), ("de les", "des"), ("à le", "au"), ("à les", "aux")):
        fr = re.sub(rf"\b{apart}\b", joined, fr)
    mine = {"meu": "o", "minha": "a", "seu": "o", "sua": "a", "nosso": "o", "nossa": "a"}
    pt = re.sub(
        r"\b(em|de|a|por) (meu|minha|seu|sua|nosso|nossa)(s?)\b",
        lambda m: f"{m[1]} {mine[m[2]]}{m[3]} {m[2]}{m[3]}",
        pt,
    )
    pt = re.sub(
        r"\b(em|de|a|por) (os?|as?|eles?|elas?)\b",
        lambda m: {"em": "n", "de": "d", "a": "à", "por": "pel"}[m[1]] + m[2],
        pt,
    )
    pt = re.sub(r"\bàa", "à", re.sub(r"\bào", "ao", pt))
    parts = en, fr, pt
    ends = end, end if end == "." else "\u202f" + end, end
    return tuple(
        unicodedata.normalize("NFC", part[0].upper() + part[1:] + mark) for part, mark in zip(parts, ends, strict=True)
    )


def tell(s: Bag, verb: Bag, thing: Bag, kind: str = "+", tense: str = "now", often=NOTHING, adverb=NOTHING) -> tuple:
    """Return a clause without its end. kind: + statement, - negation, ? question. often: always, never or already."""
    ing, perfect, en, p = tense in ("be", "ing"), tense in ("past", "done"), verb.en, s.p
    aux = {"past": DID, "done": HAVE, "can": ["can"] * 5}.get(tense, BE if ing else DO)[p]
    word = {"ing": en.ing, "be": "", "can": ""}.get(tense, en.base)
    positive = {"past": en.past, "done": f"{aux} {often[0]} {en.participle}", "now": en.third if p == SHE else en.base}
    finite = positive.get(tense) or f"{aux} {word}"
    english = {
        "+": f"{s.en} {finite if tense == 'done' else f'{often[0]} {finite}'}",
        "-": f"{s.en} {NOT.get(aux)} {word}",
        "?": f"{aux} {s.en} {word}",
    }[kind]
    fr, negated = verb.fr, kind == "-" or often == NEVER
    form, rest = fr.now[p], f"{fr.tail} {thing.neg if negated else thing.fr}"
    if perfect:
        form = (V["estar"] if fr.etre else V["ter"]).fr.now[p]
        rest = f"{fr.participle + 'e' * (s.f and fr.etre) + 's' * (s.many and fr.etre)} {rest}"
    middle = often[1] or ("pas" if negated else "")
    french = f"{s.fr} {'ne' if negated else ''} {OBJECT[p] if fr.reflexive else ''} {form} {middle} {rest}"
    pt = verb.pt
    form = f"{V['estar'].pt.now[p]} {pt.ing}" if tense == "ing" else (pt.past if perfect else pt.now)[p]
    portuguese = f"{s.pt} {'não' if kind == '-' else often[2]} {form} {pt.tail} {thing.pt}"
    ask = "est-ce que " if kind == "?" else ""
    return f"{english} {thing.en} {adverb[0]}", f"{ask}{french} {adverb[1]}", f"{portuguese} {adverb[2]}"


def wish(verb: Bag, thing: Bag, p: int = SHE, to: str = "to", fr: str = "", pt: str = "") -> Bag:
    """Return the infinitive as the object of another verb: to eat bread, manger du pain, comer pão."""
    french = f"{fr} {OBJECT[p] if verb.fr.reflexive else ''} {verb.fr.infinitive} {verb.fr.tail}"
    portuguese = f"{pt} {verb.pt.infinitive} {verb.pt.tail} {thing.pt}"
    return Bag(
        en=f"{to} {verb.en.base} {thing.en}",
        fr=f"{french} {thing.fr}",
        neg=f"{french} {thing.neg}",
        pt=portuguese,
        a=thing.a,
    )


def state_of(s: Bag, state: Bag, fr: str = "", pt: str = "") -> Bag:
    return fixed(state.en, f"{fr} {agree(state.fr, 'fr', s.f, s.many)}", agree(state.pt, "pt", s.g, s.many) + f" {pt}")


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


# --- patterns: (how many sentences, function) ------------------------------------------------------------------------

PATTERNS = []


def pattern(count: int):
    return lambda function: PATTERNS.append((count, function))


def close(clause: tuple, kind: str = "+") -> tuple[str, ...]:
    return finish(*clause, end="?" if kind == "?" else ".")


@pattern(200)
def habit(d):
    s = d.who()
    verb, thing = d.act("h", s)
    return close(tell(s, verb, thing, adverb=d.when(HABITS, verb)))


@pattern(190)
def habit_asked_or_denied(d):
    kind = d.pick("-?")
    s = d.who(kind)
    verb, thing = d.act("h", s, kind)
    return close(tell(s, verb, thing, kind), kind)


@pattern(150)
def always_or_never(d):
    s = d.who()
    verb, thing = d.act("h", s, "-")
    return close(tell(s, verb, thing, often=d.pick([ALWAYS, NEVER])))


@pattern(230)
def going_on(d):
    kind = d.kind()
    s = d.who(kind)
    verb, thing = d.act("g", s, kind)
    return close(tell(s, verb, thing, kind, "ing", adverb=d.pick([NOTHING, NOTHING, NOW])), kind)


@pattern(400)
def past(d):
    kind = d.kind()
    s = d.who(kind)
    verb, thing = d.act("", s, kind)
    if verb.flags:
        return close(tell(s, verb, thing, kind, "past", adverb=d.when(PAST, verb) if kind == "+" else NOTHING), kind)


@pattern(140)
def already_or_never(d):
    s, often = d.who(), d.pick([ALREADY, NEVER])
    verb, thing = d.act("e" if often == NEVER else "i", s)
    return close(tell(s, verb, thing, tense="done", often=often)) if "d" not in verb.flags else None


@pattern(230)
def future(d):
    kind = d.kind()
    s = d.who(kind)
    verb, thing = d.act("w", s, kind)
    to = wish(verb, thing, s.p)
    to.en = "going " + to.en
    to.pt = thing.pt if verb.pt.infinitive == "ir" else to.pt
    going = Bag(en=V["estar"].en, fr=V["ir"].fr, pt=V["ir"].pt)
    return close(tell(s, going, to, kind, "be", adverb=d.when(FUTURE, verb)), kind)


@pattern(300)
def want_like_need(d):
    kind, name = d.kind(), d.pick(["querer", "gostar", "precisar"])
    s = d.who(kind)
    verb, thing = d.act("h" if name == "gostar" else "w", s, kind)
    to = wish(verb, thing, s.p, fr="besoin de" if name == "precisar" else "")
    return close(tell(s, V[name], to, kind), kind)


@pattern(90)
def have_to(d):
    kind = d.pick("++?")
    s = d.pick(PRONOUNS) if kind == "?" else d.who()
    verb, thing = d.act("w", s)
    return close(tell(s, V["ter que"], wish(verb, thing, s.p), kind), kind)


@pattern(180)
def can(d):
    kind, flag = d.kind(), d.pick("cck")
    s = d.pick(PRONOUNS) if flag == "c" and kind == "?" else d.who(kind)
    verb, thing = d.act(flag, s, kind)
    return close(tell(s, V["saber" if flag == "k" else "poder"], wish(verb, thing, s.p, ""), kind, "can"), kind)


@pattern(50)
def learn(d):
    kind = d.kind()
    s = d.who(kind)
    verb, thing = d.act("k", s, kind)
    return close(tell(s, V["aprender"], wish(verb, thing, fr="à", pt="a"), kind, "ing"), kind)


@pattern(190)
def order(d):
    kind, polite = d.pick("+++-"), d.pick([NOTHING, NOTHING, (", please", ", s'il te plaît", ", por favor")])
    verb, thing = d.act("n" if kind == "-" and d.random() < 0.3 else "i", PRONOUNS[YOU], kind)
    form, tail = re.sub("(?<=[ea])s$", "", verb.fr.now[YOU]), verb.fr.tail
    if kind == "-":
        en, fr, pt = f"don't {verb.en.base}", f"ne {form} pas {tail} {thing.neg}", f"não {verb.pt.wish}"
    else:
        en, fr, pt = verb.en.base, f"{form} {tail} {thing.fr}", verb.pt.wish
    return finish(f"{en} {thing.en}{polite[0]}", fr + polite[1], f"{pt} {verb.pt.tail} {thing.pt}{polite[2]}")


@pattern(90)
def let_us(d):
    verb, thing = d.act("i", PRONOUNS[WE])
    to = "" if verb.pt.infinitive == "ir" else verb.pt.infinitive
    french = f"{verb.fr.now[WE]} {verb.fr.tail} {thing.fr}"
    return finish(f"let's {verb.en.base} {thing.en}", french, f"vamos {to} {verb.pt.tail} {thing.pt}")


@pattern(110)
def why_or_who(d):
    s = d.pick(ASKED + NAMES)
    verb, thing = d.act("iw", s) if d.random() < 0.5 else d.act("l", s)
    if d.random() < 0.5:
        return ask("why", "pourquoi", "por que", tell(s, verb, thing, "?", "past"))
    return close(tell(person("who", "qui", "quem"), verb, thing, "+", "past"), "?")


def ask(en: str, fr: str, pt: str, clause: tuple) -> tuple[str, ...]:
    return finish(f"{en} {clause[0]}", f"{fr} {clause[1]}", f"{pt} {clause[2]}", "?")


@pattern(40)
def who_wants(d):
    verb, thing = d.act("w", PRONOUNS[SHE])
    return close(tell(person("who", "qui", "quem"), V["querer"], wish(verb, thing)), "?")


@pattern(30)
def what(d):
    s, name = (
        d.pick(ASKED + NAMES),
        d.pick(["comer", "beber", "comprar", "ver", "perder", "encontrar", "trazer"]),
    )
    clause = tell(s, V[name], fixed("", "", ""), "?", "past", adverb=d.pick(PAST[:2]))
    return ask("what", "que", "o que", clause)


@pattern(90)
def season_or_rain(d):
    s, (en, fr, pt) = d.who(), d.pick([*SEASONS, ("when it rains", "quand il pleut", "quando chove")])
    verb, thing = d.act("h", s)
    if (
        thing.a
        or "d" in verb.flags
        or (en.startswith("when") and verb.en.base.split()[0] in ("swim", "run", "walk", "dance"))
    ):
        return None
    clause = tell(s, verb, thing)
    return finish(f"{en}, {clause[0]}", f"{fr}, {clause[1]}", f"{pt}, {clause[2]}")


@pattern(60)
def together(d):
    s, friend = d.who(), d.pick(NAMES + OTHERS)
    verb, thing = d.act("h", s)
    if verb.en.base.split()[0] not in ("play", "travel", "work", "walk", "study", "dance", "swim") or s.en == friend.en:
        return None
    return close(tell(s, verb, both(thing, place("with", friend))))


@pattern(60)
def acquaintance(d):
    kind = d.kind()
    s, other = d.pick(ASKED if kind == "?" else PRONOUNS), noun_phrase("the", d.pick(["man", "woman", "boy", "girl"]))
    verb, thing = d.act("h", other)
    clause = tell(person("who", "qui", "que"), verb, thing)
    return None if "b" in verb.flags else close(tell(s, V["conhecer"], both(other, fixed(*clause)), kind), kind)


@pattern(90)
def reported(d):
    s, other, verb = d.who(), d.who(), V[d.pick(["achar", "dizer", "achar"])]
    if s.en == other.en or s.p == YOU or (s.p in (I, WE) and verb is V["dizer"]):
        return None
    clause = tell(other, *feeling(d, other), "+", "be")
    return close(tell(s, verb, fixed(f"that {clause[0]}", f"que {clause[1]}", f"que {clause[2]}")))


def feeling(d: Draw, s: Bag) -> tuple[Bag, Bag]:
    if d.random() < 0.5:
        state = d.pick(
            state for state in STATES if state.goes == ["who"] and (state.en != "young" or s is not OTHERS[4])
        )
        return V[state.copula], state_of(s, state)
    en, to_be, fr, pt = d.pick(table("feelings"))
    return Bag(en=V["estar"].en, fr=V["ter" if to_be == "avoir" else "estar"].fr, pt=V["estar"].pt), fixed(en, fr, pt)


@pattern(240)
def mood(d):
    kind = d.kind()
    s = d.who(kind)
    verb, thing = feeling(d, s)
    times = [NOTHING] if verb is V["ser"] else [NOTHING, NOTHING, TODAY]
    return close(tell(s, verb, thing, kind, "be", adverb=d.pick(times)), kind)


@pattern(70)
def very_or_why(d):
    s, state = d.who(), d.state(who=True)
    if state.copula == "estar" and d.random() < 0.5 and state.en != "ready":
        s = d.who("?")
        return ask("why", "pourquoi", "por que", tell(s, V["estar"], state_of(s, state), "?", "be"))
    very = state_of(s, state, "très")
    very.en, very.pt = f"very {very.en}", f"muito {very.pt}"
    return close(tell(s, V[state.copula], very, "+", "be")) if state.en not in ("alone", "ready") else None


@pattern(220)
def thing_is(d):
    state, det, kind = d.state(who=False), d.pick(["the", "the", "the", "this", "my", "your", "our"]), d.kind()
    name = d.pick(state.goes)
    many = name in MANY and d.random() < 0.4
    if (det != "the" and name not in OWN) or (kind == "?" and det in ("my", "our")):
        return None
    s = noun_phrase(det, name, many)
    return close(tell(s, V[state.copula], state_of(s, state), kind, "be"), kind)


@pattern(60)
def too(d):
    state = d.pick(
        state for state in STATES if state.en in ("big", "small", "old", "heavy", "expensive", "hot", "cold")
    )
    s = noun_phrase("the", d.pick(state.goes))
    much = state_of(s, state, "trop", "demais")
    much.en = "too " + much.en
    return close(tell(s, V[state.copula], much, "+", "be"))


def described(d: Draw, det: str, name: str, many: bool = False) -> Bag | None:
    """Return the thing with an adjective that suits it."""
    kinds = [state for state in STATES if name in state.goes and (state.en in COLOURS or state.fr.split()[0] in BEFORE)]
    return noun_phrase(det, name, many, d.pick(kinds)) if kinds else None


@pattern(110)
def adjective_and_predicate(d):
    state = d.state(who=False)
    thing = described(d, "the", d.pick(state.goes), d.random() < 0.25)
    if thing is None or state.en in COLOURS or state.en in thing.en or (thing.many and thing.name not in MANY):
        return None
    if state.fr.split()[0] in BEFORE and thing.en.split()[1] not in COLOURS:
        return None
    return close(tell(thing, V[state.copula], state_of(thing, state), "+", "be"))


@pattern(90)
def of_whom(d):
    state, owner = d.state(who=False), d.pick(NAMES + OTHERS[:8])
    name = d.pick(state.goes)
    thing = noun_phrase("the", name)
    s = place("of", owner)
    whole = Bag(**vars(thing) | {"en": f"{owner.en}'s {name}", "fr": f"{thing.fr} {s.fr}", "pt": f"{thing.pt} {s.pt}"})
    return close(tell(whole, V[state.copula], state_of(thing, state), "+", "be")) if name in OWN else None


@pattern(210)
def have(d):
    kind = d.kind()
    s = d.who(kind)
    number = d.pick([*list(NUMBER)[:3], "many"])
    name = d.pick(OWN)
    if d.random() < 0.4 and kind == "+":
        thing = noun_phrase(number, d.pick(COUNTED + RELATIVES), True)
    else:
        thing = noun_phrase("a", name) if kind != "+" else described(d, "a", name) or noun_phrase("a", name)
        if kind == "-":
            thing.pt = thing.pt.split()[1]
    return close(tell(s, V["ter"], thing, kind), kind)


@pattern(100)
def want_or_need(d):
    kind = d.kind()
    s = d.who(kind)
    name = d.pick(["querer", "precisar"])
    thing = noun_phrase("some", d.pick(FOOD)) if d.random() < 0.5 else noun_phrase("a", d.pick(OWN[4:]))
    if thing.a and kind == "-":
        return None
    if name == "precisar":
        thing.fr = thing.neg = f"besoin de {thing.neg.removeprefix('de ') if not thing.a else thing.fr}"
        thing.pt = f"de {thing.pt}"
    return close(tell(s, V[name], thing, kind), kind)


@pattern(130)
def like(d):
    kind, name = d.kind(), d.pick(["gostar", "gostar", "adorar"])
    s = d.who(kind)
    many = d.random() < 0.3
    thing = noun_phrase("the", d.pick(["cat", "dog", "horse", "bird", "flower", "book"] if many else FOOD), many)
    thing.en, thing.pt = (text.split(" ", 1)[1] for text in (thing.en, thing.pt))
    return close(tell(s, V[name], thing, "+" if name == "adorar" else kind), kind if name == "gostar" else "+")


@pattern(40)
def prefer(d):
    kind = d.pick("++?")
    s = d.who(kind)
    foods = d.pick([FOOD[:8], FOOD[8:]])
    a, b = (noun_phrase("the", name) for name in (d.pick(foods), d.pick(foods)))
    thing = fixed(f"{a.name} to {b.name}", f"{a.fr} à {b.fr}", f"{a.pt[2:]} a {b.pt[2:]}")
    return close(tell(s, V["preferir"], thing, kind), kind) if a.name != b.name else None


@pattern(80)
def live(d):
    kind = d.kind()
    s = d.who(kind)
    return close(tell(s, V["morar"], d.pick(V["morar"].objects), kind), kind)


@pattern(80)
def job(d):
    kind = d.kind()
    s = d.who(kind)
    en, fr, pt = d.pick(table("jobs"))
    fr, pt = agree(fr, "fr", s.f, s.many), agree(pt, "pt", s.g, s.many)
    thing = fixed(plural(en, "en") if s.many else f"a {en}", fr, pt)
    if d.random() < 0.3:
        return close(tell(s, V["querer"], wish(V["ser"], thing), kind), kind)
    return close(tell(s, V["ser"], thing, kind, "be"), kind)


# --- slots of the templates ------------------------------------------------------------------------------------------


def slots() -> dict[str, list[Bag]]:
    """Return what may stand in each slot of a template."""

    def all_of(det: str, names: str, many: bool = False) -> list[Bag]:
        return [noun_phrase(det, name, many) for name in names.split()]

    def within(spec: str) -> list[Bag]:
        return [place(prep.replace("_", " "), n) for prep, *names in map(str.split, spec.split(",")) for n in names]

    found = {name: [fixed(*entry[:3]) for entry in table(name)] for name in ("weather", "past", "future")}
    return found | things(all_of, within) | facts(all_of)


def things(all_of, within) -> dict[str, list[Bag]]:
    animals, shops = "cat dog bird duck horse", "bakery library museum hotel hospital school market park"
    mine = [thing for det in ("my", "your", "our", "his", "her", "their") for thing in all_of(det, " ".join(OWN))]
    owned = "book key chair hat boat dog cat horse bicycle pen"
    ours = [thing for det in ("my", "your", "our", "his", "her", "their") for thing in all_of(det, owned, True)]
    return {
        "mine": mine,
        "lost": [thing for thing in mine if thing.name not in ("house", "garden")],
        "yours": [thing for thing in mine if thing.name != "garden" and not thing.en.startswith(("my", "our"))],
        "your_m": [thing for thing in mine if not thing.g and not thing.en.startswith(("my", "our"))],
        "your_f": [thing for thing in mine if thing.g and not thing.en.startswith(("my", "our"))],
        "mine_m": [thing for thing in mine if not thing.g],
        "mine_f": [thing for thing in mine if thing.g],
        "ours": ours,
        "ours_m": [thing for thing in ours if not thing.g],
        "ours_f": [thing for thing in ours if thing.g],
        "animal": all_of("a", animals),
        "animals": [thing for number in NUMBER for thing in all_of(number, animals, True)],
        "pet": all_of("the", "cat dog"),
        "shop": all_of("a", shops),
        "place": all_of("the", shops + " station"),
        "food": all_of("some", " ".join(FOOD)),
        "none": [fixed(food.en, food.neg, food.pt) for food in all_of("some", " ".join(FOOD))],
        "some": [Bag(**vars(food) | {"en": f"some {food.en}"}) for food in all_of("some", " ".join(FOOD))]
        + all_of("a", "apple orange egg chair pen"),
        "small": all_of("the", " ".join(SMALL) + " letter newspaper umbrella"),
        "smalls": all_of("the", " ".join(SMALL), True),
        "goods": all_of("the", "book hat coat umbrella bicycle bag pen"),
        "this": all_of("this", "letter book cake hat coat flower sandwich key newspaper"),
        "gift": all_of("a", "book cake hat coat umbrella bicycle bag pen horse phone"),
        "whose": [
            Bag(**vars(noun_phrase("this", name)) | {"en": name}) for name in OWN if name not in ("garden", "house")
        ],
        "count": [
            Bag(**vars(x) | {"en": x.en[5:], "fr": x.fr[12:], "pt": "quan" + x.pt[3:]})
            for x in all_of("many", owned, True)
        ],
        "what": [
            fixed(x.en, ("quelle " if x.f else "quel ") + x.fr.split(" ", 1)[1], x.pt.split(" ", 1)[1])
            for x in (
                noun_phrase("a", n, state=state)
                for state in STATES
                if state.fr.split()[0] in BEFORE and state.en not in ("new", "tall")
                for n in state.goes
            )
        ],
        "outside": within(
            "in garden park street,near river canal house,under tree bridge,on bridge beach,behind house"
        ),
        "near": within(
            ",".join(f"{prep} {shops} station bridge" for prep in ("near", "behind", "next_to", "in_front_of"))
        ),
        "indoors": within("in kitchen house car,on boat,upon table"),
        "spot": within(
            "upon table chair bed,under table chair bed,in kitchen bedroom car house,behind door,next_to window"
        ),
    }


def facts(all_of) -> dict[str, list[Bag]]:
    runs = [(x, V[name]) for x in all_of("the", "train bus boat") for name in ("sair", "chegar")]
    runs += [(x, V[name]) for x in all_of("the", "museum library market bakery lock") for name in ("abrir", "fechar")]
    numbers = [fixed(en, *NUMBER[en]) for en in NUMBER]
    shut = [state for state in STATES if state.en in ("open", "closed")]
    closed = [
        (x, state, state_of(x, state)) for x in all_of("the", "museum library market bakery lock") for state in shut
    ]
    return {
        "name": NAMES,
        "relative": NAMES + OTHERS[:8],
        "aged": NAMES + PRONOUNS[2:4] + OTHERS[2:4],
        "asked": NAMES + OTHERS[5:8],
        "no_weather": [fixed(en, no, pt) for en, _, pt, no in WEATHER],
        "today": [fixed(f"in {en}", fr, pt) for en, fr, pt in TOWNS] + [fixed(*TODAY), fixed(*NOW)],
        "rain": [fixed("rain", "pleuvoir", "chover"), fixed("snow", "neiger", "nevar")],
        "rained": [fixed("rained", "plu", "choveu"), fixed("snowed", "neigé", "nevou")],
        "number": numbers,
        "hour": [fixed(x.en, x.fr, "duas" if x.en == "two" else x.pt) for x in numbers],
        "day": [fixed(*day) for day in table("days")],
        "days": [
            fixed(f"{en}s", f"le {fr}", f"às {pt[:-6]}s-feiras" if "-" in pt else f"aos {pt}s")
            for en, fr, pt in table("days")
            if pt[0] == "s"
        ],
        "vehicle": [
            fixed(f"{x.en} {v.en.third}", f"{x.fr} {v.fr.now[SHE]}", f"{x.pt} {v.pt.now[SHE]}") for x, v in runs
        ],
        "vehicle_asked": [
            fixed(f"{x.en} {v.en.base}", f"{x.fr} {v.fr.now[SHE]}", f"{x.pt} {v.pt.now[SHE]}") for x, v in runs
        ],
        "closed": [fixed(f"{x.en} is {s.en}", f"{x.fr} est {y.fr}", f"{x.pt} fica {y.pt}") for x, s, y in closed],
        "compared": list(comparisons(all_of)),
    }


def comparisons(all_of):
    """Yield "the dog is bigger than the cat" and the like; animals are listed from big to small."""
    animals, people = all_of("the", "horse dog cat duck"), NAMES + OTHERS[:8]
    buildings = all_of("the", "museum hotel school library hospital")
    goods = all_of("the", "hat coat bag umbrella phone bicycle")
    peers = NAMES + OTHERS[2:4] + OTHERS[5:8]
    tables = [(people, "taller stronger"), (peers, "older"), (buildings, "bigger smaller older"), (goods, "expensive")]
    for things, words in [*tables, (animals, "")]:
        for i, a in enumerate(things):
            for j, b in enumerate(things):
                for name in words.split() or ["bigger" if i < j else "smaller"]:
                    en, fr, pt = COMPARED["people " * (things in (people, peers)) + name]
                    adjective = agree(fr, "fr", a.f, False), " ".join([*pt.split()[:-2], pt.split()[-2 + a.g]])
                    if i != j:
                        yield fixed(
                            f"{a.en} is {en} than {b.en}",
                            f"{a.fr} est plus {adjective[0]} que {b.fr}",
                            f"{a.pt} é {adjective[1]} do que {b.pt}",
                        )


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


# --- the file --------------------------------------------------------------------------------------------------------


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare the file instead of writing it")
    check = parser.parse_args().check
    text = "".join("\t".join(made) + "\n" for made in build())
    if not check:
        FILE.write_text(text, encoding="utf-8", newline="\n")
    elif not FILE.is_file() or FILE.read_bytes() != text.encode():
        print(f"{FILE} is not what tools/make_pairs.py writes; run it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
