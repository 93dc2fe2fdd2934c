"""Other answers for the checks of the section `machine-translation-and-dataset`, right and wrong."""

import torch
from notebook_code import definitions

from helpers.exercises.machine_translation import _cut, _fitted, _joined, _linked, _replaced, _shares, _written

groups = definitions("solutions/machine-translation-and-dataset")["groups"]


def fit_row_by_row(tokens, lengths, num_steps):
    rows = [row[:m] for row, m in zip(tokens.tolist(), lengths.tolist(), strict=True)]
    rows = [row if len(row) <= num_steps else [*row[: num_steps - 1], 2] for row in rows]
    return [row + [0] * (num_steps - len(row)) for row in rows], [len(row) for row in rows]


def spread(pairs, rounds):
    """Labels that spread along sources and targets, stopped after so many rounds."""
    labels = list(range(len(pairs)))
    for side in (0, 1) * rounds:
        least = {}
        for pair, label in zip(pairs, labels, strict=True):
            least[pair[side]] = min(label, least.get(pair[side], label))
        labels = [least[pair[side]] for pair in pairs]
    return labels


def groups_in_one_pass(pairs):
    """Takes the group of whichever sentence was seen before, and joins none that exist already."""
    known, labels = {}, []
    for i, (source, target) in enumerate(pairs):
        labels.append(known.get((0, source), known.get((1, target), i)))
        known[0, source] = known[1, target] = labels[-1]
    return labels


def without_language(pairs):
    """Each pair, and each turned round: what is spelt alike is taken for one sentence."""
    linked = _linked([*pairs, *((target, source) for source, target in pairs)])
    return [min(j % len(pairs) for j in found) for found in linked][: len(pairs)]


def with_dictionaries(train, held, written):
    """Looks the references up, as a score with several of them does."""
    references, found = {}, {True: [0, 0], False: [0, 0]}
    for source, target in held:
        references.setdefault(source, set()).add(target)
    for (source, _), text in zip(held, written, strict=True):
        part = found[source in dict(train)]
        part[0] += text in references[source]
        part[1] += 1
    return [right / max(number, 1) for right, number in found.values()]


def once_for_each_source(train, held, written):
    distinct = {source: (target, text) for (source, target), text in zip(held, written, strict=True)}
    return _shares(train, [(s, t) for s, (t, _) in distinct.items()], [text for _, text in distinct.values()])


def section_9(word, learnt):
    """The notebook's own function takes pairs of pieces."""
    return definitions("machine-translation-and-dataset")["merge"](["▁", *word], tuple(learnt[:2]))


RIGHT = {
    "check_score_by_origin": {"dictionaries": with_dictionaries},
    "check_fit": {"rows": fit_row_by_row, "in 32 bits": lambda x, m, n: (_fitted(x, m, n).int(), m.clamp(max=n).int())},
    "check_groups": {
        "numbers": lambda pairs: torch.tensor(spread(pairs, len(pairs))),
        "sets": _linked,
        "lists": lambda pairs: [sorted(found) for found in _linked(pairs)],
    },
    "check_detokenise": {"mark by mark": lambda sentence, language: _written(sentence, language, "?!.,")},
}
WRONG = {
    "check_score_by_origin": {
        "each source once": (once_for_each_source, "the first 6 held-out pairs new source is"),
        "words are enough": (
            lambda train, held, written: _shares(train, held, [text.split()[0] for text in written]),
            "the first 6 held-out pairs known source is 0; it should be 0.5",
        ),
        "per cent": (
            lambda *args: tuple(100 * share for share in _shares(*args)),
            "known source is 50; it should be 0.5",
        ),
        "one number": (lambda *args: sum(_shares(*args)) / 2, "should be (known source, new source)"),
    },
    "check_fit": {
        "<eos> behind all": (lambda x, m, n: (_cut(x, m + 1, n + 1), m), "tokens[0] is (5, 6, 7, 8, 9); it should be"),
        "cut although it fits": (
            lambda x, m, n: (_fitted(_cut(x, m, n), m + (m == n), n), m.clamp(max=n) - (m == n).long()),
            "num_steps = 4 lengths is (4, 2, 3, 1, 3); it should be (4, 2, 4, 1, 4)",
        ),
        "the beginning cut off": (lambda x, m, n: (x[:, -n:], m), "is (7, 8, 9, 2); it should be (5, 6, 7, 2)"),
        "floats": (lambda x, m, n: (_fitted(x, m, n).float(), m), "tokens is made of floating-point numbers"),
        "lengths that are floats": (lambda x, m, n: (_fitted(x, m, n), m / 1), "lengths is made of floating-point"),
        "tokens alone": (_fitted, "should be (tokens, lengths)"),
    },
    "check_groups": {
        "by target alone": (lambda pairs: [t for _, t in pairs], "(2, ('bye .', 'au revoir .')) must have the same"),
        "each for itself": (lambda pairs: list(range(len(pairs))), "must have the same label; theirs are (0, 1)"),
        "one round": (
            lambda pairs: spread(pairs, 1),
            "(0, ('hi .', 'salut .')) and (2, ('bye .', 'au revoir .')) must",
        ),
        "four rounds": (lambda pairs: spread(pairs, 4), "for n = 100 pairs"),
        "twenty rounds": (lambda pairs: spread(pairs, 20), "for n = 100 pairs"),
        "groups that exist are not joined": (groups_in_one_pass, "for n = 6 pairs"),
        "languages mixed up": (without_language, "(0, ('taxi !', 'un taxi !')) and (1, ('a cab !', 'taxi !')) have"),
        "by the whole pair": (lambda pairs: pairs, "must have the same label"),
        "both sentences": (lambda pairs: [set(pair) for pair in pairs], "must have the same label"),
        "each distinct pair once": (
            lambda pairs: groups(list(dict.fromkeys(pairs))),
            "for n = 3 pairs the result should hold",
        ),
        "a set of labels": (lambda pairs: set(groups(pairs)), "for n = 4 pairs the result should hold"),
    },
    "check_pieces": {
        "section 9's merge": (section_9, "for 'gardez' and ['ar', 'ard'"),
        "the longest first": (lambda word, learnt: _joined(word, learnt, lambda piece: -len(piece)), "for 'abc'"),
        "each piece at one place": (lambda word, learnt: _replaced(word, learnt, 1), "for 'abab'"),
        "no piece at all": (lambda word, _: ["▁", *word], "for 'gardez'"),
        "joined by spaces": (lambda word, learnt: " ".join(_replaced(word, learnt)), "the result is '▁ garde z'"),
    },
    "check_detokenise": {
        "the comma forgotten": (lambda *args: _written(*args, glued=".!?"), "'Yes , of course!'; it should be 'Yes,"),
        "Portuguese as French": (lambda s, language: _written(s, language.replace("pt", "fr")), "'é longe , anna ?'"),
        "left as it was": (lambda sentence, _: sentence, "for 'look at my boat .' in 'en'"),
        "words": (lambda *args: _written(*args).split(), "it should be 'Look at my boat.'"),
    },
}
