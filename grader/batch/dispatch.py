"""The executor of a Dask cluster: each submission goes out as bytes, and again where a worker died or is another one.

Everything happens in one thread, which hears of new submissions, of tasks that began or ended, and every other second asks
who is there.  Dask itself starts a task again elsewhere when its worker is lost; a task that began twice and was lost
twice is given up here, so that a submission which takes its workers down does not take them all.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.batch import likeness, slot
from grader.batch.worker import DIED, MAX_DEATHS
from grader.errors import GraderError
from grader.intake import Submission
from grader.message import Message, msg
from grader.model import Report

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Sent

    from grader.batch.cluster import ClusterPool

STAFF_LOG = logging.getLogger("grader.staff")
TICK_S = 2.0  # between two looks at who is there
FETCH_S = 30.0
LOST = msg("the connection to the cluster was lost")


class WorkerError(Exception):
    """An exception of ours on a worker; `kind` is its name there."""

    def __init__(self, kind: str, trace: str) -> None:
        super().__init__(f"{kind} on a worker\n{trace}")
        self.kind = kind


@dataclass(eq=False, slots=True)
class _Task:
    """Some exercises of a submission on their way.

    Attributes:
        facts: What a machine must be like to grade them.
        only: The workers that may take it; None means whoever the scheduler chooses.
        starts: How often it began since it was sent.
        deaths: How many workers it has lost before.
    """

    asked: bytes
    facts: likeness.Facts
    needs_gpu: bool
    outcome: Future[Report] = field(default_factory=Future)
    sent: Sent | None = None
    only: frozenset[str] | None = None
    starts: int = 0
    deaths: int = 0


class ClusterExecutor(Executor):
    """Grades on the workers of a cluster; the futures hold reports, as those of local processes do."""

    def __init__(self, pool: ClusterPool, client: Client) -> None:
        self._pool = pool
        self._client = client
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._tasks: set[_Task] = set()
        self._facts: dict[tuple[str, str], dict[str, Any]] = {}
        self._number = 0
        self._nobody_since: dict[bool, float] = {}
        self._topic = f"{slot.STARTED}-{pool.batch}"
        client.subscribe_topic(self._topic, lambda event: self._tell(self._began, str(event[1]["task"])))
        self._thread = threading.Thread(target=self._work, name="grade-cluster", daemon=True)
        self._thread.start()

    def submit(  # type: ignore[override]
        self, function: object, /, submission: Submission, folder: Path, names: Sequence[str], device: str
    ) -> Future[Report]:
        """Grade exercises of a submission, those that need a GPU where there is one; `function` is `grade_one`."""
        guests = {name: self._pool.course.exercise(name).guest for name in names}
        on_gpu = [name for name in names if device == "cuda" and guests[name] == "torch"]
        elsewhere = [name for name in names if name not in on_gpu]
        tasks = []
        for part, place in ((elsewhere, "cpu"), (on_gpu, device)):
            if part:
                facts = self._facts_of(part, place)
                asked = slot.request(submission, folder, part, place, facts)
                tasks.append(_Task(asked, facts, needs_gpu=part is on_gpu))
        for task in tasks:
            self._tell(self._take, task)
        return tasks[0].outcome if len(tasks) == 1 else _joined([task.outcome for task in tasks], names)

    def close(self) -> None:
        """Take back whatever the cluster has not finished."""
        self._events.put(None)
        self._thread.join()

    def _facts_of(self, names: Sequence[str], device: str) -> dict[str, Any]:
        for name in names:
            if (name, device) not in self._facts:
                self._facts[name, device] = likeness.facts(self._pool.course, [name], device)
        return likeness.together([self._facts[name, device] for name in names])

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _tell(self, call: Callable[..., None], *args: object) -> None:
        self._events.put(partial(call, *args))

    def _work(self) -> None:
        looked = time.monotonic()
        while True:
            try:
                event = self._events.get(timeout=TICK_S)
                if event is None:
                    break
            except queue.Empty:
                event = None
            try:
                if event is not None:
                    event()
                if time.monotonic() - looked >= TICK_S:
                    self._look()
                    looked = time.monotonic()
            except Exception as error:  # a slip here must not leave everybody waiting
                for task in list(self._tasks):
                    self._end(task, error)
        sent = [task.sent for task in self._tasks if task.sent is not None]
        if sent and self._client.status == "running":
            self._client.cancel(sent, force=True)
        for task in self._tasks:
            task.outcome.cancel()
        self._tasks.clear()

    def _take(self, task: _Task) -> None:
        self._tasks.add(task)
        self._send(task)

    def _send(self, task: _Task) -> None:
        """Hand a task to the scheduler; it waits for the next look where nobody could take it."""
        usable = frozenset(worker.address for worker in self._pool.usable(needs_gpu=task.needs_gpu))
        if not usable or self._client.status != "running":
            task.sent = None
            return
        task.only = usable if self._pool.has_unfit(needs_gpu=task.needs_gpu) else None
        task.starts = 0
        self._number += 1
        task.sent = self._client.submit(
            slot.work,
            self._pool.batch,
            task.asked,
            key=f"grade-{self._pool.batch}-{self._number}",
            pure=False,
            workers=sorted(task.only) if task.only is not None else None,
            resources={"GPU": 1} if task.needs_gpu else None,
        )
        task.sent.add_done_callback(partial(self._ended, task))

    def _ended(self, task: _Task, sent: Sent) -> None:
        """Fetch what came of a task, in a thread of Dask's."""
        what: object = sent.status
        try:
            if sent.status == "finished":
                what = sent.result(timeout=FETCH_S)
            elif sent.status == "error":
                what = sent.exception(timeout=FETCH_S)
        except Exception as error:
            what = error
        self._tell(self._came, task, sent, what)

    def _began(self, key: str) -> None:
        for task in self._tasks:
            if task.sent is not None and task.sent.key == key:
                task.starts += 1
                if task.deaths + task.starts > MAX_DEATHS:
                    self._end(task, GraderError(DIED))
                return

    def _came(self, task: _Task, sent: Sent, what: object) -> None:
        if task not in self._tasks or sent is not task.sent:
            return
        if isinstance(what, tuple):
            worker, said = what
            self._hear(task, worker, json.loads(said) if said else None)
        elif isinstance(what, str):  # cancelled, and not by us: the scheduler is gone, or another one
            self._lost(task, GraderError(LOST))
        elif type(what).__name__ == "KilledWorker":
            self._end(task, GraderError(DIED))
        else:
            STAFF_LOG.error("cluster: %r", what)
            self._lost(task, what if isinstance(what, Exception) else WorkerError(type(what).__name__, ""))

    def _hear(self, task: _Task, worker: str, said: dict[str, Any] | None) -> None:
        if said is None:
            self._lost(task, GraderError(DIED))
        elif "report" in said:
            self._end(task, Report.from_json(said["report"]))
        elif "failed" in said:
            self._end(task, WorkerError(said["failed"], said["traceback"]))
        else:
            reasons = self._pool.unfit_gpu if task.needs_gpu and "unfit" in said else self._pool.unfit
            reasons[worker] = (
                Message.from_json(said["unfit"])
                if "unfit" in said
                else likeness.difference(task.facts, said["differs"]) or LOST
            )
            self._send(task)

    def _lost(self, task: _Task, error: Exception) -> None:
        task.deaths += max(1, task.starts)
        if task.deaths >= MAX_DEATHS:
            self._end(task, error)
        else:
            self._send(task)

    def _look(self) -> None:
        """See who is there, and what that means for those who wait."""
        self._pool.look()
        now = time.monotonic()
        for needs_gpu in (False, True):
            usable = {worker.address for worker in self._pool.usable(needs_gpu=needs_gpu)}
            if usable:
                self._nobody_since.pop(needs_gpu, None)
            since = self._nobody_since.setdefault(needs_gpu, now) if not usable else now
            for task in [task for task in self._tasks if task.needs_gpu is needs_gpu]:
                if not usable and now - since >= self._pool.patience_s:
                    self._end(task, GraderError(self._pool.why_nobody()))
                elif usable and (task.sent is None or (task.only is not None and not task.only & usable)):
                    if task.sent is not None:
                        task.deaths += task.starts
                        self._take_back(task)
                    self._send(task)

    def _end(self, task: _Task, what: Report | Exception) -> None:
        self._tasks.discard(task)
        if not isinstance(what, Report):
            self._take_back(task)
        task.sent = None
        if isinstance(what, Report):
            task.outcome.set_result(what)
        else:
            task.outcome.set_exception(what)

    def _take_back(self, task: _Task) -> None:
        if task.sent is not None and self._client.status == "running" and not task.sent.done():
            self._client.cancel([task.sent], force=True)


def _joined(parts: Sequence[Future[Report]], names: Sequence[str]) -> Future[Report]:
    """One report of several that say of one submission what different exercises say."""
    whole: Future[Report] = Future()
    left = [len(parts)]
    lock = threading.Lock()

    def one_more(_: Future[Report]) -> None:
        with lock:
            left[0] -= 1
            if left[0]:
                return
        if any(part.cancelled() for part in parts):
            whole.cancel()
            return
        error = next((error for part in parts if (error := part.exception()) is not None), None)
        if error is not None:
            whole.set_exception(error)
            return
        reports = [part.result() for part in parts]
        by_name = {part.exercise: part for report in reports for part in report.exercises}
        not_graded = tuple(name for name in reports[0].not_graded if name not in by_name)
        whole.set_result(replace(reports[-1], exercises=tuple(by_name[name] for name in names), not_graded=not_graded))

    for part in parts:
        part.add_done_callback(one_more)
    return whole
