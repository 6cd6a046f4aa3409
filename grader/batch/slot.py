"""On a worker of a Dask cluster: processes of ours that grade, as many as the worker has threads.

    Dask's worker ── request ── slot ── guests
      (a thread)  ◄─ answer ───

The worker only carries bytes.  Grading needs a process of its own: random numbers, threads of torch and signals
belong to a whole process, and a worker runs several tasks in one.  Slots live as long as their batch has work,
end with the worker, however that ends, and leave by themselves when nobody asks them any more.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import traceback
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from grader.batch import likeness
from grader.batch.worker import GRACE_S, ONE_THREAD, begin, end_after, grade_one
from grader.errors import GraderError
from grader.exercise import default_course_folder, load_course
from grader.grade import resolve_device
from grader.intake import Submission
from grader.message import Message, msg
from grader.sandbox.scratch import sweep

IDLE_S = 120.0  # between two submissions; the parent may have been killed
STARTED = "grade-started"


def request(submission: Submission, folder: Path, names: Sequence[str], device: str, facts: likeness.Facts) -> bytes:
    """What a slot is asked: to grade some exercises of a submission, if this machine is as the facts say."""
    is_installed = folder == default_course_folder()  # which may lie elsewhere there
    data = {
        "files": {path: b64encode(content).decode() for path, content in submission.files.items()},
        "remarks": [remark.to_json() for remark in submission.remarks],
        "unreadable": {path: reason.to_json() for path, reason in submission.unreadable.items()},
        "course": None if is_installed else str(folder),
        "exercises": list(names),
        "device": device,
        "facts": facts,
    }
    return json.dumps(data).encode()


def answer(asked: bytes) -> dict[str, Any]:
    """Grade, in a slot: `report`, or why not, as JSON data.

    `unfit`: a sentence, nothing can be graded here; `differs`: the facts of this machine, which are not those that
    were asked for; `failed`: the kind of an exception of ours, with its traceback.
    """
    try:
        data = json.loads(asked)
        submission = _submission(data)
        folder = Path(data["course"]) if data["course"] is not None else default_course_folder()
        names, device = tuple(data["exercises"]), data["device"]
        resolve_device(device)
        facts = _facts(folder, names, device)
    except GraderError as error:
        return {"unfit": error.message.to_json()}
    except Exception as error:
        return {"unfit": _unfit(error).to_json()}
    if facts != data["facts"]:
        return {"differs": facts}
    try:
        return {"report": grade_one(submission, folder, names, device).to_json()}
    except Exception as error:
        return {"failed": type(error).__name__, "traceback": "".join(traceback.format_exception(error))}


def _submission(data: dict[str, Any]) -> Submission:
    return Submission(
        {path: b64decode(content) for path, content in data["files"].items()},
        tuple(map(Message.from_json, data["remarks"])),
        {path: Message.from_json(reason) for path, reason in data["unreadable"].items()},
    )


def work(batch: str, asked: bytes) -> tuple[str, bytes]:
    """Have a slot grade, in a thread of the worker: the worker's address and the answer, empty if the slot died."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(f"{STARTED}-{batch}", {"task": str(worker.get_current_task())})
    slot = _SLOTS.take(batch)
    try:
        said = slot.ask(asked)
    except (EOFError, OSError):
        slot.close()
        return worker.address, b""
    _SLOTS.put_back(batch, slot)
    return worker.address, said


def release(batch: str) -> None:
    """End the slots of a batch, whatever they do."""
    _SLOTS.close(batch)


def ready() -> str:
    """Nothing but a sign that a worker can import this."""
    return "ready"


class Slot:
    """A process that grades one submission at a time."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grader.batch.slot", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def ask(self, asked: bytes) -> bytes:
        """The answer to a request.

        Raises:
            EOFError, OSError: The process died.
        """
        self._connection.send_bytes(asked)
        return self._connection.recv_bytes()

    def close(self) -> None:
        """End the process, which takes its guests down; may be called twice, from any thread."""
        self._process.terminate()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Slots:
    """The slots of this worker, by batch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[Slot]] = defaultdict(list)
        self._all: dict[str, set[Slot]] = defaultdict(set)

    def take(self, batch: str) -> Slot:
        with self._lock:
            while self._idle[batch]:
                slot = self._idle[batch].pop()
                if slot.is_alive:
                    return slot
                self._all[batch].discard(slot)
            slot = Slot()
            self._all[batch].add(slot)
            return slot

    def put_back(self, batch: str, slot: Slot) -> None:
        with self._lock:
            self._idle[batch].append(slot)

    def close(self, batch: str) -> None:
        with self._lock:
            self._idle.pop(batch, None)
            slots = self._all.pop(batch, set())
        closing = [threading.Thread(target=slot.close) for slot in slots]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


_SLOTS = _Slots()


@cache
def _facts_of(folder: Path, name: str, device: str) -> dict[str, Any]:
    return likeness.facts(load_course(folder), [name], device)


def _facts(folder: Path, names: Sequence[str], device: str) -> dict[str, Any]:
    return likeness.together([_facts_of(folder, name, device) for name in names])


def _unfit(error: Exception) -> Message:
    logging.getLogger("grader.staff").error("slot", exc_info=error)
    return msg("it cannot grade ({kind}: {error})", kind=type(error).__name__, error=str(error))


def _until_closed(descriptor: int) -> None:
    """Wait until the worker has gone."""
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()


def main(descriptor: int) -> None:
    """Answer requests until nobody asks."""
    os.set_inheritable(descriptor, False)
    begin()
    connection = Connection(descriptor)
    threading.Thread(target=end_after, args=[partial(_until_closed, descriptor)], daemon=True).start()
    try:
        while connection.poll(IDLE_S):
            try:
                asked = connection.recv_bytes()
            except EOFError:
                break
            connection.send_bytes(json.dumps(answer(asked)).encode())
    finally:
        sweep()  # a slot beside it that was killed has left its folders


if __name__ == "__main__":
    main(int(sys.argv[1]))
