"""Where text comes from: the book's files, downloaded once and verified, or the embedded samples.

    Text                a text with its title and its source
    time_machine        the book's novel, or the story written for this project
    english_french      the book's sentence pairs, or those written for this project
    english_portuguese  the pairs written for this project; the book has none
    cache_folder        where downloads are kept
    DATA_URL, FILES     the book's addresses, names and checksums (those of d2l.DATA_HUB)

Plumbing: no notebook derives it. Nothing here cleans, splits or counts; see `text` for that.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"  # no TLS there: the checksum is the protection
FILES = {
    "timemachine.txt": "sha1:090b5e7e70c295757f55df93cb0a180b9691891a",
    "fra-eng.zip": "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5",
}
PAIRS = "fra-eng/fra.txt"  # inside the archive, and in the cache once extracted
PAIRS_SHA256 = "0bb85dbaa1c896844649094d7eaf2e34bee34e84fe362b26ce7e8f2e12aae104"
SOURCES = ("auto", "book", "sample")
TIMEOUT = (5, 30)  # seconds to connect, seconds between two packets

pooch.get_logger().setLevel(logging.WARNING)


class DataError(RuntimeError):
    """The book's data can be neither read from the cache nor downloaded."""


@dataclass(frozen=True)
class Text:
    """A text as it was published (`raw`), its `title`, and its `source`: 'book' or 'sample'.

    The raw text of sentence pairs has one pair on each line, with a tab between the two languages.
    """

    title: str
    source: str
    raw: str

    def __str__(self) -> str:
        return f"{self.title} ({self.source}, {len(self.raw):,} characters)"


def time_machine(source: str | None = None, cache: str | Path | None = None) -> Text:
    """Return the chapter's text: *The Time Machine*, or the embedded story.

    source: 'book', 'sample', or 'auto' (the book if it is cached or can be fetched, else the sample, with one line that
        says so). Default: the environment variable MODERN_RNN_DATA, else 'auto'.
    cache: folder for downloads. Default: MODERN_RNN_CACHE, else the user's cache folder.

    Raises ValueError for an unknown source; DataError if 'book' is asked for and cannot be had.
    """

    def book() -> str:
        return _fetch("timemachine.txt", cache, attempts=3 if source == "book" else 1).read_text(encoding="utf-8")

    source = _source(source)
    if (raw := _book(source, book, "text")) is not None:
        return Text("The Time Machine", "book", raw)
    story = _sample("story.txt")
    return Text(story.split("\n", 1)[0].strip(), "sample", story)


def english_french(source: str | None = None, cache: str | Path | None = None) -> Text:
    """Return sentence pairs, English then French: the book's 167,130 from Tatoeba, or 5,993 written for this project.

    `source`, `cache` and errors as for `time_machine`.
    """

    def book() -> str:
        return _pairs_file(cache, attempts=3 if source == "book" else 1).read_text(encoding="utf-8")

    source = _source(source)
    if (raw := _book(source, book, "sentence pairs")) is not None:
        return Text("English–French sentence pairs from Tatoeba", "book", raw)
    return Text("English–French sentence pairs", "sample", _columns(0, 1))


def english_portuguese() -> Text:
    """Return the 5,993 sentence pairs of this project in English and Brazilian Portuguese. The book has none."""
    return Text("English–Portuguese sentence pairs", "sample", _columns(0, 2))


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder for downloads: `cache`, else MODERN_RNN_CACHE, else the user's cache folder."""
    chosen = cache or os.environ.get("MODERN_RNN_CACHE") or pooch.os_cache("modern-rnn")
    return Path(chosen).expanduser()


def _source(source: str | None) -> str:
    chosen = source or os.environ.get("MODERN_RNN_DATA") or "auto"
    if chosen not in SOURCES:
        origin = "source" if source else "the environment variable MODERN_RNN_DATA"
        raise ValueError(f"{origin} is {chosen!r}; choose one of {', '.join(SOURCES)}")
    return chosen


def _book(source: str, read: Callable[[], str], what: str) -> str | None:
    """Return what `read` returns, or None if the sample is to be used; 'auto' says so in one line."""
    if source == "sample":
        return None
    try:
        return read()
    except DataError as error:
        if source == "book":
            raise
        print(f"Using the embedded sample instead of the book's {what}: {error}")
        return None


def _sample(name: str) -> str:
    return resources.files("helpers.samples").joinpath(name).read_text(encoding="utf-8")


def _columns(*wanted: int) -> str:
    rows = [line.split("\t") for line in _sample("pairs.tsv").splitlines()]
    return "".join("\t".join(row[i] for i in wanted) + "\n" for row in rows)


def _pairs_file(cache: str | Path | None, attempts: int) -> Path:
    """Return the path of an intact copy of the sentence pairs; extract or download them if there is none."""
    path = cache_folder(cache) / PAIRS
    try:
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == PAIRS_SHA256:
            return path
        archive = _fetch("fra-eng.zip", cache, attempts)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with zipfile.ZipFile(archive) as packed:
                part.write_bytes(packed.read(PAIRS))
            os.replace(part, path)  # a reader finds the whole file or none
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(_unusable(cache_folder(cache), error)) from error
    return path


def _unusable(folder: Path, error: OSError) -> str:
    return (
        f"the cache folder {folder} cannot be used ({error.strerror or error}); set MODERN_RNN_CACHE to a folder you "
        "may write to, or choose source='sample'."
    )


def _fetch(name: str, cache: str | Path | None, attempts: int) -> Path:
    """Return the path of an intact copy of `name`; download it if there is none."""
    folder = cache_folder(cache)
    path, known = folder / name, FILES[name]
    try:
        if path.is_file() and pooch.file_hash(str(path), alg="sha1") == known.removeprefix("sha1:"):
            return path
        folder.mkdir(parents=True, exist_ok=True)
        # pooch writes to a temporary file, checks it, and only then moves it to `path`.
        store = pooch.create(folder, DATA_URL, registry={name: known}, retry_if_failed=attempts - 1)
        quiet = "TQDM_DISABLE" in os.environ
        with tqdm(total=1, desc=name, unit="B", unit_scale=True, leave=False, delay=0.5, disable=quiet) as bar:
            store.fetch(name, downloader=pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT))
    except OSError as error:  # also every network error: requests' errors are OSErrors
        if isinstance(error, requests.RequestException):
            raise DataError(
                f"{DATA_URL}{name} cannot be reached ({type(error).__name__}); connect to a network, or copy the file "
                "into the cache folder, or choose source='sample'."
            ) from error
        raise DataError(_unusable(folder, error)) from error
    except ValueError as error:
        raise DataError(
            f"what {DATA_URL}{name} sent does not match its checksum, so it was not kept; try again later, "
            "or choose source='sample'."
        ) from error
    return path
