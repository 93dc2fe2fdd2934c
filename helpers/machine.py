"""Seed, device and threads: what a notebook settles before it computes.

    set_seed     one seed for Python, NumPy and torch
    get_device   the graphics card if there is one, else the CPU
    use_threads  how many threads torch may use

Plumbing: no notebook derives it.
"""

from __future__ import annotations

import random

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
