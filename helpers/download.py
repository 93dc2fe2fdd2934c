"""The book's files from the network: fetched once, verified, and given up when a line brings nothing.

    fetch              what a file of the book holds, from the cache or from the book's address
    extract            what one member of an archive holds
    DATA_URL, FILES    the book's address, names and checksums (those of d2l.DATA_HUB)

Plumbing: no notebook derives it. `cached` keeps the files, and `datasets` knows what to do with them.
"""

from __future__ import annotations

import hashlib
import io
import queue
import textwrap
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from helpers import progress
from helpers.cached import DataError, cache_folder, keep, read_intact, usable

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


def fetch(name: str, cache: str | Path | None, attempts: int) -> bytes:
    """Return what the file `name` holds; download it, asking at most `attempts` times, if no intact copy is cached.

    Raises DataError that says what is in the way and what to do.
    """
    path, known = cache_folder(cache) / name, FILES[name].removeprefix("sha1:")
    if (content := read_intact(path, "sha1", known)) is not None:
        return content
    with usable(path.parent):  # found before anything is downloaded
        path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        try:
            content = _download(DATA_URL + name)
            if hashlib.sha1(content).hexdigest() == known:
                break
            cause, trouble = None, "sent what does not match its checksum, so it was not kept; try again later"
        except Exception as error:  # a network knows many: of sockets, of HTTP, of addresses
            said = textwrap.shorten(str(error), 200, placeholder=" …")  # it may have several lines, and any length
            remedy = "try again later" if isinstance(error, urllib.error.HTTPError) else "connect to a network"
            cause, trouble = error, f"cannot be reached ({type(error).__name__}: {said}); {remedy}"
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


def _download(url: str) -> bytes:
    """Return what the address sends. Raises OSError if that is nothing, too slow, too little or too much.

    A second thread receives, since looking up a name or a trickle of headers would hold up the one that watches.
    """
    started, received, given_up = time.monotonic(), queue.Queue(), threading.Event()

    def receive() -> None:
        try:
            with urllib.request.urlopen(url, timeout=SILENCE + 1) as answer:  # the watch is to speak first
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
        with progress.bar(total=size, desc=url.rpartition("/")[2], unit="B", unit_scale=True) as bar:
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
