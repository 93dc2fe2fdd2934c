"""Layers as the notebooks write them, read from there.

gru_from_scratch   the cell and the loop over steps of the notebook `gru`
min_gru            the minGRU and its parallel scan of the notebook `what-came-after`
"""

from __future__ import annotations

import json

import torch
from torch import nn

from tools.common import NOTEBOOKS


def defined(notebook: str, *names: str) -> dict:
    """Return what the cells define that begin with a class or function of one of these names."""
    found: dict = {"torch": torch, "nn": nn}
    for cell in json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        begins = source.partition("(")[0].removeprefix("class ").removeprefix("def ")
        if cell["cell_type"] == "code" and begins in names:
            exec(compile(source, f"{notebook}.ipynb", "exec"), found)  # noqa: S102, a notebook of our own
    return found


def gru_from_scratch(num_inputs: int, num_hiddens: int) -> nn.Module:
    code = defined("gru", "GRUCell", "Recurrent")
    return code["Recurrent"](code["GRUCell"](num_inputs, num_hiddens))


def min_gru(num_inputs: int, num_hiddens: int) -> nn.Module:
    return defined("what-came-after", "loop", "MinGRU")["MinGRU"](num_inputs, num_hiddens)
