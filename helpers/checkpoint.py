"""Where a training run stands, kept in a file, so that a run that was stopped goes on as if it had not been.

    Run              the position of a run: epochs and steps done, sums, the carried state
    History          what a run measures
    CheckpointError  the file cannot be used, or belongs to a different run

Plumbing: no notebook derives it. `training.fit` is the loop; without a file a `Run` only counts. Whether a file belongs
to this run is asked in `same_run`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helpers import distributed, files
from helpers.machine import random_state, set_random_state
from helpers.same_run import differences, misfit


class CheckpointError(RuntimeError):
    """A checkpoint file is damaged, or belongs to a different run."""


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


class Run:
    """The position of a training run. With a `path` it is written there now and then, and found there again.

    path: the file, or None. parts: by name, what has a state_dict: model, optimizer, scheduler. settings: what makes
    this run this run; a file with other settings is refused. every: steps between two savings.
    """

    def __init__(self, path: str | Path | None, parts: dict[str, Any], settings: dict[str, Any], every: int = 100):
        self.path, self.parts, self.settings, self.every = path and Path(path), parts, settings, every
        self.history = History()
        self.epoch = self.step = self.tokens = 0  # epochs done; steps and tokens of the current one
        self.loss = self.seconds = 0.0  # of the current epoch
        self.state: Any = None  # what the next batch starts from
        self.random_at_start: dict = {}  # of the current epoch
        self._clock = time.perf_counter()
        if self.path:
            files.check_writable(self.path)
            if self.path.exists() or files.previous(self.path).exists():
                self._load()

    def epochs(self, num_epochs: int) -> Iterator[int]:
        """Yield the epochs that are still to be done, the current one first."""
        while self.epoch < num_epochs:
            yield self.epoch

    def batches(self, batches: Iterable) -> Iterator[Any]:
        """Yield the batches of the current epoch that are still to be done, drawn as they were when it began."""
        done, now = self.step, random_state()
        if done:
            set_random_state(self.random_at_start)
        else:
            self.random_at_start = now
        self._clock = time.perf_counter()
        for index, batch in enumerate(batches):
            if index >= done:
                yield batch
            elif index == done - 1:  # before the next batch, which may draw random numbers itself
                set_random_state(now)
                self._clock = time.perf_counter()

    def record(self, loss: float, tokens: int) -> None:
        """Count one step: its summed loss and its number of tokens."""
        tokens = tokens.item() if hasattr(tokens, "item") else tokens  # a number of NumPy or torch
        self.history.step_loss.append(loss / tokens)
        self.step, self.loss, self.tokens = self.step + 1, self.loss + loss, self.tokens + tokens
        now = time.perf_counter()
        self.seconds, self._clock = self.seconds + now - self._clock, now  # with the time that building the batch took

    def save_now_and_then(self, num_steps: int) -> None:
        """Save if enough steps are done; the last step of an epoch is saved after validation."""
        if self.path and self.step % self.every == 0 and self.step < num_steps:
            self.save()
            self._clock = time.perf_counter()

    def end_epoch(self) -> None:
        """Write what the epoch measured into the history, and stand before the next one."""
        self.history.train_loss.append(self.loss / self.tokens)
        self.history.seconds.append(self.seconds)
        self.history.tokens_per_second.append(self.tokens / self.seconds)
        self.epoch, self.step, self.tokens, self.loss, self.seconds = self.epoch + 1, 0, 0, 0.0, 0.0
        self.state = None

    def save(self) -> None:
        """Write the file; the one before is kept as files.previous(path). Of several ranks the first writes."""
        if self.path and distributed.first():
            position = {name: getattr(self, name) for name in _POSITION}
            payload = {name: part.state_dict() for name, part in self.parts.items()}
            payload |= {"settings": self.settings, "history": asdict(self.history), "position": position}
            files.save(self.path, payload | {"random": random_state()}, keep_previous=True)

    def _load(self) -> None:
        before = files.previous(self.path)
        path = self.path if self.path.exists() else before  # killed between the two renamings of a save
        both = f" and {before.name}" if before.exists() and path != before else ""
        remedy = f"remove the file{both} to start anew, or give another path"
        try:
            saved = files.load(path)
        except files.DamagedFile as error:
            if path != before and before.exists():
                remedy = f"the checkpoint before it is kept: rename {before.name} to {path.name} to go on from there"
            raise CheckpointError(f"{error}; {remedy}") from error
        if not _is_checkpoint(saved):
            raise CheckpointError(f"{path} is not a checkpoint that `fit` wrote; {remedy}")
        if changed := differences(saved["settings"], self.settings):
            raise CheckpointError(f"{path} belongs to a different run: {changed}; {remedy}")
        if unfit := misfit(saved, self.parts):
            raise CheckpointError(f"{path} belongs to a different model or optimiser: {unfit}; {remedy}")
        for name in sorted(self.parts, key=lambda name: name == "model"):  # the model last: its weights are overwritten
            self.parts[name].load_state_dict(saved[name])
        for name, value in saved["position"].items():
            setattr(self, name, value)
        self.history = History(**saved["history"])
        set_random_state(saved["random"])


_POSITION = {"epoch", "step", "tokens", "loss", "seconds", "state", "random_at_start"}
_RANDOM = {"python", "numpy", "torch", "cuda", "mps"}


def _is_checkpoint(saved: Any) -> bool:
    keys = {"history": asdict(History()).keys(), "position": _POSITION, "random": _RANDOM}
    if not isinstance(saved, dict) or not isinstance(saved.get("settings"), dict):
        return False
    return all(isinstance(saved.get(name), dict) and saved[name].keys() == wanted for name, wanted in keys.items())
