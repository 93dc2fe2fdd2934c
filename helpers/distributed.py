"""One training run by several processes, each with its own rows of every batch: torch's DistributedDataParallel.

    Ranks     the processes of a run, as one of them sees it; `share` divides a loss for `training.fit` among them
    ranks     joins the processes that `torchrun` has started; a process alone stays alone
    first     whether this process is the one that writes files
    RankLost  another process of the run is gone, or silent

Plumbing: no notebook derives it. Every process (a rank) calls `fit` with the same model, batches and seed, and draws
the same batches; `share` then lets it compute its own rows of each. The loss of a batch is the sum over the tokens of
all ranks divided by their number, so the gradient is the sum of what the ranks find, however many tokens each has. All
clip and step with the same numbers and so keep the same weights. Batches, losses, learning rates and the checkpoint,
which the first rank writes and all read, are those of one process, up to the order in which numbers are added.

Dropout: each step takes a seed from Python's generator, which stands the same on all ranks, and each rank makes masks
of its own from it; torch's generator, from which batches are drawn, is left as it was. So the batches are the same for
any number of ranks, and a run that was stopped goes on bit for bit if as many ranks go on; more or fewer make other
masks. One process alone draws its masks between its batches, as ever: with dropout, its later passes are shuffled
otherwise.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from helpers import nested
from helpers.machine import forked_random


class RankLost(RuntimeError):
    """Another process of the run is gone, or has been silent for too long."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a run, as one of them sees it: its number from 0, how many they are, its device."""

    rank: int
    size: int
    device: torch.device

    def share(self, model: nn.Module, compute_loss: Callable) -> Callable:
        """Return `compute_loss`, a loss for `training.fit`, computed by all ranks together, each on its own rows.

        model: the one that `fit` trains or `evaluate` scores; it moves to this rank's device. A batch is a nest of
        tensors whose first axis is its rows; rank r of N takes the rows r, r + N, r + 2N …, and where there is none for
        it a row that does not count. Alone, `compute_loss` itself is returned.

        The returned loss raises ValueError for a state carried from batch to batch, of which the checkpoint would hold
        one rank's rows only, and if the ranks do not stand at the same step of the same run.
        """
        if self.size == 1:
            return compute_loss
        together = DistributedDataParallel(model.to(self.device))  # the mean of the ranks' gradients

        def compute(model: nn.Module, batch: Any, state: Any) -> tuple[Tensor, int, Any]:
            if model is not together.module:
                raise ValueError("this is not the model that was shared; call share(model, compute_loss) with it")
            if state is not None:
                raise ValueError("batches that continue one another cannot be shared; train on them in one process")
            seed = random.getrandbits(31)  # the same on all ranks
            counts = self.rank < len(next(nested.leaves(batch)))
            rows = slice(self.rank, None, self.size) if counts else slice(1)
            with forked_random(seed + self.rank):
                loss, n, state = compute_loss(together, nested.each(lambda part: part[rows], batch), None)
            tokens, seeds = _total(torch.tensor([n * counts, seed], device=self.device)).tolist()
            if seeds != self.size * seed:
                raise ValueError(
                    f"rank {self.rank} does not stand where the others do: all need the same seed, the same data and "
                    "the same checkpoint, on a disk that all can read, and none may draw random numbers by itself"
                )
            return _Sum.apply(loss * counts, together), tokens, state

        return compute


class _Sum(torch.autograd.Function):
    """The sum of the ranks' losses, as each rank differentiates it: by its own, times N as DDP takes a mean of N."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, together: DistributedDataParallel) -> Tensor:
        ctx.together = together  # without it nothing would be exchanged in the backward pass
        return _total(loss)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return distributed.get_world_size() * gradient, None


def _total(values: Tensor) -> Tensor:
    values = values.detach().clone()
    distributed.all_reduce(values)
    return values


@contextmanager
def ranks(device: str = "cpu", patience: float = 300.0) -> Iterator[Ranks]:
    """Inside, the processes that `torchrun` has started are one group; a process started alone is all there is.

    device: "cpu" (they talk by gloo) or "cuda" (by nccl, each process with a card of its own; not tried yet).
    patience: seconds that a rank waits for the others, before it begins and at every exchange with them.

    Leaving waits until all are done. Raises RankLost if another rank is gone, is silent for longer, or if this one is
    told to stop (SIGTERM), as torchrun does when another has failed; ValueError if there are fewer cards than ranks.
    """
    size = int(os.environ.get("WORLD_SIZE", 1))
    if size == 1:
        yield Ranks(0, 1, torch.device(device))
        return
    rank, card = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    if cuda := device == "cuda":
        if card >= torch.cuda.device_count():
            raise ValueError(
                f"rank {rank} wants a card of its own, number {card} counted from 0, and this machine has "
                f"{torch.cuda.device_count()}; start fewer processes"
            )
        torch.cuda.set_device(card)
    if rank:
        os.environ["TQDM_DISABLE"] = "1"  # one progress bar is enough
    go_on = f"Rank {rank} of {size} stops; the same command goes on from the last checkpoint, with any number of ranks."

    def told(*_: Any) -> None:
        raise RankLost(f"this process was told to stop, probably since another rank is gone. {go_on}")

    before = signal.signal(signal.SIGTERM, told)
    try:
        distributed.init_process_group("nccl" if cuda else "gloo", timeout=timedelta(seconds=patience))
        yield Ranks(rank, size, torch.device("cuda", card) if cuda else torch.device(device))
        distributed.barrier()
        if cuda:  # gloo's group ends with the process: destroyed while a model knows it, torch may wait for ever
            distributed.destroy_process_group()
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        raise RankLost(f"another rank is gone, or was silent for {patience:g} seconds. {go_on}") from error
    finally:
        signal.signal(signal.SIGTERM, before)


def first() -> bool:
    """Return whether this process is the first of its run, or the only one: the one that writes files."""
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
