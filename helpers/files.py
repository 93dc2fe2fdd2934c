"""Files that are whole or not there, and say so when they are damaged.

    save            write an object of torch, numbers and strings, with a checksum, in one step
    load            read it back, verified
    previous        the name under which the file before the last one is kept
    check_writable  an error now rather than at the end of a long run
    DamagedFile     the content is not what was written

Plumbing: no notebook derives it. `checkpoint` and `translator` keep their files with it.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers import nested

HEADER = b"modern-rnn file, sha256 "  # then 64 hexadecimal digits, a line end, and what torch.save wrote
LEFT_OVER = 60  # seconds without a byte more, after which an unfinished file belongs to a process that is no more
FOREIGN = "something other than tensors, numbers and strings"


class DamagedFile(ValueError):
    """The file was changed after it was written, or was never written by `save`."""


def save(path: str | Path, payload: Any, keep_previous: bool = False) -> None:
    """Write `payload` to `path`: whoever reads the path finds the old file or the new one, never half of one.

    payload: tensors, numbers, strings, lists, dictionaries. NumPy's numbers come back as Python's.
    keep_previous: the old file stays beside the new one, as `previous(path)`.
    Raises TypeError if `load` could not read it back, OSError if it cannot be written; the old file is untouched then.
    """
    path = Path(path)
    payload = nested.each(_plain, payload)
    try:
        # Now, not when the file is all that is left of a run. Tensors are emptied: numbers are no obstacle to reading.
        _read(_written(nested.each(_emptied, payload)))
        content = _written(payload)
    except (AttributeError, pickle.PicklingError, pickle.UnpicklingError) as error:
        raise TypeError(f"this cannot be saved to {path}: it holds {FOREIGN}") from error
    digest = hashlib.sha256(content).hexdigest().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_overs(path)
    unfinished = _unfinished(path)
    try:
        with open(unfinished, "wb") as file:
            file.write(HEADER + digest + b"\n")
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep_previous and path.exists():
            os.replace(path, previous(path))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: str | Path) -> Any:
    """Return what `save` wrote to `path`, its tensors on the CPU. No code in the file is run.

    Raises FileNotFoundError and the other errors of the system as they come; DamagedFile if a single bit is not what it
    was, or if `save` did not write the file.
    """
    content = Path(path).read_bytes()
    start = len(HEADER) + 65
    if not content.startswith(HEADER) or len(content) < start:
        raise DamagedFile(f"{path} is not a file of this project, or its beginning is damaged")
    body = memoryview(content)[start:]
    if content[len(HEADER) : start] != hashlib.sha256(body).hexdigest().encode() + b"\n":
        raise DamagedFile(f"{path} is damaged: its content does not match the checksum it was written with")
    try:
        return _read(body)
    except pickle.UnpicklingError as error:
        raise DamagedFile(f"{path} holds {FOREIGN}") from error


def previous(path: str | Path) -> Path:
    """Return the name beside `path` under which `save` keeps the file before the last one."""
    path = Path(path)
    return path.with_name(path.name + ".previous")


def check_writable(path: str | Path) -> None:
    """Raise OSError now if `path` could not be written later; its folder is made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    unfinished = _unfinished(path)
    try:
        unfinished.touch()
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_left_overs(path: Path) -> None:
    """Remove the unfinished files that killed processes have left beside `path`."""
    for file in path.parent.glob(f"{path.name}.*.unfinished"):
        try:
            if time.time() - file.stat().st_mtime > LEFT_OVER:
                file.unlink()
        except OSError:  # another process was faster, or may not write here, which `save` will tell
            continue


def _written(payload: Any) -> memoryview:
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    return buffer.getbuffer()


def _read(content: memoryview) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _plain(value: Any) -> Any:
    """Turn a number of NumPy into Python's: torch.load takes no others with weights_only=True."""
    return value.item() if isinstance(value, np.generic) else value


def _emptied(value: Any) -> Any:
    return value.new_empty(0) if isinstance(value, Tensor) else value


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}.unfinished")
