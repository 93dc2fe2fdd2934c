"""Text to numbers and back: cleaning and vocabulary for language models.

    clean              keep letters, lower-case them, one space between words
    Vocab              tokens <-> ids
    Corpus             a text as ids, divided into a training and a validation part
    character_corpus   raw text -> Corpus

Cleaning and vocabulary are those of the book's chapter "Recurrent Neural Networks" (text preprocessing); the notebook
`index` walks through them. How ids become minibatches stands in `helpers.batches`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers import checks


def clean(raw: str) -> str:
    """Return `raw` with every run of non-letters turned into one space, in lower case.

    As the book's 1.0.3 edition does it. Edition 0.17 cleans line by line and then joins the lines with nothing
    between, so that the last word of a line and the first word of the next become one ("himwas").
    """
    return re.sub("[^A-Za-z]+", " ", raw).lower()


class Vocab:
    """A two-way table between tokens and ids 0 .. len-1.

    tokens: the tokens to count; a string counts as its characters.
    min_freq: a token that occurs less often is left out and becomes the unknown token.
    specials: tokens placed first, in this order. '<unk>' is added in front if it is not among them.

    The rest follows by falling frequency; equally frequent tokens keep the order in which they first occur.
    """

    def __init__(self, tokens: Iterable[str], min_freq: int = 1, specials: Sequence[str] = ("<unk>",)):
        specials = list(specials) if "<unk>" in specials else ["<unk>", *specials]
        if len(set(specials)) < len(specials):
            raise ValueError(f"specials has a token twice: {specials}")
        min_freq = checks.whole_number("min_freq", min_freq, least=0)
        self.freqs = Counter(tokens)
        frequent = [token for token, n in self.freqs.most_common() if n >= min_freq]
        self.tokens = specials + [token for token in frequent if token not in set(specials)]
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        self.unk = self._ids["<unk>"]

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        """Return the id of one token; that of '<unk>' if the token is not in the vocabulary."""
        return self._ids.get(token, self.unk)

    def encode(self, tokens: Iterable[str], strict: bool = False) -> list[int]:
        """Return the ids of `tokens`. strict: an unknown token is a ValueError, not '<unk>'."""
        tokens = list(tokens)
        if strict and (unknown := sorted({token for token in tokens if token not in self._ids})):
            known = " ".join(self.tokens[:40]) + (" ..." if len(self) > 40 else "")
            raise ValueError(
                f"not in the vocabulary: {', '.join(map(repr, unknown))}; clean the text first, or choose from: {known}"
            )
        return [self[token] for token in tokens]

    def decode(self, ids: Sequence[int] | Tensor) -> list[str]:
        """Return the tokens of `ids`, a list or a tensor of shape (T,). An id outside the table is an IndexError."""
        return [self.tokens[i] for i in checks.id_list("ids", ids, len(self))]


@dataclass(frozen=True)
class Corpus:
    """Ids of a text: `train` (N,) and `val` (M,), int64, and the `vocab`, which was built from `train` alone."""

    train: Tensor
    val: Tensor
    vocab: Vocab


def character_corpus(raw: str, val_range: tuple[int, int] = (10_000, 15_000)) -> Corpus:
    """Clean `raw` and divide its characters: those from val_range[0] up to val_range[1] are for validation.

    Training text is what lies before and after, joined. Raises ValueError if the text is empty or too short. On the
    characters of the default this companion reports its validation perplexity.
    """
    start, stop = (checks.whole_number("a bound of val_range", bound) for bound in val_range)
    if not 0 <= start < stop:
        raise ValueError(f"val_range is {val_range}; it must be (start, stop) with 0 <= start < stop")
    cleaned = clean(raw)
    if not cleaned.strip():
        raise ValueError("the text is empty: no letter is left after cleaning")
    if len(cleaned) < stop + 2 or stop - start < 2:
        raise ValueError(
            f"the cleaned text has {len(cleaned):,} characters; holding out {start:,} to {stop:,} leaves too little: "
            "use a longer text or another val_range"
        )
    train, val = cleaned[:start] + cleaned[stop:], cleaned[start:stop]
    vocab = Vocab(train)
    return Corpus(torch.tensor(vocab.encode(train)), torch.tensor(vocab.encode(val)), vocab)
