"""Checks for the exercises of the notebook `machine-translation-and-dataset`.

check_vocab_sizes   how large two vocabularies become from the first so many pairs
check_fit           a padded batch brought to another width, every sentence keeping its <eos>
check_groups        pairs that must stay together so that neither language leaks
check_pieces        a word divided by the merges of a byte-pair encoding
check_detokenise    a normalised sentence as a person would write it
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from helpers.exercises.verdict import Verdict, Wrong, call, ids, number, parts, short, verdict

PAD, BOS, EOS = 0, 1, 2

PAIRS = [
    ("the sea , the sea !", "la mer , la mer !"),
    ("i see you .", "je te vois ."),
    ("do you see the boat ?", "tu vois le bateau ?"),
    ("you see me .", "tu me vois ."),
    ("is it my boat ?", "est-ce mon bateau ?"),
    ("no , i see the sea .", "non , je vois la mer ."),
]


def check_vocab_sizes(vocab_sizes: Callable[[list[tuple[str, str]], int], tuple]) -> Verdict:
    """Check vocab_sizes(pairs, num_pairs) -> (source size, target size) of the first `num_pairs` pairs.

    Words are divided at spaces; counted are those that occur at least twice, and four special tokens.
    """

    def run() -> str:
        for n in (3, 1, 4, 2, 6):
            case = {1: "the first pair", len(PAIRS): f"all {n} pairs"}.get(n, f"the first {n} of {len(PAIRS)} pairs")
            answer = parts(call(vocab_sizes, case, list(PAIRS), n), ("source size", "target size"), case)
            for side, language in enumerate(("source", "target")):
                words = [word for pair in PAIRS[:n] for word in pair[side].split()]
                number(
                    answer[side], 4 + sum(words.count(word) >= 2 for word in set(words)), f"the {language}s of {case}"
                )
        return "a word counts from its second occurrence on, and four places are always taken."

    return verdict(run)


def check_fit(fit: Callable[[Tensor, Tensor, int], tuple]) -> Verdict:
    """Check fit(tokens (N, S), lengths (N,), num_steps) -> (tokens (N, num_steps), new lengths (N,)).

    Every row ends in <eos> (2) at the place lengths - 1 and is filled up with 0, before and after.
    """

    def run() -> str:
        rows = [[5, 6, 7, 8, 9, EOS], [4, EOS], [8, 8, 9, EOS], [EOS], [6, 5, 4, EOS]]
        tokens = torch.tensor([row + [PAD] * (6 - len(row)) for row in rows])
        for num_steps in (4, 3, 6, 8, 1):
            wanted = [row if len(row) <= num_steps else [*row[: num_steps - 1], EOS] for row in rows]
            case = f"num_steps = {num_steps}"
            lengths = torch.tensor([len(row) for row in rows])
            new, counted = parts(call(fit, case, tokens, lengths, num_steps), ("tokens", "lengths"), case, alike=False)
            new = ids(new, (len(rows), num_steps), case, "the first part of the result")
            counted = ids(counted, (len(rows),), case, "the second part of the result")
            for before, row, after, length in zip(rows, wanted, new.tolist(), counted.tolist(), strict=True):
                where, row_padded = f"for {case} and the sentence {before}", row + [PAD] * (num_steps - len(row))
                if after != row_padded:
                    raise Wrong(f"{where} the row is {after}; it should be {row_padded}")
                if length != len(row):
                    raise Wrong(f"{where} the length is {length}; it should be {len(row)}")
        return "every sentence keeps its end, and the lengths say where it is."

    return verdict(run)


# Some sentences are spelt alike in both languages ("taxi !"): that joins nothing.
GROUPED = {
    "four pairs": [("hi .", "salut ."), ("bye .", "salut ."), ("bye .", "au revoir ."), ("go .", "va .")],
    "pairs spelt alike": [("taxi !", "un taxi !"), ("a cab !", "taxi !"), ("stop !", "stop !")],
    "a pair that comes twice": [("run !", "cours !"), ("stay .", "reste ."), ("run !", "cours !")],
    "groups that the last pair joins": [
        ("hi .", "salut ."),
        ("run !", "courez !"),
        ("hi .", "bonjour ."),
        ("run !", "cours !"),
        ("stay .", "reste ."),
        ("run !", "bonjour ."),
    ],
    "a long chain, shuffled": [(f"{i * 7 % 50} .", f"{i * 7 % 50 + k} .") for i in range(50) for k in (0, 1)],
}


def check_groups(groups: Callable[[list[tuple[str, str]]], list]) -> Verdict:
    """Check groups(pairs) -> one label for each pair, equal exactly for pairs that must stay on one side of a split.

    Those are pairs with a source or a target in common, and pairs that other pairs link in this way.
    """

    def run() -> str:
        for case, pairs in GROUPED.items():
            answer = call(groups, case, list(pairs))
            labels = answer.tolist() if isinstance(answer, (Tensor, np.ndarray)) else answer
            if not isinstance(labels, (list, tuple)) or len(labels) != len(pairs):
                raise Wrong(f"for {case} the result should be a list of {len(pairs)} labels; it is {short(answer)}")
            labels = [label.tolist() if isinstance(label, (Tensor, np.ndarray)) else label for label in labels]
            linked, shown = _linked(pairs), str(labels) if len(labels) < 10 else f"{str(labels[:10])[:-1]}, ...]"
            for i, j in combinations(range(len(pairs)), 2):
                if bool(labels[i] == labels[j]) != (linked[i] == linked[j]):
                    which = f"pairs {i} {pairs[i]} and {j} {pairs[j]}"
                    told = (
                        "must have the same label" if linked[i] == linked[j] else "have nothing to do with each other"
                    )
                    raise Wrong(f"for {case} the labels are {shown}, but {which} {told}")
        return "a split by these groups leaks in neither direction."

    return verdict(run)


def _linked(pairs: list[tuple[str, str]]) -> list[int]:
    """Return for each pair the number of its group: each pair joins all groups that hold one of its sentences."""
    groups: list[tuple[set, list[int]]] = []
    for i, pair in enumerate(pairs):
        sentences, places = set(enumerate(pair)), [i]
        for group in [group for group in groups if group[0] & sentences]:
            groups.remove(group)
            sentences, places = sentences | group[0], places + group[1]
        groups.append((sentences, places))
    return [next(number for number, (_, places) in enumerate(groups) if i in places) for i in range(len(pairs))]


def check_pieces(pieces: Callable[[str, list[tuple[str, str]]], list[str]]) -> Verdict:
    """Check pieces(word, merges) -> the parts of '▁' + word after all merges, in the order learnt."""
    re_garde = [("a", "r"), ("ar", "d"), ("g", "ard"), ("gard", "e"), ("r", "e"), ("▁", "re"), ("▁re", "garde")]
    cases = [
        ("gardez", re_garde, ["▁", "garde", "z"]),
        ("regarde", re_garde, ["▁regarde"]),
        ("retard", re_garde, ["▁re", "t", "ard"]),
        ("abc", [("b", "c"), ("a", "b"), ("ab", "c")], ["▁", "a", "bc"]),  # the order decides, not the longest piece
        ("abab", [("a", "b"), ("ab", "ab")], ["▁", "abab"]),
        ("papa", [("p", "a"), ("▁", "pa")], ["▁pa", "pa"]),  # one merge, at two places
        ("bab", [("b", "a"), ("a", "b")], ["▁", "ba", "b"]),  # "ba b" holds "a b", but no piece "a"
        ("zoo", [], ["▁", "z", "o", "o"]),
        ("ooo", [("o", "o")], ["▁", "oo", "o"]),  # from left to right
        ("", [("a", "b")], ["▁"]),
    ]

    def run() -> str:
        for word, merges, expected in cases:
            case = f"the word {word!r} and {len(merges)} merge{'s' * (len(merges) != 1)}"
            answer = call(pieces, case, word, list(merges))
            found = list(answer) if isinstance(answer, (list, tuple, np.ndarray)) else answer
            if found != expected:
                raise Wrong(f"for {case} the result is {str(found)[:80]}; it should be {expected}")
        return "any word can be divided, whether it was seen or not."

    return verdict(run)


def check_detokenise(detokenise: Callable[[str, str], str]) -> Verdict:
    """Check detokenise(sentence, language) -> the sentence as it is written, for 'en', 'fr' and 'pt'.

    First letter large, no space before a mark; in French a U+202F before ! and ?.
    """
    cases = [
        ("look at the sea .", "en", "Look at the sea."),
        ("do you see it ?", "en", "Do you see it?"),
        ("yes , of course !", "en", "Yes, of course!"),
        ("je la vois .", "fr", "Je la vois."),
        ("tu vois la mer ?", "fr", "Tu vois la mer\u202f?"),
        ("oui , bien sûr !", "fr", "Oui, bien sûr\u202f!"),
        ("à bientôt , mes amis !", "fr", "À bientôt, mes amis\u202f!"),
        ("é longe , anna ?", "pt", "É longe, anna?"),
        ("que guarda-chuva bonito !", "pt", "Que guarda-chuva bonito!"),
        ("wait . . .", "en", "Wait..."),
    ]

    def run() -> str:
        for sentence, language, expected in cases:
            case = f"{sentence!r} in {language!r}"
            answer = call(detokenise, case, sentence, language)
            if not isinstance(answer, str):
                raise Wrong(f"for {case} the result is {str(answer)[:60]!r}, which is not a sentence")
            if answer != expected:
                raise Wrong(f"for {case} the result is {answer!r}; it should be {expected!r}")
        return "only the names stay small: which word is one, normalising has forgotten."

    return verdict(run)
