"""Sentences to ids and back: two tokenizers with the same methods.

    PAD BOS EOS UNK   the ids 0 to 3, the same in every tokenizer, and SPECIALS, how they are written
    WordTokenizer     a sentence <-> ids of words
    BPETokenizer      a sentence <-> ids of pieces of words (byte-pair encoding)
    tokenizer_from    a tokenizer from what it saved of itself

Both have `encode(sentences)`, `decode(rows)`, `tokens(ids)`, `state_dict()` and a length, V. Both are derived in the
notebook `machine-translation-and-dataset`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import chain

import torch
from torch import Tensor

from helpers import checks
from helpers.text import Vocab

SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")
PAD, BOS, EOS, UNK = range(4)


class WordTokenizer:
    """Sentences as words, divided at spaces; words seen fewer than `min_freq` times in `sentences` are unknown.

    Build it from training sentences alone: a vocabulary that has seen the validation part hides the unknown words
    there. `vocab` is its table.
    """

    def __init__(self, sentences: Iterable[str], min_freq: int = 2):
        self.vocab = Vocab(chain.from_iterable(map(str.split, _sentences(sentences))), min_freq, SPECIALS)
        # A word that happens to be spelt "<eos>" is a word like any other, and unknown.
        self._ids = {word: i for i, word in enumerate(self.vocab.tokens) if i > UNK}

    def __len__(self) -> int:
        return len(self.vocab)

    def state_dict(self) -> dict:
        """Return what `tokenizer_from` needs to make the same tokenizer again."""
        return {"words": self.vocab.tokens[len(SPECIALS) :]}

    def tokens(self, ids: Sequence[int] | Tensor) -> list[str]:
        """Return the token of each of `ids`, a list or a tensor (T,), the special ones included."""
        return self.vocab.decode(ids)

    def encode(self, sentences: Iterable[str]) -> list[list[int]]:
        """Return the ids of each sentence, without <bos> and <eos>."""
        find = self._ids.get
        return [[find(word, UNK) for word in sentence.split()] for sentence in _sentences(sentences)]

    def decode(self, rows: Sequence[Sequence[int]] | Tensor) -> list[str]:
        """Return the sentence of each of `rows`, lists of ids or a tensor (N, T): up to the first <eos>, without <bos>
        and <pad>. An id outside the vocabulary is an IndexError."""
        return [" ".join(self.tokens(row)) for row in _contents(rows, len(self))]


class BPETokenizer:
    """Sentences as pieces of words, by byte-pair encoding (Sennrich et al., 2016): frequent words whole, rare ones in
    parts, and nothing unknown but characters never seen. The library SentencePiece finds the pieces and applies them.

    sentences: training sentences, from which the pieces are learnt.
    vocab_size: V, the number of pieces, with the four special tokens and every character of the sentences among them.
    """

    def __init__(self, sentences: Iterable[str], vocab_size: int):
        from sentencepiece import SentencePieceTrainer

        vocab_size = checks.whole_number("vocab_size", vocab_size, least=1)
        model = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter(_sentences(sentences)),
                model_writer=model,
                model_type="bpe",
                vocab_size=vocab_size,
                max_sentence_length=2**20,  # bytes; what is longer would be left out without a word
                character_coverage=1.0,  # every character of the training text has an id
                normalization_rule_name="identity",  # `normalize` has done that
                num_threads=1,
                minloglevel=2,
                **{f"{name}_id": i for i, name in enumerate(("pad", "bos", "eos", "unk"))},
            )
        except (RuntimeError, OSError) as error:
            raise ValueError(
                f"no {vocab_size} pieces can be learnt from these sentences; choose another vocab_size or give more "
                f"text ({error})"
            ) from error
        self._load(model.getvalue())

    def _load(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self._pieces, self._model = SentencePieceProcessor(model_proto=model), model

    def __len__(self) -> int:
        return self._pieces.get_piece_size()

    def state_dict(self) -> dict:
        """Return what `tokenizer_from` needs to make the same tokenizer again; safe to load with weights_only=True."""
        return {"pieces": torch.frombuffer(bytearray(self._model), dtype=torch.uint8)}

    def tokens(self, ids: Sequence[int] | Tensor) -> list[str]:
        """Return the piece of each of `ids`, a list or a tensor (T,); a piece that begins a word begins with '▁'."""
        ids = checks.id_list("ids", ids, len(self))
        return [SPECIALS[i] if i <= UNK else self._pieces.id_to_piece(i) for i in ids]

    def encode(self, sentences: Iterable[str]) -> list[list[int]]:
        """Return the ids of each sentence, without <bos> and <eos>."""
        return self._pieces.encode(list(_sentences(sentences)))

    def decode(self, rows: Sequence[Sequence[int]] | Tensor) -> list[str]:
        """Return the sentence of each of `rows`, lists of ids or a tensor (N, T): up to the first <eos>, without <bos>
        and <pad>. An id outside the vocabulary is an IndexError."""
        return ["".join(self.tokens(row)).replace("▁", " ").strip() for row in _contents(rows, len(self))]


def tokenizer_from(saved: dict) -> WordTokenizer | BPETokenizer:
    """Return the tokenizer whose `state_dict` was `saved`. Raises ValueError if it is something else."""
    if "words" in saved:
        return WordTokenizer([" ".join(saved["words"])], min_freq=1)
    if "pieces" not in saved:
        raise ValueError(f"this is no saved tokenizer: it has neither 'words' nor 'pieces', but {sorted(saved)}")
    tokenizer = BPETokenizer.__new__(BPETokenizer)
    tokenizer._load(bytes(saved["pieces"].tolist()))
    return tokenizer


def _sentences(sentences: Iterable[str]) -> Iterable[str]:
    if isinstance(sentences, str):
        raise TypeError("a list of sentences is needed; for one sentence pass [sentence]")
    return sentences


def _contents(rows: Sequence[Sequence[int]] | Tensor, vocab_size: int) -> list[list[int]]:
    """Return what a reader sees of each row: the ids up to the first <eos>, without <bos> and <pad>."""
    if isinstance(rows, Tensor) and rows.dim() != 2:
        raise ValueError(f"rows must have the shape (N, T); got {tuple(rows.shape)}. For one row pass ids[None]")
    contents = []
    for row in rows:
        if not isinstance(row, Iterable) or (isinstance(row, Tensor) and row.dim() == 0):
            raise TypeError("a list of rows of ids is needed; for one row pass [ids]")
        ids = checks.id_list("ids", row, vocab_size)
        ids = ids[: ids.index(EOS)] if EOS in ids else ids
        contents.append([i for i in ids if i not in (PAD, BOS)])
    return contents
