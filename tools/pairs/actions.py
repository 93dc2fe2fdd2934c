"""Patterns about what somebody does, did, will do, wants to do or is told to do."""

from __future__ import annotations

import re
from types import SimpleNamespace as Bag

from tools.pairs.clauses import ALREADY, ALWAYS, NEVER, NOTHING, NOW, ask, close, finish, tell, wish
from tools.pairs.draw import collect
from tools.pairs.lexicon import FUTURE, HABITS, PAST, SEASONS, SHE, WE, YOU
from tools.pairs.phrases import ASKED, NAMES, OTHERS, PRONOUNS, V, both, fixed, noun_phrase, person, place

PATTERNS, pattern = collect()


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
