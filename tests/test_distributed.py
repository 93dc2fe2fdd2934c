"""One run by several processes: real ones, which talk by gloo on this machine, against one process."""

import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from test_checkpoint import Killed, killed_at
from test_losses import encoded, translator
from test_training import assert_equal_weights, ids, language_model, sgd, weights
from torch import nn

from helpers import distributed, files, losses, machine, progress, training
from helpers.batches import RandomBatches, SequentialBatches
from helpers.pair_batches import PairBatches

HERE = Path(__file__).parent
SECONDS = 120  # after which a process that should have ended long ago is killed

# Fresh processes, forked from one that has imported much and computed nothing.
processes = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
if hasattr(os, "fork"):
    processes.set_forkserver_preload(["torch._dynamo", "pytest", "helpers.training"])


def loopback() -> str:
    return next(name for _, name in socket.if_nameindex() if name.startswith("lo"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def begin(number: int, environment: dict[str, str], file: Path, job, options) -> None:
    """In a process of its own: do the job as rank `number`; keep what it returns, or the error that ended it."""
    os.environ |= environment | {"RANK": str(number), "LOCAL_RANK": str(number)}
    os.fsync = lambda descriptor: None
    torch.set_num_threads(1)
    try:
        result = job(**options)
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    torch.save(result, file)


def start(size: int, folder: Path, job, **options) -> list:
    environment = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    environment |= {"GLOO_SOCKET_IFNAME": loopback()} if hasattr(os, "fork") else {}
    places = [folder / f"rank {number}" for number in range(size)]
    made = [processes.Process(target=begin, args=(i, environment, places[i], job, options)) for i in range(size)]
    for process in made:
        process.start()
    return made


def results(started: list, folder: Path) -> list:
    """Wait for the ranks; return what each returned or raised, or the signal that ended it."""
    end = time.monotonic() + SECONDS
    for process in started:
        process.join(max(0, end - time.monotonic()))
    late = [process.kill() for process in started if process.is_alive()]
    assert not late, "a rank hangs"
    places = [folder / f"rank {number}" for number in range(len(started))]
    return [
        torch.load(place, weights_only=False) if process.exitcode == 0 else -process.exitcode
        for process, place in zip(started, places, strict=True)
    ]


def together(size: int, folder: Path, job, **options) -> list:
    return results(start(size, folder, job, **options), folder)


# --- the run that the ranks share ------------------------------------------------------------------------------------


def train(adamw=False, dropout=0.0, checkpoint=None, patience=300.0, seed=0, kill=None, at=None, **options) -> dict:
    """Train a translator for 2 epochs of 5 batches, the last of one row; return what this process saw.

    kill: the rank that dies, at: the step in which it does; without `kill` all ranks stop there.
    """
    machine.set_seed(seed)
    model, batches = translator(nn.GRU, dropout), PairBatches(encoded(17), 4)
    optimizer, scheduler = sgd(model), None
    if adamw:
        optimizer, scheduler = training.one_cycle(model, batches, num_epochs=2, max_lr=0.02)
    val = PairBatches(encoded(7, seed=3), 3, shuffle=False)
    with distributed.ranks(patience=patience) as group:
        stop = at if kill in (None, group.rank) else None
        loss = group.share(model, losses.seq2seq_loss)
        options |= {"compute_loss": killed_at(stop, loss) if stop else loss, "checkpoint": checkpoint}
        try:
            history = training.fit(
                model, batches, optimizer, num_epochs=2, scheduler=scheduler, val_batches=val, checkpoint_every=1,
                clip=0.5 if adamw else None, **options,
            )  # fmt: skip
        except Killed:
            if kill is None:  # all stop at the same step
                return {}
            os.kill(os.getpid(), signal.SIGKILL)
    return {
        "step_loss": history.step_loss, "train_loss": history.train_loss, "val_loss": history.val_loss,
        "weights": weights(model), "rate": optimizer.param_groups[0]["lr"], "random": torch.get_rng_state(),
    }  # fmt: skip


def assert_same_curve(found: dict, expected: dict) -> None:
    for name in ("step_loss", "train_loss", "val_loss", "rate"):
        assert found[name] == pytest.approx(expected[name], abs=1e-5), name
    torch.testing.assert_close(found["weights"], expected["weights"], rtol=1e-4, atol=1e-5)


def assert_same_bits(found: dict, expected: dict) -> None:
    for name in ("step_loss", "train_loss", "val_loss", "rate"):
        assert found[name] == expected[name], name
    assert_equal_weights(found["weights"], expected["weights"])
    assert torch.equal(found["random"], expected["random"])


# --- the same as one process -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("adamw", [False, True])
@pytest.mark.parametrize("size", [2, 3])
def test_several_ranks_train_as_one_process_does(size, adamw, tmp_path):
    """Plain SGD shows a gradient of the wrong length; with AdamW come clipping and a schedule."""
    expected = train(adamw)
    found = together(size, tmp_path, train, adamw=adamw)
    for rank in found:
        assert_same_curve(rank, expected)
        assert_same_bits(rank, found[0])
    assert len(set(expected["step_loss"])) == 10


def lopsided() -> tuple:
    """Five rows of 1 to 9 tokens: the ranks' shares of the tokens differ as much as can be."""
    lengths = torch.tensor([1, 9, 2, 8, 1])
    tgt = torch.randint(4, 9, (5, 10), generator=torch.Generator().manual_seed(1))
    tgt[torch.arange(10) > lengths[:, None]] = 0
    return torch.full((5, 3), 5), torch.tensor([3, 2, 3, 1, 3]), tgt, lengths


def gradient(rows: int) -> dict:
    machine.set_seed(0)
    model, batch = translator(nn.LSTM, dropout=0.0), tuple(part[:rows] for part in lopsided())
    batch[0][torch.arange(3) >= batch[1][:, None]] = 0
    with distributed.ranks() as group:
        loss, n, _ = group.share(model, losses.seq2seq_loss)(model, batch, None)
        (loss / n).backward()
    return {"loss": loss.item(), "n": n, "gradient": [p.grad for p in model.parameters()]}


@pytest.mark.parametrize("rows", [5, 1])
def test_the_gradient_is_that_of_the_mean_over_all_tokens(rows, tmp_path):
    """With one row the second rank has none: it counts for nothing, and waits for no one."""
    expected = gradient(rows)
    for rank in together(2, tmp_path, gradient, rows=rows):
        assert rank["n"] == expected["n"] == (21 if rows == 5 else 1)
        assert rank["loss"] == pytest.approx(expected["loss"], rel=1e-6)
        torch.testing.assert_close(rank["gradient"], expected["gradient"], rtol=1e-5, atol=1e-7)


def test_a_process_alone_shares_nothing():
    with distributed.ranks() as group:
        assert (group.rank, group.size, group.device) == (0, 1, torch.device("cpu"))
        assert group.share(language_model(), losses.next_token_loss) is losses.next_token_loss
        assert distributed.first()


# --- one checkpoint --------------------------------------------------------------------------------------------------


def test_a_run_goes_on_with_another_number_of_ranks(tmp_path):
    """Two ranks stop in epoch 1, three in epoch 2, and one ends what they began."""
    expected, path = train(adamw=True), tmp_path / "run.pt"
    for size, at, done in [(2, 4, 3), (3, 5, 7)]:
        together(size, tmp_path, train, adamw=True, checkpoint=path, at=at)
        assert len(files.load(path)["history"]["step_loss"]) == done
    assert_same_curve(train(adamw=True, checkpoint=path, seed=99), expected)


def test_with_dropout_the_same_number_of_ranks_goes_on_bit_for_bit(tmp_path):
    path = tmp_path / "run.pt"
    expected = together(2, tmp_path, train, dropout=0.5)
    together(2, tmp_path, train, dropout=0.5, checkpoint=path, at=8)
    assert len(files.load(path)["history"]["step_loss"]) == 7
    for rank, other in zip(together(2, tmp_path, train, dropout=0.5, checkpoint=path, seed=99), expected, strict=True):
        assert_same_bits(rank, other)
        assert_same_bits(rank, expected[0])


def masks() -> dict:
    seen, drawn = [], []
    machine.set_seed(0)
    model, batches = translator(), PairBatches(encoded(17), 4)

    def compute_loss(model, batch, state):
        seen.append(nn.functional.dropout(torch.ones(64)).tolist())
        return losses.seq2seq_loss(model, batch, state)

    with distributed.ranks() as group:
        loss = group.share(model, compute_loss)

        def noted(model, batch, state):
            drawn.append(batch.tgt.tolist())
            return loss(model, batch, state)

        training.fit(model, batches, sgd(model), num_epochs=2, compute_loss=noted)
    return {"masks": seen, "batches": drawn}


def test_ranks_draw_the_same_batches_and_masks_of_their_own(tmp_path):
    two, three = together(2, tmp_path, masks), together(3, tmp_path, masks)
    assert all(rank["batches"] == two[0]["batches"] for rank in two + three)
    assert two[0]["batches"][:5] != two[0]["batches"][5:]
    every = [mask for rank in three for mask in rank["masks"]]
    assert len({str(mask) for mask in every}) == len(every) == 30


def written(checkpoint: Path) -> dict:
    """Return which files this process saves, and whether its bar was shown."""
    saved, shown, save = [], [], files.save

    class Noted(progress.tqdm):
        def __init__(self, **options):
            shown.append(not options["disable"])
            super().__init__(**options | {"disable": True})

    files.save = lambda path, *args, **options: saved.append(path) or save(path, *args, **options)
    progress.tqdm = Noted
    os.environ.pop("TQDM_DISABLE", None)
    train(checkpoint=checkpoint)
    return {"saved": saved, "shown": shown}


def test_the_first_rank_alone_writes_and_shows_a_bar(tmp_path):
    path = tmp_path / "run.pt"
    first, second = together(2, tmp_path, written, checkpoint=path)
    assert first == {"saved": [path] * 10, "shown": [True]}
    assert second == {"saved": [], "shown": [False]}


def late(checkpoint: Path) -> int:
    """Find a finished run; the first rank removes its file at once, the second comes a second later."""
    with distributed.ranks() as group:
        model, batches = translator(), PairBatches(encoded(17), 4)
        loss = group.share(model, losses.seq2seq_loss)
        time.sleep(group.rank)
        options = {"num_epochs": 1, "compute_loss": loss, "checkpoint": checkpoint}
        history = training.fit(model, batches, sgd(model), **options)
    if group.rank == 0:
        checkpoint.unlink()
    return len(history.step_loss)


def test_the_first_rank_waits_until_all_have_read_the_file(tmp_path):
    model, batches, path = translator(), PairBatches(encoded(17), 4), tmp_path / "run.pt"
    options = {"num_epochs": 1, "compute_loss": losses.seq2seq_loss, "checkpoint": path}
    training.fit(model, batches, sgd(model), **options)
    assert together(2, tmp_path, late, checkpoint=path) == [5, 5]


# --- ranks that are lost, or that do not belong together -------------------------------------------------------------


@pytest.mark.parametrize("kill", [0, 1])
def test_when_a_rank_is_killed_the_other_stops_with_a_sentence_and_the_run_can_go_on(kill, tmp_path):
    path, began = tmp_path / "run.pt", time.monotonic()
    found = together(2, tmp_path, train, checkpoint=path, kill=kill, at=4)
    assert found[kill] == signal.SIGKILL
    assert found[1 - kill].startswith("RankLost: another rank is gone")
    assert f"Rank {1 - kill} of 2 stops; the same command goes on from the last checkpoint" in found[1 - kill]
    assert time.monotonic() - began < 30, "nobody waits for the dead"
    assert_same_curve(train(checkpoint=path, seed=99), train())


@pytest.mark.torture
def test_of_three_ranks_both_others_stop(tmp_path):
    found = together(3, tmp_path, train, kill=1, at=4)
    assert [found[i].split(":")[0] for i in (0, 2)] == ["RankLost"] * 2


def silent() -> None:
    with distributed.ranks(patience=2) as group:
        if group.rank == 1:
            time.sleep(4)
        else:
            distributed._total(torch.ones(1))


@pytest.mark.torture
def test_a_rank_that_falls_silent_is_waited_for_no_longer_than_was_said(tmp_path):
    first, _ = together(2, tmp_path, silent)
    assert first.startswith("RankLost: another rank is gone, or was silent for 2 seconds")


def missing() -> None:
    if os.environ["RANK"] == "0":
        train(patience=2)


@pytest.mark.torture
def test_a_rank_that_never_comes_is_waited_for_no_longer_than_was_said(tmp_path):
    first, _ = together(2, tmp_path, missing)
    assert first.startswith("RankLost: another rank is gone, or was silent for 2 seconds")


def told() -> None:
    with distributed.ranks() as group:
        if group.rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        distributed._total(torch.ones(1))


def test_a_rank_that_is_told_to_stop_says_so(tmp_path):
    """As torchrun tells the others when one has failed."""
    _, second = together(2, tmp_path, told)
    assert second.startswith("RankLost: this process was told to stop")


def failing() -> None:
    with distributed.ranks() as group:
        if group.rank == 1:
            raise RuntimeError("out of memory")
        distributed._total(torch.ones(1))


def test_an_error_of_one_rank_stays_what_it_is(tmp_path):
    first, second = together(2, tmp_path, failing)
    assert first.startswith("RankLost")
    assert second == "RuntimeError: out of memory"


def out_of_step() -> None:
    train(seed=int(os.environ["RANK"]))


def test_ranks_with_other_seeds_are_refused(tmp_path):
    for rank, found in enumerate(together(2, tmp_path, out_of_step)):
        assert found.startswith(f"ValueError: rank {rank} does not stand where the others do")


def carried() -> None:
    machine.set_seed(0)
    model = language_model()
    with distributed.ranks() as group:
        loss = group.share(model, losses.next_token_loss)
        training.fit(model, RandomBatches(ids(44), 2, 4), sgd(model), num_epochs=1, compute_loss=loss)
        training.fit(model, SequentialBatches(ids(44), 2, 4), sgd(model), num_epochs=1, compute_loss=loss)


def test_batches_that_continue_one_another_are_refused(tmp_path):
    for found in together(2, tmp_path, carried):
        assert found.startswith("ValueError: batches that continue one another cannot be shared")


def stranger() -> None:
    machine.set_seed(0)
    with distributed.ranks() as group:
        loss = group.share(translator(), losses.seq2seq_loss)
        loss(translator(), tuple(encoded(4)), None)


def test_another_model_than_the_shared_one_is_refused(tmp_path):
    for found in together(2, tmp_path, stranger):
        assert found.startswith("ValueError: this is not the model that was shared")


def test_more_ranks_than_cards_are_refused(monkeypatch):
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with (
        pytest.raises(ValueError, match=r"rank 1 wants a card of its own, number 1 .* has 1; start fewer"),
        distributed.ranks("cuda"),
    ):
        pass


# --- the documented command ------------------------------------------------------------------------------------------

TINY = """
import os, signal, sys
from pathlib import Path
import translator as experiment
from helpers import pretrained
from helpers.pairs import Pairs

words = ["the", "sea", "is", "wide", "and", "the", "boat", "is", "small", "today"]
sources = [f"{a} {b} {c} ." for a in words[:4] for b in words[4:8] for c in words[5:]]
pairs = Pairs(sources, [source.upper() for source in sources])
sizes = {"embed_size": 8, "num_hiddens": 12, "dropout": 0.3, "bidirectional": True}
experiment.SETTINGS["english-portuguese"] |= {"pieces": 45, "sizes": sizes, "batch_size": 16, "passes": 3}
experiment.divided = lambda name: (pairs, pairs[:5])
experiment.ROOT = Path.cwd()
pretrained.resources.files = lambda package: Path("helpers/pretrained")
if sys.argv[1:] == ["kill"]:
    loss = experiment.smoothed_loss
    def deadly(*options):
        compute, steps = loss(*options), []
        def compute_loss(model, *rest):
            steps.append(1)
            if len(steps) == 8 and os.environ["RANK"] == "1":
                os.kill(os.getpid(), signal.SIGKILL)
            return compute(model, *rest)
        return compute_loss
    experiment.smoothed_loss = deadly
    experiment.fit = lambda *args, **options: fit(*args, **options | {"checkpoint_every": 1})
    from helpers.training import fit
experiment.main(["english-portuguese"])
"""


def torchrun(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    (folder / "tiny.py").write_text(TINY)
    paths = [str(HERE.parent), str(HERE.parent / "experiments")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "GLOO_SOCKET_IFNAME": loopback()}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "tiny.py"]
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, text=True, capture_output=True, timeout=SECONDS
    )


@pytest.mark.torture
def test_torchrun_trains_a_translator_and_goes_on_after_a_rank_was_killed(tmp_path):
    pytest.importorskip("sacrebleu")
    (tmp_path / "helpers" / "pretrained").mkdir(parents=True)
    died = torchrun(tmp_path, "kill")
    assert died.returncode
    assert re.search(r"Rank 0 of 2 stops; the same command goes on from the last checkpoint", died.stderr), died.stderr
    checkpoint = tmp_path / "build" / "english-portuguese.checkpoint"
    assert len(files.load(checkpoint)["history"]["step_loss"]) == 7
    ended = torchrun(tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("3 passes, 2 processes") == ended.stdout.count("pass 3: loss") == 1
    assert "stops" not in ended.stderr
    assert not list((tmp_path / "build").iterdir())
    settings = files.load(tmp_path / "helpers" / "pretrained" / "english-portuguese.pt")["settings"]
    assert settings["processes"] == 2
