"""How a guest process is started: the command line of each kind of wall.

A launcher turns a `GuestSpec` into a running process that holds one end of a
socket.  A warm template, from which guests are forked, would be one more class
here with the same `launch`.

What the guest sees inside bubblewrap:

    /usr /lib /bin ...       the system's programs and libraries, read-only
    the base interpreter     read-only, its site-packages covered
    /guest                   guest.py, guest_model.py, source.py, wire.py, read-only
    /packages                the libraries of its kind, read-only
    /submission              the student's files, read-only
    /tmp                     a scratch disk of limited size; the student's files are copied to /tmp/work
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.sandbox import package
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS
from grader.sandbox.limits import Limits

GUEST_FILES = ("guest.py", "guest_model.py", "source.py", "wire.py")
HERE = Path(__file__).parent
MARK = "GRADE_GUEST"  # in the environment of every process that descends from a guest


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

    process: subprocess.Popen[bytes]
    channel: socket.socket
    mark: str
    prepare: Mapping[str, object]


class Launcher(Protocol):
    """Starts guests behind one kind of wall."""

    isolation: str

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Start a guest; `scratch` is an empty folder of ours that lives as long as the guest."""
        ...


class BubblewrapLauncher:
    """Guests in their own user, mount, pid, network, ipc and uts namespaces."""

    isolation = BUBBLEWRAP

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Start a guest in fresh namespaces."""
        packages = {top: f"/packages/{top.name}" for top in package.closure(spec.kind)}
        arguments = "\0".join(_namespaces(spec, packages)).encode()
        told = _told(spec, submission="/submission", work="/tmp/work")
        told["rlimits"] = _rlimits(spec) | {"RLIMIT_NPROC": spec.limits.processes}
        # Through a pipe, not on the command line: the guest can read /proc/1/cmdline, and our paths are not its business.
        with _readable(arguments) as descriptor:
            command = [shutil.which("bwrap") or "bwrap", "--args", str(descriptor), "--", *_python("/guest/guest.py")]
            return _start(scratch, command, "/packages", told, descriptor)


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
        return _start(scratch, _python(str(HERE / "guest.py")), str(packages), told)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder that disappears afterwards, whatever a guest did to the permissions inside."""
    folder = Path(tempfile.mkdtemp(prefix="grade-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, onerror=_unlock_and_retry)


def launcher(isolation: str) -> Launcher:
    """The launcher of a kind of wall, by its name."""
    return BubblewrapLauncher() if isolation == BUBBLEWRAP else ProcessLauncher()


def _unlock_and_retry(function: object, path: str, error: object) -> None:
    for target in (os.path.dirname(path), path):
        try:
            os.chmod(target, 0o700)
        except OSError:
            continue
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)


def _python(script: str) -> list[str]:
    # -I: no environment, no user site, no current folder; -S: no site-packages, no .pth; -B: no .pyc
    return [os.path.realpath(sys.executable), "-I", "-S", "-B", script]


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


def _environment(mark: str) -> dict[str, str]:
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
def _readable(content: bytes) -> Iterator[int]:
    """A descriptor from which a child reads this content."""
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        stream.seek(0)
        yield stream.fileno()


def _start(scratch: Path, command: list[str], packages: str, told: dict[str, object], *inherited: int) -> Launched:
    ours, theirs = socket.socketpair()
    mark = scratch.name
    try:
        process = subprocess.Popen(
            [*command, str(theirs.fileno()), packages],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno(), *inherited],
            env=_environment(mark),
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Launched(process, ours, mark, told)


def _namespaces(spec: GuestSpec, packages: Mapping[Path, str]) -> list[str]:
    """The arguments of bwrap; the order matters, later mounts cover earlier ones."""
    arguments = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "guest", "--cap-drop", "ALL"]
    for system in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        if os.path.islink(system):
            arguments += ["--symlink", os.readlink(system), system]
        elif os.path.isdir(system):
            arguments += ["--ro-bind", system, system]
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        arguments += ["--ro-bind-try", file, file]
    base = os.path.realpath(sysconfig.get_config_var("installed_base") or sys.base_prefix)
    if not base.startswith("/usr/") and base != "/usr":
        arguments += ["--ro-bind", base, base]
    for folder in package.foreign_package_folders():
        arguments += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--size", str(2**20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    if spec.device != "cpu":
        for device in sorted(Path("/dev").glob("nvidia*")):
            arguments += ["--dev-bind-try", str(device), str(device)]
        arguments += ["--ro-bind-try", "/sys", "/sys"]
    arguments += ["--size", str(spec.limits.disk_mib * 2**20), "--tmpfs", "/tmp"]
    for name in GUEST_FILES:
        arguments += ["--ro-bind", str(HERE / name), f"/guest/{name}"]
    for source, target in packages.items():
        arguments += ["--ro-bind", str(source), target]
    arguments += ["--ro-bind", str(spec.submission), "/submission", "--chdir", "/tmp"]
    return [*arguments, "--remount-ro", "/"]  # last: the root is a tmpfs without a size
