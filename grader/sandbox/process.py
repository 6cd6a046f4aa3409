"""A started guest as the host sees it: what it prints, how it ended, what it holds, and how all of it is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable
from typing import IO, Protocol

import psutil

MARK = "GRADE_GUEST"  # in the environment of every process that descends from a guest


class GuestProcess(Protocol):
    """The process of a guest and everything that it has started."""

    stdout: IO[bytes]

    def status(self, timeout_s: float) -> int:
        """How it ended: an exit status, for the signal n either -n or, as bwrap says it, 128 + n; 0 if it has not.

        Raises:
            ProcessLookupError: A process of ours that held it was killed, so that nobody knows.
        """
        ...

    def resident_bytes(self) -> int:
        """Resident memory of the guest and its descendants together."""
        ...

    def end(self) -> None:
        """Kill the guest and everything that it has started, and close what we hold of it."""
        ...


class Child:
    """A guest that is a child of this process.

    Args:
        mark: Where no namespace holds its descendants: what they all carry in their environment.
    """

    def __init__(self, process: subprocess.Popen[bytes], stdout: IO[bytes], mark: str | None) -> None:
        self.stdout = stdout
        self._process = process
        self._mark = mark

    def status(self, timeout_s: float) -> int:
        """How it ended."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return 0

    def resident_bytes(self) -> int:
        """Resident memory of the whole tree."""
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self._process.pid)
            return resident_bytes([root, *root.children(recursive=True)])
        return 0

    def end(self) -> None:
        """Kill its process group, its tree, and what carries its mark."""
        tree: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            tree = psutil.Process(self._process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for child in tree:
            _kill(child.kill)
        if self._mark is not None:
            kill_marked(self._mark)
        self._process.wait()
        self.stdout.close()


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Resident memory of these processes together; those that have gone count nothing."""
    used = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            used += process.memory_info().rss
    return used


def kill_marked(mark: str) -> None:
    """Kill what has left its process group and parent: every process whose environment still holds the guest's mark."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                _kill(process.kill)


def _kill(kill: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.Error, OSError):
        kill()
