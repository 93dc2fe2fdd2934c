"""Processes for answers: one for each, a copy of one that waits with everything imported.

Zygote    makes them
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from teaching.dialogue import number_from
from teaching.remote import Process
from tools import common

MEMORY = 4 << 30


class Zygote:
    """modules: imported once, before there are answers. closed: folders that no answer may read.

    seconds: of the processor for each process, which gets twice as many by the clock; more where it has to wait.
    """

    def __init__(self, modules: list[str] = (), closed: list[Path] = (), seconds: int = 10, memory: int = MEMORY):
        self.seconds, self.folder = seconds, Path(tempfile.mkdtemp(prefix="answers-")).resolve()
        self.folder.chmod(0o711)
        settings = {"modules": list(modules), "closed": [str(path.resolve()) for path in closed], "seconds": seconds,
                    "memory": memory, "folder": str(self.folder), "project": str(common.ROOT)}  # fmt: skip
        self.control, other = socket.socketpair()
        known = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "teaching.zygote", str(other.fileno()), json.dumps(settings)],
            cwd=common.ROOT, env=kept | known, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        other.close()
        if self.control.recv(1) != b"r":
            raise RuntimeError("the process that runs the answers does not start; what it said stands above")

    def close(self) -> None:
        self.control.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def running(self, seconds: int | None = None) -> Iterator[Process]:
        """A new process; it is ended with whatever it has begun. seconds: if it gets fewer than others."""
        ours, its = socket.socketpair()
        socket.send_fds(self.control, [b"m"], [its.fileno()])
        its.close()
        number_from(self.control, 20)
        process = Process(ours, self.control, 2 * (seconds or self.seconds) * _waiting(), self.seconds)
        try:
            hello = process.get()
            if "failed" in hello:
                raise RuntimeError(f"an answer's process cannot be protected: {hello['failed']}")
            process.protections = hello["protections"]
            yield process
        finally:
            process.end()


def _waiting() -> float:
    """By what factor a process is slower here than on a machine with nothing else to do; marks must not tell."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
