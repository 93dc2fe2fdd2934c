"""Rows of different lengths in one tensor: cutting them, filling them up, telling the real places from the padding.

    truncate     shorten a list of ids and keep its <eos>
    pad          lists of ids -> one tensor and the lengths
    real_places  the mask of the places that hold an id

All are derived in the notebook `machine-translation-and-dataset`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

from helpers import checks
from helpers.tokenizers import PAD


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
        padded[real_places(lengths, num_steps)] = ids
    return padded, lengths


def real_places(lengths: Tensor, num_steps: int) -> Tensor:
    """Return (N, T), for rows T = num_steps wide with `lengths` (N,): True at an id, False at padding."""
    return torch.arange(num_steps, device=lengths.device) < lengths[:, None]
