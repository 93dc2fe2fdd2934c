"""What a process gives up before it runs a student's code.

enter        limits, a throwaway folder, no network, no files of others, no new processes; returns what is in force
Place        what the process may use

Two walls and a fence. The system is the walls: limits, another user where the grader runs as root, and what Linux
refuses (`teaching.kernel`). The fence is a hook inside Python (`teaching.guard`). The right results are in another
process in any case.
"""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from teaching import kernel
from teaching.guard import guard_of

NOBODY = 65534
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Place:
    """project: its root; of it only `helpers` can be read, without the checks. closed: other folders not to be read.

    seconds: of the processor; memory: bytes beyond what the process has at the start.
    """

    folder: Path
    project: Path
    closed: tuple[str, ...] = ()
    seconds: int = 10
    memory: int = 4 << 30


def enter(place: Place, pipe: int) -> list[str]:
    """Give everything up but the folder and the pipe; return the protections that are in force."""
    os.setsid()
    _leave_open(pipe)
    os.chdir(place.folder)
    os.environ.clear()
    os.environ.update(HOME=str(place.folder), TMPDIR=str(place.folder), OMP_NUM_THREADS="1", TQDM_DISABLE="1",
                      MODERN_RNN_DATA="sample", MPLBACKEND="Agg", PATH=os.defpath)  # fmt: skip
    found = {"a throwaway folder": True, "limits": _limit(place)}
    readable = _readable(place.project)
    guard = guard_of(str(place.folder), str(place.project), place.closed)
    _forget_the_checks(place.project)
    found["a network of its own"] = kernel.own_network()
    found["the user nobody"] = may_be_nobody() and _nobody()
    found["no capabilities"] = kernel.no_privileges()
    kernel.die_with_parent()
    found["files closed by Landlock"] = kernel.only_these_files(readable, place.folder)
    found["system calls filtered"] = kernel.filter_calls()
    sys.addaudithook(guard)
    found["a guard inside Python"] = True
    return [name for name, holds in found.items() if holds]


def _leave_open(pipe: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(3, pipe)
    os.closerange(pipe + 1, min(most, 65536))


def _limit(place: Place) -> bool:
    """Set the limits; where a system knows one of them not, the others hold."""
    now = 0
    with contextlib.suppress(OSError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = {
        "RLIMIT_CPU": (place.seconds, place.seconds + 1),
        "RLIMIT_FSIZE": (10 * MEGABYTE,) * 2,
        "RLIMIT_NPROC": (0, 0),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (128, 128),
        "RLIMIT_AS": (now + place.memory,) * 2 if now else (resource.RLIM_INFINITY,) * 2,
    }
    done = True
    for name, value in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), value)
        except (AttributeError, ValueError, OSError):
            done = False
    return done


def may_be_nobody() -> bool:
    """Whether the process runs as root, and Python lies where the user nobody can read it."""
    folders = {folder for path in (sys.prefix, os.__file__) for folder in Path(path).resolve().parents}
    return os.geteuid() == 0 and all(folder.stat().st_mode & 1 for folder in folders)


def _nobody() -> bool:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    return os.geteuid() == NOBODY


def _readable(project: Path) -> list[Path]:
    """Python, its packages and the system's libraries; of the project, `helpers` without the checks."""
    names = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, "/usr", "/lib", "/lib64"]
    names += ["/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/null"]
    paths = [Path(name).resolve() for name in names if name]
    ours = [path for path in paths if (path / "teaching").exists() or project.is_relative_to(path)]
    ours += [path for path in paths if path.is_relative_to(project) and not path.is_relative_to(sys.prefix)]
    shared = [path for path in (project / "helpers").iterdir() if path.name != "exercises"]
    return [*[path for path in dict.fromkeys(paths) if path.exists() and path not in ours], *shared]


def _forget_the_checks(project: Path) -> None:
    """Put modules that do nothing in the place of the checks, and let nobody import what grades."""
    names = [path.stem for path in (project / "helpers" / "exercises").glob("*.py")]
    package = sys.modules["helpers.exercises"] = ModuleType("helpers.exercises")
    package.__path__ = []
    for name in names:
        module = sys.modules[f"helpers.exercises.{name}"] = ModuleType(f"helpers.exercises.{name}")
        module.__getattr__ = _stand_in
        setattr(package, name, module)
    for name in [name for name in sys.modules if name.split(".")[0] == "teaching"]:
        del sys.modules[name]


def _stand_in(name: str) -> Callable:
    if not name.startswith("check_"):
        raise AttributeError(name)
    return lambda *_args, **_named: None


def fresh_folder(base: Path, number: int) -> Path:
    """Make a folder that only the process may use; random, so that nobody can guess the next one."""
    folder = base / f"{number}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    if may_be_nobody():
        os.chown(folder, NOBODY, NOBODY)
    return folder
