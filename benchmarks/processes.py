"""Rivals in processes of their own, where each can have packages, memory and imports of its own.

measured     a whole benchmark, which writes what it finds to build/benchmarks
process      a rival that runs a function of `benchmarks.rivals` and returns what it printed
edition_103  the folder with d2l 1.0.3, made once: its pins exclude every current Python, torch and numpy, so it is
             installed without them, and runs on the same torch as all others
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import BUILD
from tools.common import ROOT


def measured(name: str, output: int | None = None) -> bool:
    """Run `benchmarks.NAME` without progress bars; return whether it came to its end. output: where its lines go."""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    return not subprocess.run(command, cwd=ROOT, env=os.environ | {"TQDM_DISABLE": "1"}, stdout=output).returncode


def process(module: str, function: str, *folders: Path) -> Callable[[int], dict]:
    """Return a rival for `common.alternate`. folders: where its packages are looked for first, beside those of d2l
    1.0.3 for the module that needs it.

    The rival raises RuntimeError that shows what the process said, if it fails.
    """

    if module == "book_103":
        folders = (*folders, edition_103())

    def run(number: int) -> dict:
        path = os.pathsep.join(map(str, [*folders, ROOT]))
        settings = {"PYTHONPATH": path, "MPLBACKEND": "Agg", "TQDM_DISABLE": "1"}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.rivals", module, function, str(number)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{module} {function} failed:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout.rstrip().rpartition("\n")[2])

    return run


def edition_103() -> Path:
    """Return the folder with d2l 1.0.3 and what it imports beyond this project's environment."""
    folder = BUILD / "d2l-1.0.3"
    if not (folder / ".ready").exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", str(folder)]
        subprocess.run([*install, "d2l==1.0.3", "scipy>=1.15,<2"], check=True)
        (folder / ".ready").touch()
    return folder
