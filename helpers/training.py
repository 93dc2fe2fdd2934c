"""Training: one plain function for every model of this companion.

    fit              train for some epochs; resumable after a kill; returns a History
    evaluate         mean loss per token
    next_token_loss  the loss of a language model; `fit` takes any function like it
    masked_loss      cross-entropy over real tokens only
    seq2seq_loss     the loss of a translator under teacher forcing
    History          what a run measured
    set_seed         one seed for Python, NumPy and torch
    get_device       the graphics card if there is one, else the CPU

The notebook `gru` writes the loop out in full before it calls `fit`; `seq2seq` derives the masked loss.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

ComputeLoss = Callable[[nn.Module, Any, Any], tuple[Tensor, int, Any]]


class TrainingDiverged(RuntimeError):
    """The loss or the gradient is no longer a finite number."""


class CheckpointError(RuntimeError):
    """A checkpoint file cannot be read, or belongs to a different run."""


@dataclass
class History:
    """One number per epoch: losses per token in nats, seconds of training (validation excluded), tokens per second.

    `step_loss` has one number per step, of all epochs.
    """

    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    tokens_per_second: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)


def set_seed(seed: int) -> None:
    """Seed the generators of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - d2l and others draw from NumPy's global generator
    torch.manual_seed(seed)


def get_device(name: str | None = None) -> torch.device:
    """Return the device `name`; by default the CUDA graphics card if there is one, else the CPU."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def next_token_loss(model: nn.Module, batch: tuple[Tensor, Tensor], state: Any) -> tuple[Tensor, int, Any]:
    """Return the summed cross-entropy of a batch (X, Y), each (B, T), its number of tokens, and the new state."""
    X, Y = batch
    logits, state = model(X, state)  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1), Y.flatten(), reduction="sum"), Y.numel(), state


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of `logits` (B, T, V) at the real tokens of `targets` (B, T), and their number.

    Row i has lengths[i] real tokens; what stands after them has no part in the loss and gets no gradient.
    Raises ValueError if the shapes do not fit, or a length is below 0 or above T.
    """
    if logits.shape[:2] != targets.shape or lengths.shape != targets.shape[:1]:
        raise ValueError(
            f"logits {tuple(logits.shape)}, targets {tuple(targets.shape)} and lengths {tuple(lengths.shape)} do not "
            "fit; they must be (B, T, V), (B, T) and (B,)"
        )
    B, T = targets.shape
    if B and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T:
        raise ValueError(f"lengths run from {int(lengths.min())} to {int(lengths.max())}; they must be from 0 to {T}")
    real = torch.arange(T, device=targets.device) < lengths[:, None]  # (B, T)
    return F.cross_entropy(logits[real], targets[real], reduction="sum"), int(lengths.sum())


def seq2seq_loss(model: nn.Module, batch: tuple[Tensor, ...], state: Any = None) -> tuple[Tensor, int, Any]:
    """Return the summed cross-entropy of a batch under teacher forcing, its number of real target tokens, and None.

    batch: src (B, S), src_len (B,), tgt (B, T + 1) beginning with <bos>, tgt_len (B,) counted without <bos>. The
        decoder reads tgt[:, :-1], the true tokens, and is to predict tgt[:, 1:].
    """
    src, src_len, tgt, tgt_len = batch
    logits, _ = model(src, src_len, tgt[:, :-1])  # (B, T, V)
    return *masked_loss(logits, tgt[:, 1:], tgt_len), None


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable,
    *,
    compute_loss: ComputeLoss = next_token_loss,
    carry_state: bool = False,
    device: torch.device | str | None = None,
) -> float:
    """Return the mean loss per token over `batches`, with dropout off. `carry_state` as for `fit`."""
    device = device or next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, tokens, state = 0.0, 0, None
    try:
        for batch in batches:
            loss, n, state = compute_loss(model, _to(batch, device), state if carry_state else None)
            total, tokens = total + loss.item(), tokens + n
    finally:
        model.train(was_training)
    if not tokens:
        raise ValueError("there is nothing to evaluate: no batch, or batches without tokens")
    return total / tokens


def fit(
    model: nn.Module,
    batches: Iterable,
    optimizer: torch.optim.Optimizer,
    *,
    num_epochs: int,
    val_batches: Iterable | None = None,
    scheduler: Any = None,
    clip: float | None = 1.0,
    carry_state: bool = False,
    compute_loss: ComputeLoss = next_token_loss,
    device: torch.device | str | None = None,
    on_epoch: Callable[[int, History], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
) -> History:
    """Train `model` in place and return what was measured.

    batches: has a length, and gives the batches of one epoch each time it is iterated.
    scheduler: a torch learning-rate schedule, stepped after every batch.
    clip: largest norm of the gradient of all parameters together (the book's gradient clipping); None does not clip.
    carry_state: start each batch from the final state of the one before, detached from its graph (truncated
        backpropagation through time); the first batch of an epoch starts from zeros. For `SequentialBatches`.
    compute_loss: (model, batch, state) -> (summed loss, number of tokens, new state); the step minimises their ratio.
    on_epoch: called as on_epoch(epochs done, history) after each epoch.
    checkpoint: a file, written every `checkpoint_every` steps and after each epoch. If it exists, training goes on
        where it stood, and every loss is bit for bit what it would have been without the interruption, on the same
        machine with the same number of threads. It holds the model, optimiser, schedule (with their settings, the
        learning rate among them), random state, position, and carried state. Remove the file to start anew.

    Raises TrainingDiverged if a loss or gradient is not finite, before the weights are touched by it; CheckpointError
    if the file belongs to a different run; ValueError for nothing to train on.
    """
    try:
        num_steps = len(batches)
    except TypeError as error:
        raise ValueError("batches has no length: pass a list or SequentialBatches, not a generator") from error
    if num_epochs < 1 or num_steps < 1:
        raise ValueError(f"num_epochs is {num_epochs} and there are {num_steps} batches; both must be at least 1")
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every is {checkpoint_every}; it must be at least 1")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip is {clip}; it must be above 0, or None not to clip")
    device = torch.device(device) if device else next(model.parameters()).device
    model.to(device).train()
    parts = {"model": model, "optimizer": optimizer} | ({"scheduler": scheduler} if scheduler else {})
    run = {"num_epochs": num_epochs, "num_steps": num_steps, "carry_state": carry_state, "clip": clip}
    run |= {"optimizer": type(optimizer).__name__, "scheduler": type(scheduler).__name__ if scheduler else None}

    history, at = History(), _Position(rng=_random_state())
    if checkpoint and Path(checkpoint).exists():
        history, at = _load(Path(checkpoint), parts, run, device)
    steps = {"total": num_epochs * num_steps, "initial": len(history.step_loss), "desc": "training", "unit": "step"}
    with tqdm(**steps, disable="TQDM_DISABLE" in os.environ) as bar:  # in a notebook tqdm itself does not look there
        while at.epoch < num_epochs:
            done, mid_epoch = at.step, _random_state()
            if done:
                _set_random_state(at.rng)  # the batches of this epoch must come out as they did
            else:
                at.rng = mid_epoch
            for index, batch in enumerate(batches):
                if index < done:
                    if index == done - 1:
                        _set_random_state(mid_epoch)  # before the next batch, which may draw random numbers itself
                    continue
                started = time.perf_counter()
                optimizer.zero_grad(set_to_none=True)
                loss, n, state = compute_loss(model, _to(batch, device), at.state)
                at.state = _detach(state) if carry_state else None
                if not n:
                    raise ValueError(f"batch {index + 1} of {num_steps} has no tokens to learn from; leave it out")
                (loss / n).backward()
                norm = nn.utils.clip_grad_norm_(model.parameters(), math.inf if clip is None else clip)
                mean = loss.item() / n
                if not (math.isfinite(mean) and math.isfinite(norm.item())):
                    raise TrainingDiverged(_advice(mean, norm, at.epoch, index, num_steps, optimizer))
                optimizer.step()
                if scheduler:
                    scheduler.step()
                history.step_loss.append(mean)
                at.add(loss.item(), n, time.perf_counter() - started)
                bar.update()
                if checkpoint and at.step % checkpoint_every == 0 and at.step < num_steps:
                    _save(Path(checkpoint), parts, run, history, at)
            history.train_loss.append(at.loss / at.tokens)
            history.seconds.append(at.seconds)
            history.tokens_per_second.append(at.tokens / at.seconds)
            if val_batches is not None:
                history.val_loss.append(
                    evaluate(model, val_batches, compute_loss=compute_loss, carry_state=carry_state, device=device)
                )
            at = _Position(epoch=at.epoch + 1)
            bar.set_postfix({k: f"{v[-1]:.3f}" for k, v in asdict(history).items() if v and k in _SHOWN})
            if on_epoch:
                on_epoch(at.epoch, history)
            if checkpoint:
                _save(Path(checkpoint), parts, run, history, at)
    return history


_SHOWN = ("train_loss", "val_loss")


@dataclass
class _Position:
    """Where a run stands: finished epochs, finished steps of the current one, and that epoch's sums so far."""

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    state: Any = None
    rng: Any = None  # the random state at the start of the epoch

    def add(self, loss: float, tokens: int, seconds: float) -> None:
        self.step, self.loss, self.tokens = self.step + 1, self.loss + loss, self.tokens + tokens
        self.seconds += seconds


def _advice(mean: float, norm: Tensor, epoch: int, index: int, num_steps: int, optimizer) -> str:
    rate = optimizer.param_groups[0]["lr"]
    return (
        f"the loss is {mean} and the gradient's norm {norm.item()} in epoch {epoch + 1}, step {index + 1} of "
        f"{num_steps}, at learning rate {rate:.3g}. The weights are those of the step before. Try a smaller learning "
        "rate or a smaller clip, and look for values in the data that are not finite."
    )


def _detach(state: Any) -> Any:
    if isinstance(state, Tensor):
        return state.detach()
    return type(state)(map(_detach, state)) if isinstance(state, (tuple, list)) else state


def _to(batch: Any, device: torch.device | str) -> Any:
    if isinstance(batch, Tensor):
        return batch.to(device)
    return tuple(_to(part, device) for part in batch) if isinstance(batch, (tuple, list)) else batch


def _random_state() -> dict:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    numpy_state = [name, keys.tolist(), *rest]
    return {"python": random.getstate(), "numpy": numpy_state, "torch": torch.get_rng_state(), "cuda": cuda}


def _set_random_state(saved: dict) -> None:
    version, keys, gauss = saved["python"]
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(saved["numpy"]))  # noqa: NPY002
    torch.set_rng_state(saved["torch"].cpu())
    if saved["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([state.cpu() for state in saved["cuda"]])


def _save(path: Path, parts: dict, run: dict, history: History, at: _Position) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old file or the new one, never half of one."""
    payload = {name: part.state_dict() for name, part in parts.items()}
    position = {name: getattr(at, name) for name in at.__dataclass_fields__}
    payload |= {"run": run, "history": asdict(history), "position": position, "rng": _random_state()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        torch.save(payload, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _load(path: Path, parts: dict, run: dict, device: torch.device) -> tuple[History, _Position]:
    remedy = "remove the file to start anew, or give another path"
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        theirs = dict(saved["run"])
        history, at, rng = History(**saved["history"]), _Position(**saved["position"]), saved["rng"]
    except Exception as error:  # torch.load fails on other files with errors of every kind
        raise CheckpointError(f"{path} is not a checkpoint that `fit` wrote; {remedy}") from error
    if theirs != run:
        changed = ", ".join(f"{key} was {theirs.get(key)} and is {run[key]}" for key in run if theirs[key] != run[key])
        raise CheckpointError(f"{path} belongs to a different run: {changed}; {remedy}")
    try:
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} belongs to a different model or optimiser; {remedy}: {error}") from error
    _set_random_state(rng)
    return history, at
