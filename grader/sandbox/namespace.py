"""UNTRUSTED side: Linux calls that Python 3.11 lacks: join the namespaces of a process, and give up every privilege.

setns(2)    from Python 3.12 on in `os`
prctl(2)    no new privileges, no capability to come back
capset(2)   no capability now
"""

from __future__ import annotations

import ctypes
import os

PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION = 0x20080522
MADV_COLLAPSE = 25
HUGE = 2**21
FLAGS = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
OPTIONAL = "cgroup"  # not every kernel has them, and bwrap goes on without

_libc = ctypes.CDLL(None, use_errno=True)


def join(pid: int, descriptor: int) -> None:
    """Move this process, which must have one thread, into the namespaces of another; its next child is in its pid one.

    Args:
        pid: The other process.
        descriptor: A pidfd of it.

    Raises:
        OSError: It was not permitted, or the process shares a namespace with us that must be its own.
    """
    flags = 0
    for name, flag in FLAGS.items():
        if os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"):
            flags |= flag
        elif name != OPTIONAL:
            raise OSError(f"the {name} namespace of the guest is the template's own")
    _call(_libc.setns, descriptor, flags)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own has died; the first process of a container may never bury them."""
    _call(_libc.prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def join_pages() -> None:
    """Make huge pages of this process's own memory, where the kernel can.

    A fork then copies a table of hundreds of entries and not one of ten thousands;
    what one side writes is still copied by the small page.
    """
    with open("/proc/self/maps", encoding="ascii") as stream:
        areas = [line.split() for line in stream]
    for place, rights, *rest in areas:
        if rights == "rw-p" and rest[2] == "0":  # of no file
            first, end = (int(text, 16) for text in place.split("-"))
            first, end = -(-first // HUGE) * HUGE, end // HUGE * HUGE
            if first < end:
                _libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), MADV_COLLAPSE)  # or it cannot


def drop_privileges() -> None:
    """Give up all capabilities, now and for every program that will be run, for good.

    Raises:
        OSError: It did not work; nothing of a student's may run then.
    """
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as stream:
        last = int(stream.read())
    for capability in range(last + 1):
        _call(_libc.prctl, PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call(_libc.prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _call(_libc.capset, (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)())
    _call(_libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _call(function: ctypes._NamedFuncPointer, *arguments: object) -> None:
    values = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if function(*values) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
