"""The student as checks see them: `student.conv2d(x, weight)` crosses the wall as data and comes back as data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from grader.message import Message, msg
from grader.sandbox import wire
from grader.sandbox.host import (
    Death,
    ErrorInfo,
    Guest,
    GuestLost,
    MissingName,
    SandboxFault,
    StudentError,
    UnsendableValue,
)
from grader.sandbox.launch import GuestSpec, Launcher

if TYPE_CHECKING:
    from grader.notebook.notebook import Program

NOTEBOOK_SHARE = 3  # the first run of a whole notebook gets this part of the time to load
MAX_GUESTS = 3  # a submission that keeps dying is asked three times, then its verdict stands for the rest


class Transport(Protocol):
    """Carries one request to the student's code and its answer back."""

    problems: tuple[ErrorInfo, ...]

    def request(self, request: dict[str, Any], *, time_s: float | None = None) -> dict[str, Any]:
        """The answer, a dict of plain data; raises what `grader.sandbox.host` lists."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a student's function, kept so that a report can print it."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Student:
    """A stand-in for the student's module; its attributes are the functions.

    Names that begin with an underscore or stand below are the stand-in's own.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self.ask(name, *args, **kwargs)["value"]

        return call

    def ask(self, name: str, *args: Any, echo: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Call a function; with `echo` the answer also holds `args`, the arguments as the call left them."""
        self._calls.append(Call(name, args, kwargs))
        request = {"op": "call", "name": name, "args": list(args), "kwargs": kwargs, "echo": echo}
        return self._transport.request(request)

    def request(self, op: str, *, time_s: float | None = None, **arguments: Any) -> dict[str, Any]:
        """Send a request of another kind, as work on models is."""
        return self._transport.request({"op": op, **arguments}, time_s=time_s)

    def note(self, name: str, **kwargs: Any) -> None:
        """Record the call that a request of another kind stands for, so that a report can print it."""
        self._calls.append(Call(name, (), kwargs))

    def begin(self) -> None:
        """Forget the calls of the example before."""
        self._calls.clear()

    def last_calls(self) -> tuple[Call, ...]:
        """The calls of this example."""
        return tuple(self._calls)


class GuestTransport:
    """Requests to guests behind the wall; one that died is replaced, at most `MAX_GUESTS` in all.

    Attributes:
        death: The worst way in which a guest ended that was ended by nobody here.
    """

    def __init__(self, launcher: Launcher, spec: GuestSpec, file: str, program: Program | None = None) -> None:
        self.problems: tuple[ErrorInfo, ...] = ()
        self.stopped: Message | None = None
        self.is_noisy = False
        self.death = Death.NONE
        self._launcher = launcher
        self._spec = spec
        self._file = file
        self._program = program  # of a notebook
        self._only: frozenset[int] | None = None
        self._guest: Guest | None = None
        self._started = 0
        self._last_loss: GuestLost | None = None
        self._left_s = spec.limits.total_time_s

    def request(self, request: dict[str, Any], *, time_s: float | None = None) -> dict[str, Any]:
        """Send a request to the living guest, or to a new one.

        Raises:
            GuestLost: Also when too many guests have died, or the exercise's time is used up.
        """
        with self._on_the_clock():
            guest = self._living()
            limit = min(time_s or self._spec.limits.call_time_s, self._left_s)
            try:
                return guest.request(request, time_s=max(limit, 0.001))
            except StudentError as error:
                raise StudentError(self._placed(error.info)) from None

    def close(self) -> None:
        """End the guest and everything that it has started."""
        if self._guest is not None:
            self.is_noisy |= self._guest.is_noisy
            self.death = max(self.death, self._guest.death)
            self._guest.close()
            self._guest = None

    def _living(self) -> Guest:
        if self._guest is not None:
            return self._guest
        if self._last_loss is not None and self._started >= MAX_GUESTS:
            raise GuestLost(self._last_loss.reason, self._last_loss.message)  # of an earlier call, not of this one
        self._started += 1
        self._guest = Guest(self._launcher, self._spec).__enter__()
        self._guest.prepare()
        if self._program is None:
            self.problems = self._guest.load(self._file)
            return self._guest
        return self._loaded(self._guest, self._program)

    def _loaded(self, guest: Guest, program: Program) -> Guest:
        """Run a notebook, all of it; where that never ends, a second guest runs what the exercise needs."""
        is_first = self._only is None
        time_s = self._spec.limits.load_time_s / (NOTEBOOK_SHARE if is_first else 1)
        try:
            problems = guest.load(self._file, only=self._only, time_s=time_s, where=program.where)
        except GuestLost as lost:
            if not is_first or not guest.reached:
                raise
            self.stopped = lost.message
            self._only = program.needed - {guest.reached}
            self.close()
            return self._living()
        self.problems = tuple(self._placed(problem) for problem in problems if problem.line in program.needed)
        return guest

    def _placed(self, info: ErrorInfo) -> ErrorInfo:
        """An error in a notebook with the cell and its line."""
        if self._program is None or not info.line or info.file not in (self._file, ""):
            return info
        file, line = self._program.where(info.line)
        return replace(info, file=file, line=line)

    @contextmanager
    def _on_the_clock(self) -> Iterator[None]:
        """Count the time against the exercise's total, and remember how a guest died."""
        if self._left_s <= 0:
            seconds = self._spec.limits.total_time_s
            raise GuestLost(
                "timeout", msg("Your code used up the {seconds:g} seconds of this exercise.", seconds=seconds)
            )
        start = time.monotonic()
        try:
            yield
        except GuestLost as lost:
            self._last_loss = lost
            self.close()
            raise
        except SandboxFault:  # the next request gets a guest that works
            self.close()
            raise
        finally:
            self._left_s -= time.monotonic() - start


class LocalTransport:
    """An exercise's own submission, run in this process: the author's code is as trusted as the author's checks.

    It answers in the same data as a guest, through the same code, so that its
    answers can be compared with a student's.
    """

    def __init__(self, path: Path, kind: str) -> None:
        from grader.sandbox import guest

        self.problems: tuple[ErrorInfo, ...] = ()
        self._student = guest.Student(path.parent, kind)
        self._student.load(path.name, lambda _line: None)
        self._describe = guest.describe
        self._missing = guest.Missing

    def request(self, request: dict[str, Any], *, time_s: float | None = None) -> dict[str, Any]:
        """Answer a request here and now, as data."""
        try:
            answer = self._student.answer(_through_the_wire(request))
        except self._missing:
            raise MissingName from None
        except Exception as error:
            info = self._describe(error, self._student.root)
            raise StudentError(ErrorInfo.from_wire(info)) from None
        try:
            return _through_the_wire(answer)
        except wire.WireError as error:
            raise UnsendableValue(str(error)) from None


def _through_the_wire(value: dict[str, Any]) -> dict[str, Any]:
    """A deep copy as plain data, exactly what a guest would have been given."""
    frame = wire.encode(value)
    head_size, _ = wire.frame_size(frame[: wire.PREFIX.size])
    middle = wire.PREFIX.size + head_size
    copied: dict[str, Any] = wire.decode(frame[wire.PREFIX.size : middle], frame[middle:])
    return copied
