"""What may stand in each slot of a template of the lexicon."""

from __future__ import annotations

from types import SimpleNamespace as Bag

from tools.pairs.clauses import NOW, TODAY, state_of
from tools.pairs.forms import agree
from tools.pairs.lexicon import BEFORE, COMPARED, FOOD, NUMBER, OWN, SHE, SMALL, STATES, TOWNS, WEATHER, table
from tools.pairs.phrases import NAMES, OTHERS, PRONOUNS, V, fixed, noun_phrase, place


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
