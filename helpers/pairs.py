"""Sentence pairs as text: cleaning, reading and dividing them.

    normalize         lower case, one kind of space, of line end and of apostrophe, punctuation set apart
    Pairs             sentences in two languages, side by side
    read_pairs        tab-separated text -> Pairs
    split_by_source   divide pairs so that no source sentence stands on both sides
    references_of     each source sentence with all its translations

All are derived in the notebook `machine-translation-and-dataset`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch

from helpers import checks

PUNCTUATION = ",.!?"

# str.replace, once for each character, is many times faster than a table (str.translate) or a regular expression.
_INVISIBLE = "\ufeff\u200b\u2060\xad\u200e\u200f"  # byte-order mark, width 0, no break, soft hyphen, directions
_SPACES = (
    "\xa0\u202f\u2009"  # those that French sets before ! and ?
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u200a\u205f\u3000"  # of other widths
    "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"  # divide lines, pages or records
)
_APOSTROPHES = "\u2019\u2018\u201b\u02bc\uff07"


def normalize(text: str) -> str:
    """Return `text` in lower case, with one kind of space and of apostrophe, and a space before each of , . ! ?

    As the book does it (section on machine translation), and beyond it: spaces of every width become a space; single
    quotation marks and letter apostrophes become '; invisible marks go; an accent written as a character of its own
    joins its letter (Unicode's form NFC). Each of these would otherwise make two words of one. Tabs stay, and so do
    line ends, which all become a line feed; so a whole file can be normalized at once.
    """
    text = _plain(text).lower()
    for apostrophe in _APOSTROPHES:
        text = text.replace(apostrophe, "'")
    text = unicodedata.normalize("NFC", text)
    for mark in PUNCTUATION:  # one space more before each, but where there was one
        text = text.replace(" " + mark, mark).replace(mark, " " + mark)
    return text


def _plain(text: str) -> str:
    """Return `text` without invisible marks, with one kind of space, and with \\n at the end of every line."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a string; got {type(text).__name__}")
    for mark in _INVISIBLE[1:]:  # to one of them first: a replacement of the same length is ten times faster
        text = text.replace(mark, _INVISIBLE[0])
    text = text.replace(_INVISIBLE[0], "")
    for space in _SPACES:
        text = text.replace(space, " ")
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Pairs:
    """Sentences in two languages: targets[i] is a translation of sources[i]. `skipped` counts lines left out.

    pairs[i] is one pair, (source, target); pairs[a:b] are some of them, Pairs again.
    """

    sources: list[str]
    targets: list[str]
    skipped: int = 0

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ValueError(f"there are {len(self.sources)} sources, but {len(self.targets)} targets")

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Pairs:
        """Return Pairs of single pairs (source, target), such as those that a condition keeps of others."""
        pairs = list(pairs)
        return cls([source for source, _ in pairs], [target for _, target in pairs])

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.sources, self.targets, strict=True)

    @overload
    def __getitem__(self, place: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, place: slice) -> Pairs: ...
    def __getitem__(self, place):
        if isinstance(place, slice):
            return Pairs(self.sources[place], self.targets[place])
        return self.sources[place], self.targets[place]


def read_pairs(text: str, skip_malformed: bool = False) -> Pairs:
    """Return the pairs of `text`: source, tab, target on each line; further columns are left unread.

    Words come out with one space between them, whatever stood there. A line ends in \\n, \\r\\n or \\r; an empty one
    is no pair and no error.
    skip_malformed: leave out a line with a missing column or an empty side, and count it; otherwise it is a ValueError
        that names its number.
    """
    text = unicodedata.normalize("NFC", _plain(text))
    while "  " in text:
        text = text.replace("  ", " ")

    sources, targets, skipped = [], [], 0
    for number, line in enumerate(text.split("\n"), start=1):
        source, tab, rest = line.partition("\t")
        source, target = source.strip(), rest.partition("\t")[0].strip()
        if source and target:
            sources.append(source)
            targets.append(target)
        elif source or tab:
            if not skip_malformed:
                fault = "has an empty side" if tab else "has no tab between two sentences"
                raise ValueError(
                    f"line {number} {fault}: {line[:60]!r}; correct it, or pass skip_malformed=True to leave it out"
                )
            skipped += 1
    return Pairs(sources, targets, skipped)


def split_by_source(pairs: Pairs, val_size: int | float, seed: int = 0) -> tuple[Pairs, Pairs]:
    """Divide `pairs` into a training and a validation part with no source sentence in common.

    A source sentence that has several translations takes all of them to its side.
    val_size: how many distinct source sentences go to the validation part, or the share of them if it is a float.
    seed: the choice depends on the set of source sentences and on the seed alone, not on the order of the pairs.
    """
    distinct = sorted(set(pairs.sources))
    if isinstance(val_size, float | np.floating):
        if not 0 < val_size < 1:
            raise ValueError(f"val_size is {val_size}; a share must lie between 0 and 1, and a number be whole")
        count = round(float(val_size) * len(distinct))
    else:
        count = checks.whole_number("val_size", val_size)
    if not 0 < count < len(distinct):
        raise ValueError(
            f"val_size is {val_size}, which takes {count} of {len(distinct)} distinct source sentences; it must "
            "leave at least one on each side"
        )
    generator = torch.Generator().manual_seed(checks.whole_number("seed", seed))
    chosen = {distinct[i] for i in torch.randperm(len(distinct), generator=generator)[:count].tolist()}
    train, val = Pairs([], []), Pairs([], [])
    for source, target in pairs:
        part = val if source in chosen else train
        part.sources.append(source)
        part.targets.append(target)
    return train, val


def references_of(pairs: Pairs) -> dict[str, list[str]]:
    """Return each distinct source sentence with the list of its distinct translations, both in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        found.setdefault(source, {})[target] = None
    return {source: list(targets) for source, targets in found.items()}
