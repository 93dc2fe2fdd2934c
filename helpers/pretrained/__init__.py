"""Translators that were trained for hours and travel with the project, in a few megabytes.

    Pretrained  a translator, the pairs that it has not seen, and where it comes from
    load        one of them, ready to translate
    names       which there are
    save        write one: weights as whole numbers from -127 to 127

`python experiments/translator.py` trains and writes them. A matrix is kept row by row: the row's largest weight becomes
127, the others are rounded to whole numbers, and the scale is kept beside them. That takes a quarter of the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

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
    return sorted(file.name.removesuffix(".pt") for file in folder.iterdir() if file.name.endswith(".pt"))


def load(name: str, device: torch.device | str = "cpu") -> Pretrained:
    """Return the translator `name`, such as 'english-french'. Raises FileNotFoundError that lists those there are."""
    with resources.as_file(resources.files(__name__) / f"{name}.pt") as file:
        if not file.is_file():
            raise FileNotFoundError(f"there is no translator {name!r}; there are: {', '.join(names()) or 'none'}")
        saved = files.load(file)
    translator = Translator.of_parts(saved)
    weights = {key: unpacked(part) for key, part in saved["weights"].items()}
    translator.model.load_state_dict(translator.model.state_dict() | weights)
    translator.model.to(device).eval()
    held_out = Pairs(*saved["held_out"])
    translator.unseen = list(dict.fromkeys(held_out.sources))
    return Pretrained(translator, held_out, saved["licence"], saved["settings"], saved["scores"])


def save(path: str | Path, pretrained: Pretrained) -> None:
    """Write `pretrained` to `path`, its weights packed."""
    translator, held_out = pretrained.translator, pretrained.held_out
    saved = translator.parts() | {
        "weights": {key: packed(weight) for key, weight in translator.model.named_parameters()},  # tied ones once
        "held_out": [list(held_out.sources), list(held_out.targets)],
        "licence": pretrained.licence,
        "settings": pretrained.settings,
        "scores": pretrained.scores,
    }
    files.save(path, saved)


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
