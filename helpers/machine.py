"""Seed, device and threads: what a notebook settles before it computes.

    set_seed       one seed for Python, NumPy and torch
    get_device     the graphics card if there is one, else the CPU
    use_threads    how many threads torch may use
    uncollected    make many lists without a search for cycles among them
    forked_random  draw random numbers and leave the generators as they were
    random_state, set_random_state   the generators of Python, NumPy and torch, on every device

Plumbing: no notebook derives it.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from helpers import checks


def set_seed(seed: int) -> None:
    """Seed the generators of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - d2l and others draw from NumPy's global generator
    torch.manual_seed(seed)


def get_device(name: str | None = None) -> torch.device:
    """Return the device `name`; by default the CUDA graphics card if there is one, else the CPU."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def use_threads(most: int) -> int:
    """Let torch compute with at most `most` threads from now on, and return how many they are.

    Small recurrent layers gain nothing from a second thread. And where something else is busy, two threads lose much:
    at every step of the sequence each waits for the other, which may not be running. It never becomes more threads than
    torch had, so that OMP_NUM_THREADS keeps its say.
    """
    torch.set_num_threads(min(checks.whole_number("most", most, least=1), torch.get_num_threads()))
    return torch.get_num_threads()


@contextmanager
def uncollected() -> Iterator[None]:
    """Inside, Python does not look for cycles of objects that nothing else refers to.

    It looks for them after every few hundred new lists, and now and then through all that there is. A hundred thousand
    lists of ids have no cycles, and are made in two thirds of the time without the search.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def forked_random(seed: int | None = None) -> Iterator[None]:
    """Leave every generator as it was, whatever is drawn inside; `seed` them inside, if one is given."""
    before = random_state()
    try:
        if seed is not None:
            set_seed(seed)
        yield
    finally:
        set_random_state(before)


def random_state() -> dict:
    """Return the state of the generators of Python, NumPy and torch, on every device."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    state = {"python": random.getstate(), "numpy": [name, keys.tolist(), *rest], "torch": torch.get_rng_state()}
    state["cuda"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    state["mps"] = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    return state


def set_random_state(saved: dict) -> None:
    """Set the generators to what `random_state` returned; those of cards that are not here are left out."""
    version, keys, gauss = saved["python"]
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(saved["numpy"]))  # noqa: NPY002
    torch.set_rng_state(saved["torch"].cpu())
    if torch.cuda.is_available():
        for card, state in enumerate(saved["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state.cpu(), card)
    if saved["mps"] is not None and torch.backends.mps.is_available():
        torch.mps.set_rng_state(saved["mps"].cpu())
