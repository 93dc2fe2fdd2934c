"""Exercises with numbers of one's own in the sections on translation, and on the page after them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from helpers.exercises import machine_translation, seq2seq
from teaching.own_numbers.own import Own

# --- machine-translation-and-dataset ---------------------------------------------------------------------------------

SPACES = {"U+202F": "\u202f", "U+00A0": "\xa0", "U+2009": "\u2009"}
MARKS = {"!": "`!`", "?": "`?`", ".!?": "`.`, `!` and `?`", ",!": "`,` and `!`"}


def _printed(sentence: str, language: str, code: str, marks: str) -> str:
    written = machine_translation._written(sentence, language, apart=marks)
    return written.replace("\u202f", SPACES[code])


def _detokenised(values: dict) -> Callable:
    def detokenise(sentence, language):
        return (sentence, language), _printed(sentence, language, **values)

    return detokenise


DATA = {
    ("machine-translation-and-dataset", 5): Own(
        values=lambda random: {"code": random.choice(list(SPACES)), "marks": random.choice(list(MARKS))},
        texts=lambda v: {
            "before": MARKS[v["marks"]],
            "example": ascii(_printed("oui , tu la vois !", "fr", **v)).replace("'", '"'),
        },
        statement=(
            (
                "a U+202F before `!` and `?`.",
                "a <<code>> before <<before>>, as the house style of your printer has it.",
            ),
            (
                '`"tu vois la mer ?"` in French becomes `"Tu vois la mer\\u202f?"`.',
                '`"oui , tu la vois !"` in French becomes `<<example>>`.',
            ),
        ),
        check="check_detokenise",
        question=_detokenised,
        examples=(("oui , tu la vois !", "fr"), ("yes , of course !", "en")),
        more=(("tu vois la mer ?", "fr"), ("je la vois .", "fr"), ("oui , merci !", "fr"), ("é longe , anna ?", "pt")),
    ),
    ("machine-translation-and-dataset", 7): Own(
        values=lambda random: {"parts": random.randint(5, 12), "seed": random.randint(1, 999)},
        statement=(
            (
                "Compare the order of the file with a shuffled order,",
                "Take <<parts>> parts. Compare the order of the file with one that `random.Random(<<seed>>)` shuffles,",
            ),
        ),
        code=(("def vocabulary_growth(sentences, parts=4):", "def vocabulary_growth(sentences, parts=<<parts>>):"),),
    ),
}

# --- encoder-decoder -------------------------------------------------------------------------------------------------


def _longest(num_letters: int, bits: int, shortest: int, spare: int) -> int:
    n, words = shortest, num_letters**shortest + spare
    while words + num_letters ** (n + 1) <= 2**bits:
        n, words = n + 1, words + num_letters ** (n + 1)
    return n


def _longest_word(values: dict) -> Callable:
    def longest_word(num_letters, bits):
        return (num_letters, bits), _longest(num_letters, bits, **values)

    return longest_word


def _words_and_spare(random: Random) -> dict:
    """Return two numbers whose difference tells both of them: it is what full states show."""
    shortest = random.randint(1, 3)
    return {"shortest": shortest, "spare": 2 * shortest + 3 * random.randint(1, 12)}


ENCODER = {
    ("encoder-decoder", 1): Own(
        values=_words_and_spare,
        texts=lambda v: {"example": _longest(8, 64, **v), "five": _longest(2, 7, **v)},
        statement=(
            (
                "Each word of 0 to $n$ letters is to have a state of its own, so that it can be restored.",
                "Each word of <<shortest>> to $n$ letters is to have a state of its own, so that it can be restored, "
                "and <<spare>> more states are needed for other things.",
            ),
            (
                "For 8 letters and 64 bits it is 21, more",
                "For 2 letters and 7 bits it is <<five>>, and for 8 letters and 64 bits it is <<example>>, more",
            ),
        ),
        check="check_longest_word",
        question=_longest_word,
        examples=((8, 64), (2, 7)),
        # The last ones are full to the edge: the states that are left decide.
        more=(
            (3, 64),
            (10, 64),
            (26, 30),
            (10, 1200),
            *((2, bits) for bits in range(8, 12)),
            *((1, b) for b in (6, 7)),
        ),
        hidden=False,
    ),
    ("encoder-decoder", 7): Own(
        values=lambda random: {"turn": random.randint(1, 3), "seed": random.randint(1, 999)},
        texts=lambda v: {"letters": ["letter", "two letters", "three letters"][v["turn"] - 1]},
        statement=(
            (
                "on the copy task and on reversing, with the same budget.",
                "on the copy task, on reversing, and on turning: the first <<letters>> of a word go to its end. Give "
                "all three the same budget, and the seed <<seed>>.",
            ),
        ),
        code=(("    set_seed(11)\n", "    set_seed(<<seed>>)\n"),),
    ),
}

# --- seq2seq ---------------------------------------------------------------------------------------------------------


def _added(values: dict) -> Callable:
    def smoothed_bleu(prediction, references):
        return (prediction, list(references)), seq2seq._bleu(prediction, references, add=(0, *[values["more"]] * 3))

    return smoothed_bleu


SEQ2SEQ = {
    ("seq2seq", 1): Own(
        values=lambda random: {"more": random.randint(2, 20)},
        texts=lambda v: {"example": f"{seq2seq._bleu('le chat .', ['le chat dort .'], add=(0, *[v['more']] * 3)):.4f}"},
        statement=(
            (
                "add 1 to the matches and 1 to the number of n-grams.",
                "add <<more>> to the matches and <<more>> to the number of n-grams.",
            ),
            (
                '`smoothed_bleu("va !", ["va !"])` is 1.',
                '`smoothed_bleu("va !", ["va !"])` is 1, and '
                '`smoothed_bleu("le chat .", ["le chat dort ."])` is <<example>>.',
            ),
        ),
        check="check_smoothed_bleu",
        question=_added,
        examples=(("va !", ("va !",)), ("le chat .", ("le chat dort .",))),
        more=(("", ["va !"]), ("le le le le", ["le chat dort ."]), ("a b c", ["a b c d", "a b"])),
    ),
    ("seq2seq", 6): Own(
        values=lambda random: {
            "seed": random.randint(1, 999),
            "embed": random.choice([40, 48, 56, 72, 80]),
            "hidden": random.choice([96, 112, 144, 160]),
        },
        statement=(
            (
                "The scaffold trains the small model of section 6 for five passes",
                "The scaffold trains a model like that of section 6, with E = <<embed>> and H = <<hidden>>, from the "
                "seed <<seed>>, for five passes",
            ),
        ),
        code=(
            (
                "try_sizes(embed_size=64, num_hiddens=128, lr",
                "try_sizes(embed_size=<<embed>>, num_hiddens=<<hidden>>, lr",
            ),
            ("    set_seed(0)\n    sizes", "    set_seed(<<seed>>)\n    sizes"),
        ),
    ),
}

# --- beam-search -----------------------------------------------------------------------------------------------------


def _may_stop(values: dict) -> Callable:
    c = values["c"]

    def may_stop(finished, unfinished, T, alpha):
        return (finished, unfinished, T, alpha), unfinished / ((c + T) / (c + 1)) ** alpha <= finished

    return may_stop


BEAM = {
    ("beam-search", 2): Own(
        values=lambda random: {"c": random.randint(3, 20)},
        statement=(
            (
                r"has the score `finished` $= \log P / L^\alpha$;",
                r"has the score `finished` $= \log P \,/\, \left(\frac{<<c>> + L}{<<c>> + 1}\right)^\alpha$, a penalty "
                "like that of Wu et al. (2016), with a number of your own in it;",
            ),
            (
                "`may_stop(-1.0, -1.5, 10, 0.0)` is `True`, `may_stop(-1.0, -1.5, 10, 1.0)` is `False`.",
                "`may_stop(-1.0, -1.5, 10, 0.0)` is `True`, `may_stop(-1.0, -1.5, 60, 1.0)` is `False`.",
            ),
        ),
        check="check_may_stop",
        question=_may_stop,
        examples=((-1.0, -1.5, 10, 0.0), (-1.0, -1.5, 60, 1.0)),
        # For each c from 3 to 20 one of these lies on the other side than for its neighbours.
        more=tuple((round(-(c + 1.5) / (c + 12.5), 6), -1.0, 12, 1.0) for c in range(2, 21)),
        hidden=False,
    ),
    ("beam-search", 7): Own(
        values=lambda random: {"T": random.choice([4, 5, 6]), "seed": random.randint(10, 999)},
        texts=lambda v: {"last": v["seed"] + 2},
        statement=(
            (
                "on three sets of models.",
                "on three sets of models, of the seeds <<seed>> to <<last>>, with sentences of at most <<T>> tokens.",
            ),
        ),
        code=(
            ("best_of_all(models, T=5)", "best_of_all(models, T=<<T>>)"),
            ("beam_by_rule(OneOf(models, row), k, 5, rule", "beam_by_rule(OneOf(models, row), k, <<T>>, rule"),
            ('one_point("takes no place", 2, seed=1)', 'one_point("takes no place", 2, seed=<<seed>>)'),
        ),
    ),
}

# --- what-came-after -------------------------------------------------------------------------------------------------

AFTER = {
    ("what-came-after", 3): Own(
        values=lambda random: {"steps": random.randint(16, 24), "symbols": random.randint(5, 10)},
        statement=(
            (
                "train them as there, with two rates, and measure.",
                "train them, with two rates, on lines of <<steps>> tokens with <<symbols>> symbols, and measure.",
            ),
            ("num_steps=20, num_symbols=8", "num_steps=<<steps>>, num_symbols=<<symbols>>"),
        ),
    ),
}
