"""The book's files: fetched once, verified, and kept where a whole class can read them.

    fetch              what a file of the book holds, from the cache or from the book's address
    extract            what one member of an archive holds
    cache_folder       where downloads are kept
    DataError          a file can be neither read from the cache nor downloaded
    DATA_URL, FILES    the book's address, names and checksums (those of d2l.DATA_HUB)

Plumbing: no notebook derives it. `datasets` knows what to do with the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pooch
from tqdm.auto import tqdm

DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"  # no TLS there: the checksum is the protection
FILES = {
    "timemachine.txt": "sha1:090b5e7e70c295757f55df93cb0a180b9691891a",
    "fra-eng.zip": "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5",
}
SILENCE = 8  # seconds in which something must come, whatever holds it up: looking up the name, connecting, waiting
# A drop a second is not silence. After GRACE seconds, at least SLOWEST bytes must have come each second on average: a
# tenth of a slow line's 20,000 (4 minutes for the archive's 5 MB), so that no honest line is cut off.
GRACE, SLOWEST = 15, 2_000
LARGEST = 20_000_000  # bytes; no file of the book comes near, so that a stream without end is given up
PAUSE = 1  # seconds between two attempts
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


def fetch(name: str, cache: str | Path | None, attempts: int) -> bytes:
    """Return what the file `name` holds; download it, asking at most `attempts` times, if no intact copy is cached.

    Raises DataError that says what is in the way and what to do.
    """
    path, known = cache_folder(cache) / name, FILES[name].removeprefix("sha1:")
    if (content := read_intact(path, "sha1", known)) is not None:
        return content
    with _usable(path.parent):  # found before anything is downloaded
        path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        try:
            content = _download(DATA_URL + name)
            if hashlib.sha1(content).hexdigest() == known:
                break
            cause, trouble = None, "sent what does not match its checksum, so it was not kept; try again later"
        except Exception as error:  # a network knows many: of sockets, of HTTP, of addresses
            cause, trouble = error, f"cannot be reached ({type(error).__name__}: {error}); connect to a network"
        if attempt == attempts:
            advice = "or copy the file into the cache folder, or choose origin='sample'."
            raise DataError(f"{DATA_URL}{name} {trouble}, {advice}") from cause
        time.sleep(PAUSE)
    keep(path, content)
    return content


def extract(archive: bytes, member: str) -> bytes:
    """Return what `member` of a zip file holds. Raises DataError if it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            return packed.read(member)
    except Exception as error:  # zipfile has no common one: KeyError, BadZipFile, zlib.error, NotImplementedError …
        raise DataError(
            f"the archive holds no readable {member} ({type(error).__name__}: {error}); "
            "copy that file into the cache folder, or choose origin='sample'."
        ) from error


def read_intact(path: Path, algorithm: str, known: str) -> bytes | None:
    """Return what the file holds if it is there and has this checksum; remove what killed processes left beside it."""
    with _usable(path.parent):
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
    with _usable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)  # a reader finds the whole file or none
        finally:
            unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the cache folder {folder} cannot be used ({error.strerror or error}); set MODERN_RNN_CACHE to a folder "
            "you may write to, or choose origin='sample'."
        ) from error


def _download(url: str) -> bytes:
    """Return what the address sends. Raises OSError if that is nothing, too slow, too little or too much.

    A second thread receives, since looking up a name or a trickle of headers would hold up the one that watches.
    """
    started, received, given_up = time.monotonic(), queue.Queue(), threading.Event()

    def receive() -> None:
        try:
            with urllib.request.urlopen(url, timeout=SILENCE) as answer:
                received.put(answer.length)
                while not given_up.is_set() and (part := answer.read1(2**16)):
                    received.put(part)
            received.put(b"")
        except Exception as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            received.put(error)

    def following() -> int | bytes | None:
        try:
            item = received.get(timeout=SILENCE)
        except queue.Empty:
            raise TimeoutError(f"nothing came in {SILENCE:g} seconds") from None
        if isinstance(item, Exception):
            raise item
        return item

    threading.Thread(target=receive, daemon=True).start()
    parts, count = [], 0
    try:
        size = following()
        with tqdm(total=size, desc=url.rpartition("/")[2], unit="B", unit_scale=True, leave=False, delay=0.5) as bar:
            while part := following():
                parts.append(part)
                count += len(part)
                bar.update(len(part))
                seconds = time.monotonic() - started
                if seconds > GRACE and count < SLOWEST * seconds:
                    raise TimeoutError(f"only {count:,} bytes came in {seconds:.0f} seconds")
                if count > LARGEST:
                    raise ConnectionError(f"more than {LARGEST:,} bytes came")
    finally:
        given_up.set()
    if size is not None and count < size:
        raise ConnectionError(f"only {count:,} of {size:,} bytes came")
    return b"".join(parts)
