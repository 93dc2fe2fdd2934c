"""Checkpoints: an interruption changes nothing, and no file is used that does not fit.

The interruption tests train a run to its end, then the same run stopped at a chosen moment and resumed with new
objects and another seed, and demand equal bits.
"""

import copy
import math
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_losses import encoded, translator
from test_training import EPOCHS, B, H, T, V, assert_equal_weights, ids, language_model, sgd, weights
from torch import nn

import helpers
from helpers import checkpoint, files, losses, machine, same_run, training
from helpers.batches import RandomBatches, SequentialBatches, whole
from helpers.pair_batches import PairBatches


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    machine.set_seed(0)


class Killed(BaseException):
    """Stands for the end of the process; nothing in the project may catch it."""


class NoisyBatches(list):
    """Batches that draw from every generator, one by one, while they are read: three inputs of each are replaced."""

    def __iter__(self):
        for X, Y in super().__iter__():
            X = X.clone()
            drawn = [torch.randint(V, ()).item(), random.randrange(V), np.random.randint(V)]  # noqa: NPY002
            X[0, :3] = torch.tensor(drawn)
            yield X, Y


def new_run(kind=SequentialBatches, seed: int = 0, layer=nn.LSTM) -> SimpleNamespace:
    """A run of 2 epochs of 5 batches, with dropout, momentum, a schedule, and batches of `kind`."""
    machine.set_seed(seed)
    model = language_model(layer)
    optimizer = torch.optim.AdamW(model.parameters(), 0.05)
    batches = NoisyBatches(SequentialBatches(ids(44), B, T, 0)) if kind is NoisyBatches else kind(ids(44), B, T)
    assert len(batches) == 5
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=EPOCHS * len(batches))
    return SimpleNamespace(model=model, optimizer=optimizer, scheduler=scheduler, batches=batches)


def finish(run: SimpleNamespace, checkpoint=None, **options) -> checkpoint.History:
    defaults = {
        "num_epochs": EPOCHS,
        "val_batches": whole(ids(20)),
        "scheduler": run.scheduler,
        # A notebook prints sampled text here: random numbers, of every generator.
        "on_epoch": lambda *_: (torch.rand(1), random.random(), np.random.rand()),  # noqa: NPY002
        "checkpoint": checkpoint,
    }
    return training.fit(run.model, run.batches, run.optimizer, **defaults | options)


def assert_same_end(resumed, history, expected, expected_history) -> None:
    assert history.step_loss == expected_history.step_loss
    assert history.train_loss == expected_history.train_loss
    assert history.val_loss == expected_history.val_loss
    assert len(history.seconds) == len(history.tokens_per_second) == EPOCHS
    assert_equal_weights(weights(resumed.model), weights(expected.model))
    assert resumed.optimizer.param_groups[0]["lr"] == expected.optimizer.param_groups[0]["lr"]


def killed_at(step: int, loss=losses.next_token_loss):
    """A loss that ends the process in training step `step`, counted from 1."""
    steps = []

    def compute_loss(model, batch, state):
        steps.append(model.training)
        if sum(steps) == step and model.training:
            raise Killed
        return loss(model, batch, state)

    return compute_loss


@pytest.mark.parametrize("checkpoint_every", [1, 3])
@pytest.mark.parametrize("kind", [SequentialBatches, RandomBatches, NoisyBatches])
def test_a_run_interrupted_at_any_step_ends_as_if_it_had_not_been(kind, checkpoint_every, tmp_path):
    expected = new_run(kind)
    expected_history = finish(expected)
    for step in range(1, EPOCHS * 5 + 1):
        path = tmp_path / f"{step}.pt"
        with pytest.raises(Killed):
            finish(new_run(kind), path, compute_loss=killed_at(step), checkpoint_every=checkpoint_every)
        # Before the first checkpoint there is nothing to resume from: the reader starts again with the same seed.
        resumed = new_run(kind, seed=99 if path.exists() else 0)
        history = finish(resumed, path, checkpoint_every=checkpoint_every)
        assert_same_end(resumed, history, expected, expected_history)


def translator_run(layer, seed: int = 0) -> SimpleNamespace:
    """As `new_run`, for a translator: 5 batches, the last of them smaller."""
    machine.set_seed(seed)
    model, batches = translator(layer), PairBatches(encoded(), 4)
    assert len(batches) == 5
    optimizer = torch.optim.AdamW(model.parameters(), 0.05)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=EPOCHS * len(batches))
    return SimpleNamespace(model=model, optimizer=optimizer, scheduler=scheduler, batches=batches)


@pytest.mark.parametrize(("layer", "checkpoint_every"), [(nn.GRU, 1), (nn.LSTM, 3)])
def test_a_translators_training_interrupted_at_any_step_ends_as_if_it_had_not_been(layer, checkpoint_every, tmp_path):
    val = PairBatches(encoded(7, seed=3), 3, shuffle=False)
    options = {"val_batches": val, "compute_loss": losses.seq2seq_loss, "checkpoint_every": checkpoint_every}
    expected = translator_run(layer)
    expected_history = finish(expected, **options)
    assert len(set(expected_history.step_loss)) == EPOCHS * 5
    for step in range(1, EPOCHS * 5 + 1):
        path = tmp_path / f"{step}.pt"
        killed = options | {"compute_loss": killed_at(step, losses.seq2seq_loss)}
        with pytest.raises(Killed):
            finish(translator_run(layer), path, **killed)
        resumed = translator_run(layer, seed=99 if path.exists() else 0)
        assert_same_end(resumed, finish(resumed, path, **options), expected, expected_history)


def test_a_run_interrupted_twice_ends_as_if_it_had_not_been(tmp_path):
    expected = new_run(layer=nn.GRU)
    expected_history = finish(expected)
    for step in (3, 4):
        with pytest.raises(Killed):
            finish(new_run(layer=nn.GRU), tmp_path / "run.pt", compute_loss=killed_at(step), checkpoint_every=1)
    resumed = new_run(layer=nn.GRU, seed=99)
    assert_same_end(resumed, finish(resumed, tmp_path / "run.pt"), expected, expected_history)


@pytest.mark.parametrize("moment", ["on_epoch", "validation"])
def test_a_run_interrupted_between_epochs_ends_as_if_it_had_not_been(moment, tmp_path):
    def die(*_):
        raise Killed

    def die_in_validation(model, batch, state):
        return losses.next_token_loss(model, batch, state) if model.training else die()

    expected = new_run(RandomBatches)
    expected_history = finish(expected)
    options = {"on_epoch": die} if moment == "on_epoch" else {"compute_loss": die_in_validation}
    with pytest.raises(Killed):
        finish(new_run(RandomBatches), tmp_path / "run.pt", checkpoint_every=2, **options)
    resumed = new_run(RandomBatches, seed=99)
    history = finish(resumed, tmp_path / "run.pt", checkpoint_every=2)
    assert_same_end(resumed, history, expected, expected_history)


def test_resuming_does_not_repeat_finished_steps(tmp_path):
    with pytest.raises(Killed):
        finish(new_run(), tmp_path / "run.pt", compute_loss=killed_at(8), checkpoint_every=3)
    steps = []

    def counted(model, batch, state):
        steps.append(model.training)
        return losses.next_token_loss(model, batch, state)

    finish(new_run(), tmp_path / "run.pt", compute_loss=counted, checkpoint_every=3)
    assert sum(steps) == 10 - 5  # 5 steps and the end of epoch 1 were saved; epoch 2 was interrupted in its step 3


def test_writing_checkpoints_changes_nothing_in_the_run(tmp_path):
    plain = new_run()
    finish(plain)
    saved = new_run()
    finish(saved, tmp_path / "run.pt", checkpoint_every=1)
    assert_equal_weights(weights(plain.model), weights(saved.model))


CHILD = """
import os, signal, sys
import test_checkpoint
saves = []
fsync = os.fsync
def half_a_save(descriptor):
    saves.append(1)
    if len(saves) == 8:
        os.truncate(descriptor, os.fstat(descriptor).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = half_a_save
test_checkpoint.finish(test_checkpoint.new_run(), sys.argv[1], checkpoint_every=1)
"""


def test_a_process_killed_while_it_writes_a_checkpoint_can_be_resumed(tmp_path):
    """The eighth checkpoint is half written when SIGKILL comes; this process goes on from the seventh."""
    path = tmp_path / "run.pt"
    env = os.environ | {"PYTHONPATH": f"{Path(helpers.__file__).parents[1]}{os.pathsep}{Path(__file__).parent}"}
    env |= {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    child = subprocess.run([sys.executable, "-c", CHILD, str(path)], env=env, capture_output=True, text=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert len(files.load(path)["history"]["step_loss"]) == 7
    expected = new_run()
    expected_history = finish(expected)
    resumed = new_run(seed=99)
    history = finish(resumed, path)
    assert_same_end(resumed, history, expected, expected_history)


def test_a_crash_inside_torch_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path, save, saves = tmp_path / "run.pt", torch.save, []

    def crash(payload, file):
        saves.append(1)
        if len(saves) == 6:  # two for each checkpoint: emptied, to try whether it can be read, and in earnest
            raise OSError("no space left on device")
        save(payload, file)

    monkeypatch.setattr(torch, "save", crash)
    with pytest.raises(OSError, match="no space left"):
        finish(new_run(), path, checkpoint_every=2)
    assert len(files.load(path)["history"]["step_loss"]) == 4
    monkeypatch.undo()
    finish(new_run(), path, checkpoint_every=2)
    assert len(files.load(path)["history"]["step_loss"]) == 10
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.pt", "run.pt.previous"]


def test_a_checkpoint_reaches_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    calls, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("fsync"))
    monkeypatch.setattr(os, "replace", lambda *args: calls.append("replace") or replace(*args))
    finish(new_run(), tmp_path / "run.pt")
    assert calls == ["fsync", "replace"] + ["fsync", "replace", "replace"] * (EPOCHS - 1)


def test_a_checkpoint_may_lie_in_a_folder_that_does_not_exist_yet(tmp_path):
    finish(new_run(), str(tmp_path / "new" / "folder" / "run.pt"))
    assert (tmp_path / "new" / "folder" / "run.pt").is_file()


def test_a_finished_run_returns_its_history_and_weights_without_training(tmp_path):
    run = new_run()
    history = finish(run, tmp_path / "run.pt")
    again = new_run(seed=99)
    assert finish(again, tmp_path / "run.pt", compute_loss=killed_at(1)) == history
    assert_equal_weights(weights(again.model), weights(run.model))


@pytest.mark.parametrize(
    "schedule",
    [
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10),
        lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step),
    ],
    ids=["OneCycleLR", "CosineAnnealingLR", "LambdaLR"],
)
def test_a_schedule_goes_on_where_it_stood(schedule, tmp_path):
    rates = []
    for file in (None, tmp_path / "run.pt"):
        run = new_run()
        run.scheduler = schedule(run.optimizer)
        if file:
            with pytest.raises(Killed):
                finish(run, file, compute_loss=killed_at(4), checkpoint_every=1)
            run = new_run()
            run.scheduler = schedule(run.optimizer)
        seen = []

        def compute_loss(*args, run=run, seen=seen):
            if args[0].training:
                seen.append(run.optimizer.param_groups[0]["lr"])
            return losses.next_token_loss(*args)

        finish(run, file, compute_loss=compute_loss)
        rates.append(seen)
    assert rates[0][3:] == rates[1]
    assert len(set(rates[1])) > 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_epochs": 3}, "num_epochs was 2 and is 3"),
        ({"clip": 0.5}, "clip was 1.0 and is 0.5"),
        ({"scheduler": None}, "scheduler was OneCycleLR and is None"),
    ],
)
def test_a_checkpoint_of_a_different_run_is_refused_with_what_changed_and_a_remedy(changed, message, tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    with pytest.raises(checkpoint.CheckpointError, match=f"a different run: {message}; remove the file"):
        finish(new_run(), tmp_path / "run.pt", **changed)


def test_a_checkpoint_of_another_number_of_batches_is_refused(tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    other = new_run()
    other.batches = SequentialBatches(ids(100), B, T)
    with pytest.raises(checkpoint.CheckpointError, match="num_steps was 5 and is 12"):
        finish(other, tmp_path / "run.pt")


def test_a_checkpoint_of_another_optimiser_is_refused(tmp_path):
    finish(new_run(), tmp_path / "run.pt", scheduler=None)
    other = new_run()
    other.optimizer = sgd(other.model)
    with pytest.raises(checkpoint.CheckpointError, match="optimizer was AdamW and is SGD"):
        finish(other, tmp_path / "run.pt", scheduler=None)


@pytest.mark.parametrize("other", [{"num_hiddens": H + 1}, {"layer": nn.GRU}])
def test_a_checkpoint_of_a_different_model_is_refused(other, tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    run = new_run()
    run.model = language_model(**other)
    with pytest.raises(checkpoint.CheckpointError, match=r"different model or optimiser: .*; remove the file"):
        finish(run, tmp_path / "run.pt")


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a checkpoint", bytes(range(256)) * 9, b"PK\x03\x04 and so on"])
def test_a_file_of_anything_else_is_refused_with_a_remedy_and_kept(content, tmp_path):
    (tmp_path / "run.pt").write_bytes(content)
    with pytest.raises(checkpoint.CheckpointError, match=r"run\.pt .*remove the file"):
        finish(new_run(), tmp_path / "run.pt")
    assert (tmp_path / "run.pt").read_bytes() == content


def test_a_checkpoint_cut_anywhere_is_refused(tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    intact = (tmp_path / "run.pt").read_bytes()
    for length in range(1, len(intact), len(intact) // 12):
        (tmp_path / "run.pt").write_bytes(intact[:length])
        with pytest.raises(checkpoint.CheckpointError, match=r"run\.pt.previous to run\.pt"):
            finish(new_run(), tmp_path / "run.pt")


@pytest.mark.parametrize("content", [[1, 2], {"run": 5}, {"settings": 5, "history": {}}, torch.ones(2), None])
def test_another_file_of_the_project_is_refused_with_a_remedy(content, tmp_path):
    files.save(tmp_path / "run.pt", content)
    with pytest.raises(checkpoint.CheckpointError, match=r"run\.pt is not a checkpoint.*remove the file"):
        finish(new_run(), tmp_path / "run.pt")


@pytest.mark.parametrize("missing", ["model", "optimizer", "scheduler", "settings", "history", "position", "random"])
def test_a_checkpoint_with_a_part_missing_is_refused_with_a_remedy(missing, tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    saved = files.load(tmp_path / "run.pt")
    del saved[missing]
    files.save(tmp_path / "run.pt", saved)
    with pytest.raises(checkpoint.CheckpointError, match="remove the file"):
        finish(new_run(), tmp_path / "run.pt")


@pytest.mark.parametrize("misfit", ["name", "shape", "moment", "scheduler"])
def test_nothing_is_loaded_unless_everything_fits(misfit, tmp_path):
    """Half a load would leave old weights in a new model: every part keeps what it had."""
    finish(new_run(), tmp_path / "run.pt")
    saved = files.load(tmp_path / "run.pt")
    if misfit == "name":
        saved["model"]["other"] = saved["model"].pop("output.bias")
    elif misfit == "shape":
        saved["model"]["output.bias"] = torch.zeros(V + 1)
    elif misfit == "moment":
        saved["optimizer"]["state"][0]["exp_avg"] = torch.zeros(2, 2)
    else:
        saved["scheduler"] = 5
    files.save(tmp_path / "run.pt", saved)
    run = new_run(seed=7)
    before = weights(run.model), copy.deepcopy(run.optimizer.state_dict()), copy.deepcopy(run.scheduler.state_dict())
    with pytest.raises(checkpoint.CheckpointError, match=r"different model or optimiser: .*; remove the file"):
        finish(run, tmp_path / "run.pt")
    assert_equal_weights(weights(run.model), before[0])
    assert (run.optimizer.state_dict(), run.scheduler.state_dict()) == before[1:]


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("settings", 5, "not a checkpoint"),
        ("history", {"other": []}, "not a checkpoint"),
        ("position", 5, "not a checkpoint"),
        ("random", {}, "not a checkpoint"),
        ("model", [], "different model or optimiser"),
        ("optimizer", {}, "different model or optimiser"),
        ("scheduler", {"other": 1}, "different model or optimiser"),
    ],
)
def test_a_part_of_another_kind_is_refused_with_a_remedy_and_nothing_is_loaded(part, content, message, tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    files.save(tmp_path / "run.pt", files.load(tmp_path / "run.pt") | {part: content})
    run = new_run(seed=7)
    before, rate = weights(run.model), run.scheduler.state_dict()
    with pytest.raises(checkpoint.CheckpointError, match=f"{message}.*; remove the file"):
        finish(run, tmp_path / "run.pt")
    assert_equal_weights(weights(run.model), before)
    assert run.scheduler.state_dict() == rate


def test_weights_of_another_type_are_refused_and_not_rounded(tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    other = new_run()
    other.model.double()
    with pytest.raises(checkpoint.CheckpointError, match=r"float32 .*float64 .*; remove the file"):
        finish(other, tmp_path / "run.pt")


@pytest.mark.parametrize("part", ["model", "optimizer", "scheduler"])
def test_want_of_memory_while_loading_is_not_blamed_on_the_file(part, tmp_path, monkeypatch):
    """On a card it comes as a RuntimeError; whoever removes the file then loses a good run."""
    finish(new_run(), tmp_path / "run.pt")
    run = new_run(seed=7)
    before, kind, calls = weights(run.model), type(getattr(run, part)), []
    load = kind.load_state_dict

    def full_once(*args):
        calls.append(1)
        if len(calls) == 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        load(*args)

    monkeypatch.setattr(kind, "load_state_dict", full_once)
    with pytest.raises(torch.cuda.OutOfMemoryError, match="out of memory"):
        finish(run, tmp_path / "run.pt")
    assert_equal_weights(weights(run.model), before)


@pytest.mark.parametrize("number", [np.int64, np.float64])
def test_numbers_of_numpy_make_a_checkpoint_that_can_be_resumed(number, tmp_path):
    """Learning rates often come from np.logspace, and counts from an array."""

    def run_with(seed=0):
        run = new_run(seed=seed)
        run.scheduler = None
        run.optimizer = torch.optim.AdamW(run.model.parameters(), number(1) / 20)
        return run

    def counted(model, batch, state):
        loss, n, state = losses.next_token_loss(model, batch, state)
        return loss, number(n), state

    options = {"num_epochs": np.int64(EPOCHS), "clip": number(1), "checkpoint_every": 1}
    expected = run_with()
    expected_history = finish(expected, compute_loss=counted, **options)
    with pytest.raises(Killed):
        finish(run_with(), tmp_path / "run.pt", compute_loss=killed_at(4, counted), **options)
    resumed = run_with(seed=99)
    history = finish(resumed, tmp_path / "run.pt", compute_loss=counted, **options)
    assert_same_end(resumed, history, expected, expected_history)


def test_a_system_error_is_no_reason_to_remove_the_file(tmp_path, monkeypatch):
    finish(new_run(), tmp_path / "run.pt")

    def fails(*args, **options):
        raise MemoryError("not enough memory")

    monkeypatch.setattr(torch, "load", fails)
    with pytest.raises(MemoryError, match="not enough memory"):
        finish(new_run(), tmp_path / "run.pt")


def flips(path, places):
    """Flip one bit at each of the places, one at a time; return how many of the damaged files were refused."""
    intact, refused = path.read_bytes(), 0
    for place in places:
        damaged = bytearray(intact)
        damaged[place % len(intact)] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(checkpoint.CheckpointError, match=r"run\.pt"):
            finish(new_run(), path)
        refused += 1
    path.write_bytes(intact)
    return refused


def test_a_flipped_bit_is_refused_and_the_checkpoint_before_is_offered(tmp_path):
    path = tmp_path / "run.pt"
    expected = new_run()
    expected_history = finish(expected)
    with pytest.raises(Killed):
        finish(new_run(), path, compute_loss=killed_at(4), checkpoint_every=1)
    size = path.stat().st_size
    assert flips(path, range(0, size, size // 19)) >= 19
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(checkpoint.CheckpointError, match=r"rename run\.pt\.previous to run\.pt to go on from there"):
        finish(new_run(), path)
    os.replace(tmp_path / "run.pt.previous", path)
    resumed = new_run(seed=99)
    assert_same_end(resumed, finish(resumed, path), expected, expected_history)


@pytest.mark.torture
def test_no_flipped_bit_of_two_hundred_is_accepted(tmp_path, record_property):
    finish(new_run(), tmp_path / "run.pt")
    places = random.Random(0).sample(range((tmp_path / "run.pt").stat().st_size), 200)
    assert flips(tmp_path / "run.pt", places) == 200
    record_property("trials", 200)


def test_a_kill_between_the_two_renamings_loses_nothing(tmp_path):
    expected = new_run()
    expected_history = finish(expected)
    with pytest.raises(Killed):
        finish(new_run(), tmp_path / "run.pt", compute_loss=killed_at(4), checkpoint_every=1)
    os.replace(tmp_path / "run.pt", tmp_path / "run.pt.previous")
    resumed = new_run(seed=99)
    assert_same_end(resumed, finish(resumed, tmp_path / "run.pt"), expected, expected_history)


def test_other_data_with_as_many_batches_are_another_run(tmp_path):
    finish(new_run(), tmp_path / "run.pt")
    other = new_run()
    other.batches = SequentialBatches(ids(44, seed=5), B, T)
    with pytest.raises(checkpoint.CheckpointError, match=r"different run: data was \w+ and is \w+; remove the file"):
        finish(other, tmp_path / "run.pt")


def test_starting_anew_means_removing_both_files(tmp_path):
    """Where the last checkpoint is missing, the one before it is taken: so the remedy names both."""
    finish(new_run(), tmp_path / "run.pt")
    with pytest.raises(checkpoint.CheckpointError, match=r"remove the file and run\.pt\.previous to start anew"):
        finish(new_run(), tmp_path / "run.pt", clip=0.5)
    for file in (tmp_path / "run.pt", tmp_path / "run.pt.previous"):
        file.unlink()
    finish(new_run(), tmp_path / "run.pt", clip=0.5)


def test_the_digest_of_the_data_draws_no_random_numbers_and_does_not_change(tmp_path):
    batches = NoisyBatches(SequentialBatches(ids(44), B, T, 0))
    before = machine.random_state()
    first = same_run.data_digest(batches)
    machine.set_seed(5)
    assert same_run.data_digest(batches) == first
    machine.set_random_state(before)
    drawn = random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002
    machine.set_random_state(before)
    with machine.forked_random():
        random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == drawn  # noqa: NPY002


def test_a_place_that_cannot_be_written_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "run.pt", tmp_path):
        with pytest.raises(OSError, match=r"file|folder"):
            finish(new_run(), place, compute_loss=killed_at(1))


def test_a_run_from_a_machine_with_more_cards_goes_on(tmp_path, monkeypatch):
    expected = new_run()
    expected_history = finish(expected)
    with pytest.raises(Killed):
        finish(new_run(), tmp_path / "run.pt", compute_loss=killed_at(4), checkpoint_every=1)
    saved = files.load(tmp_path / "run.pt")
    for state in (saved["random"], saved["position"]["random_at_start"]):
        state["cuda"], state["mps"] = [torch.zeros(16, dtype=torch.uint8)] * 2, torch.zeros(16, dtype=torch.uint8)
    files.save(tmp_path / "run.pt", saved)
    resumed = new_run(seed=99)
    assert_same_end(resumed, finish(resumed, tmp_path / "run.pt"), expected, expected_history)


def nan_loss(model, batch, state):
    loss, n, state = losses.next_token_loss(model, batch, state)
    return loss * math.nan, n, state


def infinite_gradient(model, batch, state):
    """A finite loss whose derivative is not: the root of a number at 0."""
    loss, n, state = losses.next_token_loss(model, batch, state)
    return loss + (model.output.bias - model.output.bias.detach()).abs().sum().sqrt(), n, state


@pytest.mark.parametrize("trouble", [nan_loss, infinite_gradient])
@pytest.mark.parametrize("clip", [1.0, None])
def test_divergence_is_named_with_its_place_and_leaves_weights_and_checkpoint_intact(trouble, clip, tmp_path):
    """In epoch 2, step 3 of 5: the checkpoint written just before leads to the end of the undisturbed run."""
    path, steps, before = tmp_path / "run.pt", [], []

    def compute_loss(*args):
        steps.append(args[0].training)
        if steps[-1] and sum(steps) == 5 + 3:
            before.extend(weights(args[0]))
            return trouble(*args)
        return losses.next_token_loss(*args)

    options = {"clip": clip, "checkpoint_every": 1}
    run = new_run(RandomBatches)
    with pytest.raises(training.TrainingDiverged, match=r"in epoch 2, step 3 of 5, at learning rate .*smaller"):
        finish(run, path, compute_loss=compute_loss, **options)
    assert_equal_weights(weights(run.model), before)
    resumed = new_run(RandomBatches, seed=99)
    finish(resumed, path, **options)
    undisturbed = new_run(RandomBatches)
    finish(undisturbed, **options)
    assert_equal_weights(weights(resumed.model), weights(undisturbed.model))
