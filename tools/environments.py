"""Throwaway virtual environments, to try this project in versions other than its own.

Environment     makes one, installs into it, lists what it holds, and runs programs and notebooks in it
served          the settings with which git finds a folder in place of GitHub
copy_project    the project as it stands, to install from and to run in
debris          what should not be seen in a notebook that was run
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from nbformat import NotebookNode

from tools import common, execute, store

KERNEL = "throwaway"
# What would lead a process in the environment to packages or settings of ours.
OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTER_PATH", "IPYTHONDIR", "TQDM_DISABLE", "MODERN_RNN_CACHE")


class Environment:
    """A virtual environment in `folder`, made by the Python named `python`, with a home of its own.

    settings: environment variables of everything that runs in it. It sees the embedded sample and one thread, as the
        tests do. before: Python code that its notebooks' kernel runs before anything else.
    """

    def __init__(self, folder: Path, python: str = sys.executable, before: str = "", **settings: str) -> None:
        self.folder, self.before = folder, before
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"
        home = folder / "home"
        home.mkdir(parents=True)
        self.settings = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "MODERN_RNN_DATA": "sample",
            "OMP_NUM_THREADS": "1",
            **_pip_cache(),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else an older kernel's debugger warns of Python 3.11 and later
            **settings,
        }
        subprocess.run([python, "-m", "venv", folder / "venv"], check=True)

    def variables(self) -> dict[str, str]:
        """Return the environment variables of what runs in it."""
        return {name: value for name, value in os.environ.items() if name not in OURS} | self.settings

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run the environment's Python, and return what it prints. Raises RuntimeError that shows it, if it fails."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=cwd or self.folder,
            env=self.variables(),
            text=True,
            encoding="utf-8",
            capture_output=True,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, arguments))} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def install(self, *requirements: str | Path) -> None:
        self.run("-m", "pip", "install", "-q", *requirements)

    def packages(self) -> dict[str, str]:
        """Return the version of every package that it holds."""
        listed = json.loads(self.run("-m", "pip", "list", "--format=json"))
        return {package["name"].lower().replace("_", "-"): package["version"] for package in listed}

    def execute(self, notebook: NotebookNode, folder: Path, cell_seconds: int = execute.CELL_SECONDS) -> None:
        """Execute a notebook in `folder` by this environment's kernel. Raises RuntimeError, as `tools.execute` does."""
        start = f"{self.before}\nfrom ipykernel import kernelapp\nkernelapp.launch_new_instance()"
        specification = {
            "argv": [str(self.python), "-c", start, "-f", "{connection_file}"],
            "display_name": KERNEL,
            "language": "python",
        }
        place = self.folder / "jupyter" / "kernels" / KERNEL
        place.mkdir(parents=True, exist_ok=True)
        (place / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
        os.environ["JUPYTER_PATH"] = str(self.folder / "jupyter")
        execute.execute(notebook, folder, cell_seconds, KERNEL, self.variables())


def served(folder: Path) -> dict[str, str]:
    """Return the environment variables with which git finds `folder`/OWNER/NAME in place of GitHub's OWNER/NAME."""
    setting = {"KEY_0": f"url.{folder.as_uri()}/.insteadOf", "VALUE_0": "https://github.com/", "COUNT": "1"}
    return {f"GIT_CONFIG_{name}": value for name, value in setting.items()}


def copy_project(place: Path) -> Path:
    """Copy the files that git would commit to `place`, and return it: what is built there leaves nothing here."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=common.ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout
    for name in filter(None, names.split("\0")):
        if (common.ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(common.ROOT / name, place / name)
    return place


def debris(notebook: NotebookNode) -> list[str]:
    """Return the warnings that a notebook shows, and what it writes to stderr, each with its cell."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            text = store.output_text(output)
            if output.get("name") == "stderr" or re.search(store.DEBRIS["a warning"], text):
                found.append(f"{common.label(number, cell)} shows: {text.strip()[-400:]}")
    return found


def _pip_cache() -> dict[str, str]:
    """Return where pip keeps what it has downloaded: gigabytes, if each environment fetched its own torch.

    Nothing, if pip was told to keep nothing (PIP_NO_CACHE_DIR): it then refuses to name a place.
    """
    command = [sys.executable, "-m", "pip", "cache", "dir"]
    place = subprocess.run(command, text=True, capture_output=True).stdout.strip()
    return {"PIP_CACHE_DIR": place} if place else {}
