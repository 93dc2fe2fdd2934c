"""Right and wrong answers for the checks of the section `machine-translation-and-dataset`."""

import re
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import torch
from notebook_code import definitions

from answers.table import Answers
from helpers.pairs import Pairs
from helpers.tokenizers import WordTokenizer

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/machine-translation-and-dataset")  # whose answers join the right ones by themselves

# --- sizes of vocabularies -------------------------------------------------------------------------------------------


def vocab_sizes(pairs, num_pairs, min_freq=2, specials=4):
    sizes = []
    for sentences in zip(*pairs[:num_pairs], strict=True):
        counts = Counter(word for sentence in sentences for word in sentence.split())
        sizes.append(specials + sum(n >= min_freq for n in counts.values()))
    return tuple(sizes)


def vocab_sizes_by_words(pairs, num_pairs):
    part = Pairs(*map(list, zip(*pairs, strict=True)))[:num_pairs]
    return [len(WordTokenizer(part.sources)), len(WordTokenizer(part.targets))]


ANSWERS["check_vocab_sizes"] = Answers(
    right={
        "counted": vocab_sizes,
        "Words of the helpers": vocab_sizes_by_words,
        "tensors": lambda pairs, n: tuple(torch.tensor(size) for size in vocab_sizes(pairs, n)),
    },
    wrong={
        "one pair too many, as the book reads": (
            lambda pairs, n: vocab_sizes(pairs, n + 1),
            "for the sources of the first 3 of 6 pairs the result is 9; it should be 8",
        ),
        "more often than twice": (
            lambda pairs, n: vocab_sizes(pairs, n, min_freq=3),
            "for the sources of the first 3 of 6 pairs the result is 5; it should be 8",
        ),
        "every word": (
            lambda pairs, n: vocab_sizes(pairs, n, min_freq=1),
            "for the sources of the first 3 of 6 pairs the result is 15; it should be 8",
        ),
        "no special tokens": (
            lambda pairs, n: vocab_sizes(pairs, n, specials=0),
            "for the sources of the first 3 of 6 pairs the result is 4; it should be 8",
        ),
        "<unk> alone": (
            lambda pairs, n: vocab_sizes(pairs, n, specials=1),
            "for the sources of the first 3 of 6 pairs the result is 5; it should be 8",
        ),
        "all pairs": (
            lambda pairs, n: vocab_sizes(pairs, len(pairs)),
            "for the sources of the first 3 of 6 pairs the result is 13; it should be 8",
        ),
        "in how many sentences a word stands": (
            lambda pairs, n: vocab_sizes([tuple(" ".join(set(s.split())) for s in pair) for pair in pairs], n),
            "for the sources of the first 3 of 6 pairs the result is 7; it should be 8",
        ),
        "both languages in one": (
            lambda pairs, n: (sum(vocab_sizes(pairs, n)) - 4,) * 2,
            "for the sources of the first 3 of 6 pairs the result is 11; it should be 8",
        ),
        "targets first": (
            lambda pairs, n: vocab_sizes(pairs, n)[::-1],
            "for the sources of the first 3 of 6 pairs the result is 7; it should be 8",
        ),
        "the source alone": (lambda pairs, n: vocab_sizes(pairs, n)[0], "should be (source size, target size)"),
    },
)

# --- another width ---------------------------------------------------------------------------------------------------


fit = SOLVED["fit"]


def fit_by_rows(tokens, lengths, num_steps):
    rows = []
    for row, length in zip(tokens.tolist(), lengths.tolist(), strict=True):
        row = row[:length] if length <= num_steps else [*row[: num_steps - 1], 2]
        rows.append(row + [0] * (num_steps - len(row)))
    return rows, [min(length, num_steps) for length in lengths.tolist()]


def fit_as_the_book(tokens, lengths, num_steps):
    return fit(tokens, torch.zeros_like(lengths), num_steps)[0], lengths.clamp(max=num_steps)


def fit_all_ends(tokens, lengths, num_steps):
    wide, counted = fit(tokens, lengths, num_steps)
    wide[:, -1] = 2
    return wide, counted


def fit_words_and_end(tokens, lengths, num_steps):
    wide = torch.cat([fit_as_the_book(tokens, lengths, num_steps)[0], torch.full((len(tokens), 1), 2)], 1)
    return wide, lengths.clamp(max=num_steps + 1)


def fit_exact_too(tokens, lengths, num_steps):
    """Takes a sentence that fits exactly for one that is too long, and one word too many away from it."""
    wide, counted = fit(tokens, lengths, num_steps)
    exact = lengths == num_steps
    if num_steps > 1:
        wide[exact, -2], wide[exact, -1] = 2, 0
    return wide, torch.where(exact, lengths - 1, counted)


ANSWERS["check_fit"] = Answers(
    right={
        "row by row": fit_by_rows,
        "arrays": lambda *args: tuple(np.asarray(part) for part in fit(*args)),
        "in 32 bits": lambda *args: tuple(part.int() for part in fit(*args)),
    },
    wrong={
        "cut as the book does": (
            fit_as_the_book,
            "for num_steps = 4 and the sentence [5, 6, 7, 8, 9, 2] the row is [5, 6, 7, 8]; it should be [5, 6, 7, 2]",
        ),
        "<eos> at the end of every row": (
            fit_all_ends,
            "for num_steps = 4 and the sentence [4, 2] the row is [4, 2, 0, 2]; it should be [4, 2, 0, 0]",
        ),
        "<eos> behind num_steps words": (fit_words_and_end, "for num_steps = 4 the first part of the result has"),
        "the lengths left as they are": (
            lambda tokens, lengths, n: (fit(tokens, lengths, n)[0], lengths),
            "for num_steps = 4 and the sentence [5, 6, 7, 8, 9, 2] the length is 6; it should be 4",
        ),
        "<eos> not counted": (
            lambda tokens, lengths, n: (fit(tokens, lengths, n)[0], lengths.clamp(max=n) - 1),
            "for num_steps = 4 and the sentence [5, 6, 7, 8, 9, 2] the length is 3; it should be 4",
        ),
        "cut although it fits": (
            fit_exact_too,
            "for num_steps = 4 and the sentence [8, 8, 9, 2] the row is [8, 8, 2, 0]; it should be [8, 8, 9, 2]",
        ),
        "ids that are floats": (
            lambda tokens, lengths, n: (fit(tokens, lengths, n)[0].float(), lengths.clamp(max=n)),
            "for num_steps = 4 the first part of the result is made of floating-point numbers; it should be made of in",
        ),
        "lengths that are floats": (
            lambda tokens, lengths, n: (fit(tokens, lengths, n)[0], [float(min(length, n)) for length in lengths]),
            "for num_steps = 4 the second part of the result is made of floating-point numbers",
        ),
        "never wider": (
            lambda tokens, lengths, n: fit(tokens, lengths, min(n, tokens.shape[1])),
            "for num_steps = 8 the first part of the result has the shape (5, 6); it should be (5, 8)",
        ),
        "the beginning cut off": (
            lambda tokens, lengths, n: (fit(tokens, lengths, n)[0] if n > 5 else tokens[:, -n:], lengths.clamp(max=n)),
            "for num_steps = 4 and the sentence [5, 6, 7, 8, 9, 2] the row is [7, 8, 9, 2]",
        ),
        "filled up with <eos>": (
            lambda tokens, lengths, n: (
                torch.where(torch.arange(n) < lengths[:, None], fit(tokens, lengths, n)[0], 2),
                lengths.clamp(max=n),
            ),
            "for num_steps = 4 and the sentence [4, 2] the row is [4, 2, 2, 2]",
        ),
        "tokens alone": (lambda *args: fit(*args)[0], "should be (tokens, lengths)"),
    },
)

# --- what must stay together -----------------------------------------------------------------------------------------


def groups(pairs):
    """Every pair joins the groups of its source and of its target."""
    parent = {}

    def find(key):
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for source, target in pairs:
        parent[find(("source", source))] = find(("target", target))
    return [find(("source", source)) for source, _ in pairs]


def groups_by_spreading(pairs, rounds=None, both=True):
    """Labels spread along sources and targets until nothing changes."""
    labels = list(range(len(pairs)))
    for _ in range(len(pairs) if rounds is None else rounds):
        for side in (0, 1) if both else (0,):
            least = {}
            for pair, label in zip(pairs, labels, strict=True):
                least[pair[side]] = min(label, least.get(pair[side], label))
            labels = [least[pair[side]] for pair in pairs]
    return labels


def groups_as_sets(pairs):
    labels = groups(pairs)
    return [{s for (s, _), other in zip(pairs, labels, strict=True) if other == label} for label in labels]


def groups_in_one_pass(pairs):
    """Takes the group of whichever sentence was seen before, and joins none that exist already."""
    known, labels = {}, []
    for i, (source, target) in enumerate(pairs):
        label = known.get((0, source), known.get((1, target), i))
        known[0, source] = known[1, target] = label
        labels.append(label)
    return labels


def groups_without_language(pairs):
    parent = {sentence: sentence for sentence in chain.from_iterable(pairs)}

    def find(key):
        while parent[key] != key:
            key = parent[key]
        return key

    for source, target in pairs:
        parent[find(source)] = find(target)
    return [find(source) for source, _ in pairs]


ANSWERS["check_groups"] = Answers(
    right={
        "joined trees": groups,
        "labels that spread": groups_by_spreading,
        "a tensor": lambda pairs: torch.tensor(groups_by_spreading(pairs)),
        "an array": lambda pairs: np.array(groups_by_spreading(pairs)),
        "all sources of the group, as a set": groups_as_sets,
        "all sources of the group, as a list": lambda pairs: [sorted(group) for group in groups_as_sets(pairs)],
        "tensors in a list": lambda pairs: list(torch.tensor(groups_by_spreading(pairs))),
    },
    wrong={
        "by source alone": (lambda pairs: [s for s, _ in pairs], "for four pairs the labels are"),
        "by target alone": (lambda pairs: [t for _, t in pairs], "for four pairs the labels are"),
        "each for itself": (lambda pairs: list(range(len(pairs))), "must have the same label"),
        "all in one": (lambda pairs: [0] * len(pairs), "have nothing to do with each other"),
        "one round of spreading": (
            lambda pairs: groups_by_spreading(pairs, rounds=1),
            "for four pairs the labels are [0, 0, 1, 3], but pairs 0 ('hi .', 'salut .') and 2 ('bye .', 'au",
        ),
        "groups that exist are not joined": (
            groups_in_one_pass,
            "for groups that the last pair joins the labels are [0, 1, 0, 1, 4, 1], but pairs 0",
        ),
        "languages mixed up": (
            groups_without_language,
            "for pairs spelt alike the labels are",
        ),
        "by the whole pair": (lambda pairs: pairs, "for four pairs the labels are"),
        "one label for each distinct pair": (
            lambda pairs: groups(list(dict.fromkeys(pairs))),
            "for a pair that comes twice the result should be a list of 3 labels",
        ),
        "a set of both sentences": (
            lambda pairs: [set(pair) for pair in pairs],
            "but pairs 0 ('hi .', 'salut .') and 1 ('bye .', 'salut .') must have the same label",
        ),
        "a set of labels": (
            lambda pairs: set(groups_by_spreading(pairs)),
            "for four pairs the result should be a list of 4 labels; it is '{0, 3}'",
        ),
        "four rounds of spreading": (
            lambda pairs: groups_by_spreading(pairs, rounds=4),
            "for a long chain, shuffled the labels are [0, 0,",
        ),
        "twenty rounds of spreading": (
            lambda pairs: groups_by_spreading(pairs, rounds=20),
            "for a long chain, shuffled the labels are [0, 0, 0, 0,",
        ),
    },
)

# --- a word in pieces ------------------------------------------------------------------------------------------------


def pieces(word, merges):
    return merged("▁" + word, merges)


def merged(parts, merges):
    for left, right in merges:
        before, parts = parts, []
        for part in before:
            if parts and parts[-1] == left and part == right:
                parts[-1] = left + right
            else:
                parts.append(part)
    return list(parts)


def pieces_by_rank(word, merges):
    """Always the merge that was learnt first among those possible, one place at a time."""
    parts, rank = ["▁", *word], {merge: i for i, merge in enumerate(merges)}
    while True:
        possible = [(rank[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in rank]
        if not possible:
            return parts
        _, i = min(possible)
        parts[i : i + 2] = ["".join(parts[i : i + 2])]


def pieces_by_text(word, merges):
    text = " ".join("▁" + word)
    for left, right in merges:
        text = text.replace(f"{left} {right}", left + right)
    return text.split()


def longest_pieces(word, merges):
    known, rest, parts = {left + right for left, right in merges}, "▁" + word, []
    while rest:
        n = next((n for n in range(len(rest), 1, -1) if rest[:n] in known), 1)
        parts.append(rest[:n])
        rest = rest[n:]
    return parts


def pieces_once(word, merges):
    parts = ["▁", *word]
    for left, right in merges:
        for i in range(len(parts) - 1):
            if (parts[i], parts[i + 1]) == (left, right):
                parts[i : i + 2] = [left + right]
                break
    return parts


ANSWERS["check_pieces"] = Answers(
    right={
        "one merge after the other": pieces,
        "by rank": pieces_by_rank,
        "a tuple": lambda *a: tuple(pieces(*a)),
        "an array": lambda *a: np.array(pieces(*a)),
    },
    wrong={
        "replaced in a text": (
            pieces_by_text,
            "for the word 'abc' and 3 merges the result is ['▁', 'abc']; it should be ['▁', 'a', 'bc']",
        ),
        "the longest piece first": (
            longest_pieces,
            "for the word 'abc' and 3 merges the result is ['▁', 'abc']; it should be ['▁', 'a', 'bc']",
        ),
        "last merge first": (lambda word, merges: pieces(word, merges[::-1]), "for the word 'gardez' and 7 merges"),
        "each merge at one place": (
            pieces_once,
            "for the word 'abab' and 2 merges the result is ['▁', 'ab', 'a', 'b']; it should be ['▁', 'abab']",
        ),
        "without the mark": (
            lambda word, merges: pieces(word, merges)[1:],
            "for the word 'gardez' and 7 merges the result is ['garde', 'z']; it should be ['▁', 'garde', 'z']",
        ),
        "no merge at all": (lambda word, merges: ["▁", *word], "for the word 'gardez' and 7 merges"),
        "from right to left": (
            lambda word, merges: [
                part[::-1] for part in reversed(merged(("▁" + word)[::-1], [(b[::-1], a[::-1]) for a, b in merges]))
            ],
            "for the word 'ooo' and 1 merge the result is ['▁', 'o', 'oo']; it should be ['▁', 'oo', 'o']",
        ),
        "joined by spaces": (lambda *args: " ".join(pieces(*args)), "for the word 'gardez' and 7 merges the result is"),
    },
)

# --- back to writing -------------------------------------------------------------------------------------------------


def detokenise(sentence, language):
    for mark in ",.!?":
        space = "\u202f" if language == "fr" and mark in "!?" else ""
        sentence = sentence.replace(" " + mark, space + mark)
    return sentence[:1].upper() + sentence[1:]


def detokenise_by_pattern(sentence, language):
    if language == "fr":
        sentence = re.sub(r" (?=[!?])", "\u202f", sentence)
    return re.sub(r" (?=[,.!?])", "", sentence).capitalize()


ANSWERS["check_detokenise"] = Answers(
    right={"mark by mark": detokenise, "by pattern": detokenise_by_pattern},
    wrong={
        "every word large": (
            lambda sentence, language: detokenise(sentence, language).title(),
            "for 'look at the sea .' in 'en' the result is 'Look At The Sea.'; it should be 'Look at the sea.'",
        ),
        "first letter small": (
            lambda sentence, language: detokenise(" " + sentence, language)[1:],
            "for 'look at the sea .' in 'en' the result is 'look at the sea.'",
        ),
        "an ordinary space in French": (
            lambda sentence, language: detokenise(sentence, language).replace("\u202f", " "),
            r"for 'tu vois la mer ?' in 'fr' the result is 'Tu vois la mer ?'; it should be 'Tu vois la mer\u202f?'",
        ),
        "no space in French": (
            lambda sentence, language: detokenise(sentence, "en"),
            "for 'tu vois la mer ?' in 'fr' the result is 'Tu vois la mer?'",
        ),
        "French spaces everywhere": (
            lambda sentence, language: detokenise(sentence, "fr"),
            r"for 'do you see it ?' in 'en' the result is 'Do you see it\u202f?'",
        ),
        "a space before every French mark": (
            lambda sentence, language: (
                detokenise(sentence, language)
                if language != "fr"
                else re.sub(" (?=[,.!?])", "\u202f", sentence).capitalize()
            ),
            r"for 'je la vois .' in 'fr' the result is 'Je la vois\u202f.'; it should be 'Je la vois.'",
        ),
        "the last mark alone": (
            lambda sentence, language: (
                detokenise(sentence[:-2], "en").replace(",", " ,") + detokenise("a" + sentence[-2:], language)[1:]
            ),
            "for 'yes , of course !' in 'en' the result is 'Yes , of course!'",
        ),
        "Portuguese set as French": (
            lambda sentence, language: detokenise(sentence, "en" if language == "en" else "fr"),
            r"for 'é longe , anna ?' in 'pt' the result is 'É longe, anna\u202f?'",
        ),
        "left as it was": (lambda sentence, language: sentence, "for 'look at the sea .' in 'en'"),
        "words": (
            lambda sentence, language: detokenise(sentence, language).split(),
            "which is not a sentence",
        ),
    },
)
