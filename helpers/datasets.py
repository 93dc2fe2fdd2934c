"""Where text comes from: the book's files, downloaded once and verified, or the embedded samples.

    Text                a text with its title and its origin
    time_machine        the book's novel, or the story written for this project
    english_french      the book's sentence pairs, or those written for this project
    english_portuguese  the pairs written for this project; the book has none
    short_run           whether the longest cells of a notebook are to do less

Plumbing: no notebook derives it. Nothing here cleans, splits or counts; see `text` and `pairs` for that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from helpers.cached import DataError, cache_folder, keep, read_intact
from helpers.download import extract, fetch

PAIRS = "fra-eng/fra.txt"  # inside the archive, and in the cache once extracted
PAIRS_SHA256 = "0bb85dbaa1c896844649094d7eaf2e34bee34e84fe362b26ce7e8f2e12aae104"
ORIGINS = ("auto", "book", "sample")


@dataclass(frozen=True)
class Text:
    """A text as it was published (`raw`), its `title`, and its `origin`: 'book' or 'sample'.

    The raw text of sentence pairs has one pair on each line, with a tab between the two languages.
    """

    title: str
    origin: str
    raw: str

    def __str__(self) -> str:
        return f"{self.title} ({self.origin}, {len(self.raw):,} characters)"


def time_machine(origin: str | None = None, cache: str | Path | None = None) -> Text:
    """Return the chapter's text: *The Time Machine*, or the embedded story.

    origin: 'book', 'sample', or 'auto' (the book if it is cached or can be fetched, else the sample, with one line that
        says so). Default: the environment variable MODERN_RNN_DATA, else 'auto'.
    cache: folder for downloads. Default: MODERN_RNN_CACHE, else the user's cache folder.

    Raises ValueError for an unknown origin; DataError if 'book' is asked for and cannot be had.
    """

    def book() -> str:
        return fetch("timemachine.txt", cache, attempts=3 if origin == "book" else 1).decode()

    origin = _origin(origin)
    if (raw := _book(origin, book, "text")) is not None:
        return Text("The Time Machine", "book", raw)
    story = _sample("story.txt")
    return Text(story.split("\n", 1)[0].strip(), "sample", story)


def english_french(origin: str | None = None, cache: str | Path | None = None) -> Text:
    """Return sentence pairs, English then French: the book's 167,130 from Tatoeba, or 5,993 written for this project.

    `origin`, `cache` and errors as for `time_machine`.
    """

    def book() -> str:
        return _pairs(cache, attempts=3 if origin == "book" else 1).decode()

    origin = _origin(origin)
    if (raw := _book(origin, book, "sentence pairs")) is not None:
        return Text("English–French sentence pairs from Tatoeba", "book", raw)
    return Text("English–French sentence pairs", "sample", _columns(0, 1))


def english_portuguese() -> Text:
    """Return the 5,993 sentence pairs of this project in English and Brazilian Portuguese. The book has none."""
    return Text("English–Portuguese sentence pairs", "sample", _columns(0, 2))


def short_run() -> bool:
    """Return whether the sample is asked for by name, as in the tests: the longest cells of a notebook then do less."""
    return os.environ.get("MODERN_RNN_DATA") == "sample"


def _origin(origin: str | None) -> str:
    chosen = origin or os.environ.get("MODERN_RNN_DATA") or "auto"
    if chosen not in ORIGINS:
        given = "origin" if origin else "the environment variable MODERN_RNN_DATA"
        raise ValueError(f"{given} is {chosen!r}; choose one of {', '.join(ORIGINS)}")
    return chosen


def _book(origin: str, read: Callable[[], str], what: str) -> str | None:
    """Return what `read` returns, or None if the sample is to be used; 'auto' says so in one line."""
    if origin == "sample":
        return None
    try:
        return read()
    except DataError as error:
        if origin == "book":
            raise
        print(f"Using the embedded sample instead of the book's {what}: {error}")
        return None


def _sample(name: str) -> str:
    return resources.files("helpers.samples").joinpath(name).read_text(encoding="utf-8")


def _columns(*wanted: int) -> str:
    rows = [line.split("\t") for line in _sample("pairs.tsv").splitlines()]
    return "".join("\t".join(row[i] for i in wanted) + "\n" for row in rows)


def _pairs(cache: str | Path | None, attempts: int) -> bytes:
    """Return what the file of sentence pairs holds; extract or download it if no intact copy is cached."""
    path = cache_folder(cache) / PAIRS
    if (content := read_intact(path, "sha256", PAIRS_SHA256)) is None:
        content = extract(fetch("fra-eng.zip", cache, attempts), PAIRS)
        if hashlib.sha256(content).hexdigest() != PAIRS_SHA256:
            raise DataError(
                f"{PAIRS} in the archive does not match its checksum, so it was not kept; "
                "copy that file into the cache folder, or choose origin='sample'."
            )
        keep(path, content)
    return content
