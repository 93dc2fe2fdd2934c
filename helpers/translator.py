"""A translator: the model, and the tokenisers without which its ids mean nothing. Derived in the notebook `seq2seq`.

Translator    build, translate, save, load
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from helpers import decoding
from helpers.models import EncoderDecoder, Seq2SeqDecoder, Seq2SeqEncoder
from helpers.translation import BOS, EOS, Subwords, Words, encode_sources, normalise, tokenizer_from

CELLS = {"GRU": nn.GRU, "LSTM": nn.LSTM}


class Translator:
    """A recurrent encoder and decoder between two tokenisers.

    source, target: the tokenisers of the two languages. The other arguments are those of `Seq2SeqEncoder` and
    `Seq2SeqDecoder`; cell is 'GRU' or 'LSTM'. `model` is the network, untrained: `training.fit` trains it.
    `held_out`: a list for the source sentences that training does not see; saved with the rest, so that whoever loads
    the translator can score it on them.
    """

    def __init__(
        self,
        source: Words | Subwords,
        target: Words | Subwords,
        embed_size: int = 128,
        num_hiddens: int = 256,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell: str = "GRU",
        tied: bool = True,
    ):
        if cell not in CELLS:
            raise ValueError(f"cell is {cell!r}; choose one of {', '.join(CELLS)}")
        self.source, self.target, self.held_out = source, target, []
        self.sizes = {"embed_size": embed_size, "num_hiddens": num_hiddens, "num_layers": num_layers}
        self.sizes |= {"dropout": dropout, "cell": cell, "tied": tied}
        sizes = (embed_size, num_hiddens, num_layers, dropout, CELLS[cell])
        self.model = EncoderDecoder(Seq2SeqEncoder(len(source), *sizes), Seq2SeqDecoder(len(target), *sizes, tied=tied))

    @torch.no_grad()
    def translate(
        self,
        sentences: Sequence[str],
        beam_size: int = 1,
        alpha: float = 0.75,
        max_steps: int = 32,
        batch_size: int = 512,
    ) -> list[str]:
        """Return a translation of each sentence, in lower case and with punctuation set apart, as `normalise` has it.

        beam_size: 1 is greedy search. alpha: the length normalisation of `beam_search`. max_steps: the limit on
        the tokens of a translation. batch_size: how many sentences are translated side by side.
        Raises ValueError for an empty sentence.
        """
        if isinstance(sentences, str):
            raise TypeError("translate takes a list of sentences; for one sentence pass [sentence]")
        cleaned = [normalise(sentence).strip() for sentence in sentences]
        if empty := [i for i, sentence in enumerate(cleaned) if not sentence]:
            raise ValueError(f"sentence {empty[0]} is empty; there is nothing to translate")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
        device = next(self.model.parameters()).device
        was_training = self.model.training
        self.model.eval()
        translations = []
        try:
            for first in range(0, len(cleaned), batch_size):
                tokens, lengths = encode_sources(cleaned[first : first + batch_size], self.source)
                state = self.model.start(tokens.to(device), lengths.to(device))
                start = torch.full((len(tokens),), BOS, device=device)
                step, limits = self.model.decoder.step, {"eos": EOS, "max_steps": max_steps}
                if beam_size == 1:
                    found = decoding.greedy(step, state, start, **limits)
                else:
                    reorder = self.model.decoder.reorder
                    found = decoding.beam_search(
                        step, reorder, state, start, beam_size=beam_size, alpha=alpha, **limits
                    )
                translations += [self.target.decode(ids) for ids in found.best()]
        finally:
            self.model.train(was_training)
        return translations

    def save(self, path: str | Path) -> None:
        """Write the translator to `path`; a reader finds the whole file or, until it is written, the old one."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        saved = {"sizes": self.sizes, "source": self.source.state_dict(), "target": self.target.state_dict()}
        saved |= {"weights": self.model.state_dict(), "held_out": list(self.held_out)}
        try:
            torch.save(saved, part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path, device: torch.device | str = "cpu") -> Translator:
        """Return the translator that `save` wrote to `path`.

        Raises FileNotFoundError if there is none, ValueError if the file is something else.
        """
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            translator = cls(tokenizer_from(saved["source"]), tokenizer_from(saved["target"]), **saved["sizes"])
            translator.model.load_state_dict(saved["weights"])
            translator.held_out = saved["held_out"]
        except FileNotFoundError:
            raise
        except Exception as error:  # torch.load fails on other files with errors of every kind
            raise ValueError(f"{path} is not a translator that `save` wrote; remove it and train anew") from error
        translator.model.to(device)
        return translator
