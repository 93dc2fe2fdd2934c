"""What came back: files in folders and in archives.

File         one of them
files        every file below a folder, those in zip archives as well; nothing is unpacked to the disk
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

READ = {".ipynb", ".py"}
OTHER_ARCHIVES = {".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
SKIPPED = {"__MACOSX", ".ipynb_checkpoints", "__pycache__", ".git", ".DS_Store", "Thumbs.db", "desktop.ini"}
LARGEST, LARGEST_ARCHIVE, MOST_FILES, DEEPEST = 30 << 20, 4 << 30, 20_000, 3


@dataclass(frozen=True)
class File:
    """parts: folders, archives and its own name. data: its bytes, or None where `problem` says why there are none."""

    parts: tuple[str, ...]
    changed: datetime
    data: bytes | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def files(folder: Path, skipped: Path | None = None) -> Iterator[File]:
    """Yield what lies below a folder, but for `skipped`, which is ours."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_symlink() or not path.is_file() or SKIPPED & {*parts} or (skipped and path.is_relative_to(skipped)):
            continue
        changed = datetime.fromtimestamp(path.stat().st_mtime)
        if path.suffix.lower() == ".zip":
            yield from _archive(parts, changed, path, [0, 0])
        else:
            size = path.stat().st_size
            yield _file(parts, changed, size, path.read_bytes if size <= LARGEST else None)


def _file(parts: tuple[str, ...], changed: datetime, size: int, read) -> File:
    suffix = PurePosixPath(parts[-1]).suffix.lower()
    if suffix in OTHER_ARCHIVES:
        return File(parts, changed, problem="only .zip archives are opened")
    if suffix not in READ:
        return File(parts, changed, problem="neither a notebook nor a .py file")
    if size > LARGEST:
        return File(parts, changed, problem=f"larger than {LARGEST >> 20} MB")
    return File(parts, changed, read())


def _archive(parts: tuple[str, ...], changed: datetime, source: Path | io.BytesIO, used: list[int], deep: int = 1):
    """Yield the files of a zip archive. used: how many files and bytes the outermost one has already brought."""
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _members(parts, archive, used, deep)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        yield File(parts, changed, problem=f"the archive is refused: {error}")


def _members(parts: tuple[str, ...], archive: zipfile.ZipFile, used: list[int], deep: int) -> Iterator[File]:
    inside = [info for info in archive.infolist() if not info.is_dir()]
    for info in inside:
        if info.filename.startswith(("/", "\\")) or re.search(r"(^|[\\/])\.\.([\\/]|$)|^\w:", info.filename):
            raise ValueError(f"it holds a path that leads out of it, {info.filename[:80]!r}")
    used[0] += len(inside)
    if used[0] > MOST_FILES:
        raise ValueError(f"it holds more than {MOST_FILES:,} files")
    for info in inside:
        below = tuple(re.split(r"[\\/]", info.filename))
        name, changed = (*parts, *below), _date(info)
        suffix = PurePosixPath(below[-1]).suffix.lower()
        if SKIPPED & {*below} or below[-1].startswith("._"):
            continue
        if suffix not in READ | {".zip"}:
            yield _file(name, changed, 0, bytes)
            continue
        with archive.open(info) as stream:
            data = stream.read(LARGEST + 1)  # what it says about its size may be a lie
        used[1] += len(data)
        if used[1] > LARGEST_ARCHIVE:
            raise ValueError(f"it unpacks to more than {LARGEST_ARCHIVE >> 30} GB")
        if suffix != ".zip":
            yield _file(name, changed, len(data), lambda data=data: data)
        elif deep >= DEEPEST or len(data) > LARGEST:
            yield File(name, changed, problem="the archive is refused: it is too large, or too deep in others")
        else:
            yield from _archive(name, changed, io.BytesIO(data), used, deep + 1)


def _date(info: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*info.date_time)
    except ValueError:
        return datetime.fromtimestamp(0)
