"""Where the book's files are kept: each is there whole or not at all, and a whole class can read it.

    cache_folder  the folder for downloads
    read_intact   what a file holds, if it is what it should be
    keep          write a file in one step
    usable        errors of the system as what a reader can do about them
    DataError     a file can be neither read from the cache nor downloaded

Plumbing: no notebook derives it. `download` fills the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pooch

LEFT_OVER = 600  # seconds; writing a file takes less than one, so an older unfinished one is a killed process's


class DataError(RuntimeError):
    """The book's data can be neither read from the cache nor downloaded."""


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder for downloads: `cache`, else MODERN_RNN_CACHE, else the user's cache folder.

    Raises DataError for a path that no system takes.
    """
    chosen = cache or os.environ.get("MODERN_RNN_CACHE") or pooch.os_cache("modern-rnn")
    if "\0" in str(chosen):
        raise DataError(f"the cache folder {str(chosen)!r} holds a character that no path may hold; choose another one")
    try:
        return Path(chosen).expanduser()
    except RuntimeError as error:
        raise DataError(f"the cache folder {str(chosen)!r} names a user whose home is unknown; write it out") from error


def read_intact(path: Path, algorithm: str, known: str) -> bytes | None:
    """Return what the file holds if it is there and has this checksum; remove what killed processes left beside it."""
    with usable(path.parent):
        for unfinished in path.parent.glob(f".{path.name}.*.part"):
            with contextlib.suppress(OSError):  # a neighbour finished it, or only another user may remove it
                if time.time() - unfinished.stat().st_mtime > LEFT_OVER:
                    unfinished.unlink()
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return content if hashlib.new(algorithm, content).hexdigest() == known else None


def keep(path: Path, content: bytes) -> None:
    """Write a file in one step, readable to all whom the umask allows. Raises DataError if that cannot be."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    with usable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)  # a reader finds the whole file or none
        finally:
            unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn an error of the system inside into a DataError about this cache folder, with what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the cache folder {folder} cannot be used ({error.strerror or error}); set MODERN_RNN_CACHE to a folder "
            "you may write to, or choose origin='sample'."
        ) from error
