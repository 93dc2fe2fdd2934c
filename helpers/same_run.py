"""Whether a saved training run is this one: the same settings, the same data, a model and an optimiser that fit.

    differences  how the settings differ
    misfit       what of the saved model and optimiser cannot be loaded into ours
    data_digest  tells one set of batches from another

Plumbing: no notebook derives it. `checkpoint` asks before it loads anything, so that no run goes on with half a load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from helpers import nested
from helpers.machine import forked_random

MOMENTS = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer"}  # of torch.optim's optimisers


def differences(theirs: dict, ours: dict) -> str:
    """Say which of our settings the saved ones do not share, and how; "" if there are none."""
    return ", ".join(
        f"{name} was {theirs.get(name)} and is {ours[name]}" for name in ours if theirs.get(name) != ours[name]
    )


def misfit(saved: dict, parts: dict[str, Any]) -> str:
    """Say where the saved parts do not fit ours in names, types, shapes; "" if all can be loaded."""
    for name, part in parts.items():
        theirs, ours = saved.get(name), part.state_dict()
        if not isinstance(theirs, dict):
            return f"the file has no state of the {name}"
        if missing := sorted(map(str, ours.keys() - theirs.keys())):
            return f"the {name} has {missing[0]}, which the file lacks"
    theirs, ours = saved["model"], parts["model"].state_dict()
    if unknown := sorted(theirs.keys() - ours.keys()):
        return f"the file has {unknown[0]}, which the model lacks"
    for name in ours:
        if _kind(theirs[name]) != _kind(ours[name]):
            return f"{name} was {_kind(theirs[name])} and is {_kind(ours[name])}"
    return _misfit_of_optimizer(saved["optimizer"], parts["optimizer"])


def _misfit_of_optimizer(saved: dict, optimizer: torch.optim.Optimizer) -> str:
    """Torch loads moments of any shape and fails at the next step."""
    groups, ours = [group["params"] for group in saved["param_groups"]], optimizer.param_groups
    if [len(group) for group in groups] != [len(group["params"]) for group in ours]:
        return "the optimiser has other groups of parameters"
    for group, own in zip(groups, ours, strict=True):
        for index, parameter in zip(group, own["params"], strict=True):
            for name in MOMENTS & saved["state"].get(index, {}).keys():
                shape = getattr(saved["state"][index][name], "shape", parameter.shape)  # None: not there yet
                if shape != parameter.shape:
                    return f"the optimiser's {name} was {tuple(shape)} for a parameter of {tuple(parameter.shape)}"
    return ""


def _kind(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{str(value.dtype).removeprefix('torch.')} of the shape {tuple(value.shape)}"


def data_digest(batches: Iterable) -> str:
    """Return a short name of the data: a digest of the first and the last batch, drawn with a seed of its own."""
    first = last = None
    with forked_random(seed=0):
        for batch in batches:
            first = batch if first is None else first
            last = batch
    digest = hashlib.sha256()
    for value in nested.leaves((first, last)):
        if isinstance(value, Tensor):
            digest.update(f"{value.dtype} {tuple(value.shape)}".encode())
            value = value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        digest.update(value if isinstance(value, bytes) else repr(value).encode())
    return digest.hexdigest()[:12]
