"""What bwrap is told: the namespaces of a guest, and those of a template from which guests are forked.

What a guest sees:

    /usr /lib /bin ...       the system's programs and libraries, read-only
    the base interpreter     read-only, its site-packages covered
    /guest                   guest.py, guest_model.py, guest_notebook.py, source.py, wire.py, read-only
    /packages                the libraries of its kind, read-only
    /submission              the student's files, read-only
    /tmp                     a scratch disk of limited size; the student's files are copied to /tmp/work

A template sees all but the last two at the same places, so that what it has
imported is valid in its guests; a guest that is forked from it is given them
from there, in a few mounts, because bwrap reads the table of all mounts for
each.  Below /host it sees the folder in which submissions are written.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from grader.sandbox import package

if TYPE_CHECKING:
    from grader.sandbox.launch import GuestSpec

HERE = Path(__file__).parent
GUEST_FILES = ("guest.py", "guest_model.py", "guest_notebook.py", "source.py", "wire.py")
TEMPLATE_FILES = ("template.py", "namespace.py")
HOST = "/host"  # where a template sees the host's folder of scratch folders


def program() -> str:
    """The path of bwrap."""
    return os.path.realpath(shutil.which("bwrap") or "bwrap")


def guest_arguments(spec: GuestSpec) -> list[str]:
    """The namespaces of one guest."""
    arguments = [*_new_namespaces(), *_system(), *_libraries(spec.kind), "--proc", "/proc", *_devices()]
    if spec.device != "cpu":
        for device in sorted(Path("/dev").glob("nvidia*")):
            arguments += ["--dev-bind-try", str(device), str(device)]
        arguments += ["--ro-bind-try", "/sys", "/sys"]
    return [*arguments, *_own(spec, os.path.realpath(spec.submission))]


def forked_arguments(spec: GuestSpec) -> list[str]:
    """The namespaces of one guest whose submission lies below `scratch_root`, as a bwrap inside a template makes them."""
    arguments = _new_namespaces()
    arguments += _programs()
    for folder in [*_interpreter(), "/etc", "/guest", "/packages"]:
        arguments += ["--ro-bind", folder, folder]  # with all that is mounted inside
    seen = Path(HOST, spec.submission.resolve().relative_to(scratch_root()))
    return [*arguments, "--proc", "/proc", *_devices(), *_own(spec, str(seen))]


def scratch_root() -> Path:
    """The host's folder in which scratch folders are made, and which a template sees."""
    return Path(tempfile.gettempdir()).resolve()


def template_arguments(kind: str) -> list[str]:
    """The namespaces of a template: it makes those of its guests inside, so it may make new ones.

    It shares the host's processes, because a /proc that bwrap has mounted hides
    files, and the kernel then refuses another one to the guests.
    """
    arguments = ["--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--new-session"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "guest", "--cap-drop", "ALL"]
    arguments += [*_system(), *_libraries(kind)]
    arguments += ["--bind", "/proc", "/proc", *_devices(), "--tmpfs", "/tmp"]
    for name in TEMPLATE_FILES:
        arguments += ["--ro-bind", os.path.realpath(HERE / name), f"/template/{name}"]
    arguments += ["--ro-bind", program(), "/template/bwrap", "--ro-bind", str(scratch_root()), HOST]
    return [*arguments, "--chdir", "/tmp", "--remount-ro", "/"]


def _new_namespaces() -> list[str]:
    arguments = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    return [*arguments, "--uid", "1000", "--gid", "1000", "--hostname", "guest", "--cap-drop", "ALL"]


def _system() -> list[str]:
    """The arguments for programs and libraries; the order matters, later mounts cover earlier ones."""
    arguments = _programs()
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        arguments += ["--ro-bind-try", os.path.realpath(file), file]
    for base in _interpreter():
        arguments += ["--ro-bind", base, base]
    for folder in package.foreign_package_folders():
        arguments += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return arguments


def _programs() -> list[str]:
    arguments = []
    for system in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        if os.path.islink(system):
            arguments += ["--symlink", os.readlink(system), system]
        elif os.path.isdir(system):
            arguments += ["--ro-bind", system, system]
    return arguments


def _interpreter() -> list[str]:
    """The folder of the base interpreter, where it is not among the system's."""
    base = os.path.realpath(sysconfig.get_config_var("installed_base") or "/usr")
    return [] if base == "/usr" or base.startswith("/usr/") else [base]


def _own(spec: GuestSpec, submission: str) -> list[str]:
    """What a guest shares with no other."""
    arguments = ["--size", str(spec.limits.disk_mib * 2**20), "--tmpfs", "/tmp"]
    arguments += ["--ro-bind", submission, "/submission", "--chdir", "/tmp"]
    return [*arguments, "--remount-ro", "/"]  # last: the root is a tmpfs without a size


def _devices() -> list[str]:
    return ["--dev", "/dev", "--size", str(2**20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]


def _libraries(kind: str) -> list[str]:
    arguments = []
    for name in GUEST_FILES:
        arguments += ["--ro-bind", os.path.realpath(HERE / name), f"/guest/{name}"]
    for top in package.closure(kind):
        arguments += ["--ro-bind", os.path.realpath(top), f"/packages/{top.name}"]
    return arguments
