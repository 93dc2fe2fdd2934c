"""A JupyterLab that leaves no trace: on 127.0.0.1, with a random token, and all that it writes in one folder.

start         the server, stopped at the end of the `with` block
Lab           where it listens, and what its REST API tells
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# JupyterLab's settings, as its settings editor would write them.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is drawn, not only those in the window
    "docmanager-extension/plugin": {"autosave": False},
}


def wait(until: Callable[[], object], seconds: float, what: str) -> object:
    """Return what `until` returns as soon as that is true. Raises TimeoutError that says what did not come."""
    end = time.monotonic() + seconds
    while not (found := until()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.5)
    return found


@dataclass(frozen=True)
class Lab:
    """A running server. notebooks: the folder it shows, a copy that may be written to."""

    url: str
    token: str
    notebooks: Path
    settings: Path

    def address(self, notebook: str) -> str:
        """Return the address that opens `notebook` by itself, without the side bar."""
        return f"{self.url}/doc/tree/{notebook}?token={self.token}"

    def ask(self, path: str, method: str = "GET"):
        """Return what the REST API answers, None if nothing. Raises URLError if it refuses, or cannot be reached."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def sessions(self, notebook: str) -> list[dict]:
        """Return the sessions of `notebook`: one, or none yet."""
        return [session for session in self.ask("sessions") if session["path"] == notebook]

    def connected(self, notebook: str) -> bool:
        """Return whether a page talks to the kernel of `notebook`, and the kernel waits for work."""
        kernels = [session["kernel"] for session in self.sessions(notebook)]
        return any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels)

    def trusted(self, notebook: str) -> set[bool]:
        """Return whether JupyterLab trusts the code cells of `notebook` and their outputs: {False} for none of them."""
        cells = self.ask(f"contents/{notebook}")["content"]["cells"]
        return {cell["metadata"]["trusted"] for cell in cells if cell["cell_type"] == "code" and cell["outputs"]}

    def end(self, notebook: str) -> None:
        """End the kernel of `notebook`."""
        for session in self.sessions(notebook):
            self.ask(f"sessions/{session['id']}", "DELETE")

    def set(self, name: str, values: dict) -> None:
        """Write one of JupyterLab's settings; a page that is opened from now on heeds it."""
        path = self.settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


@contextmanager
def start(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab on a copy of the notebooks in `folder`, and stop it in the end, its kernels too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ignored = shutil.ignore_patterns(".*", "saved")
    notebooks = shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=ignored)
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), notebooks, folder / "settings")
    for name, values in SETTINGS.items():
        lab.set(name, values)
    places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
    env = os.environ | {f"JUPYTER_{name}_DIR": str(folder / place) for name, place in places.items()}
    env |= {"JUPYTERLAB_SETTINGS_DIR": str(lab.settings), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}
    env |= {"JUPYTER_TOKEN": lab.token, "IPYTHONDIR": str(folder / "ipython")}
    env.pop("TQDM_DISABLE", None)  # the bars are to be seen as a reader sees them
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={notebooks}"]
    command += ["--LabApp.extension_manager=readonly", "--allow-root"]
    with open(folder / "lab.log", "wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        wait(lambda: _answers(lab, server), 90, f"JupyterLab answers (its notes: {folder / 'lab.log'})")
        yield lab
    finally:
        server.terminate()
        server.wait(30)


def _answers(lab: Lab, server: subprocess.Popen) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"JupyterLab ended with status {server.returncode}")
    try:
        return bool(lab.ask("status"))
    except urllib.error.URLError:
        return False
