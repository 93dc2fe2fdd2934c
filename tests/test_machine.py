"""Seed, device and threads."""

import gc
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import helpers
from helpers import machine


def test_set_seed_makes_python_numpy_and_torch_repeat_themselves():
    drawn = []
    for seed in (5, 5, 6):
        machine.set_seed(seed)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert all(a != b for a, b in zip(drawn[0], drawn[2], strict=True))


@pytest.mark.parametrize(("available", "expected"), [(True, "cuda"), (False, "cpu")])
def test_the_default_device_is_the_graphics_card_if_there_is_one(available, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert machine.get_device() == torch.device(expected)
    assert machine.get_device("meta") == torch.device("meta")


def test_no_search_for_cycles_inside_and_whatever_was_before_afterwards():
    for was_on in (True, False):
        (gc.enable if was_on else gc.disable)()
        try:
            with pytest.raises(ZeroDivisionError), machine.uncollected():
                1 / gc.isenabled()
            assert gc.isenabled() == was_on
        finally:
            gc.enable()


@pytest.mark.torture
def test_importing_training_takes_little_longer_than_importing_torch():
    """The best of three counts: other processes may keep the machine busy."""
    code = "import time, torch; t = time.perf_counter(); import helpers.training; print(time.perf_counter() - t)"
    env = os.environ | {"PYTHONPATH": str(Path(helpers.__file__).parents[1])}
    best = math.inf
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        best = min(best, float(run.stdout))
        if best < 0.3:
            break
    assert best < 0.3


def test_threads_become_fewer_but_never_more_than_there_were():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert [machine.use_threads(n) for n in (5, 2, 3, 1)] == [3, 2, 2, 1]
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    with pytest.raises(ValueError, match="most is 0"):
        machine.use_threads(0)


@pytest.mark.parametrize(("saved_cards", "cards"), [(3, 1), (1, 3), (2, 0), (0, 2)])
def test_the_random_state_of_as_many_cards_is_set_as_there_are(saved_cards, cards, monkeypatch):
    """Stand-ins for cards that this machine does not have: one more than `cards` is an error, as in torch."""
    states = [torch.full((16,), card, dtype=torch.uint8) for card in range(3)]
    given = {}

    def set_state(state, card):
        if card >= cards:
            raise RuntimeError("CUDA error: invalid device ordinal")
        given[card] = state

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "set_rng_state", set_state)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states[:cards])
    machine.set_random_state(machine.random_state() | {"cuda": states[:saved_cards]})
    assert given == {card: states[card] for card in range(min(saved_cards, cards))}


def test_the_random_state_of_apples_card_is_kept_and_set_where_there_is_one(monkeypatch):
    given = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: torch.tensor([7]))
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: given.append(state.item()))
    state = machine.random_state()
    machine.set_random_state(state)
    machine.set_random_state(state | {"mps": None})  # from a machine without one
    assert given == [7]
