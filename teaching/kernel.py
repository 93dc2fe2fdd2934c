"""What Linux itself can refuse a process that runs a student's code. Elsewhere each function returns False.

own_network          a network of its own, in which there is nothing
only_these_files     Landlock: what may be read, and what may be written; all else is out of reach, whoever asks
filter_calls         seccomp: no connections, no new programs or processes, no signals to others
no_privileges        no capabilities, also for root
die_with_parent      the process does not outlive the one that made it

Each returns whether it is in force. A process cannot take any of them back.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

LINUX = sys.platform == "linux"
LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None
NEW_USER, NEW_NET, NEW_IPC = 0x10000000, 0x40000000, 0x08000000
SET_DEATH_SIGNAL, SET_SECCOMP, SET_NO_NEW_PRIVILEGES = 1, 22, 38  # of prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446

READ, READ_FOLDER = 1 << 2, 1 << 3
EXECUTE, MAKE_DEVICE = 1 << 0, 1 << 6 | 1 << 11
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # by the version of Landlock, how many of its rights it knows; later ones: 16


def own_network() -> bool:
    """Root needs no more than that; others get it together with a user namespace, where the system allows one."""
    flags = NEW_NET | NEW_IPC | (0 if os.geteuid() == 0 else NEW_USER) if LINUX else 0
    return LINUX and LIBC.unshare(flags) == 0


def no_privileges() -> bool:
    if not LINUX or LIBC.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    head, none = struct.pack("<Ii", 0x20080522, 0), bytes(24)
    return LIBC.capset(head, none) == 0


def die_with_parent() -> bool:
    return LINUX and LIBC.prctl(SET_DEATH_SIGNAL, 9, 0, 0, 0) == 0


def only_these_files(readable: list[Path], writable: Path) -> bool:
    """Let the process read beneath `readable` and write beneath `writable`. Needs Linux 5.13 with Landlock."""
    version = LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1) if LINUX else -1
    if version < 1:
        return False
    every = (1 << RIGHTS.get(version, 16)) - 1
    network, scope = 3 * (version >= 4), 3 * (version >= 6)  # no TCP; no signals and abstract sockets to others
    attributes = struct.pack("<QQQ", every, network, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = LIBC.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for path in (*readable, writable):
            allowed = READ | READ_FOLDER * path.is_dir() if path != writable else every & ~(EXECUTE | MAKE_DEVICE)
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            added = LIBC.syscall(ADD_RULE, rules, 1, struct.pack("<Qi", allowed, handle), 0)
            os.close(handle)
            if added != 0:
                return False
        return LIBC.syscall(RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


# Numbers of system calls: x86-64, then 64-bit ARM; from 424 on they are the same everywhere.
REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "setsid": (112, 157),
    "setpgid": (109, 154), "setpriority": (141, 140), "sched_setaffinity": (203, 122), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "open_by_handle_at": (304, 265), "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
}  # fmt: skip
CLONE, CLONE3, TGKILL, PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOW, KILL, REFUSE, MISSING = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # REFUSE: EPERM; MISSING: ENOSYS
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, JUMP_IF_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def filter_calls() -> bool:
    if not LINUX or platform.machine() not in MACHINES or LIBC.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    which, machine = MACHINES[platform.machine()]

    def when(call: tuple, *then: tuple) -> list[tuple]:
        """Do these lines for that call, which end in an answer; the last word is to refuse."""
        return [(JUMP_IF_EQUAL, 0, len(then) + 1, call[which]), *then, (RETURN, 0, 0, REFUSE)]

    def unless(argument: int, test: int, value: int) -> list[tuple]:
        return [(LOAD, 0, 0, 16 + 8 * argument), (test, 0, 1, value), (RETURN, 0, 0, ALLOW)]

    lines = [(LOAD, 0, 0, 4), (JUMP_IF_EQUAL, 1, 0, machine), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    lines += [(JUMP_IF_AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]  # the other numbering of x86-64
    for call in REFUSED.values():
        lines += when(call) if call[which] is not None else []
    lines += [(JUMP_IF_EQUAL, 0, 1, CLONE3[which]), (RETURN, 0, 0, MISSING)]  # libc then asks for clone
    lines += when(CLONE, *unless(0, JUMP_IF_BITS, 0x10000))  # a thread is no process
    lines += when(TGKILL, *unless(0, JUMP_IF_EQUAL, os.getpid()))
    lines += when(PRLIMIT, *unless(0, JUMP_IF_EQUAL, 0))
    lines += [(RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))
    program = struct.pack("<HxxxxxxQ", len(lines), ctypes.addressof(code))
    return LIBC.prctl(SET_SECCOMP, 2, program, 0, 0) == 0
