"""A translator: the model, and the tokenizers without which its ids mean nothing. Derived in the notebook `seq2seq`.

Translator   build, begin, search, translate, save, load
Translation  one translation of a sentence with its log-probability
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from helpers import checks, files
from helpers.beam_search import beam_search
from helpers.encoder_decoder import EncoderDecoder
from helpers.pair_batches import encode_sentences
from helpers.pairs import normalize
from helpers.search import Found, greedy
from helpers.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from helpers.tokenizers import BOS, EOS, BPETokenizer, WordTokenizer, tokenizer_from
from helpers.training import inference

RECURRENT = {"GRU": nn.GRU, "LSTM": nn.LSTM}


@dataclass(frozen=True)
class Translation:
    """One translation: `text`, the `ids` it was written with (<eos> included), log P in nats, and log P / L^alpha."""

    text: str
    ids: list[int]
    log_prob: float
    score: float


class Translator:
    """A recurrent encoder and decoder between two tokenizers.

    source, target: the tokenizers of the two languages. The other arguments are those of `Seq2SeqEncoder` and
    `Seq2SeqDecoder`; recurrent is 'GRU' or 'LSTM'. `model` is the network, untrained: `training.fit` trains it.
    `unseen`: a list for the source sentences that training does not see; saved with the rest, so that whoever loads
    the translator can score it on them.
    """

    def __init__(
        self,
        source: WordTokenizer | BPETokenizer,
        target: WordTokenizer | BPETokenizer,
        embed_size: int = 128,
        num_hiddens: int = 256,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent: str = "GRU",
        tied: bool = True,
        bidirectional: bool = False,
    ):
        if recurrent not in RECURRENT:
            raise ValueError(f"recurrent is {recurrent!r}; choose one of {', '.join(RECURRENT)}")
        self.source, self.target, self.unseen = source, target, []
        self.sizes = {"embed_size": embed_size, "num_hiddens": num_hiddens, "num_layers": num_layers}
        self.sizes |= {"dropout": dropout, "recurrent": recurrent, "tied": tied, "bidirectional": bidirectional}
        sizes = (embed_size, num_hiddens, num_layers, dropout, RECURRENT[recurrent])
        self.model = EncoderDecoder(
            Seq2SeqEncoder(len(source), *sizes, bidirectional=bidirectional),
            Seq2SeqDecoder(len(target), *sizes, tied=tied),
        )

    def begin(self, sentences: Sequence[str]) -> tuple[Any, Tensor]:
        """Read N sentences; return the decoder's state and the start tokens (N,), with which every search begins.

        Raises TypeError for a single string, ValueError for an empty sentence.
        """
        if isinstance(sentences, str):
            raise TypeError("a list of sentences is needed; for one sentence pass [sentence]")
        cleaned = [normalize(sentence).strip() for sentence in sentences]
        if empty := [i for i, sentence in enumerate(cleaned) if not sentence]:
            raise ValueError(f"sentence {empty[0]} is empty; there is nothing to translate")
        device = next(self.model.parameters()).device
        src, src_len = encode_sentences(cleaned, self.source)
        with inference(self.model):
            state = self.model.begin(src.to(device), src_len.to(device))
        return state, torch.full((len(cleaned),), BOS, device=device)

    def search(
        self,
        sentences: Sequence[str],
        beam_size: int = 1,
        alpha: float = 0.75,
        num_best: int = 1,
        max_steps: int = 32,
        batch_size: int = 2048,
    ) -> list[list[Translation]]:
        """Return for each sentence its `num_best` best translations, the best first: an n-best list.

        beam_size: 1 is greedy search, which finds one. alpha: the length normalisation of `beam_search`. max_steps: the
        limit on the tokens of a translation. batch_size: how many hypotheses are extended side by side, at least those
        of one sentence; more are no faster, for their probabilities do not fit into the processor's caches.
        """
        hypotheses = checks.whole_number("beam_size", beam_size, least=1)
        together = max(checks.whole_number("batch_size", batch_size, least=1) // hypotheses, 1)
        results = []
        for first in range(0, len(sentences), together):
            state, start = self.begin(sentences[first : first + together])
            with inference(self.model):
                if beam_size == num_best == 1:
                    found = greedy(self.model, state, start, eos=EOS, max_steps=max_steps)
                else:
                    found = beam_search(
                        self.model, state, start, beam_size=beam_size, eos=EOS, max_steps=max_steps, alpha=alpha,
                        num_best=num_best,
                    )  # fmt: skip
            results += self.read(found)
        return results

    def read(self, found: Found) -> list[list[Translation]]:
        """Return what a search or a sample has found, as translations."""
        lists = [found.n_best(i) for i in range(len(found.tokens))]
        texts = iter(self.target.decode([ids for entries in lists for ids, _, _ in entries]))
        return [[Translation(next(texts), *entry) for entry in entries] for entries in lists]

    def translate(self, sentences: Sequence[str], beam_size: int = 1, **options: Any) -> list[str]:
        """Return the best translation of each sentence, in lower case and with punctuation set apart, as `normalize`
        has it. Options and errors as for `search`."""
        return [best[0].text for best in self.search(sentences, beam_size, **options)]

    def parts(self) -> dict[str, Any]:
        """Return all but the weights, as a file can hold it; `of_parts` makes the same translator of it, untrained."""
        return {"sizes": self.sizes, "source": self.source.state_dict(), "target": self.target.state_dict()}

    @classmethod
    def of_parts(cls, saved: dict[str, Any]) -> Translator:
        """Return an untrained translator of the sizes and with the tokenizers that `parts` has given."""
        return cls(tokenizer_from(saved["source"]), tokenizer_from(saved["target"]), **saved["sizes"])

    def save(self, path: str | Path) -> None:
        """Write the translator to `path`; a reader finds the whole file or, until it is written, the old one."""
        files.save(path, self.parts() | {"weights": self.model.state_dict(), "unseen": list(self.unseen)})

    @classmethod
    def load(cls, path: str | Path, device: torch.device | str = "cpu") -> Translator:
        """Return the translator that `save` wrote to `path`.

        Raises FileNotFoundError if there is none, ValueError if the file is damaged or something else.
        """
        saved = files.load(path)
        try:
            saved = dict(saved)
            translator = cls.of_parts(saved)
            translator.model.load_state_dict(saved["weights"])
            translator.unseen = list(saved["unseen"])
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{path} is not a translator that `save` wrote; train one anew under this name") from error
        translator.model.to(device)
        return translator
