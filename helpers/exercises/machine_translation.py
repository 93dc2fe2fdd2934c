"""Checks for the exercises of the notebook `machine-translation-and-dataset`.

check_score_by_origin   right translations, apart by whether their source stands in training
check_fit               a padded batch brought to another width, every sentence keeping its <eos>
check_groups            pairs that must stay together so that neither language leaks
check_pieces            a word divided by the pieces of a byte-pair encoding
check_detokenise        a normalised sentence as a person would write it
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import torch
from torch import Tensor

from helpers.exercises.check import Check
from helpers.exercises.messages import Wrong
from helpers.exercises.returned import shown, take

PAD, EOS = 0, 2
TRAIN = [("go .", "va ."), ("i see .", "je vois ."), ("stop !", "arrête !")]
HELD = [
    ("come .", "viens ."),
    ("go .", "pars ."),
    ("come .", "venez ."),
    ("i see .", "je comprends ."),
    ("good !", "bien !"),
    ("look .", "va ."),
]
WRITTEN = ["venez .", "pars .", "venez .", "je vois .", "bien !", "regarde ."]


def _score_by_origin(n):
    """score_by_origin(train, held, written) -> (share right of the pairs with a source in train, share of the others).

    Right is what any held-out pair with the same source has as its target; 0.0 where there are no pairs.
    """
    shares = _shares(TRAIN, HELD[:n], WRITTEN[:n])
    return (list(TRAIN), HELD[:n], WRITTEN[:n]), dict(zip(("known source", "new source"), shares, strict=True))


def _shares(train: list, held: list, written: list, side: int = 0, right: Callable | None = None) -> tuple:
    """The two shares; `side` of a pair tells whether it is known, `right(pair, text)` what is right."""
    right = right or (lambda pair, text: (pair[0], text) in held)
    known = {pair[side] for pair in train}
    parts: dict[bool, list[bool]] = {True: [], False: []}
    for pair, text in zip(held, written, strict=True):
        parts[pair[side] in known].append(right(pair, text))
    return tuple(sum(part) / len(part) if part else 0.0 for part in parts.values())


def _of_all(train: list, held: list, written: list) -> tuple:
    known = sum(s in {s for s, _ in train} for s, _ in held)
    shares = _shares(train, held, written)
    return shares[0] * known / len(held), shares[1] * (len(held) - known) / len(held)


check_score_by_origin = Check(
    _score_by_origin,
    case="held-out pairs",
    cases=[(6,), (3,), (2,), (1,), (4,)],
    slips={
        "own target alone": lambda *args: _shares(*args, right=lambda pair, text: pair[1] == text),
        "target known": lambda train, held, written: _shares(train, held, written, side=1),
        "shares exchanged": lambda train, held, written: _shares(train, held, written)[::-1],
        "memory counts": lambda train, held, written: _shares(
            train, held, written, right=lambda pair, text: (pair[0], text) in held + train
        ),
        "of all pairs": _of_all,
    },
    praise="parted",
)

ROWS = [[5, 6, 7, 8, 9, EOS], [4, EOS], [8, 8, 9, EOS], [EOS], [6, 5, 4, EOS]]


def _fit(num_steps):
    """fit_to(tokens (N, S), lengths (N,), num_steps) -> (tokens (N, num_steps), new lengths (N,)).

    Every row ends in <eos> (2) at the place lengths - 1 and is filled up with 0, before and after.
    """
    right = [row if len(row) <= num_steps else [*row[: num_steps - 1], EOS] for row in ROWS]
    new = {"tokens": [_filled(row, num_steps) for row in right], "lengths": tuple(map(len, right))}
    return (torch.tensor([_filled(row, 6) for row in ROWS]), torch.tensor([len(row) for row in ROWS]), num_steps), new


def _filled(row: list[int], width: int) -> tuple[int, ...]:
    return (*row, *[PAD] * (width - len(row)))


def _whole_numbers(given: dict[str, Any], *_: Any) -> None:
    for name, part in given.items():
        numbers = [i for row in part for i in row] if name == "tokens" and all(map(len, part)) else part
        if any(isinstance(i, float) for i in numbers):  # an embedding takes no 5.0
            raise Wrong("floats", name=name)


def _cut(x: Tensor, m: Tensor, n: int) -> Tensor:
    return torch.cat([x, x.new_zeros(len(x), n)], 1)[:, :n]


def _fitted(x: Tensor, m: Tensor, n: int) -> Tensor:
    return torch.where((torch.arange(n) == n - 1) & (m > n)[:, None], EOS, _cut(x, m, n))


check_fit = Check(
    _fit,
    case="width",
    cases=[(4,), (3,), (6,), (8,), (1,)],
    judge=_whole_numbers,
    slips={
        "end cut off": lambda x, m, n: (_cut(x, m, n), m.clamp(max=n)),
        "ends everywhere": lambda x, m, n: (_cut(x, m, n).index_fill(1, torch.tensor([n - 1]), EOS), m.clamp(max=n)),
        "filled with ends": lambda x, m, n: (_fitted(x, m, n).masked_fill(_cut(x, m, n) == PAD, EOS), m.clamp(max=n)),
        "old lengths": lambda x, m, n: (_fitted(x, m, n), m),
        "end not counted in": lambda x, m, n: (_fitted(x, m, n), m.clamp(max=n) - 1),
        "never wider": lambda x, m, n: (_fitted(x, m, min(n, x.shape[1])), m.clamp(max=n)),
    },
    praise="fitted",
)

CHAIN = [(f"{i} .", f"{i + k} .") for i in range(50) for k in (0, 1)]
GROUPED = [  # some sentences are spelt alike in both languages ("taxi !"): that joins nothing
    [("hi .", "salut ."), ("bye .", "salut ."), ("bye .", "au revoir ."), ("go .", "va .")],
    [("taxi !", "un taxi !"), ("a cab !", "taxi !"), ("stop !", "stop !")],
    [("run !", "cours !"), ("stay .", "reste ."), ("run !", "cours !")],
    [*zip(("hi", "run", "hi", "run", "stay", "run"), ("salut", "courez", "oh", "cours", "reste", "oh"), strict=True)],
    random.Random(0).sample(CHAIN, len(CHAIN)),
]


def _groups(pairs, n):
    """groups(pairs) -> one label for each pair, equal exactly for pairs that must stay on one side of a split.

    Those are pairs with a source or a target in common, and pairs that other pairs link in this way.
    """
    return (list(pairs),), ...


def _linked(pairs: list[tuple[str, str]]) -> list[set[int]]:
    """Return for each pair the places of those that it is linked to, directly or through others."""
    linked = [{j for j, (s, t) in enumerate(pairs) if s == pair[0] or t == pair[1]} for pair in pairs]
    while (farther := [set().union(*(linked[j] for j in found)) for found in linked]) != linked:
        linked = farther
    return linked


def _labelled(labels: Any, pairs: list[tuple[str, str]]) -> None:
    """The labels are any values that can be compared; those that are tensors or lists are taken as tuples."""
    labels, linked = take(labels, ()), _linked(pairs)
    if not isinstance(labels, tuple) or len(labels) != len(pairs):
        raise Wrong("not labels", given=shown(labels))
    for i, j in combinations(range(len(pairs)), 2):
        if bool(labels[i] == labels[j]) != (j in linked[i]):
            values = {"one": (i, pairs[i]), "other": (j, pairs[j]), "given": shown((labels[i], labels[j]))}
            raise Wrong("not together" if j in linked[i] else "not apart", **values)


check_groups = Check(
    _groups,
    case="pairs",
    cases=[(pairs, len(pairs)) for pairs in GROUPED],
    judge=_labelled,
    slips={"not together": lambda pairs: [s for s, _ in pairs], "not apart": lambda pairs: [0] * len(pairs)},
    praise="grouped",
)

GARDE = ["ar", "ard", "gard", "garde", "re", "▁re", "▁regarde"]


def _pieces(word, learnt):
    """pieces(word, learnt) -> the parts of '▁' + word when nothing more can be joined.

    Joined are the two neighbours whose joint piece was learnt first; of several places, the leftmost.
    """
    return (word, list(learnt)), tuple(_joined(word, learnt, learnt.index))


def _joined(word: str, learnt: list[str], rank: Callable[[str], int], place: int = 0) -> list[str]:
    """Join until nothing fits: the least rank first, at the first place (0) or the last (-1)."""
    parts = ["▁", *word]
    while fits := [(rank(a + b), i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in learnt]:
        i = [i for r, i in fits if r == min(fits)[0]][place]
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts


def _longest(word: str, learnt: list[str]) -> list[str]:
    rest, parts = "▁" + word, []
    while rest:
        parts.append(next(rest[:n] for n in range(len(rest), 0, -1) if n == 1 or rest[:n] in learnt))
        rest = rest[len(parts[-1]) :]
    return parts


def _replaced(word: str, learnt: list[str], times: int = -1) -> list[str]:
    text = " ".join("▁" + word)
    for piece in learnt:
        for i in range(1, len(piece)):
            text = text.replace(f"{piece[:i]} {piece[i:]}", piece, times)
    return text.split()


check_pieces = Check(
    _pieces,
    case="word and pieces",
    cases=[
        ("gardez", GARDE),
        ("regarde", GARDE),
        ("retard", GARDE),
        ("abab", ["ab", "abab"]),
        ("bab", ["ba", "ab"]),  # "ba b" holds "a b", but no piece "a"
        ("abc", ["bc", "ab"]),  # the order decides, not the place
        ("abcd", ["bc", "ab", "abcd", "cd"]),  # "abcd" is known, but no two neighbours make it
        ("papa", ["pa", "▁pa"]),  # one piece, at two places
        ("zoo", []),
        ("ooo", ["oo"]),  # from left to right
        ("", ["ab"]),
    ],
    slips={
        "in a text": _replaced,
        "longest from the left": _longest,
        "last learnt": lambda word, learnt: _joined(word, learnt, lambda piece: -learnt.index(piece)),
        "from the right": lambda word, learnt: _joined(word, learnt, learnt.index, -1),
        "no mark": lambda word, learnt: _joined(word, learnt, learnt.index)[1:],
    },
    praise="divided",
)


def _detokenise(sentence, language):
    """detokenise(sentence, language) -> the sentence as it is written, for 'en', 'fr' and 'pt'.

    First letter large, no space before a mark; in French a U+202F before ! and ?.
    """
    return (sentence, language), _written(sentence, language)


def _written(sentence: str, language: str, glued: str = ",.!?", apart: str = "!?") -> str:
    for mark in glued:
        space = "\u202f" if language == "fr" and mark in apart else ""
        sentence = sentence.replace(" " + mark, space + mark)
    return sentence.capitalize()


check_detokenise = Check(
    _detokenise,
    case="sentence",
    cases=[
        ("look at my boat .", "en"),
        ("do you see him ?", "en"),
        ("yes , of course !", "en"),
        ("je la vois .", "fr"),
        ("tu vois la mer ?", "fr"),
        ("oui , bien sûr !", "fr"),
        ("à bientôt , mes amis !", "fr"),
        ("é longe , anna ?", "pt"),
        ("que guarda-chuva bonito !", "pt"),
        ("wait . . .", "en"),
    ],
    slips={
        "all words large": lambda sentence, language: _written(sentence, language).title(),
        "small letter": lambda sentence, language: _written(sentence, language).lower(),
        "ordinary space": lambda sentence, language: _written(sentence, language).replace("\u202f", " "),
        "no space": lambda sentence, _: _written(sentence, "en"),
        "space elsewhere": lambda sentence, _: _written(sentence, "fr"),
        "space before all": lambda sentence, language: _written(sentence, language, apart=",.!?"),
    },
    praise="detokenised",
)
