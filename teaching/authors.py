"""Whose files they are, told from the names of files and folders.

students     the student of each file

Names: a folder of a student (Moodle's `Ada Lima_123_assignsubmission_file_`, or any other), or a file (`ada_gru.ipynb`,
Canvas's `limaada_12_345_gru.ipynb`). The name of a section is no part of a student's. A folder that all share counts
only where nothing else tells who wrote what.
"""

from __future__ import annotations

import re

from teaching.inbox import File
from tools import common

MOODLE = re.compile(r"(.+?)_\d+_assignsubmission_")
CANVAS = re.compile(r"([^\W\d_][^_]*)_(?:LATE_)?\d+_\d+_.+$", re.IGNORECASE)
SECTION_WORDS = [*sorted([*common.SECTIONS, "what-came-after"], key=len, reverse=True), "exercises", "homework"]


def students(found: list[File]) -> list[str]:
    """Return the student of each file."""
    parts = [[re.sub(r"\.(zip|ipynb|py)$", "", part, flags=re.IGNORECASE) for part in file.parts] for file in found]
    while parts and all(len(each) > 1 and each[0] == parts[0][0] for each in parts):
        if any(not _student(each[1:]) for each in parts):
            break
        parts = [each[1:] for each in parts]
    return [_student(each) or each[0] for each in parts]


def _student(parts: list[str]) -> str:
    """The name that these folders and this file tell, or "" if they tell of sections alone."""
    for part in parts:
        if match := MOODLE.match(part) or CANVAS.match(part):
            return _plain(match[1])
    return next(filter(None, map(_plain, parts)), "")


def _plain(name: str) -> str:
    """A name without the words of a section, or of a copy."""
    name = re.sub(r"[ _-]*(\(\d+\)|copy ?\d*)$", "", name.strip(), flags=re.IGNORECASE)
    for word in SECTION_WORDS:
        loose = re.sub(r"-", "[-_ ]?", word)
        name = re.sub(rf"(^|[ _.-]+){loose}([ _.-]+|$)", " ", name, flags=re.IGNORECASE)
    return re.sub(r"[\s_]+", " ", name).strip(" -.")
