"""A fence inside Python around a student's code: it works everywhere and gives clear errors.

Code that takes Python apart can get round it; what holds then are the walls of `teaching.sandbox`.

guard_of    a hook that refuses what would reach beyond a folder
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

NEVER = ("socket.", "subprocess.", "ctypes.", "gc.get_", "pty.", "winreg.", "resource.setrlimit", "resource.prlimit",
         "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill", "os.setpriority",
         "signal.pthread_kill", "sys.addaudithook")  # fmt: skip
CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
           "os.chown", "os.utime", "os.setxattr", "os.removexattr", "os.chflags", "os.lockf"}  # fmt: skip
MOST_WRITTEN = 100  # files


def guard_of(folder: str, project: str, closed: tuple[str, ...]) -> Callable[[str, tuple], None]:
    """Return a hook for `sys.addaudithook`, which refuses what would reach beyond the folder.

    What it needs are its own variables: a module that a student changes is not asked.
    """
    real, decode, start, inside = os.path.realpath, os.fsdecode, str.startswith, f"{folder}{os.sep}"
    hidden = tuple(os.path.join(project, name) for name in os.listdir(project) if name != "helpers")
    hidden = (*(path for path in hidden if not start(sys.prefix, path)), *closed,
              os.path.join(project, "helpers", "exercises"))  # fmt: skip
    never, changes, most, written = NEVER, CHANGES, MOST_WRITTEN, [0]
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    refused, text, number, data, count = PermissionError, str, int, bytes, len
    kind, any_, PathLike, devnull = isinstance, any, os.PathLike, os.devnull

    def where(path: object) -> str:
        if kind(path, number):
            raise refused("an answer may not open what others have opened")
        return real(decode(path)) if kind(path, (text, data, PathLike)) else real(".")

    def guard(event: str, args: tuple) -> None:
        if start(event, never):
            raise refused(f"an answer may not do this: {event}")
        if event in changes:
            for path in args[:2]:
                if kind(path, (text, data, PathLike)) and not start(where(path), inside):
                    raise refused(f"an answer may not change files outside its folder: {path!r}")
        elif event == "open":
            path, flags = where(args[0]), args[2] if kind(args[2], number) else 0
            mode = args[1] if kind(args[1], text) else ""
            if (flags & writes or any_(letter in mode for letter in "wax+")) and path != devnull:
                written[0] += 1
                if not start(path, inside) or written[0] > most:
                    raise refused(f"an answer may not write outside its folder: {path!r}")
            if any_(path == one or start(path, one + "/") for one in hidden):
                raise refused(f"an answer may not read this: {path!r}")
        elif event in ("os.listdir", "os.scandir", "os.walk") and count(args):
            path = where(args[0])
            if any_(path == one or start(path, one + "/") for one in hidden):
                raise refused(f"an answer may not read this: {path!r}")

    return guard
