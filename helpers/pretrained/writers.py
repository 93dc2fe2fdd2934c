"""A language model of characters that travels with the project.

    Writer      the model, the pages that it has not read, and where it comes from
    load        the one that has read *The Time Machine*, ready to write
    save        write one
    untrained   what it was before it read

`python experiments/writer.py` trains and writes it. Its weights are kept as those of the translators are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers import files
from helpers.language_model import LanguageModel
from helpers.pretrained import fill, packed_weights
from helpers.text import Vocab

ABOUT = ("held_out", "licence", "settings", "scores")


@dataclass(frozen=True)
class Writer:
    """model: on the device asked for, its dropout off. vocab: its characters. held_out: pages kept from training,
    cleaned. licence: of the text. settings: of the run that trained it, its sizes among them. scores: the perplexity
    that the model, with its weights as they lie in the file, has reached on `held_out`."""

    model: LanguageModel
    vocab: Vocab
    held_out: str
    licence: str
    settings: dict[str, Any]
    scores: dict[str, Any]


def untrained(vocab_size: int, embed_size: int, num_hiddens: int, dropout: float) -> LanguageModel:
    """Return the language model that a `Writer` is before it has read: one LSTM layer of `num_hiddens` units."""
    layer = nn.LSTM(embed_size, num_hiddens, batch_first=True)
    return LanguageModel(layer, vocab_size, num_hiddens, embed_size, dropout)


def load(name: str = "time-machine", device: torch.device | str = "cpu") -> Writer:
    """Return the language model `name`. Raises FileNotFoundError if it is not there."""
    with resources.as_file(resources.files(__package__) / f"{name}.writer.pt") as file:
        if not file.is_file():
            raise FileNotFoundError(f"there is no writer {name!r}; there is: time-machine")
        saved = files.load(file)
    vocab = Vocab((), specials=saved["tokens"])
    model = untrained(len(vocab), **saved["settings"]["sizes"])
    fill(model, saved["weights"], device)
    return Writer(model, vocab, *(saved[key] for key in ABOUT))


def save(path: str | Path, writer: Writer) -> None:
    """Write `writer` to `path`, its weights packed."""
    saved = {key: getattr(writer, key) for key in ABOUT}
    files.save(path, saved | {"tokens": writer.vocab.tokens, "weights": packed_weights(writer.model)})
