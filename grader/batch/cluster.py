"""A running Dask cluster as the place where a batch is graded; needs `distributed`, the extra `dask`."""

from __future__ import annotations

import json
import logging
import threading
import uuid
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grader.batch import slot
from grader.errors import GraderError
from grader.exercise import Course
from grader.grade import DEVICES
from grader.message import Message, msg

if TYPE_CHECKING:
    from distributed import Client

    from grader.batch.dispatch import ClusterExecutor

Value = TypeVar("Value")

CONNECT_S = 3.0
FIRST_WORKER_S = 10.0
PATIENCE_S = 30.0  # without any worker that could go on
ASK_S = 10.0  # for a cluster that runs to answer a question
GPU = "GPU"


@dataclass(frozen=True, slots=True)
class ClusterWorker:
    """A worker as the scheduler sees it."""

    address: str
    threads: int
    has_gpu: bool


class ClusterPool:
    """The workers of a Dask cluster, which come and go.

    Attributes:
        unfit: Why a worker is not used, by its address.
        unfit_gpu: The same, where only its GPU cannot be used.
    """

    def __init__(self, address: str, course: Course, *, patience_s: float = PATIENCE_S) -> None:
        """Name the scheduler: `tcp://host:port`, `host:port`, or the scheduler's file."""
        self.address = address
        self.course = course
        self.patience_s = patience_s
        self.batch = uuid.uuid4().hex
        self.unfit: dict[str, Message] = {}
        self.unfit_gpu: dict[str, Message] = {}
        self._workers: dict[str, ClusterWorker] = {}
        self._client: Client | None = None
        self._executor: ClusterExecutor | None = None

    @property
    def jobs(self) -> int:
        """How many submissions are graded at once: as many as the workers have threads."""
        return max(1, sum(worker.threads for worker in self.usable()))

    @property
    def remarks(self) -> tuple[Message, ...]:
        """Which workers were not used, and why."""
        return (
            *(
                msg("the worker {worker} is not used: {reason}", worker=worker, reason=reason)
                for worker, reason in self.unfit.items()
            ),
            *(
                msg("the worker {worker} is not used for a GPU: {reason}", worker=worker, reason=reason)
                for worker, reason in self.unfit_gpu.items()
                if worker not in self.unfit
            ),
        )

    def count(self) -> int:
        """How many workers can be used now."""
        return len(self.usable())

    def connect(self) -> None:
        """Find the scheduler and its workers.

        Raises:
            GraderError: Dask is not installed, nothing answers there, or there is no worker.
        """
        self._client = _client(self.address)
        try:
            with suppress(TimeoutError):
                self._client.wait_for_workers(1, timeout=FIRST_WORKER_S)
            self.look()
        except BaseException:
            self._close()
            raise
        if not self._workers:
            self._close()
            raise GraderError(
                msg(
                    "the cluster at {address} has no workers; start some with `dask worker {address}`",
                    address=self.address,
                )
            )

    def resolve(self, device: str) -> str:
        """The device that will be used: "auto" becomes "cuda" where a worker offers a GPU.

        Raises:
            ValueError: Another name.
            GraderError: CUDA where no worker offers it.
        """
        if device not in DEVICES:
            raise ValueError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")
        if device == "cpu":
            return "cpu"
        if any(worker.has_gpu for worker in self._workers.values()):
            return "cuda"
        if device == "cuda":
            raise GraderError(
                msg(
                    "no worker of the cluster offers a GPU; start one with `dask worker {address} --resources GPU=1`, "
                    "or use `auto` or `cpu`",
                    address=self.address,
                )
            )
        return "cpu"

    def start(self) -> ClusterExecutor:
        """An executor that grades on the cluster."""
        from grader.batch.dispatch import ClusterExecutor

        if self._client is None:
            self.connect()
        assert self._client is not None
        self._executor = ClusterExecutor(self, self._client)
        return self._executor

    def stop(self, *, now: bool) -> None:
        """Leave the cluster as it was: nothing of this batch is waiting or running there any more."""
        client = self._client
        if client is None:
            return
        if self._executor is not None:
            self._executor.close()
        with suppress(Exception):  # whatever does not hear it ends by itself when nobody asks it
            _bounded(lambda: client.run(slot.release, self.batch, on_error="ignore"), ASK_S)
        self._close()

    def look(self) -> None:
        """Ask the scheduler who is there; of whoever is new, whether it can grade at all."""
        client = self._client
        if client is None or client.status != "running":
            self._workers = {}
            return
        try:
            said = _bounded(lambda: client.scheduler_info(n_workers=-1)["workers"], ASK_S)
        except Exception:  # the scheduler has gone or does not answer: nobody is there
            self._workers = {}
            return
        new = [address for address in said if address not in self._workers and address not in self.unfit]
        heard: dict[str, object] = {}
        with suppress(Exception):  # whoever does not answer now is asked again
            heard = _bounded(lambda: client.run(slot.ready, workers=new, on_error="return"), ASK_S) if new else {}
        for address, word in heard.items():
            if word != slot.ready():
                self.unfit[address] = msg("it cannot load the grader ({error})", error=str(word))
        self._workers = {
            address: ClusterWorker(address, int(facts["nthreads"]), facts.get("resources", {}).get(GPU, 0) >= 1)
            for address, facts in said.items()
            if address in heard or address not in new
        }

    def usable(self, *, needs_gpu: bool = False) -> list[ClusterWorker]:
        """Workers that are there and can grade."""
        return [
            worker
            for worker in self._workers.values()
            if worker.address not in self.unfit
            and (not needs_gpu or (worker.has_gpu and worker.address not in self.unfit_gpu))
        ]

    def has_unfit(self, *, needs_gpu: bool = False) -> bool:
        """Whether a worker is there which the scheduler would choose and must not."""
        wrong = self.unfit | self.unfit_gpu if needs_gpu else self.unfit
        return any(worker in wrong for worker in self._workers)

    def why_nobody(self) -> Message:
        """Why a submission could not be graded, when no worker was left for it."""
        if self.remarks:
            return msg("no worker of the cluster could grade it; {reason}", reason=self.remarks[0])
        return msg(
            "no worker of the cluster was left that could grade it, and none came within {seconds:g} seconds",
            seconds=self.patience_s,
        )

    def _close(self) -> None:
        client, self._client, self._executor, self._workers = self._client, None, None, {}
        if client is not None:
            with suppress(Exception):
                _bounded(lambda: client.close(timeout=2), ASK_S)


def _client(address: str) -> Client:
    """A connection to a scheduler, or the sentence why there is none."""
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise GraderError(msg("--dask needs Dask: pip install 'convnet-grader[dask]'")) from None
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said by us, once
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})  # a submission may be large
    where = _scheduler(address)

    def connect() -> Client:
        return Client(where, timeout=CONNECT_S, set_as_default=False, name="grade")

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared by us, and where they matter
            return _bounded(connect, CONNECT_S + 2)
    except Exception:
        raise GraderError(
            msg(
                "--dask: no scheduler answers at {address}; expected the address that `dask scheduler` prints",
                address=where,
            )
        ) from None


def _scheduler(address: str) -> str:
    """The address of a scheduler, which may stand in its file."""
    if "://" in address or (":" in address and not Path(address).exists()):
        return address
    try:
        return str(json.loads(Path(address).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError):
        raise GraderError(
            msg("--dask: expected tcp://host:port or the file of a running scheduler, got {address}", address=address)
        ) from None


def _bounded(function: Callable[[], Value], seconds: float) -> Value:
    """What a call returns or raises; a TimeoutError when it does neither in time."""
    came: list[Value] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            came.append(function())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not came:
        raise TimeoutError
    return came[0]
