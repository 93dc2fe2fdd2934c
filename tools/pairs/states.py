"""Patterns about how somebody feels and what a thing is like."""

from __future__ import annotations

from types import SimpleNamespace as Bag

from tools.pairs.clauses import NOTHING, TODAY, ask, close, state_of, tell
from tools.pairs.draw import Draw, collect
from tools.pairs.lexicon import BEFORE, COLOURS, MANY, OWN, STATES, WE, YOU, I, table
from tools.pairs.phrases import NAMES, OTHERS, V, fixed, noun_phrase, place

PATTERNS, pattern = collect()


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
