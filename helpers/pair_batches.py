"""Sentence pairs as tensors: what a translator learns from.

    pad                lists of ids -> one tensor and the lengths
    truncate           shorten a list of ids and keep its <eos>
    encode_sentences   sentences -> ids (N, S) and lengths (N,)
    encode_pairs       Pairs -> PairBatch
    PairBatch          pairs as padded tensors: all of them, or a minibatch
    PairBatches        minibatches of pairs of nearly equal length

All are derived in the notebook `machine-translation-and-dataset`. A source is S steps wide, a target T.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from helpers import checks
from helpers.pairs import Pairs
from helpers.tokenizers import BOS, EOS, PAD, BPETokenizer, WordTokenizer


def truncate(ids: list[int], num_steps: int) -> list[int]:
    """Return `ids` if it is at most `num_steps` long, else its first num_steps - 1 ids and its last, the <eos>.

    The book cuts the end off, <eos> and all, so that a decoder never sees how a long sentence ends.
    """
    num_steps = checks.whole_number("num_steps", num_steps, least=1)
    return ids if len(ids) <= num_steps else [*ids[: num_steps - 1], ids[-1]]


def pad(sequences: Sequence[Sequence[int]], num_steps: int | None = None) -> tuple[Tensor, Tensor]:
    """Return the sequences as one tensor (N, T), filled up with PAD, and their lengths (N,), both int64.

    num_steps: T; default: the longest sequence. A longer sequence is a ValueError: truncate it first. What is no whole
    number is a TypeError, a negative one an IndexError.
    """
    if set(map(type, chain.from_iterable(sequences))) - {int}:  # numbers of NumPy, tensors, or what is no id at all
        sequences = [checks.id_list(f"sequences[{i}]", ids) for i, ids in enumerate(sequences)]
    lengths = torch.tensor([len(ids) for ids in sequences], dtype=torch.long)
    longest = int(lengths.max()) if len(lengths) else 0
    num_steps = longest if num_steps is None else checks.whole_number("num_steps", num_steps, least=0)
    if longest > num_steps:
        raise ValueError(f"a sequence has {longest} ids, more than num_steps = {num_steps}; truncate it first")
    padded = torch.full((len(lengths), num_steps), PAD)
    if longest:
        # All ids in one go: row by row, the places before a row's length are filled from left to right.
        ids = torch.frombuffer(array("q", chain.from_iterable(sequences)), dtype=torch.long)
        if (smallest := int(ids.min())) < 0:
            raise IndexError(f"id {smallest} is outside the vocabulary, whose ids begin at 0")
        padded[_places(lengths, num_steps)] = ids
    return padded, lengths


def _places(lengths: Tensor, num_steps: int) -> Tensor:
    """Return (N, T): True where a row of so many ids has one, False where it is padding."""
    return torch.arange(num_steps, device=lengths.device) < lengths[:, None]


def encode_sentences(
    sentences: Sequence[str], tokenizer: WordTokenizer | BPETokenizer, num_steps: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return sentences as ids (N, S), each ending in <eos>, and their lengths (N,), both int64.

    num_steps: longer sentences are truncated to it, keeping their <eos>.
    """
    rows = tokenizer.encode(sentences)
    for row in rows:
        row.append(EOS)
    return pad(rows if num_steps is None else [truncate(row, num_steps) for row in rows])


class PairBatch(NamedTuple):
    """Pairs as padded tensors, int64: the batch (src, src_len, tgt, tgt_len), with names and a few counts.

    src (N, S): source ids and <eos>. src_len (N,): how many of them count.
    tgt (N, T + 1): <bos>, target ids, <eos>. tgt_len (N,): how many count without <bos>: so many are to be predicted.
    The decoder reads tgt[:, :-1] and is to write tgt[:, 1:]. `len` is 4, as of any such tuple; N is `num_pairs`.
    """

    src: Tensor
    src_len: Tensor
    tgt: Tensor
    tgt_len: Tensor

    @property
    def num_pairs(self) -> int:
        """N, the number of pairs."""
        return len(self.src)

    @property
    def num_tokens(self) -> int:
        """The number of target tokens to be predicted: padding and <bos> do not count, <eos> does."""
        return int(self.tgt_len.sum())

    def rows(self, index: Sequence[int] | Tensor) -> PairBatch:
        """Return the pairs index (n,), in its order, no wider than the longest of them.

        index: a list or a tensor of whole numbers on any device, from 0 to N - 1; another one is an IndexError.
        """
        places = checks.id_list("index", index, self.num_pairs, "the pairs")
        if not places:
            raise ValueError("index is empty; at least one pair is needed")
        index = torch.tensor(places).to(self.src.device)
        src, tgt = self.src[index], self.tgt[index]
        src_len = checks.lengths("src_len", self.src_len[index], len(places), 1, src.shape[1])
        tgt_len = checks.lengths("tgt_len", self.tgt_len[index], len(places), 1, tgt.shape[1] - 1)
        return PairBatch(src[:, : int(src_len.max())], src_len, tgt[:, : int(tgt_len.max()) + 1], tgt_len)

    def to(self, device: torch.device | str) -> PairBatch:
        """Return the pairs on `device`."""
        return PairBatch(*(part.to(device) for part in self))


def encode_pairs(
    pairs: Pairs,
    source_tokenizer: WordTokenizer | BPETokenizer,
    target_tokenizer: WordTokenizer | BPETokenizer,
    num_steps: int | None = None,
) -> PairBatch:
    """Return `pairs` as tensors. num_steps: longer sentences are truncated to it on both sides, keeping their <eos>."""
    if not len(pairs):
        raise ValueError("there are no pairs to encode")
    src, src_len = encode_sentences(pairs.sources, source_tokenizer, num_steps)
    tgt, tgt_len = encode_sentences(pairs.targets, target_tokenizer, num_steps)
    return PairBatch(src, src_len, torch.cat([torch.full((len(tgt), 1), BOS), tgt], 1), tgt_len)


class PairBatches:
    """Minibatches (src, src_len, tgt, tgt_len) of pairs of nearly equal length, in random order.

    Every pass shuffles the pairs, sorts them by length (the shuffle decides among equals), cuts the row of pairs into
    batches, and shuffles those. So little is padded, and no pair is left out. Random numbers come from torch's global
    generator; the batches are on the device of `data`.

    sort_by_length: False leaves the sorting out: batches of any lengths, much padding.
    shuffle: False keeps the order of the pairs, sorted by length if `sort_by_length`: the same batches in every pass.

    Raises ValueError if there are no pairs, or if a length is not the number of ids before its row's padding.
    """

    continues = False

    def __init__(self, data: PairBatch, batch_size: int, sort_by_length: bool = True, shuffle: bool = True):
        if not data.num_pairs:
            raise ValueError("there are no pairs to make batches of")
        self.batch_size = checks.whole_number("batch_size", batch_size, least=1)
        src, src_len = _checked("src", data.src, "src_len", data.src_len, 0)
        tgt, tgt_len = _checked("tgt", data.tgt, "tgt_len", data.tgt_len, 1)
        self.data, self.sort_by_length, self.shuffle = PairBatch(src, src_len, tgt, tgt_len), sort_by_length, shuffle
        self._key = src_len * (tgt.shape[1] + 1) + tgt_len  # source length first, then target length

    def __len__(self) -> int:
        return -(-self.data.num_pairs // self.batch_size)

    def __iter__(self) -> Iterator[PairBatch]:
        count = self.data.num_pairs
        # Drawn on the CPU, so that the order is the same on every device.
        order = (torch.randperm(count) if self.shuffle else torch.arange(count)).to(self.data.src.device)
        if self.sort_by_length:
            order = order[self._key[order].argsort(stable=True)]
        batches = order.split(self.batch_size)
        for i in torch.randperm(len(batches)).tolist() if self.shuffle else range(len(batches)):
            yield self.data.rows(batches[i])


def _checked(name: str, ids: Tensor, length_name: str, lengths: Tensor, num_first: int) -> tuple[Tensor, Tensor]:
    """Return ids (N, T) and lengths (N,) as int64, if each length counts the ids after the first `num_first`."""
    ids = checks.token_ids(name, ids, "(N, T)")
    num_steps = ids.shape[1] - num_first
    lengths = checks.lengths(length_name, lengths, len(ids), 1, num_steps)
    lies = ((ids[:, num_first:] != PAD) != _places(lengths, num_steps)).any(1)
    if lies.any():
        row = int(lies.nonzero()[0])
        raise ValueError(
            f"{length_name}[{row}] is {int(lengths[row])}, which is not where the padding of row {row} of {name} "
            f"begins: {ids[row].tolist()}"
        )
    return ids, lengths
