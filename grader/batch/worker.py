"""What runs in a worker: one submission graded, the course loaded once; and local processes as such workers.

A worker outlives Ctrl-C, which its parent answers, and ends with its parent, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from types import FrameType
from typing import Protocol

from grader.exercise import Course, load_course
from grader.grade import grade, resolve_device
from grader.intake import Submission
from grader.message import Message, msg
from grader.model import Report
from grader.sandbox.launch import Launcher
from grader.sandbox.scratch import sweep
from grader.sandbox.warm import WarmLauncher

GRACE_S = 5.0  # for a worker to take its guest down
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MAX_DEATHS = 2
DIED = msg("the process that graded it died twice; grade it alone with `grade check` to see why")


class Pool(Protocol):
    """Where submissions are graded: how many at once, and an executor that can be started anew when it broke."""

    @property
    def jobs(self) -> int:
        """How many."""
        ...

    def start(self) -> Executor:
        """A working executor."""
        ...

    def stop(self, *, now: bool) -> None:
        """End the executor; `now` gives up whatever it still does."""
        ...


class LocalPool:
    """Processes of this machine, started afresh rather than forked."""

    def __init__(self, jobs: int | None = None, prepare: Callable[[], object] | None = None) -> None:
        """Set the number of processes, all cores by default, and what each of them calls once."""
        self.jobs = jobs or available_cores()
        self._prepare = prepare
        self._executor: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What the instructor should know: nothing."""
        return ()

    def count(self) -> int:
        """How many processes there are."""
        return self.jobs

    def resolve(self, device: str) -> str:
        """The device that will be used."""
        return resolve_device(device)

    def start(self) -> Executor:
        """A working executor."""
        self._others = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(self.jobs, context, initializer=_begin, initargs=(self._prepare,))
        return self._executor

    def stop(self, *, now: bool) -> None:
        """End the processes; `now` gives up what they grade."""
        if self._executor is None:
            return
        self._executor.shutdown(wait=not now, cancel_futures=now)
        processes = [process for process in multiprocessing.active_children() if process not in self._others]
        for process in processes:
            process.terminate()
        end = time.monotonic() + GRACE_S
        for process in processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
        self._executor.shutdown(wait=True)
        self._executor = None
        sweep()  # a worker that was killed has left its folders


class Ended(KeyboardInterrupt):
    """The worker was asked to end while it graded; its guest is taken down on the way out."""


def grade_one(submission: Submission, course: Path, only: tuple[str, ...], device: str) -> Report:
    """Grade a submission with the course in a folder; the same in whichever worker."""
    _STATE.is_grading = True
    try:
        return grade(submission, _course(course), only=only, device=device, walls=_walls())
    finally:
        _STATE.is_grading = False


def available_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _course(folder: Path) -> Course:
    return load_course(folder)


@cache
def _walls() -> Launcher:
    """Guests of this worker are forked from its own templates, which end with it."""
    walls = WarmLauncher(many=True)
    Finalize(None, walls.close, exitpriority=10)
    return walls


class _State(threading.local):
    is_grading = False


_STATE = _State()


def _begin(prepare: Callable[[], object] | None) -> None:
    """Set a local worker up."""
    begin()
    threading.Thread(target=end_after, args=[_parent_ended], daemon=True).start()
    if prepare is not None:
        prepare()


def begin() -> None:
    """Set a process up in which submissions are graded, one after the other."""
    os.environ.update(ONE_THREAD)  # there is a worker for each core already
    # Not SIG_IGN, which guests would inherit: a function is reset when another program starts.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.signal(signal.SIGTERM, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    sweep()  # one that was killed before it has left its folders


def _end(number: int, frame: FrameType | None) -> None:
    if _STATE.is_grading:
        raise Ended
    raise SystemExit


def end_after(ended: Callable[[], object]) -> None:
    """End when a call returns: whoever gave us work has gone, and we would wait for more for ever."""
    ended()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def _parent_ended() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
