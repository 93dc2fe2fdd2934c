"""Where text comes from: the book's file, downloaded once and verified, or the embedded sample.

    Text             a text with its title and its source
    time_machine     the book's novel, or the story written for this project
    cache_folder     where downloads are kept
    DATA_URL, FILES  the book's addresses, names and checksums (those of d2l.DATA_HUB)

Plumbing: no notebook derives it. Nothing here cleans, splits or counts; see `text` for that.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"  # no TLS there: the checksum is the protection
FILES = {"timemachine.txt": "sha1:090b5e7e70c295757f55df93cb0a180b9691891a"}
SOURCES = ("auto", "book", "sample")
TIMEOUT = (5, 30)  # seconds to connect, seconds between two packets

pooch.get_logger().setLevel(logging.WARNING)


class DataError(RuntimeError):
    """The book's data can be neither read from the cache nor downloaded."""


@dataclass(frozen=True)
class Text:
    """A text as it was published (`raw`), its `title`, and its `source`: 'book' or 'sample'."""

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
    source = _source(source)
    if source != "sample":
        try:
            path = _fetch("timemachine.txt", cache, attempts=3 if source == "book" else 1)
            return Text("The Time Machine", "book", path.read_text(encoding="utf-8"))
        except DataError as error:
            if source == "book":
                raise
            print(f"Using the embedded sample instead of the book's text: {error}")
    story = resources.files("helpers.samples").joinpath("story.txt").read_text(encoding="utf-8")
    return Text(story.split("\n", 1)[0].strip(), "sample", story)


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
            reason = f"{DATA_URL}{name} cannot be reached ({type(error).__name__})"
            advice = "connect to a network, or copy the file into the cache folder"
        else:
            reason = f"the cache folder {folder} cannot be used ({error.strerror or error})"
            advice = "set MODERN_RNN_CACHE to a folder you may write to"
        raise DataError(f"{reason}; {advice}, or choose source='sample'.") from error
    except ValueError as error:
        raise DataError(
            f"what {DATA_URL}{name} sent does not match its checksum, so it was not kept; try again later, "
            "or choose source='sample'."
        ) from error
    return path
