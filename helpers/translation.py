"""Sentence pairs to tensors and back: what a translator reads and writes.

    normalise        lower case, one kind of space, punctuation set apart
    Pairs            sentences in two languages, side by side
    read_pairs       tab-separated text -> Pairs
    split_by_source  divide pairs so that no source sentence stands on both sides
    references       each source sentence with all its translations
    Words            a sentence <-> ids of words
    Subwords         a sentence <-> ids of pieces of words (byte-pair encoding)
    tokenizer_from   a tokeniser from what it saved of itself
    pad              lists of ids -> one tensor and the lengths
    truncate         shorten a list of ids and keep its <eos>
    Encoded          all pairs as padded tensors
    encode           Pairs -> Encoded
    LengthBuckets    minibatches of pairs of nearly equal length

Derived in the notebook `machine-translation-and-dataset`. Four ids are the same everywhere: PAD 0, BOS 1, EOS 2, UNK 3.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from helpers.text import Vocab

SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")
PAD, BOS, EOS, UNK = range(4)
PUNCTUATION = ",.!?"

# Spaces that do not break (French sets them before ! and ?), thin spaces, invisible marks, typographic apostrophes.
_CHARACTERS = {"\u202f": " ", "\xa0": " ", "\u2009": " ", "\u200b": "", "\xad": "", "’": "'"}


def normalise(text: str) -> str:
    """Return `text` in lower case, with one kind of space and of apostrophe, and a space before each of , . ! ?

    As the book does it (section on machine translation), and beyond it the thin spaces, invisible characters and curly
    apostrophes of the file, which would otherwise make two words of one. Tabs and line ends stay, so that a whole file
    can be normalised at once.
    """
    for character, replacement in _CHARACTERS.items():  # str.replace is many times faster than a table or a regex here
        text = text.replace(character, replacement)
    text = text.lower()
    for mark in PUNCTUATION:
        text = text.replace(" " + mark, mark).replace(mark, " " + mark)
    return text


@dataclass(frozen=True)
class Pairs:
    """Sentences in two languages: targets[i] is a translation of sources[i]. `skipped` counts lines left out."""

    sources: list[str]
    targets: list[str]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.sources, self.targets, strict=True)

    def __getitem__(self, part: slice) -> Pairs:
        return Pairs(self.sources[part], self.targets[part])

    def where(self, keep: Iterable[bool]) -> Pairs:
        """Return the pairs whose entry of `keep` is true."""
        kept = [pair for pair, wanted in zip(self, keep, strict=True) if wanted]
        return Pairs([source for source, _ in kept], [target for _, target in kept])


def read_pairs(text: str, skip_malformed: bool = False) -> Pairs:
    """Return the pairs of `text`: source, tab, target on each line; further columns are left unread.

    Words come out with one space between them. An empty line is no pair and no error.
    skip_malformed: leave out a line with a missing column or an empty side, and count it; otherwise it is a ValueError
        that names its number.
    """
    sources, targets, skipped = [], [], 0
    for number, line in enumerate(text.split("\n"), start=1):
        columns = [" ".join(column.split()) for column in line.split("\t", 2)[:2]]
        if len(columns) == 2 and all(columns):
            sources.append(columns[0])
            targets.append(columns[1])
        elif line.strip() or "\t" in line:
            if not skip_malformed:
                fault = "has no tab between two sentences" if len(columns) < 2 else "has an empty side"
                raise ValueError(
                    f"line {number} {fault}: {line[:60]!r}; correct it, or pass skip_malformed=True to leave it out"
                )
            skipped += 1
    return Pairs(sources, targets, skipped)


def split_by_source(pairs: Pairs, held_out: int | float, seed: int = 0) -> tuple[Pairs, Pairs]:
    """Divide `pairs` into a training and a held-out part with no source sentence in common.

    A source sentence that has several translations takes all of them to its side.
    held_out: how many distinct source sentences to hold out, or the share of them if it is a float.
    seed: the choice depends on the set of source sentences and on the seed alone, not on the order of the pairs.
    """
    distinct = sorted(set(pairs.sources))
    count = round(held_out * len(distinct)) if isinstance(held_out, float) else held_out
    if not 0 < count < len(distinct):
        raise ValueError(
            f"held_out is {held_out}, which holds out {count} of {len(distinct)} distinct source sentences; it must "
            "leave at least one on each side"
        )
    chosen = torch.randperm(len(distinct), generator=torch.Generator().manual_seed(seed))[:count]
    held = {distinct[i] for i in chosen.tolist()}
    return pairs.where(s not in held for s in pairs.sources), pairs.where(s in held for s in pairs.sources)


def references(pairs: Pairs) -> dict[str, list[str]]:
    """Return each distinct source sentence with the list of its distinct translations, both in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        found.setdefault(source, {})[target] = None
    return {source: list(targets) for source, targets in found.items()}


class Words:
    """Sentences as words, divided at spaces; words seen fewer than `min_freq` times in `sentences` are unknown.

    Build it from training sentences alone: a vocabulary that has seen the held-out part hides the unknown words there.
    """

    def __init__(self, sentences: Iterable[str], min_freq: int = 2):
        self.vocab = Vocab(chain.from_iterable(map(str.split, _sentences(sentences))), min_freq, SPECIALS)
        # A word that happens to be spelt "<eos>" is a word like any other, and unknown.
        self._ids = {word: i for i, word in enumerate(self.vocab.tokens) if i > UNK}

    def __len__(self) -> int:
        return len(self.vocab)

    def state_dict(self) -> dict:
        """Return what `tokenizer_from` needs to make the same tokeniser again."""
        return {"words": self.vocab.tokens[len(SPECIALS) :]}

    def tokens(self, ids: Iterable[int] | Tensor) -> list[str]:
        """Return the token of each id, the special ones included."""
        return self.vocab.decode(ids)

    def encode(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return the ids of each sentence, without <bos> and <eos>."""
        find = self._ids.get
        return [[find(word, UNK) for word in sentence.split()] for sentence in _sentences(sentences)]

    def decode(self, ids: Iterable[int] | Tensor) -> str:
        """Return the sentence of `ids`, a list or a tensor (T,): up to the first <eos>, without <bos> and <pad>."""
        return " ".join(self.tokens(_content(ids)))


class Subwords:
    """Sentences as pieces of words, by byte-pair encoding (Sennrich et al., 2016): frequent words whole, rare ones in
    parts, and nothing unknown but characters never seen. The library SentencePiece finds the pieces and applies them.

    sentences: training sentences, from which the pieces are learnt.
    size: V, the number of pieces, with the four special tokens and every character of the sentences among them.
    """

    def __init__(self, sentences: Iterable[str], size: int):
        from sentencepiece import SentencePieceTrainer

        model = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter(_sentences(sentences)),
                model_writer=model,
                model_type="bpe",
                vocab_size=size,
                max_sentence_length=2**20,  # bytes; what is longer would be left out without a word
                character_coverage=1.0,  # every character of the training text has an id
                normalization_rule_name="identity",  # `normalise` has done that
                num_threads=1,
                minloglevel=2,
                **{f"{name}_id": i for i, name in enumerate(("pad", "bos", "eos", "unk"))},
            )
        except (RuntimeError, OSError) as error:
            raise ValueError(
                f"no {size} pieces can be learnt from these sentences; choose another size or give more text ({error})"
            ) from error
        self._load(model.getvalue())

    def _load(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self._pieces, self._model = SentencePieceProcessor(model_proto=model), model

    def state_dict(self) -> dict:
        """Return what `tokenizer_from` needs to make the same tokeniser again; safe to load with weights_only=True."""
        return {"subwords": torch.frombuffer(bytearray(self._model), dtype=torch.uint8)}

    def __len__(self) -> int:
        return self._pieces.get_piece_size()

    def tokens(self, ids: Iterable[int] | Tensor) -> list[str]:
        """Return the piece of each id; a piece that begins a word begins with '▁'."""
        return [SPECIALS[i] if i <= UNK else self._pieces.id_to_piece(i) for i in map(int, ids)]

    def encode(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return the ids of each sentence, without <bos> and <eos>."""
        return self._pieces.encode(list(_sentences(sentences)))

    def decode(self, ids: Iterable[int] | Tensor) -> str:
        """Return the sentence of `ids`, a list or a tensor (T,): up to the first <eos>, without <bos> and <pad>."""
        return "".join(self.tokens(_content(ids))).replace("▁", " ").strip()


def tokenizer_from(saved: dict) -> Words | Subwords:
    """Return the tokeniser whose `state_dict` was `saved`."""
    if "words" in saved:
        return Words([" ".join(saved["words"])], min_freq=1)
    tokenizer = Subwords.__new__(Subwords)
    tokenizer._load(bytes(saved["subwords"].tolist()))
    return tokenizer


def _sentences(sentences: Iterable[str]) -> Iterable[str]:
    if isinstance(sentences, str):
        raise TypeError("a list of sentences is needed; for one sentence pass [sentence]")
    return sentences


def _content(ids: Iterable[int] | Tensor) -> list[int]:
    ids = ids.tolist() if isinstance(ids, Tensor) else list(ids)
    return [i for i in (ids[: ids.index(EOS)] if EOS in ids else ids) if i not in (PAD, BOS)]


def truncate(ids: list[int], num_steps: int) -> list[int]:
    """Return `ids` if it is at most `num_steps` long, else its first num_steps - 1 ids and its last, the <eos>.

    The book cuts the end off, <eos> and all, so that a decoder never sees how a long sentence ends.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps is {num_steps}; it must be at least 1")
    return ids if len(ids) <= num_steps else [*ids[: num_steps - 1], ids[-1]]


def pad(sequences: Sequence[Sequence[int]], num_steps: int | None = None) -> tuple[Tensor, Tensor]:
    """Return the sequences as one tensor (N, T), filled up with PAD, and their lengths (N,), both int64.

    num_steps: T; default: the longest sequence. A longer sequence is a ValueError: truncate it first.
    """
    lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.long)
    longest = int(lengths.max()) if len(lengths) else 0
    if num_steps is not None and longest > num_steps:
        raise ValueError(f"a sequence has {longest} ids, more than num_steps = {num_steps}; truncate it first")
    padded = torch.full((len(lengths), longest if num_steps is None else num_steps), PAD)
    # All ids in one go: row by row, the places before a row's length are filled from left to right.
    places = torch.arange(padded.shape[1]) < lengths[:, None]  # (N, T)
    padded[places] = torch.from_numpy(np.fromiter(chain.from_iterable(sequences), np.int64, int(lengths.sum())))
    return padded, lengths


@dataclass(frozen=True)
class Encoded:
    """All pairs as padded tensors, int64.

    src (N, S): source ids and <eos>. src_len (N,): how many of them count.
    tgt (N, T + 1): <bos>, target ids, <eos>. tgt_len (N,): how many count without <bos>: so many are to be predicted.
    The decoder reads tgt[:, :-1] and is to write tgt[:, 1:].
    """

    src: Tensor
    src_len: Tensor
    tgt: Tensor
    tgt_len: Tensor

    def __len__(self) -> int:
        return len(self.src)

    def rows(self, index: Tensor | Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the batch (src, src_len, tgt, tgt_len) of some pairs, no wider than the longest of them."""
        src_len, tgt_len = self.src_len[index], self.tgt_len[index]
        return self.src[index, : int(src_len.max())], src_len, self.tgt[index, : int(tgt_len.max()) + 1], tgt_len


def encode_sources(
    sentences: Sequence[str], tokenizer: Words | Subwords, num_steps: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return source sentences as ids (N, S), each ending in <eos>, and their lengths (N,).

    num_steps: longer sentences are truncated to it, keeping their <eos>.
    """
    rows = tokenizer.encode(sentences)
    for row in rows:
        row.append(EOS)
    return pad(rows if num_steps is None else [truncate(row, num_steps) for row in rows])


def encode(pairs: Pairs, source: Words | Subwords, target: Words | Subwords, num_steps: int | None = None) -> Encoded:
    """Return `pairs` as tensors. num_steps: longer sentences are truncated to it on both sides, keeping their <eos>."""
    if not len(pairs):
        raise ValueError("there are no pairs to encode")
    src, src_len = encode_sources(pairs.sources, source, num_steps)
    tgt, tgt_len = encode_sources(pairs.targets, target, num_steps)
    return Encoded(src, src_len, torch.cat([torch.full((len(tgt), 1), BOS), tgt], 1), tgt_len)


class LengthBuckets:
    """Minibatches (src, src_len, tgt, tgt_len) of pairs of nearly equal length, in random order.

    Every pass shuffles the pairs, sorts them by length (the shuffle decides among equals), cuts the row of pairs into
    batches, and shuffles those. So little is padded, and no pair is left out. Random numbers come from torch's global
    generator.

    bucket: False leaves the sorting out: batches of any lengths, much padding.
    shuffle: False keeps the order of the pairs, sorted by length if `bucket`: the same batches in every pass.
    """

    def __init__(self, data: Encoded, batch_size: int, bucket: bool = True, shuffle: bool = True):
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
        if not len(data):
            raise ValueError("there are no pairs to make batches of")
        self.data, self.batch_size, self.bucket, self.shuffle = data, batch_size, bucket, shuffle
        self._key = data.src_len * (data.tgt.shape[1] + 1) + data.tgt_len  # source length first, then target length

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        order = torch.randperm(len(self.data)) if self.shuffle else torch.arange(len(self.data))
        if self.bucket:
            order = order[self._key[order].argsort(stable=True)]
        batches = order.split(self.batch_size)
        for i in torch.randperm(len(batches)).tolist() if self.shuffle else range(len(batches)):
            yield self.data.rows(batches[i])
