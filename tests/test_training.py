"""Training: against loops written out and the book's code."""

import copy
import itertools
import math
import os
import time
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import losses, machine, progress, training
from helpers.batches import RandomBatches, SequentialBatches, whole
from helpers.language_model import LanguageModel

V, H, B, T, EPOCHS = 5, 6, 2, 4, 2


@pytest.fixture(autouse=True)
def _fast_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    machine.set_seed(0)


def ids(n: int = 40, seed: int = 1) -> torch.Tensor:
    return torch.randint(V, (n,), generator=torch.Generator().manual_seed(seed))


def language_model(layer=nn.LSTM, dropout: float = 0.3, num_hiddens: int = H) -> LanguageModel:
    return LanguageModel(layer(V, num_hiddens, batch_first=True), V, num_hiddens, dropout=dropout)


def sgd(model: nn.Module, lr: float = 0.5) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr)


def weights(model: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def assert_equal_weights(first, second) -> None:
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


class Continuing(list):
    """Batches in a list that continue one another."""

    continues = True


def scripted(*batches: tuple[float, int]):
    """A loss without a model's help: batch (total, n) has the summed loss `total` over n tokens, and no gradient."""

    def compute_loss(model, batch, state):
        total, n = batch
        return total + 0 * next(model.parameters()).sum(), n, None

    return {"batches": list(batches), "compute_loss": compute_loss}


# --- the loop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Continuing, list])
def test_fit_equals_a_loop_written_out_to_the_last_bit(kind):
    model, batches = language_model(), kind(SequentialBatches(ids(), B, T, offset=0))
    twin = copy.deepcopy(model)
    optimizer, losses = torch.optim.AdamW(twin.parameters(), 0.01), []
    torch.manual_seed(3)
    for _ in range(EPOCHS):
        state = None
        for X, Y in batches:
            logits, new_state = twin(X, state)
            loss = F.cross_entropy(logits.reshape(-1, V), Y.reshape(-1), reduction="sum")
            optimizer.zero_grad()
            (loss / (B * T)).backward()
            nn.utils.clip_grad_norm_(twin.parameters(), 0.1)
            optimizer.step()
            losses.append(loss.item() / (B * T))
            state = tuple(part.detach() for part in new_state) if kind is Continuing else None
    torch.manual_seed(3)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    history = training.fit(model, batches, optimizer, num_epochs=EPOCHS, clip=0.1)
    assert history.step_loss == losses
    assert_equal_weights(weights(model), weights(twin))


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize("kind", [Continuing, list])
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # the book's code does so
def test_an_epoch_is_that_of_the_book(layer, kind):
    """d2l.train_epoch_ch8: the same clipping, and the state carried and detached unless the windows are random."""
    from helpers.book import d2l

    model, batches = language_model(layer, dropout=0), kind(SequentialBatches(ids(), B, T, offset=0))
    theirs = d2l.RNNModel(layer(V, H), V)
    theirs.rnn.load_state_dict(model.layer.state_dict())
    theirs.linear.load_state_dict(model.output.state_dict())
    perplexity, _ = d2l.train_epoch_ch8(theirs, batches, nn.CrossEntropyLoss(), sgd(theirs, 2), "cpu", kind is list)
    history = training.fit(model, batches, sgd(model, 2), num_epochs=1, clip=1)
    assert math.exp(history.train_loss[0]) == pytest.approx(perplexity, rel=1e-4)
    for mine, book in zip(model.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, book, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("theta", [0.01, 100.0])
def test_clipping_is_that_of_the_book(theta):
    from helpers.book import d2l

    model, batch = language_model(dropout=0), whole(ids())
    before, twin = weights(model), copy.deepcopy(model)
    loss, n, _ = losses.next_token_loss(twin, batch[0], None)
    (loss / n).backward()
    d2l.grad_clipping(twin, theta)
    training.fit(model, batch, sgd(model, lr=1.0), num_epochs=1, clip=theta)
    for old, new, p in zip(before, model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(old - new, p.grad, rtol=1e-3, atol=1e-6)


def test_without_clip_the_gradient_is_taken_as_it_is():
    model, batch = language_model(dropout=0), whole(ids())
    before, twin = weights(model), copy.deepcopy(model)

    def steep(model, batch, state):
        loss, n, state = losses.next_token_loss(model, batch, state)
        return 1000 * loss, n, state

    loss, n, _ = steep(twin, batch[0], None)
    (loss / n).backward()
    training.fit(model, batch, sgd(model, lr=1.0), num_epochs=1, clip=None, compute_loss=steep)
    for old, p, new in zip(before, twin.parameters(), model.parameters(), strict=True):
        assert torch.equal(old - p.grad, new)


def states_seen(kind: type, layer) -> list[tuple]:
    """Train two epochs of three batches; return (state given, state returned) of each step."""
    seen = []

    def compute_loss(model, batch, state):
        loss, n, new_state = losses.next_token_loss(model, batch, state)
        seen.append((state, new_state))
        return loss, n, new_state

    model, batches = language_model(layer), kind(SequentialBatches(ids(25), B, T, offset=0))
    assert len(batches) == 3
    training.fit(model, batches, sgd(model), num_epochs=2, compute_loss=compute_loss)
    return seen


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_a_carried_state_has_the_values_of_the_one_before_but_not_its_graph(layer):
    seen = states_seen(Continuing, layer)
    assert sum(given is not None for given, _ in seen) == 4
    for (_, before), (given, _) in itertools.pairwise(seen):
        if given is not None:
            parts = zip(*[(s,) if layer is nn.GRU else s for s in (before, given)], strict=True)
            assert all(torch.equal(a, b) and a.requires_grad and not b.requires_grad for a, b in parts)


def test_the_state_starts_from_zeros_in_each_epoch():
    assert [given is None for given, _ in states_seen(Continuing, nn.LSTM)] == [True, False, False] * 2


def test_where_batches_do_not_continue_every_one_starts_from_zeros():
    assert all(given is None for given, _ in states_seen(list, nn.LSTM))


def test_random_batches_do_not_continue_and_sequential_ones_do():
    given = {}
    for kind in (RandomBatches, SequentialBatches):
        seen = given[kind] = []

        def compute_loss(model, batch, state, seen=seen):
            seen.append(state)
            return losses.next_token_loss(model, batch, state)

        model, batches = language_model(), kind(ids(44), B, T)
        training.fit(model, batches, sgd(model), num_epochs=1, val_batches=batches, compute_loss=compute_loss)
    assert all(state is None for state in given[RandomBatches])
    assert [state is None for state in given[SequentialBatches]] == [True, False, False, False, False] * 2


def test_batches_and_states_with_names_keep_them():
    """A loss may say batch.X, and a layer state.H."""
    Batch, State = namedtuple("Batch", "X Y"), namedtuple("State", "H C")
    seen = []

    def compute_loss(model, batch, state):
        seen.append(state)
        loss, n, new = losses.next_token_loss(model, (batch.X, batch.Y), state and (state.H, state.C))
        return loss, n, State(*new)

    model = language_model()
    batches = Continuing(Batch(X, Y) for X, Y in SequentialBatches(ids(25), B, T, offset=0))
    training.fit(model, batches, sgd(model), num_epochs=1, compute_loss=compute_loss)
    assert [type(state) for state in seen] == [type(None), State, State]
    assert not any(part.requires_grad for state in seen if state for part in state)


def test_the_scheduler_steps_after_every_batch():
    model, rates = language_model(), []
    optimizer = sgd(model, lr=1.0)

    def compute_loss(*args):
        rates.append(optimizer.param_groups[0]["lr"])
        return losses.next_token_loss(*args)

    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    batches = SequentialBatches(ids(25), B, T, offset=0)
    training.fit(model, batches, optimizer, num_epochs=2, scheduler=scheduler, compute_loss=compute_loss)
    assert rates == [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]


def test_a_model_in_evaluation_mode_is_trained_in_training_mode():
    model, modes = language_model().eval(), []
    model.register_forward_hook(lambda module, *_: modes.append(module.training))
    training.fit(model, whole(ids()), sgd(model), num_epochs=1)
    assert modes == [True]


# --- what is measured ------------------------------------------------------------------------------------------------


def test_train_loss_is_the_mean_per_token_not_per_batch():
    model = nn.Linear(1, 1)
    history = training.fit(model, **scripted((6.0, 3), (1.0, 1)), optimizer=sgd(model), num_epochs=2)
    assert history.step_loss == [2.0, 1.0] * 2
    assert history.train_loss == [7 / 4] * 2


def test_evaluate_is_the_mean_per_token_not_per_batch():
    assert training.evaluate(nn.Linear(1, 1), **scripted((6.0, 3), (1.0, 1))) == 7 / 4


def test_validation_follows_every_epoch_with_the_weights_of_that_epoch():
    model, val, expected = language_model(), whole(ids(30, seed=2)), []
    history = training.fit(
        model,
        SequentialBatches(ids(), B, T),
        sgd(model),
        num_epochs=3,
        val_batches=val,
        on_epoch=lambda epoch, history: expected.append(training.evaluate(model, val)),
    )
    assert history.val_loss == expected
    assert len(set(expected)) == 3


def test_validation_carries_the_state_as_training_does():
    model = language_model()
    batches = Continuing(SequentialBatches(ids(), B, T, offset=0))
    history = training.fit(model, batches, sgd(model), num_epochs=1, val_batches=batches)
    assert history.val_loss == [training.evaluate(model, batches)]
    assert history.val_loss != [training.evaluate(model, list(batches))]


def test_validation_that_shuffles_changes_no_training():
    """With dropout, which draws from the same generator."""
    runs = []
    for val_batches in (None, RandomBatches(ids(30, seed=2), B, T)):
        machine.set_seed(0)
        model = language_model()
        history = training.fit(model, RandomBatches(ids(), B, T), sgd(model), num_epochs=3, val_batches=val_batches)
        runs.append(history.step_loss)
    assert runs[0] == runs[1]


def test_evaluating_pieces_with_the_state_carried_equals_the_whole():
    model, sequence = language_model(), ids(41)
    pieces = SequentialBatches(sequence, batch_size=1, num_steps=T, offset=0)
    expected = training.evaluate(model, whole(sequence))
    assert training.evaluate(model, pieces) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mode", [True, False])
def test_evaluate_runs_without_dropout_and_gradient_and_restores_the_mode(mode):
    model, seen = language_model().train(mode), []
    model.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    training.evaluate(model, whole(ids()))
    assert seen == [(False, False)]
    assert model.training is model.dropout.training is mode


def test_evaluate_restores_the_mode_after_an_error():
    model = language_model()
    with pytest.raises(ZeroDivisionError):
        training.evaluate(model, [1], compute_loss=lambda *_: 1 / 0)
    assert model.training


@pytest.mark.parametrize("batches", [[], [(0.0, 0)]])
def test_nothing_to_evaluate_is_an_error(batches):
    with pytest.raises(ValueError, match="nothing to evaluate"):
        training.evaluate(nn.Linear(1, 1), **scripted(*batches))


def test_history_has_one_number_per_epoch_and_one_per_step():
    model, batches = language_model(), SequentialBatches(ids(), B, T)
    history = training.fit(model, batches, sgd(model), num_epochs=3, val_batches=whole(ids()))
    per_epoch = (history.train_loss, history.val_loss, history.seconds, history.tokens_per_second)
    assert [len(values) for values in per_epoch] == [3] * 4
    assert len(history.step_loss) == 3 * len(batches)


def test_seconds_are_those_of_training_and_speed_is_tokens_by_seconds():
    def slow(model, batch, state):
        time.sleep(0.02 if model.training else 0.5)
        return losses.next_token_loss(model, batch, state)

    model, batches = language_model(), SequentialBatches(ids(), B, T, offset=0)
    history = training.fit(
        model, batches, sgd(model), num_epochs=1, val_batches=whole(ids()), compute_loss=slow, clip=None
    )
    assert 0.02 * len(batches) <= history.seconds[0] < 0.5


class SlowBatches(list):
    def __iter__(self):
        for batch in super().__iter__():
            time.sleep(0.05)
            yield batch


def test_seconds_count_the_building_of_batches():
    model, batches = language_model(), SlowBatches(SequentialBatches(ids(), B, T, offset=0))
    history = training.fit(model, batches, sgd(model), num_epochs=1)
    assert history.seconds[0] >= 0.05 * len(batches)
    assert history.tokens_per_second[0] * history.seconds[0] == pytest.approx(len(batches) * B * T)


def test_on_epoch_hears_how_many_epochs_are_done_and_the_history_so_far():
    model, heard = language_model(), []
    training.fit(
        model,
        SequentialBatches(ids(), B, T),
        sgd(model),
        num_epochs=3,
        val_batches=whole(ids()),
        on_epoch=lambda epoch, history: heard.append((epoch, len(history.train_loss), len(history.val_loss))),
    )
    assert heard == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batches": (batch for batch in whole(ids()))}, "batches has no length.*not a generator"),
        ({"batches": []}, "there are 0 batches"),
        ({"num_epochs": 0}, "num_epochs is 0"),
        ({"checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"clip": 0.0}, "clip is 0.0"),
        ({"clip": -1.0}, "clip is -1.0"),
        ({"num_epochs": 1.5}, "num_epochs must be a whole number; got 1.5"),
        ({"num_epochs": math.nan}, "num_epochs must be a whole number; got nan"),
        ({"num_epochs": True}, "num_epochs must be a whole number; got True"),
    ],
)
def test_nothing_to_train_on_is_an_error_that_says_so(changed, message):
    model = language_model()
    before = weights(model)
    with pytest.raises((TypeError, ValueError), match=message):
        training.fit(model, **{"batches": whole(ids()), "optimizer": sgd(model), "num_epochs": 1} | changed)
    assert_equal_weights(weights(model), before)


def test_a_batch_without_tokens_is_named_and_leaves_the_weights_alone():
    model = language_model()
    before = weights(model)
    with pytest.raises(ValueError, match="batch 1 of 2 has no tokens"):
        training.fit(model, optimizer=sgd(model), num_epochs=1, **scripted((0.0, 0), (1.0, 1)))
    assert_equal_weights(weights(model), before)


def test_a_model_without_parameters_is_an_error():
    with pytest.raises(ValueError, match="Identity has no parameters"):
        training.evaluate(nn.Identity(), whole(ids()))


def test_whole_numbers_of_numpy_are_taken():
    model = language_model()
    assert len(training.fit(model, whole(ids()), sgd(model), num_epochs=np.int64(2)).train_loss) == 2


def test_an_interrupted_cell_leaves_model_optimiser_and_bar_usable(monkeypatch):
    bars = []

    class Bar(progress.tqdm):
        def __init__(self, *args, **options):
            bars.append(self)
            super().__init__(*args, **options | {"disable": False, "file": open(os.devnull, "w")})  # noqa: SIM115

    monkeypatch.setattr(progress, "tqdm", Bar)
    model, optimizer, steps = language_model(), None, []

    def interrupted(*args):
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return losses.next_token_loss(*args)

    optimizer = sgd(model)
    batches = SequentialBatches(ids(), B, T)
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, batches, optimizer, num_epochs=2, compute_loss=interrupted)
    assert bars[0].disable  # closed
    history = training.fit(model, batches, optimizer, num_epochs=1)
    assert len(history.step_loss) == len(batches)


def test_one_cycle_is_adamw_with_a_rate_that_rises_and_falls_once():
    model, batches = language_model(), SequentialBatches(ids(44), B, T)
    optimizer, scheduler = training.one_cycle(model, batches, num_epochs=4, max_lr=0.1, weight_decay=0.5)
    rates = []

    def compute_loss(*args):
        rates.append(optimizer.param_groups[0]["lr"])
        return losses.next_token_loss(*args)

    training.fit(model, batches, optimizer, num_epochs=4, scheduler=scheduler, compute_loss=compute_loss)
    assert type(optimizer) is torch.optim.AdamW
    assert optimizer.param_groups[0]["weight_decay"] == 0.5
    assert max(rates) == pytest.approx(0.1)
    peak = rates.index(max(rates))
    assert peak == pytest.approx(0.3 * 20, abs=1)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-4
