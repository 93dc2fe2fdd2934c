"""A cell that is interrupted, wherever it stands, leaves everything usable: the cell is run again, and works.

The interrupt is raised at chosen moments, at every line that the helpers run, and once by a real signal to a kernel.
"""

import copy
import hashlib
import linecache
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from jupyter_client.manager import start_new_kernel
from misbehaviour import honest, misbehaving
from test_translator import SENTENCES, translator
from torch import nn

import helpers
from helpers import checkpoint, datasets, download, losses, machine, progress, training
from helpers.batches import RandomBatches, SequentialBatches
from helpers.beam_search import beam_search
from helpers.language_model import LanguageModel, generate
from helpers.sampling import sample
from helpers.search import greedy
from helpers.text import Vocab
from helpers.translator import Translator

V, H, B, T = 5, 6, 2, 4
VOCAB = Vocab("abcd")
NOVEL = b"The Time Traveller, by H. G. Wells\n" * 200


@pytest.fixture(autouse=True)
def bars(monkeypatch):
    """The bars that were shown, as in a terminal; those that are open are not `disable`d."""
    shown = []

    class Bar(progress.tqdm):
        def __init__(self, *args, **options):
            options |= {"disable": False, "file": open(os.devnull, "w")}  # noqa: SIM115
            super().__init__(*args, **options)
            shown.append(self)

    monkeypatch.setattr(progress, "tqdm", Bar)
    machine.set_seed(0)
    return shown


def ids(n: int = 29, seed: int = 1) -> torch.Tensor:
    return torch.randint(V, (n,), generator=torch.Generator().manual_seed(seed))


def language_model(dropout: float = 0.3) -> LanguageModel:
    assert len(VOCAB) == V
    return LanguageModel(nn.GRU(V, H, batch_first=True), V, H, dropout=dropout)


class Interrupt:
    """Calls `do` as often as it is called, and at the call number `at` is interrupted first."""

    def __init__(self, at: int, do=lambda *args, **options: None):
        self.at, self.do, self.calls = at, do, 0

    def __call__(self, *args, **options):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return self.do(*args, **options)


class Interrupting(list):
    """Batches whose number `at`, counted over all passes, is interrupted before it comes."""

    def __init__(self, batches, at: int):
        super().__init__(batches)
        self.interrupt = Interrupt(at)

    def __iter__(self):
        for batch in super().__iter__():
            self.interrupt()
            yield batch


def in_backward(model, batch, state):
    loss, n, state = losses.next_token_loss(model, batch, state)
    loss.register_hook(Interrupt(at=1))
    return loss, n, state


def options(**changed):
    return lambda parts, patch: parts["options"].update({name: value(parts) for name, value in changed.items()})


def in_a_step_of_the_schedule(parts, patch):
    interrupt = Interrupt(4, type(parts["scheduler"]).step)
    patch.setattr(type(parts["scheduler"]), "step", lambda *args: interrupt(*args))


MOMENTS = {
    "before the first batch": options(batches=lambda p: Interrupting(p["options"]["batches"], at=1)),
    "before a batch": options(batches=lambda p: Interrupting(p["options"]["batches"], at=5)),
    "in the loss": options(compute_loss=lambda p: Interrupt(2, losses.next_token_loss)),
    "in the backward pass": options(compute_loss=lambda p: in_backward),
    "in a step of the optimiser": lambda parts, patch: parts["optimizer"].register_step_pre_hook(Interrupt(at=4)),
    "in a step of the schedule": in_a_step_of_the_schedule,
    "in validation": options(val_batches=lambda p: Interrupting(p["options"]["batches"], at=2)),
    "in the second validation": options(val_batches=lambda p: Interrupting(p["options"]["batches"], at=4)),
    "after an epoch": options(on_epoch=lambda p: Interrupt(at=1)),
    "while a checkpoint is written": lambda parts, patch: patch.setattr(os, "fsync", Interrupt(2, os.fsync)),
    "while a checkpoint takes its name": lambda parts, patch: patch.setattr(os, "replace", Interrupt(2, os.replace)),
}


def parts_of(tmp_path) -> dict:
    """A model, its optimiser and schedule, and what `fit` is called with."""
    model, batches = language_model(), list(SequentialBatches(ids(), B, T, offset=0))
    optimizer, scheduler = training.one_cycle(model, batches, num_epochs=2, max_lr=0.05)
    options = {"batches": batches, "num_epochs": 2, "scheduler": scheduler, "val_batches": batches}
    options |= {"checkpoint": tmp_path / "run.pt", "checkpoint_every": 1}
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler, "options": options}


def fit(parts: dict, **changed) -> checkpoint.History:
    return training.fit(parts["model"], optimizer=parts["optimizer"], **parts["options"] | changed)


def assert_usable(model: nn.Module, bars: list) -> None:
    """No bar is left open, gradients are recorded, and the model can be trained, scored and asked."""
    assert all(bar.disable for bar in bars), "a progress bar is left open"
    assert torch.is_grad_enabled()
    batches, before = SequentialBatches(ids(), B, T, offset=0), copy.deepcopy(model.state_dict())
    history = training.fit(model, batches, torch.optim.Adam(model.parameters()), num_epochs=1)
    assert len(history.step_loss) == len(batches)
    assert all(math.isfinite(loss) for loss in history.step_loss)
    assert any(not torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert math.isfinite(training.evaluate(model, batches))
    assert generate(model, VOCAB, "ab", 3).startswith("ab")


# --- training --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
def test_training_interrupted_at_any_moment_can_be_called_again(moment, tmp_path, monkeypatch, bars):
    """The same model and optimiser go on, without the file; with it, a new call ends as if nothing had been."""
    expected = parts_of(tmp_path / "expected")
    expected_history = fit(expected)
    machine.set_seed(0)
    parts = parts_of(tmp_path)
    with monkeypatch.context() as patch:
        MOMENTS[moment](parts, patch)
        with pytest.raises(KeyboardInterrupt):
            fit(parts)
    assert parts["model"].training
    assert not list(tmp_path.glob("*.unfinished"))
    batches = SequentialBatches(ids(), B, T, offset=0)
    assert len(training.fit(parts["model"], batches, parts["optimizer"], num_epochs=1).step_loss) == len(batches)
    assert_usable(parts["model"], bars)

    machine.set_seed(0)
    again = parts_of(tmp_path)  # as a reader does: the cell that makes model and optimiser, then the one that trains
    history = fit(again)
    assert history.step_loss == expected_history.step_loss
    assert history.val_loss == expected_history.val_loss
    for name, value in expected["model"].state_dict().items():
        assert torch.equal(again["model"].state_dict()[name], value), name


# --- scoring, searching, translating ---------------------------------------------------------------------------------

START, LIMITS = torch.zeros(3, dtype=torch.long), {"eos": None, "max_steps": 3}
INFERENCES = {
    "evaluate": lambda model: training.evaluate(model, RandomBatches(ids(40), B, T)),
    "generate": lambda model: generate(model, VOCAB, "ab", 3),
    "greedy search": lambda model: greedy(model, None, START, **LIMITS),
    "beam search": lambda model: beam_search(model, None, START, beam_size=3, **LIMITS),
    "sampling": lambda model: sample(model, None, START, **LIMITS),
    "translation": lambda model: translator_of(model).translate(SENTENCES[:2], beam_size=2, max_steps=3),
}


def translator_of(model: nn.Module) -> Translator:
    made = translator()
    made.model = model
    return made


def model_for(name: str) -> nn.Module:
    return translator().model if name == "translation" else language_model()


def states_of(model: nn.Module) -> dict:
    modes = {name: module.training for name, module in model.named_modules()}
    return {"modes": modes, "gradients": torch.is_grad_enabled()}


@pytest.mark.parametrize("was_training", [True, False])
@pytest.mark.parametrize("name", INFERENCES)
def test_a_search_interrupted_in_a_step_leaves_mode_and_gradients_as_they_were(name, was_training):
    model = model_for(name).train(was_training)
    before, weights = states_of(model), copy.deepcopy(model.state_dict())
    stepping = model.decoder if name == "translation" else model
    hook = stepping.register_forward_pre_hook(Interrupt(at=2))
    with pytest.raises(KeyboardInterrupt):
        INFERENCES[name](model)
    hook.remove()
    assert states_of(model) == before
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())
    INFERENCES[name](model)


def test_scoring_that_is_interrupted_draws_no_random_numbers_from_training():
    model, batches = language_model(), RandomBatches(ids(40), B, T)
    before = machine.random_state()
    with pytest.raises(KeyboardInterrupt):
        training.evaluate(model, batches, compute_loss=Interrupt(2, losses.next_token_loss))
    assert torch.equal(machine.random_state()["torch"], before["torch"])


# --- downloads -------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(monkeypatch):
    """The book's novel is NOVEL, at the address of a server that sends half of it, then drips; later it is honest."""

    def drip(visit):
        visit.answer(visit.half(), length=10**6)
        visit.drip(b"x")

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setitem(download.FILES, "timemachine.txt", "sha1:" + hashlib.sha1(NOVEL).hexdigest())
    plays = [drip, honest]
    with misbehaving(plays, {"timemachine.txt": NOVEL}) as (address, _):
        monkeypatch.setattr(download, "DATA_URL", address)
        yield plays


def test_a_download_interrupted_halfway_leaves_nothing_and_can_be_repeated(book, tmp_path, bars):
    """The thread that receives ends, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress.tqdm, "update", Interrupt(at=1))
        with pytest.raises(KeyboardInterrupt):
            datasets.time_machine("book", tmp_path)
    assert [bar.disable for bar in bars] == [True]
    assert list(tmp_path.iterdir()) == []
    assert datasets.time_machine("book", tmp_path).raw == NOVEL.decode()
    assert [file.name for file in tmp_path.iterdir()] == ["timemachine.txt"]
    until = time.monotonic() + 5
    while (alive := [t for t in threading.enumerate() if "receive" in t.name]) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive


# --- every line ------------------------------------------------------------------------------------------------------


class AtLine:
    """Inside, an interrupt comes before the line number `at` that the helpers run; `place` says which that was."""

    def __init__(self, at: float = math.inf):
        self.at, self.lines, self.place = at, 0, ""

    def _trace(self, frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if path.parent != HELPERS or path.name == "nested.py" or frame.f_code.co_name in ("_plain", "_emptied"):
            return None  # these are run for each of the thousands of numbers in a checkpoint, and change nothing
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                self.place = f"{path.name}:{frame.f_lineno}: {linecache.getline(str(path), frame.f_lineno).strip()}"
                raise KeyboardInterrupt
        return self._trace

    def __enter__(self):
        self.tracing = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self.tracing)


HELPERS = Path(helpers.__file__).parent


def interrupted(action, every: int, first: int = 1) -> Iterator[str]:
    """Yield a place for every `every`-th line that `action` runs: there it has been interrupted."""
    with AtLine() as whole:
        action()
    for at in range(first, whole.lines + 1, every):
        with AtLine(at) as here, pytest.raises(KeyboardInterrupt):
            action()
        yield here.place


# Where a line puts things back, nobody can put them back if it is interrupted; a signal seldom strikes just there.
PUTTING_BACK = ("model.train(was_training)", "with torch.no_grad():", "with progress.bar(", "with tqdm(", ".unlink(")


def left_behind(place: str, folder: Path, bars: list) -> str:
    """Say what an interrupt at this line has left behind; then, put it right for the next trial."""
    open_bars = [bar for bar in bars if not bar.disable]
    found = [file.name for file in folder.iterdir() if file.suffix in (".part", ".unfinished")]
    found += ["an open bar"] * len(open_bars) + ["no gradients"] * (not torch.is_grad_enabled())
    torch.set_grad_enabled(True)
    for bar in open_bars:
        bar.close()
    bars.clear()
    return "" if any(line in place for line in PUTTING_BACK) else ", ".join(found)


@pytest.mark.parametrize("every", [150, pytest.param(1, marks=pytest.mark.torture)])
@pytest.mark.parametrize("name", INFERENCES)
def test_a_search_interrupted_at_any_line_leaves_everything_as_it_was(name, every, tmp_path, record_property):
    model, trials = model_for(name), 0
    before = states_of(model)
    for place in interrupted(lambda: INFERENCES[name](model), every, first=1 + every // 2):
        assert states_of(model) == before or any(line in place for line in PUTTING_BACK), place
        assert not left_behind(place, tmp_path, []), place
        model.train()
        trials += 1
    record_property("trials", trials)


@pytest.mark.parametrize("every", [300, pytest.param(9, marks=pytest.mark.torture)])
def test_training_interrupted_at_any_line_goes_on_and_ends_as_if_nothing_had_been(
    every, tmp_path, monkeypatch, bars, record_property
):
    """With its file, in a new process, as it were; and without it, with the model as it stands."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    expected, current, trials = parts_of(tmp_path / "expected"), {}, 0
    expected_history = fit(expected)

    def train() -> None:
        for file in tmp_path.glob("run.pt*"):
            file.unlink()
        machine.set_seed(0)
        current.update(parts_of(tmp_path))
        fit(current)

    for place in interrupted(train, every, first=1 + every // 2):
        assert not left_behind(place, tmp_path, bars), place
        assert_usable(current["model"], bars)
        machine.set_seed(0)
        history = fit(parts_of(tmp_path))
        assert (history.step_loss, history.val_loss) == (expected_history.step_loss, expected_history.val_loss), place
        trials += 1
    record_property("trials", trials)


@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.torture)])
def test_a_download_interrupted_at_any_line_leaves_whole_files_or_none(every, book, tmp_path, bars, record_property):
    book[:], trials = [honest], 0

    def load() -> None:
        for file in tmp_path.iterdir():
            file.unlink()
        datasets.time_machine("book", tmp_path)

    for place in interrupted(load, every):
        assert not left_behind(place, tmp_path, bars), place
        assert all(file.read_bytes() == NOVEL for file in tmp_path.glob("*.txt")), place
        trials += 1
    assert datasets.time_machine("book", tmp_path).raw == NOVEL.decode()
    record_property("trials", trials)


# --- a real signal ---------------------------------------------------------------------------------------------------

PREPARE = f"""
import sys, itertools
sys.path.insert(0, {str(HELPERS.parent / "tests")!r})
import torch
from helpers import datasets, download, progress, training
from helpers.losses import next_token_loss
from test_interrupts import B, T, V, VOCAB, ids, language_model
from helpers.batches import SequentialBatches
from helpers.language_model import generate

model, batches = language_model(), list(SequentialBatches(ids(), B, T, offset=0))
optimizer = torch.optim.Adam(model.parameters())

class Endless(list):
    def __iter__(self):
        yield from itertools.cycle(super().__iter__())

def loss(*args):
    print("step", flush=True)
    return next_token_loss(*args)

def told():
    bars = progress.tqdm._instances
    return model.training, torch.is_grad_enabled(), len([bar for bar in bars if not bar.disable])
"""

CELLS = {
    "fit": "training.fit(model, batches, optimizer, num_epochs=10**6, compute_loss=loss)",
    "evaluate": "model.train(); training.evaluate(model, Endless(batches), compute_loss=loss)",
    "generate": "model.train(); print('step', flush=True); generate(model, VOCAB, 'ab', 10**7)",
    "download": "print('step', flush=True); datasets.time_machine('book', cache)",
}


def test_a_kernel_that_is_interrupted_in_a_cell_runs_the_next_ones(tmp_path, monkeypatch):
    """As the square in JupyterLab's toolbar does it, with a progress bar on show."""
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HELPERS.parent), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("NO_PROXY", "*")
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        run(client, PREPARE)
        with misbehaving([lambda visit: visit.end.wait()], {}) as (address, _):
            run(client, f"download.DATA_URL, cache = {address!r}, {str(tmp_path)!r}")
            for name, cell in CELLS.items():
                assert run(client, cell, interrupt=manager.interrupt_kernel) == "KeyboardInterrupt", name
                assert run(client, "assert told() == (True, True, 0), told()") == "", name
                assert run(client, "training.fit(model, batches, optimizer, num_epochs=1)") == "", name
        assert list(tmp_path.iterdir()) == []
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, cell: str, interrupt=None) -> str:
    """Run a cell and return the name of its error; `interrupt` it when it first prints something."""
    message = client.execute(cell)
    while interrupt:
        output = client.get_iopub_msg(timeout=60)
        if output["parent_header"].get("msg_id") == message and output["msg_type"] == "stream":
            time.sleep(0.2)  # well inside
            interrupt()
            break
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"].get("ename", "")
