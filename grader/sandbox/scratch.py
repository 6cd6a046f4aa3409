"""Folders of ours that are gone when they are no longer needed, and those of processes that were killed before that."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PREFIX = "grade"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder that disappears afterwards, whatever a guest did to the permissions inside."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{_processes()}-{os.getpid()}-"))
    try:
        yield folder
    finally:
        _remove(folder)


def sweep() -> None:
    """Remove the folders of this user's processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}-{_processes()}-*"):
        owner = folder.name.split("-")[2]
        try:
            is_left = owner.isdigit() and not psutil.pid_exists(int(owner)) and folder.stat().st_uid == os.getuid()
        except OSError:  # another one sweeps too
            continue
        if is_left:
            _remove(folder)


def _processes() -> int:
    """The number of the namespace in which a pid means a process: containers may share the folder, and pids."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, onerror=_unlock_and_retry)


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
