"""The trusted end of the wall: one guest, its requests and answers, its time and memory.

A guest can only do these things to us, and each has a name:

    answer with data             the value, checked by the wire
    answer with an exception     StudentError: the student's code raised
    answer that a name is absent MissingName
    answer something unsendable  UnsendableValue
    anything else                GuestLost: too slow, too large, gone, or not speaking the protocol

What goes wrong before the student's first line runs is ours: SandboxFault.
"""

from __future__ import annotations

import enum
import os
import secrets
import selectors
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.message import Message, MessageArg, msg
from grader.sandbox import wire
from grader.sandbox.launch import GuestSpec, Launched, Launcher
from grader.sandbox.scratch import scratch_folder
from grader.untrusted import clean

TICK_S = 0.05
STATUS_S = 5.0  # until a process that closed its channel has ended, on a busy machine
KEPT_OUTPUT_BYTES = 4096
NOISY_OUTPUT_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A student's exception: what it says and where it came from (`line` 0 when no file of theirs is involved)."""

    type: str
    message: str
    file: MessageArg = ""
    line: int = 0
    text: str = ""
    function: str = ""
    unwritten: bool = False
    memory: bool = False

    @classmethod
    def from_wire(cls, data: object) -> ErrorInfo:
        """Read the guest's description; every text in it is cleaned, every wrong type becomes empty."""
        given = data if isinstance(data, dict) else {}

        def text(key: str, limit: int) -> str:
            value = given.get(key)
            return clean(value, limit) if isinstance(value, str) else ""

        line = given.get("line")
        return cls(
            type=text("type", 100) or "Exception",
            message=text("message", 300),
            file=text("file", 100),
            line=line if type(line) is int and 0 < line < 10**6 else 0,
            text=text("text", 120),
            function=text("function", 80),
            unwritten=given.get("unwritten") is True,
            memory=given.get("memory") is True,
        )


class StudentError(Exception):
    """The student's code raised an exception."""

    def __init__(self, info: ErrorInfo) -> None:
        super().__init__(f"{info.type}: {info.message}")
        self.info = info


class MissingName(Exception):
    """The student's module does not define the name that was asked for."""


class UnsendableValue(Exception):
    """The student's function returned something that is neither numbers, text, lists, dicts nor arrays."""


class SandboxFault(Exception):
    """The guest could not be started; no line of the student's code has run, so the fault is ours."""


class GuestLost(BaseException):
    """The guest is gone or had to be stopped; `reason` is "timeout", "memory" or "error".

    With `while_called` it was lost over a request, whose input then matters; else while it was started or loaded.
    Not an `Exception`, so that a property test stops at once instead of shrinking through dead processes.
    """

    def __init__(self, reason: str, message: Message, *, while_called: bool = False) -> None:
        super().__init__(str(message))
        self.reason = reason
        self.message = message
        self.while_called = while_called


class Death(enum.IntEnum):
    """How a guest ended that was ended by nobody here."""

    NONE = 0
    KILLED = 1  # by SIGKILL while the student's code ran: its own doing, or that of anyone on this machine
    LOST = 2  # in any way before that, or with a process of ours that held it: not its own doing


class Guest:
    """A running guest; use it as a context manager, so that nothing survives it."""

    def __init__(self, launcher: Launcher, spec: GuestSpec) -> None:
        self.spec = spec
        self.death = Death.NONE
        self.output = b""
        self.output_bytes = 0
        self._stack = ExitStack()
        self._launched: Launched
        self._launcher = launcher
        self._last_progress = 0

    def __enter__(self) -> Self:
        scratch = self._stack.enter_context(scratch_folder())
        try:
            self._launched = self._launcher.launch(self.spec, scratch)
        except Exception as error:
            self._stack.close()
            raise SandboxFault(f"cannot start a guest: {error}") from error
        self._stack.callback(self._end)
        self._launched.channel.setblocking(False)
        os.set_blocking(self._launched.process.stdout.fileno(), False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill everything that the guest has started and remove its scratch folder; may be called twice."""
        self._stack.close()

    def prepare(self) -> None:
        """Wait until the libraries are imported and the limits are set.

        Raises:
            SandboxFault: That did not work.
        """
        try:
            answer = self._exchange(dict(self._launched.prepare), self.spec.limits.load_time_s * 2)
        except GuestLost as lost:
            self.death = Death.LOST  # of whatever it says: bwrap may wait for ever for what was killed
            raise SandboxFault(f"{lost.message} {clean(self.output.decode(errors='replace'))}".strip()) from lost
        if answer.get("kind") != "value":
            raise SandboxFault(f"the guest could not prepare itself: {ErrorInfo.from_wire(answer.get('error'))}")

    def load(
        self,
        file: str,
        *,
        only: Iterable[int] | None = None,
        time_s: float | None = None,
        where: Callable[[int], tuple[MessageArg, int]] | None = None,
    ) -> tuple[ErrorInfo, ...]:
        """Run the student's file; return what went wrong in it, statement by statement.

        Args:
            only: The first lines of the statements to run; None means all.
            where: How a report calls a line of the file, as (file, line).

        Raises:
            GuestLost: It never came to its end; the message names the line that was running.
        """
        self._last_progress = 0
        request: dict[str, Any] = {"op": "load", "file": file}
        if only is not None:
            request["only"] = sorted(only)
        try:
            answer = self._exchange(request, time_s or self.spec.limits.load_time_s)
        except GuestLost as lost:
            shown, line = where(self._last_progress) if where is not None else (file, self._last_progress)
            raise GuestLost(lost.reason, self._while_loading(shown, line, lost.message)) from None
        value = self._value(answer)
        problems = value.get("problems") if isinstance(value, dict) else None
        return tuple(ErrorInfo.from_wire(problem) for problem in problems) if isinstance(problems, list) else ()

    def call(self, name: str, args: list[Any], kwargs: dict[str, Any], *, echo: bool = False) -> dict[str, Any]:
        """Call the student's function; the answer has `value`, and with `echo` also `args` as the call left them."""
        return self.request({"op": "call", "name": name, "args": args, "kwargs": kwargs, "echo": echo})

    def request(self, request: dict[str, Any], *, time_s: float | None = None) -> dict[str, Any]:
        """Send one request and return the guest's answer, a dict of plain data.

        Raises:
            StudentError, MissingName, UnsendableValue, GuestLost: as the module says.
        """
        try:
            answer = self._exchange(request, time_s or self.spec.limits.call_time_s)
        except GuestLost as lost:
            raise GuestLost(lost.reason, lost.message, while_called=True) from None
        self._value(answer)
        return answer

    @property
    def reached(self) -> int:
        """The line of the statement that ran last while the file was loaded, 0 before the first."""
        return self._last_progress

    @property
    def is_noisy(self) -> bool:
        """Whether more was printed than anyone will read."""
        return self.output_bytes > NOISY_OUTPUT_BYTES

    def _value(self, answer: dict[str, Any]) -> Any:
        kind = answer.get("kind")
        if kind == "value":
            return answer
        if kind == "missing":
            raise MissingName
        if kind == "unsendable":
            reason = answer.get("reason")
            raise UnsendableValue(clean(reason) if isinstance(reason, str) else "")
        if kind == "error":
            raise StudentError(ErrorInfo.from_wire(answer.get("error")))
        raise self._violation()

    def _while_loading(self, file: MessageArg, line: int, message: Message) -> Message:
        if not self._last_progress:
            return message
        return msg(
            "While {file} was being loaded, at the statement of line {line}: {problem} Only definitions are needed; put "
            'training, plots and tests under `if __name__ == "__main__":`.',
            file=file,
            line=line,
            problem=message,
        )

    # -- the exchange of two frames ------------------------------------------------------------------------------------

    def _exchange(self, request: dict[str, Any], time_s: float) -> dict[str, Any]:
        nonce = secrets.token_hex(8)
        outgoing = memoryview(wire.encode(request | {"nonce": nonce}))
        incoming = bytearray()
        deadline = time.monotonic() + time_s
        stdout = self._launched.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self._launched.channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
            if not stdout.closed:
                selector.register(stdout, selectors.EVENT_READ)
            if self._read_available():
                raise self._violation()  # nobody had asked
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._lost("timeout", msg("Your code was stopped after {seconds:g} seconds.", seconds=time_s))
                ready = selector.select(min(left, TICK_S))
                if not ready:
                    self._watch_memory()
                for key, events in ready:
                    if key.fileobj is stdout:
                        self._drain(selector)
                        continue
                    if events & selectors.EVENT_WRITE:
                        outgoing = self._write(outgoing)
                        if not outgoing:
                            selector.modify(self._launched.channel, selectors.EVENT_READ)
                    if events & selectors.EVENT_READ:
                        incoming += self._read()
                        answer = self._next_answer(incoming, nonce)
                        if answer is not None:
                            return answer

    def _next_answer(self, incoming: bytearray, nonce: str) -> dict[str, Any] | None:
        """Take whole frames off the front; progress is noted, the answer is returned, anything else is a violation."""
        while len(incoming) >= wire.PREFIX.size:
            try:
                head_size, body_size = wire.frame_size(bytes(incoming[: wire.PREFIX.size]))
                end = wire.PREFIX.size + head_size + body_size
                if len(incoming) < end:
                    return None
                head = bytes(incoming[wire.PREFIX.size : wire.PREFIX.size + head_size])
                frame = wire.decode(head, bytes(incoming[wire.PREFIX.size + head_size : end]))
            except wire.WireError:
                raise self._violation() from None
            del incoming[:end]
            if not isinstance(frame, dict):
                raise self._violation()
            if frame.get("kind") == "progress" and type(frame.get("line")) is int:
                self._last_progress = max(0, min(frame["line"], 10**6))
                continue
            if frame.get("nonce") != nonce or incoming:
                raise self._violation()
            return frame
        return None

    def _write(self, outgoing: memoryview) -> memoryview:
        try:
            return outgoing[self._launched.channel.send(outgoing[: 2**20]) :]
        except BlockingIOError:
            return outgoing
        except OSError:
            raise self._ended() from None

    def _read(self) -> bytes:
        try:
            data = self._launched.channel.recv(2**20)
        except BlockingIOError:
            return b""
        except OSError:
            raise self._ended() from None
        if not data:
            raise self._ended()
        return data

    def _read_available(self) -> bytes:
        try:
            return self._launched.channel.recv(1)
        except OSError:
            return b""

    def _drain(self, selector: selectors.BaseSelector) -> None:
        stdout = self._launched.process.stdout
        try:
            data = os.read(stdout.fileno(), 2**16)
        except BlockingIOError:
            return
        if not data:
            selector.unregister(stdout)
            stdout.close()
            return
        self.output = (self.output + data)[:KEPT_OUTPUT_BYTES]
        self.output_bytes += len(data)
        if self.output_bytes > self.spec.limits.output_mib * 2**20:
            raise self._lost("error", msg("Your code printed more than {mib} MiB.", mib=self.spec.limits.output_mib))

    # -- endings -------------------------------------------------------------------------------------------------------

    def _watch_memory(self) -> None:
        if self._launched.process.resident_bytes() > self.spec.limits.memory_mib * 2**20:
            raise self._lost(
                "memory", msg("Your code used more than {mib} MiB of memory.", mib=self.spec.limits.memory_mib)
            )

    def _ended(self) -> GuestLost:
        """The guest closed its end: say how the process ended."""
        try:
            status = self._launched.process.status(STATUS_S)
        except ProcessLookupError as error:
            self.death = Death.LOST
            self.close()
            raise SandboxFault(str(error)) from error
        number = -status if status < 0 else status - 128
        if number == signal.SIGKILL:
            self.death = Death.KILLED
        if number == signal.SIGXCPU:
            return self._lost("timeout", msg("Your code used up its processor time."))
        if number == signal.SIGSEGV:
            return self._lost("error", msg("Your code crashed the Python interpreter (segmentation fault)."))
        if 0 < number < signal.NSIG:
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            return self._lost("error", msg("The process of your code was ended by the signal {name}.", name=name))
        return self._lost(
            "error", msg("Your code ended its process (exit status {status}) before it answered.", status=status)
        )

    def _violation(self) -> GuestLost:
        return self._lost(
            "error", msg("Your code wrote to the grader's channel; only what a function returns is looked at.")
        )

    def _lost(self, reason: str, message: Message) -> GuestLost:
        self.close()
        return GuestLost(reason, message)

    def _end(self) -> None:
        self._launched.channel.close()
        self._launched.process.end()


def open_guest(launcher: Launcher, kind: str, submission: Path, **options: Any) -> Guest:
    """A guest that is not started yet; `options` are the other fields of `GuestSpec`."""
    return Guest(launcher, GuestSpec(kind, submission, **options))
