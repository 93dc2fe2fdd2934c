"""Recurrent layers of an answer's modules, which checks look at although they are in another process.

layers_of, size    there: the layers of a module, and what the grader is told of one
stand_in           here: a layer of that size, which takes its gradients
silencer           there: a hook that makes every LSTM return zeros

A size is what the process says, and the gradients must have this size. Who forged both would show no more than somebody
whose layer has that size and hardly matters, which the check of a notebook accepts as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

LARGEST_LAYER = 4096, 16  # hidden units and layers of a stand-in


def layers_of(module: nn.Module) -> list[nn.RNNBase]:
    return [one for one in module.modules() if isinstance(one, nn.RNNBase)]


def size(one: nn.RNNBase) -> list:
    kind = next(kind for kind in ("LSTM", "GRU", "RNN") if isinstance(one, getattr(nn, kind)))
    return [kind, one.input_size, one.hidden_size, one.num_layers, one.bias, one.bidirectional]


def stand_in(kind: str, inputs: int, hidden: int, layers: int, bias: bool, both: bool) -> nn.Module:
    small = inputs > 0 and 0 < hidden <= LARGEST_LAYER[0] >= inputs and 0 < layers <= LARGEST_LAYER[1]
    if kind not in ("RNN", "GRU", "LSTM") or not small:
        return nn.Identity()
    return getattr(nn, kind)(inputs, hidden, layers, bias=bool(bias), batch_first=True, bidirectional=bool(both))


def silencer(runs: list) -> Callable:
    """Return a hook that puts zeros in the place of all that an LSTM returns, and notes that it ran."""

    def zeros(value: Any) -> Any:
        if isinstance(value, nn.utils.rnn.PackedSequence):
            return value._replace(data=torch.zeros_like(value.data))
        return torch.zeros_like(value) if isinstance(value, Tensor) else tuple(map(zeros, value))

    def hook(module: nn.Module, _args: Any, result: Any) -> Any:
        if isinstance(module, nn.LSTM):
            runs.append(module)
            return zeros(result)
        return None

    return hook
