"""Training: one plain function for every model of this companion.

    fit               train for some epochs; resumable after a kill; returns a History
    evaluate          mean loss per token
    one_cycle         an optimiser, and a learning rate that rises and falls once
    inference         a model without dropout and gradients, for a while
    TrainingDiverged  the loss or the gradient is no longer a finite number

The notebook `gru` writes the loop out in full before it calls `fit`. The losses that it minimises are in `losses`, and
what a run measures, and how it is resumed, in `checkpoint`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from helpers import checks, nested, progress
from helpers.checkpoint import History, Run
from helpers.losses import next_token_loss
from helpers.machine import forked_random
from helpers.same_run import data_digest

ComputeLoss = Callable[[nn.Module, Any, Any], tuple[Tensor, int, Any]]


class TrainingDiverged(RuntimeError):
    """The loss or the gradient is no longer a finite number."""


def fit(
    model: nn.Module,
    batches: Iterable,
    optimizer: torch.optim.Optimizer,
    *,
    num_epochs: int,
    val_batches: Iterable | None = None,
    scheduler: Any = None,
    clip: float | None = 1.0,
    compute_loss: ComputeLoss = next_token_loss,
    device: torch.device | str | None = None,
    on_epoch: Callable[[int, History], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
) -> History:
    """Train `model` in place and return what was measured.

    batches: has a length, and gives the batches of one epoch each time it is iterated. If they continue one another
        (`batches.continues`, as those of `SequentialBatches` do), each starts from the final state of the one before,
        detached from its graph (truncated backpropagation through time); the first of an epoch starts from zeros.
    scheduler: a torch learning-rate schedule, stepped after every batch.
    clip: largest norm of the gradient of all parameters together (the book's gradient clipping); None does not clip.
    compute_loss: (model, batch, state) -> (summed loss, number of tokens, new state); the step minimises their ratio.
    on_epoch: called as on_epoch(epochs done, history) after each epoch.
    checkpoint: a file, written every `checkpoint_every` steps and after each epoch. If it exists, training goes on
        where it stood, and every loss is bit for bit what it would have been without the interruption, on the same
        machine with the same number of threads; the learning rate is the file's. Remove the file, and the one named
        `.previous`, to start anew.

    Raises TrainingDiverged if a loss or gradient is not finite, before the weights are touched by it; CheckpointError
    if the file is damaged or belongs to a different run; ValueError or TypeError for nothing to train on.
    """
    num_steps, device = _checked(model, batches, num_epochs, clip, checkpoint_every, device)
    continues = getattr(batches, "continues", False)
    parts = {"model": model, "optimizer": optimizer} | ({"scheduler": scheduler} if scheduler else {})
    settings = {
        "num_epochs": num_epochs,
        "num_steps": num_steps,
        "continues": continues,
        "clip": clip,
        "optimizer": type(optimizer).__name__,
        "scheduler": type(scheduler).__name__ if scheduler else None,
        "data": data_digest(batches) if checkpoint else None,
    }
    model.to(device).train()
    run = Run(checkpoint, parts, settings, checkpoint_every)
    run.state = _to(run.state, device)

    done, total = len(run.history.step_loss), num_epochs * num_steps
    with progress.bar(total=total, initial=done, desc="training", unit="step") as bar:
        for epoch in run.epochs(num_epochs):
            for batch in run.batches(batches):
                optimizer.zero_grad(set_to_none=True)
                loss, n, state = compute_loss(model, _to(batch, device), run.state)
                if not n:
                    raise ValueError(f"batch {run.step + 1} of {num_steps} has no tokens to learn from; leave it out")
                (loss / n).backward()
                norm = nn.utils.clip_grad_norm_(model.parameters(), math.inf if clip is None else clip)
                place = f"epoch {epoch + 1}, step {run.step + 1} of {num_steps}"
                _check_finite(loss.item() / n, norm.item(), place, optimizer)
                optimizer.step()
                if scheduler:
                    scheduler.step()
                run.state = _detach(state) if continues else None
                run.record(loss.item(), n)
                run.save_now_and_then(num_steps)
                bar.update()
            run.end_epoch()
            if val_batches is not None:
                run.history.val_loss.append(evaluate(model, val_batches, compute_loss=compute_loss, device=device))
            bar.set_postfix(_latest(run.history))
            if on_epoch:
                on_epoch(run.epoch, run.history)
            run.save()
    return run.history


def evaluate(
    model: nn.Module,
    batches: Iterable,
    *,
    compute_loss: ComputeLoss = next_token_loss,
    device: torch.device | str | None = None,
) -> float:
    """Return the mean loss per token over `batches`, with dropout off. The state is carried as in `fit`.

    Random numbers that the batches draw leave the generators as they were: evaluating changes no training.
    """
    device = device or _device_of(model)
    total, tokens, state = 0.0, 0, None
    with inference(model), forked_random():
        for batch in batches:
            loss, n, state = compute_loss(model, _to(batch, device), state)
            total, tokens = total + loss.item(), tokens + n
            if not getattr(batches, "continues", False):
                state = None
    if not tokens:
        raise ValueError("there is nothing to evaluate: no batch, or batches without tokens")
    return total / tokens


def one_cycle(
    model: nn.Module, batches: Iterable, *, num_epochs: int, max_lr: float, pct_start: float = 0.3, **adamw: Any
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    """Return AdamW for `model`, and a schedule for `num_epochs` passes over `batches` (Smith and Topin, 2018).

    The learning rate rises to `max_lr` in the first `pct_start` of all steps, then falls to nearly 0. adamw: further
    options of torch.optim.AdamW, such as weight_decay.
    """
    optimizer = torch.optim.AdamW(model.parameters(), max_lr, **adamw)
    steps = checks.whole_number("num_epochs", num_epochs, least=1) * len(batches)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps=steps, pct_start=pct_start)


@contextmanager
def inference(model: nn.Module) -> Iterator[None]:
    """Inside, `model` has its dropout off and records no gradients; afterwards its mode is what it was."""
    was_training = model.training
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def _checked(model, batches, num_epochs, clip, checkpoint_every, device) -> tuple[int, torch.device]:
    try:
        num_steps = len(batches)
    except TypeError as error:
        raise ValueError("batches has no length: pass a list or SequentialBatches, not a generator") from error
    if num_steps < 1:
        raise ValueError("there are 0 batches; training needs at least 1")
    checks.whole_number("num_epochs", num_epochs, least=1)
    checks.whole_number("checkpoint_every", checkpoint_every, least=1)
    if clip is not None and not clip > 0:
        raise ValueError(f"clip is {clip}; it must be above 0, or None not to clip")
    own = _device_of(model)
    return num_steps, torch.device(device) if device else own


def _device_of(model: nn.Module) -> torch.device:
    for parameter in model.parameters():
        return parameter.device
    raise ValueError(f"{type(model).__name__} has no parameters; there is nothing to learn")


def _check_finite(mean: float, norm: float, place: str, optimizer: torch.optim.Optimizer) -> None:
    if not (math.isfinite(mean) and math.isfinite(norm)):
        raise TrainingDiverged(
            f"the loss is {mean} and the gradient's norm {norm} in {place}, at learning rate "
            f"{optimizer.param_groups[0]['lr']:.3g}. The weights are those of the step before. Try a smaller learning "
            "rate or a smaller clip, and look for values in the data that are not finite."
        )


def _latest(history: History) -> dict[str, str]:
    values = {"train_loss": history.train_loss, "val_loss": history.val_loss}
    return {name: f"{series[-1]:.3f}" for name, series in values.items() if series}


def _detach(state: Any) -> Any:
    return nested.each(lambda part: part.detach() if isinstance(part, Tensor) else part, state)


def _to(batch: Any, device: torch.device | str) -> Any:
    return nested.each(lambda part: part.to(device) if isinstance(part, Tensor) else part, batch)
