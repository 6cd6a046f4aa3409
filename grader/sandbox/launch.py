"""How a guest process is started: the command line of each kind of wall.

A launcher turns a `GuestSpec` into a running process that holds one end of a
socket.  `warm.py` holds one more, which forks guests from a warm template.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.sandbox import bubblewrap, package
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS
from grader.sandbox.limits import Limits
from grader.sandbox.process import MARK, Child, GuestProcess

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """What a guest is for: its kind ("numpy" or "torch"), the folder with the student's files, its limits."""

    kind: str
    submission: Path
    limits: Limits = field(default_factory=Limits)
    device: str = "cpu"


@dataclass(slots=True)
class Launched:
    """A started guest: the process, our end of the socket, and what it must be told first."""

    process: GuestProcess
    channel: socket.socket
    prepare: Mapping[str, object]


class Launcher(Protocol):
    """Starts guests behind one kind of wall."""

    @property
    def isolation(self) -> str:
        """The name of the wall."""
        ...

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Start a guest; `scratch` is an empty folder of ours that lives as long as the guest."""
        ...


class BubblewrapLauncher:
    """Guests in their own user, mount, pid, network, ipc and uts namespaces."""

    isolation = BUBBLEWRAP

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Start a guest in fresh namespaces."""
        told = confined(spec)
        # Through a file, not on the command line: the guest can read /proc/1/cmdline, and our paths are not its business.
        with readable(bubblewrap.guest_arguments(spec)) as descriptor:
            command = [bubblewrap.program(), "--args", str(descriptor), "--", *python("/guest/guest.py")]
            return _start(scratch, command, "/packages", told, None, descriptor)


class ProcessLauncher:
    """Guests as ordinary child processes; for a student's own code on the student's own computer."""

    isolation = PROCESS

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Start a guest that sees its libraries through a folder of links."""
        packages = scratch / "packages"
        packages.mkdir()
        for top in package.closure(spec.kind):
            (packages / top.name).symlink_to(top)
        work = scratch / "work"
        told = _told(spec, submission=str(spec.submission), work=str(work))
        # No RLIMIT_NPROC: it would count every process of this user, not the guest's.
        told["rlimits"] = _rlimits(spec)
        return _start(scratch, python(str(HERE / "guest.py")), str(packages), told, scratch.name)


def launcher(isolation: str) -> Launcher:
    """The launcher of a kind of wall, by its name."""
    return BubblewrapLauncher() if isolation == BUBBLEWRAP else ProcessLauncher()


def python(script: str) -> list[str]:
    """The command that runs a script of ours and nothing else.

    -s: no user site; -P: no current folder; -S: no site-packages, no .pth; -B: no .pyc.
    Not -I: that would ignore PYTHONHASHSEED too, and the order of a set would change from guest to guest.
    """
    return [os.path.realpath(sys.executable), "-s", "-P", "-S", "-B", script]


def confined(spec: GuestSpec, beside: int = 0) -> dict[str, object]:
    """What a guest in namespaces of its own must be told first; `beside` it that many processes of ours are counted."""
    told = _told(spec, submission="/submission", work="/tmp/work")
    told["rlimits"] = _rlimits(spec) | {"RLIMIT_NPROC": spec.limits.processes + beside}
    return told


def _told(spec: GuestSpec, *, submission: str, work: str) -> dict[str, object]:
    return {"op": "prepare", "kind": spec.kind, "submission": submission, "work": work, "warm": True}


def _rlimits(spec: GuestSpec) -> dict[str, int]:
    limits = spec.limits
    rlimits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(limits.load_time_s + limits.total_time_s) + 1,
        "RLIMIT_FSIZE": limits.file_mib * 2**20,
        "RLIMIT_NOFILE": limits.open_files,
    }
    if limits.address_space_mib and spec.device == "cpu":  # CUDA reserves far more than it uses
        rlimits["RLIMIT_AS"] = limits.address_space_mib * 2**20
    return rlimits


def environment(mark: str) -> dict[str, str]:
    """The whole environment of a guest."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return threads | {
        MARK: mark,
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PATH": "/usr/bin:/bin",
        "PYTHONHASHSEED": "0",
        "TMPDIR": "/tmp",
    }


@contextmanager
def readable(arguments: Sequence[str]) -> Iterator[int]:
    """A descriptor from which bwrap reads its arguments."""
    with open(os.memfd_create("arguments"), "r+b") as stream:
        stream.write("\0".join(arguments).encode())
        stream.seek(0)
        yield stream.fileno()


def _start(
    scratch: Path, command: list[str], packages: str, told: dict[str, object], mark: str | None, *inherited: int
) -> Launched:
    ours, theirs = socket.socketpair()
    output, printed = os.pipe()
    try:
        process = subprocess.Popen(
            [*command, str(theirs.fileno()), packages],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno(), *inherited],
            env=environment(scratch.name),
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        os.close(output)
        raise
    finally:
        theirs.close()
        os.close(printed)
    return Launched(Child(process, open(output, "rb", buffering=0), mark), ours, told)
