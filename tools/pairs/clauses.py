"""Clauses: a subject, a verb and its object as statement, negation or question; and clauses as finished sentences."""

from __future__ import annotations

import re
import unicodedata
from types import SimpleNamespace as Bag

from tools.pairs.forms import agree, starts_with_vowel
from tools.pairs.lexicon import SHE
from tools.pairs.phrases import V, fixed

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


def close(clause: tuple, kind: str = "+") -> tuple[str, ...]:
    return finish(*clause, end="?" if kind == "?" else ".")


def ask(en: str, fr: str, pt: str, clause: tuple) -> tuple[str, ...]:
    return finish(f"{en} {clause[0]}", f"{fr} {clause[1]}", f"{pt} {clause[2]}", "?")
