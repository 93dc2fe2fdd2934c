"""A process that has everything imported and waits: each answer gets a copy of it in a few hundredths of a second.

python -m teaching.zygote SOCKET JSON     started by `teaching.processes.Zygote`, which says what to import

It is told to make a process by the byte "m", together with the process's end of a pipe, and to end it by "e" (at once)
or "d" (it has died, or will have in a moment). It answers with its number, and with its exit status and the seconds
that it has computed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import torch

from teaching import sandbox, server


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes the socket
    _import(settings["modules"])
    gc.collect()
    gc.freeze()  # what is imported: no copy need look through it again
    with contextlib.suppress(ConnectionError):  # the grader was ended in the middle of something
        control.send(b"r")
        for made in itertools.count(1):
            order, pipes, *_ = socket.recv_fds(control, 1, 1)
            if not order:
                break
            _one_process(control, pipes[0], settings, made)
    shutil.rmtree(settings["folder"], ignore_errors=True)


def _import(modules: list[str]) -> None:
    torch.set_num_threads(1)
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports much more, at the first use
    assert not any(name.startswith("helpers.exercises") for name in sys.modules), "the zygote must know no checks"


def _one_process(control: socket.socket, pipe: int, settings: dict, number: int) -> None:
    base = Path(settings["folder"])
    folder = sandbox.fresh_folder(base, number)
    place = sandbox.Place(
        folder, Path(settings["project"]), tuple(settings["closed"]), settings["seconds"], settings["memory"]
    )
    process = os.fork()
    if process == 0:
        status = 1
        try:
            control.close()
            server.serve(place, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(pipe)
    order = b""
    try:
        control.send(b"%020d" % process)
        order = control.recv(1)
    finally:
        status, seconds = _ended(process, wait=1.0 if order == b"d" else 0.0)
        shutil.rmtree(folder, ignore_errors=True)
    if order:
        control.send(b"%+05d %014.3f" % (status, seconds))


def _ended(process: int, wait: float) -> tuple[int, float]:
    """Return the exit status (below 0: the signal) and the processor's seconds; at the latest after `wait` seconds."""
    until = time.monotonic() + wait
    while True:
        found, status, usage = os.wait4(process, os.WNOHANG)
        if not found and time.monotonic() < until:
            time.sleep(0.005)
            continue
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
        if not found:
            os.kill(process, signal.SIGKILL)
            _found, status, usage = os.wait4(process, 0)
        return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
