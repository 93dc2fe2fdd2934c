"""Sentence pairs as tensors: what a translator learns from.

    encode_sentences   sentences -> ids (N, S) and lengths (N,)
    encode_pairs       Pairs -> PairBatch
    PairBatch          pairs as padded tensors: all of them, or a minibatch
    PairBatches        minibatches of pairs of nearly equal length

All are derived in the notebook `machine-translation-and-dataset`. A source is S steps wide, a target T.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from helpers import checks
from helpers.machine import uncollected
from helpers.padding import pad, real_places, truncate
from helpers.pairs import Pairs
from helpers.tokenizers import BOS, EOS, PAD, BPETokenizer, WordTokenizer


def encode_sentences(
    sentences: Sequence[str], tokenizer: WordTokenizer | BPETokenizer, num_steps: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return sentences as ids (N, S), each ending in <eos>, and their lengths (N,), both int64.

    num_steps: longer sentences are truncated to it, keeping their <eos>.
    """
    if num_steps is not None:
        num_steps = checks.whole_number("num_steps", num_steps, least=1)
    with uncollected():
        rows = tokenizer.encode(sentences)
        for row in rows:
            row.append(EOS)
        if num_steps is not None:  # most rows are short enough, and need no call
            rows = [row if len(row) <= num_steps else truncate(row, num_steps) for row in rows]
        return pad(rows)


class PairBatch(NamedTuple):
    """Pairs as padded tensors, int64: the batch (src, src_len, tgt, tgt_len), with names.

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

    def rows(self, index: Sequence[int] | Tensor) -> PairBatch:
        """Return the pairs index (n,), in its order, no wider than the longest of them.

        index: a list or a tensor of whole numbers on any device, from 0 to N - 1; another one is an IndexError. Errors
        of lengths as for `checked`.
        """
        places = checks.id_list("index", index, self.num_pairs, "the pairs")
        if not places:
            raise ValueError("index is empty; at least one pair is needed")
        return self.checked()._rows(torch.tensor(places).to(self.src.device))

    def checked(self) -> PairBatch:
        """Return the same pairs as int64; TypeError or ValueError unless each length counts the ids before padding."""
        return PairBatch(
            *_checked_side("src", self.src, "src_len", self.src_len, 0),
            *_checked_side("tgt", self.tgt, "tgt_len", self.tgt_len, 1),
        )

    def _rows(self, index: Tensor) -> PairBatch:
        src_len, tgt_len = self.src_len[index], self.tgt_len[index]
        S, T = int(src_len.max()), int(tgt_len.max())
        return PairBatch(self.src[index, :S], src_len, self.tgt[index, : T + 1], tgt_len)

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
        self.data, self.sort_by_length, self.shuffle = data.checked(), sort_by_length, shuffle
        width = self.data.tgt.shape[1]  # more than any target length
        self._key = self.data.src_len * (width + 1) + self.data.tgt_len  # source length first, then target length

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
            yield self.data._rows(batches[i])


def _checked_side(name: str, ids: Tensor, length_name: str, lengths: Tensor, num_first: int) -> tuple[Tensor, Tensor]:
    """Return ids (N, T) and lengths (N,) as int64, if each length counts the ids after the first `num_first`."""
    ids = checks.token_ids(name, ids, "(N, T)")
    num_steps = ids.shape[1] - num_first
    lengths = checks.lengths(length_name, lengths, len(ids), 1, num_steps)
    lies = ((ids[:, num_first:] != PAD) != real_places(lengths, num_steps)).any(1)
    if lies.any():
        row = int(lies.nonzero()[0])
        raise ValueError(
            f"{length_name}[{row}] is {int(lengths[row])}, which is not where the padding of row {row} of {name} "
            f"begins: {ids[row].tolist()}"
        )
    return ids, lengths
