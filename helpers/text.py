"""Text to numbers and back: cleaning, vocabulary, and batches for language models.

    clean               keep letters, lower-case them, one space between words
    Vocab               tokens <-> ids
    Corpus              a text as ids, divided into a training and a held-out part
    character_corpus    raw text -> Corpus
    SequentialBatches   B long strands read side by side: the state can be carried from batch to batch
    RandomBatches       windows in random order: every batch starts afresh
    whole               one batch that is the whole sequence, for evaluation

Cleaning and both ways of partitioning are those of the book's chapter "Recurrent Neural Networks" (language models).
The batches are views of the ids, cut by tensor indexing; no Python loop runs over the windows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

HELD_OUT = (10_000, 15_000)  # the characters on which this companion reports validation perplexity


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

    def decode(self, ids: Iterable[int] | Tensor) -> list[str]:
        """Return the tokens of `ids`, a list or a tensor of shape (T,). An id outside the table is an IndexError."""
        ids = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        if bad := [i for i in ids if not 0 <= i < len(self)]:
            raise IndexError(f"id {bad[0]} is outside the vocabulary, whose ids are 0 to {len(self) - 1}")
        return [self.tokens[i] for i in ids]


@dataclass(frozen=True)
class Corpus:
    """Ids of a text: `train` (N,) and `val` (M,), int64, and the `vocab`, which was built from `train` alone."""

    train: Tensor
    val: Tensor
    vocab: Vocab


def character_corpus(raw: str, held_out: tuple[int, int] = HELD_OUT) -> Corpus:
    """Clean `raw` and divide its characters: those from held_out[0] up to held_out[1] are held out.

    Training text is what lies before and after, joined. Raises ValueError if the text is empty or too short.
    """
    start, stop = held_out
    if not 0 <= start < stop:
        raise ValueError(f"held_out is {held_out}; it must be (start, stop) with 0 <= start < stop")
    cleaned = clean(raw)
    if not cleaned.strip():
        raise ValueError("the text is empty: no letter is left after cleaning")
    if len(cleaned) < stop + 2 or stop - start < 2:
        raise ValueError(
            f"the cleaned text has {len(cleaned):,} characters; holding out {start:,} to {stop:,} leaves too little: "
            "use a longer text or another held_out"
        )
    train, val = cleaned[:start] + cleaned[stop:], cleaned[start:stop]
    vocab = Vocab(train)
    return Corpus(torch.tensor(vocab.encode(train)), torch.tensor(vocab.encode(val)), vocab)


class SequentialBatches:
    """Minibatches (X, Y), each (B, T), that continue one another: row i of a batch goes on in row i of the next.

    The ids are cut into `batch_size` strands of equal length, read in parallel `num_steps` at a time; Y is X one step
    later. Every pass over the batches starts at a new random offset below `num_steps` (torch's global generator), so
    that windows fall differently in each epoch; `offset` fixes it. Tokens that do not fill a window are left out.
    """

    def __init__(self, ids: Tensor, batch_size: int, num_steps: int, offset: int | None = None):
        self.ids = _checked(ids, batch_size, num_steps, needed=batch_size * num_steps + 1)
        self.batch_size, self.num_steps, self.offset = batch_size, num_steps, offset
        # The largest offset must still leave one window in every strand.
        spare = len(ids) - 1 - batch_size * num_steps
        self.max_offset = min(num_steps - 1, spare)
        if offset is not None and not 0 <= offset <= spare:
            raise ValueError(f"offset is {offset}; it must be 0 to {spare} to leave one batch of {len(ids):,} ids")

    def __len__(self) -> int:
        """Return the number of batches of every pass, whatever its offset."""
        offset = self.max_offset if self.offset is None else self.offset
        return (len(self.ids) - 1 - offset) // self.batch_size // self.num_steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        offset = self.offset
        if offset is None:
            offset = int(torch.randint(self.max_offset + 1, (1,)))
        B, T = self.batch_size, self.num_steps
        strand = (len(self.ids) - 1 - offset) // B
        X = self.ids[offset : offset + B * strand].view(B, strand)
        Y = self.ids[offset + 1 : offset + 1 + B * strand].view(B, strand)
        for start in range(0, len(self) * T, T):
            yield X[:, start : start + T], Y[:, start : start + T]


class RandomBatches:
    """Minibatches (X, Y), each (B, T), of windows in random order; Y is X one step later.

    stride: distance between the starts of neighbouring windows. `num_steps` (the default) partitions the text, as the
    book's 0.17 edition does, with a new random offset in every pass; 1 takes every window, as its 1.0.3 edition does.
    The last, incomplete batch is left out. Random numbers come from torch's global generator.
    """

    def __init__(self, ids: Tensor, batch_size: int, num_steps: int, stride: int | None = None):
        self.ids = _checked(ids, batch_size, num_steps, needed=num_steps + 1)
        self.batch_size, self.num_steps = batch_size, num_steps
        self.stride = num_steps if stride is None else stride
        if self.stride < 1:
            raise ValueError(f"stride is {stride}; it must be at least 1")
        windows = (len(ids) - num_steps - 1) // self.stride + 1
        if windows < batch_size:
            raise ValueError(
                f"{len(ids):,} ids give {windows} windows of {num_steps} steps at stride {self.stride}, less than one "
                f"batch of {batch_size}; use a longer text or smaller numbers"
            )
        # Every offset leaves one whole batch, and every pass has the same number of batches.
        spare = len(ids) - num_steps - 1 - (batch_size - 1) * self.stride
        self.max_offset = min(self.stride - 1, spare)
        self._batches = ((len(ids) - self.max_offset - num_steps - 1) // self.stride + 1) // batch_size

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        offset = int(torch.randint(self.max_offset + 1, (1,)))
        windows = self.ids[offset:].unfold(0, self.num_steps + 1, self.stride)  # (windows, T + 1), a view
        order = torch.randperm(len(windows))
        for rows in order[: self._batches * self.batch_size].split(self.batch_size):
            batch = windows[rows]
            yield batch[:, :-1], batch[:, 1:]


def whole(ids: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return one batch (X, Y), each (1, N - 1): the whole sequence, each id predicted from all before it."""
    ids = _checked(ids, 1, 1, needed=2)
    return [(ids[None, :-1], ids[None, 1:])]


def _checked(ids: Tensor, batch_size: int, num_steps: int, needed: int) -> Tensor:
    ids = torch.as_tensor(ids)
    if ids.dim() != 1 or ids.is_floating_point():
        raise ValueError(f"ids must be whole numbers of shape (N,); got {ids.dtype} of shape {tuple(ids.shape)}")
    if batch_size < 1 or num_steps < 1:
        raise ValueError(f"batch_size is {batch_size} and num_steps is {num_steps}; both must be at least 1")
    if len(ids) < needed:
        raise ValueError(
            f"the text has {len(ids):,} tokens, but one batch of {batch_size} x {num_steps} steps and its targets need "
            f"{needed:,}; use a longer text, or a smaller batch_size or num_steps"
        )
    return ids
