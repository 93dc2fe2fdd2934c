"""Patterns about what somebody has, wants, likes and is."""

from __future__ import annotations

from tools.pairs.clauses import close, tell, wish
from tools.pairs.draw import collect
from tools.pairs.forms import agree, plural
from tools.pairs.lexicon import COUNTED, FOOD, NUMBER, OWN, RELATIVES, table
from tools.pairs.phrases import V, fixed, noun_phrase
from tools.pairs.states import described

PATTERNS, pattern = collect()


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
