"""Phrases, which are subjects, objects or places, each a bag of its words in the three languages; and all verbs."""

from __future__ import annotations

from types import SimpleNamespace as Bag

from tools.pairs.forms import agree, english_verb, french_verb, plural, portuguese_verb, starts_with_vowel
from tools.pairs.lexicon import BEFORE, LINES, NOUN, NUMBER, PREPOSITION, SHE, SMALL, THEY, WE, YOU, I


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
