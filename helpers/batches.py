"""Minibatches for language models: pairs (X, Y) of ids, where Y is X one step later.

    SequentialBatches   B long strands read side by side: the state can be carried from batch to batch
    RandomBatches       windows in random order: every batch starts afresh
    windows             every window at stride 1, in order and with no random numbers, for evaluation
    whole               one batch that is the whole sequence, for evaluation

Both ways of partitioning are those of the book's chapter "Recurrent Neural Networks" (language models). The notebook
`index` reads sequential batches, `bi-rnn` random ones, `gru` scores on `windows` and on the `whole`.

The batches are views of the ids, cut by tensor indexing; no Python loop runs over the windows. A class says in
`continues` whether its batches continue one another: training carries the state from batch to batch exactly then.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers import checks


class SequentialBatches:
    """Minibatches (X, Y), each (B, T), that continue one another: row i of a batch goes on in row i of the next.

    ids (N,) are cut into B = `batch_size` strands of equal length, read in parallel T = `num_steps` at a time. Every
    pass over the batches starts at a new random offset below `num_steps` (torch's global generator), so that windows
    fall differently in each epoch; `offset` fixes it. Tokens that do not fill a window are left out.
    """

    continues = True

    def __init__(self, ids: Tensor, batch_size: int, num_steps: int, offset: int | None = None):
        self.ids, self.batch_size, self.num_steps = _checked(ids, batch_size, num_steps)
        # The largest offset must still leave one window in every strand.
        spare = len(self.ids) - 1 - self.batch_size * self.num_steps
        if spare < 0:
            raise ValueError(
                f"the text has {len(ids):,} tokens, but one batch of {batch_size} x {num_steps} steps and its targets "
                f"need {len(ids) - spare:,}; use a longer text, or a smaller batch_size or num_steps"
            )
        self.max_offset = min(self.num_steps - 1, spare)
        self.offset = None if offset is None else checks.whole_number("offset", offset, least=0, most=spare)

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
    """Minibatches (X, Y), each (B, T), of windows in random order.

    stride: distance between the starts of neighbouring windows. `num_steps` (the default) partitions the text, as the
    book's 0.17 edition does, with a new random offset in every pass; 1 takes every window, as its 1.0.3 edition does.
    The last, incomplete batch is left out. Random numbers come from torch's global generator. For evaluation take
    `windows`, which leaves nothing out and draws no random numbers.
    """

    continues = False

    def __init__(self, ids: Tensor, batch_size: int, num_steps: int, stride: int | None = None):
        self.ids, self.batch_size, self.num_steps = _checked(ids, batch_size, num_steps)
        self.stride = self.num_steps if stride is None else checks.whole_number("stride", stride, least=1)
        # Every offset leaves one whole batch, and every pass has the same number of batches.
        starts = len(self.ids) - self.num_steps  # the places at which a window and its targets can begin
        spare = starts - 1 - (self.batch_size - 1) * self.stride
        if spare < 0:
            count = max(0, (starts - 1) // self.stride + 1)
            raise ValueError(
                f"{len(ids):,} ids give {count} windows of {num_steps} steps at stride {self.stride}, less than one "
                f"batch of {batch_size}; use a longer text or smaller numbers"
            )
        self.max_offset = min(self.stride - 1, spare)
        self._batches = ((starts - 1 - self.max_offset) // self.stride + 1) // self.batch_size

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        offset = int(torch.randint(self.max_offset + 1, (1,)))
        all_windows = self.ids[offset:].unfold(0, self.num_steps + 1, self.stride)  # (number of windows, T + 1), a view
        order = torch.randperm(len(all_windows), device="cpu").to(self.ids.device)
        for rows in order[: self._batches * self.batch_size].split(self.batch_size):
            batch = all_windows[rows]
            yield batch[:, :-1], batch[:, 1:]


def windows(ids: Tensor, num_steps: int, batch_size: int = 256) -> list[tuple[Tensor, Tensor]]:
    """Return batches (X, Y), each (B, T), of all N - T windows of ids (N,): one from every place, none left out.

    They stand in the order of the text, B = `batch_size` of them in a batch, in the last one what remains. No random
    number is drawn, so that two evaluations agree, and none disturbs the training around it. Nothing is copied.
    """
    ids, batch_size, num_steps = _checked(ids, batch_size, num_steps)
    if len(ids) <= num_steps:
        raise ValueError(
            f"the text has {len(ids):,} tokens, but one window of {num_steps} steps and its targets need "
            f"{num_steps + 1:,}; use a longer text or a smaller num_steps"
        )
    rows = ids.unfold(0, num_steps + 1, 1)  # (N - T, T + 1), a view
    return [(batch[:, :-1], batch[:, 1:]) for batch in rows.split(batch_size)]


def whole(ids: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return one batch (X, Y), each (1, N - 1): the whole sequence ids (N,), each id predicted from all before it."""
    ids = checks.token_ids("ids", ids, "(N,)")
    if len(ids) < 2:
        raise ValueError("the text has 1 token; at least 2 are needed, the second to be predicted from the first")
    return [(ids[None, :-1], ids[None, 1:])]


def _checked(ids: Tensor, batch_size: int, num_steps: int) -> tuple[Tensor, int, int]:
    return (
        checks.token_ids("ids", ids, "(N,)"),
        checks.whole_number("batch_size", batch_size, least=1),
        checks.whole_number("num_steps", num_steps, least=1),
    )
