"""reveal.js, which shows the slides: fetched once by npm, and kept in build/.

parts    its style sheet and scripts as text, to stand inside a page
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tools import common

PACKAGE, VERSION = "reveal.js", "6.0.2"
FILES = ["dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js"]


def parts(folder: Path = common.BUILD / "reveal") -> list[str]:
    """Return the texts of FILES. Raises RuntimeError that says what to do if npm is missing or cannot fetch them."""
    kept = folder / VERSION
    if not kept.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            os.replace(_fetched(Path(place)), kept)
    return [(kept / name).read_text(encoding="utf-8") for name in FILES]


def _fetched(place: Path) -> Path:
    """Return a folder within `place` that holds FILES and the licence."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"slides need {PACKAGE}, which npm fetches once: install Node.js, which brings npm")
    done = subprocess.run([npm, "pack", f"{PACKAGE}@{VERSION}"], cwd=place, text=True, capture_output=True)
    packed = next(place.glob("*.tgz"), None)
    if done.returncode or packed is None:
        raise RuntimeError(
            f"npm could not fetch {PACKAGE} {VERSION}, for which it needs the network: {done.stderr.strip()}"
        )
    with tarfile.open(packed) as archive:
        for name in [*FILES, "LICENSE"]:
            (place / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "kept" / name).write_bytes(archive.extractfile(f"package/{name}").read())
    return place / "kept"
