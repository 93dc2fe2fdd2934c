"""Translators that were trained for hours and travel with the project, in a few megabytes.

    Pretrained      a translator, the pairs that it has not seen, and where it comes from
    load            one of them, ready to translate
    names           which there are
    save            write one
    packed_weights  a model's weights as whole numbers from -127 to 127
    fill            give a model such weights

`python experiments/translator.py` trains and writes them; a language model that travels as well stands in the module
`writers`. A matrix is kept row by row: the row's largest weight becomes 127, the others are rounded to whole numbers,
and the scale is kept beside them. That takes a quarter of the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from helpers import files
from helpers.pairs import Pairs
from helpers.translator import Translator


@dataclass(frozen=True)
class Pretrained:
    """translator: on the device asked for, its dropout off. held_out: pairs kept from training, as was every pair that
    shares a source or a target with them. licence: of the data. settings: of the run that trained it. scores: what
    the translator, with its weights as they lie in the file, has reached on `held_out`."""

    translator: Translator
    held_out: Pairs
    licence: str
    settings: dict[str, Any]
    scores: dict[str, Any]


def names() -> list[str]:
    """Return the names of the translators that are here."""
    folder = resources.files(__name__)
    found = sorted(file.name.removesuffix(".pt") for file in folder.iterdir() if file.name.endswith(".pt"))
    return [name for name in found if not name.endswith(".writer")]


def load(name: str, device: torch.device | str = "cpu") -> Pretrained:
    """Return the translator `name`, such as 'english-french'. Raises FileNotFoundError that lists those there are."""
    with resources.as_file(resources.files(__name__) / f"{name}.pt") as file:
        if not file.is_file():
            raise FileNotFoundError(f"there is no translator {name!r}; there are: {', '.join(names()) or 'none'}")
        saved = files.load(file)
    translator = Translator.of_parts(saved)
    fill(translator.model, saved["weights"], device)
    held_out = Pairs(*saved["held_out"])
    translator.unseen = list(dict.fromkeys(held_out.sources))
    return Pretrained(translator, held_out, saved["licence"], saved["settings"], saved["scores"])


def save(path: str | Path, pretrained: Pretrained) -> None:
    """Write `pretrained` to `path`, its weights packed."""
    translator, held_out = pretrained.translator, pretrained.held_out
    saved = translator.parts() | {
        "weights": packed_weights(translator.model),
        "held_out": [list(held_out.sources), list(held_out.targets)],
        "licence": pretrained.licence,
        "settings": pretrained.settings,
        "scores": pretrained.scores,
    }
    files.save(path, saved)


def packed_weights(model: nn.Module) -> dict[str, dict[str, Tensor]]:
    """Return the weights of `model` by name, each as `packed` gives it."""
    return {key: packed(weight) for key, weight in model.named_parameters()}  # tied ones once


def fill(model: nn.Module, weights: dict[str, dict[str, Tensor]], device: torch.device | str) -> None:
    """Give the model its weights, move it to the device, and switch its dropout off."""
    model.load_state_dict(model.state_dict() | {key: unpacked(part) for key, part in weights.items()})
    model.to(device).eval()


def packed(weight: Tensor) -> dict[str, Tensor]:
    """Return a matrix (R, C) as whole numbers (R, C), int8, and a scale (R, 1) for each row; a vector as it is."""
    weight = weight.detach().cpu()
    if weight.dim() < 2:
        return {"numbers": weight.clone()}
    scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return {"numbers": (weight / scale).round().to(torch.int8), "scale": scale}


def unpacked(part: dict[str, Tensor]) -> Tensor:
    """Return what `packed` was given, to half a step of its row's scale."""
    return part["numbers"] * part["scale"] if "scale" in part else part["numbers"]
