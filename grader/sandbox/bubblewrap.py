"""What bwrap is told: the namespaces of a guest, and those of a template from which guests are forked.

What a guest sees:

    /usr /lib /bin ...       the system's programs and libraries, read-only
    the base interpreter     read-only, its site-packages covered
    /guest                   guest.py, guest_model.py, guest_notebook.py, source.py, wire.py, read-only
    /packages                the libraries of its kind, read-only
    /submission              the student's files, read-only
    /tmp                     a scratch disk of limited size; the student's files are copied to /tmp/work

A template sees its libraries at the same places, so that what it has imported
is valid in its guests, and below /host everything that their mounts are made of.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.sandbox import package

if TYPE_CHECKING:
    from grader.sandbox.launch import GuestSpec

HERE = Path(__file__).parent
GUEST_FILES = ("guest.py", "guest_model.py", "guest_notebook.py", "source.py", "wire.py")
TEMPLATE_FILES = ("template.py", "namespace.py", *GUEST_FILES)
HOST = "/host"  # where a template sees the host's files


def program() -> str:
    """The path of bwrap."""
    return os.path.realpath(shutil.which("bwrap") or "bwrap")


def guest_arguments(spec: GuestSpec, root: str = "") -> list[str]:
    """The namespaces of one guest.

    Args:
        root: Where the host's files are seen by the bwrap that makes them.
    """
    arguments = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "guest", "--cap-drop", "ALL"]
    arguments += _system(root)
    arguments += ["--proc", "/proc", *_devices()]
    if spec.device != "cpu":
        for device in sorted(Path("/dev").glob("nvidia*")):
            arguments += ["--dev-bind-try", str(device), str(device)]
        arguments += ["--ro-bind-try", "/sys", "/sys"]
    arguments += ["--size", str(spec.limits.disk_mib * 2**20), "--tmpfs", "/tmp"]
    arguments += _libraries(spec.kind, GUEST_FILES, root)
    arguments += ["--ro-bind", root + os.path.realpath(spec.submission), "/submission", "--chdir", "/tmp"]
    return [*arguments, "--remount-ro", "/"]  # last: the root is a tmpfs without a size


def template_arguments(kind: str) -> list[str]:
    """The namespaces of a template: it makes those of its guests inside, so it may make new ones.

    It shares the host's processes, because a /proc that bwrap has mounted hides
    files, and the kernel then refuses another one to the guests.
    """
    arguments = ["--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--new-session"]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", "guest", "--cap-drop", "ALL"]
    arguments += _system("")
    arguments += ["--bind", "/proc", "/proc", *_devices(), "--tmpfs", "/tmp"]
    arguments += _libraries(kind, TEMPLATE_FILES, "")
    arguments += ["--ro-bind", program(), "/guest/bwrap", "--ro-bind", "/", HOST, "--chdir", "/tmp"]
    return [*arguments, "--remount-ro", "/"]


def _system(root: str) -> list[str]:
    """The arguments for programs and libraries; the order matters, later mounts cover earlier ones."""
    arguments = []
    for system in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        if os.path.islink(system):
            arguments += ["--symlink", os.readlink(system), system]
        elif os.path.isdir(system):
            arguments += ["--ro-bind", root + system, system]
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        arguments += ["--ro-bind-try", root + os.path.realpath(file), file]
    base = os.path.realpath(sysconfig.get_config_var("installed_base") or "/usr")
    if not base.startswith("/usr/") and base != "/usr":
        arguments += ["--ro-bind", root + base, base]
    for folder in package.foreign_package_folders():
        arguments += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return arguments


def _devices() -> list[str]:
    return ["--dev", "/dev", "--size", str(2**20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]


def _libraries(kind: str, files: Sequence[str], root: str) -> list[str]:
    arguments = []
    for name in files:
        arguments += ["--ro-bind", f"{root}{os.path.realpath(HERE / name)}", f"/guest/{name}"]
    for top in package.closure(kind):
        arguments += ["--ro-bind", root + os.path.realpath(top), f"/packages/{top.name}"]
    return arguments
