"""Guests that are forked from a warm template: the same walls, without paying for `import torch` each time.

    with WarmLauncher() as walls:
        for submission in submissions:
            report = grade(submission, course, walls=walls)

One launcher serves one process, any number of its threads and any number of guests at once; a worker process makes
its own.  What runs in the template is `template.py`.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from grader.message import Message, msg
from grader.sandbox import bubblewrap
from grader.sandbox.isolation import BUBBLEWRAP, strongest
from grader.sandbox.launch import (
    GuestSpec,
    Launched,
    Launcher,
    confined,
    environment,
    launcher,
    python,
    readable,
)
from grader.sandbox.process import resident_bytes
from grader.untrusted import clean

WARM_UP_S = 120.0  # to import torch on a slow disk
FORK_S = 20.0
END_S = 10.0
ATTEMPTS = 2  # a template that was killed is started again
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)  # bwrap itself, or what it has started


class TemplateLost(Exception):
    """The template is gone, or could not be started; no line of a student's code has run."""


class TemplateKilled(TemplateLost):
    """It was killed from outside while it started."""


class WarmLauncher:
    """Forks guests from warm templates, one for each kind, which are started when they are first needed.

    Args:
        many: Hundreds of guests will come: templates take a second longer to start and their guests cost less.
            One of torch has then imported also what torch's own optimizers load when they are first used.

    Guests are as isolated as those of `BubblewrapLauncher`, and answer the same.
    Where that does not work here, guests are started as `launcher(strongest().name)`
    would, and `reason` says why; `isolation` names what is in force.

    Example:
        >>> with WarmLauncher() as walls:
        ...     walls.isolation in ("bubblewrap", "process")
        True
    """

    def __init__(self, *, many: bool = False) -> None:
        self.reason: Message | None = None
        self._many = many
        self._cold: Launcher = launcher(strongest().name)
        self._templates: dict[tuple[int, str], Template] = {}
        self._lock = threading.Lock()
        if self._cold.isolation != BUBBLEWRAP:
            self.reason = msg("guests are forked from a template only where bubblewrap works")

    @property
    def isolation(self) -> str:
        """The kind of wall: the same as without a template."""
        return self._cold.isolation

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, kinds: Iterable[str]) -> None:
        """Begin to warm templates of these kinds, for guests that will be asked for soon; this does not wait for them."""
        for kind in kinds:
            if self.reason is None:
                with self._lock:
                    self._begun(kind)

    def close(self) -> None:
        """End the templates; may be called twice."""
        with self._lock:
            while self._templates:
                (owner, _), template = self._templates.popitem()
                if owner == os.getpid():
                    template.close()

    def launch(self, spec: GuestSpec, scratch: Path) -> Launched:
        """Fork a guest; guests that use a GPU are started cold, because CUDA does not survive a fork."""
        for _ in range(ATTEMPTS):
            if self.reason is not None or spec.device != "cpu":
                break
            template = self._template(spec.kind)
            if template is not None:
                try:
                    return template.fork(_visible(spec, scratch))
                except TemplateLost:
                    self._forget(spec.kind, template)
                except OSError as error:
                    if (
                        not template.has_forked
                    ):  # it will not work later either, as where a namespace may not hold another
                        self._give_up(error)
                    break
        return self._cold.launch(spec, scratch)

    def _template(self, kind: str) -> Template | None:
        """The template of a kind, warm; one that is killed while it warms up is started once more."""
        with self._lock:
            for _ in range(ATTEMPTS):
                template = self._begun(kind)
                if template is None:
                    return None
                try:
                    template.wait()
                    return template
                except TemplateLost as error:
                    del self._templates[os.getpid(), kind]
                    if not isinstance(error, TemplateKilled):
                        self._give_up(error)
                        return None
                    killed = error
            self._give_up(killed)
            return None

    def _begun(self, kind: str) -> Template | None:
        """The template of a kind, which may not be warm yet; whoever calls holds the lock."""
        key = (os.getpid(), kind)  # a forked worker has a copy of its parent's, which are not its own
        if key not in self._templates:
            try:
                self._templates[key] = Template(kind, many=self._many)
            except OSError as error:
                self._give_up(error)
        return self._templates.get(key)

    def _give_up(self, error: Exception) -> None:
        self.reason = msg("no guest can be forked from a template here: {error}", error=str(error))

    def _forget(self, kind: str, template: Template) -> None:
        with self._lock:
            if self._templates.get((os.getpid(), kind)) is template:
                del self._templates[os.getpid(), kind]
                template.close()


class Template:
    """Our end of a template process of one kind, which has begun to import its libraries."""

    def __init__(self, kind: str, *, many: bool = False) -> None:
        self.has_forked = False
        self._is_warm = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the template
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, readable(bubblewrap.template_arguments(kind)) as descriptor:
                command = [bubblewrap.program(), "--args", str(descriptor), "--", *python("/template/template.py")]
                self.process = subprocess.Popen(
                    [*command, str(theirs.fileno()), "/packages", kind, *(["many"] if many else [])],
                    stdin=subprocess.DEVNULL,
                    stdout=self._said,
                    stderr=self._said,
                    pass_fds=[theirs.fileno(), descriptor],
                    env=environment(f"template-{kind}"),
                    cwd="/",
                    start_new_session=True,
                )
        except BaseException:
            self._control.close()
            self._said.close()
            raise

    def wait(self) -> None:
        """Wait until the libraries are imported.

        Raises:
            TemplateKilled: It was killed from outside.
            TemplateLost: It did not come up; the text is what it said.
        """
        if self._is_warm:
            return
        self._is_warm = _receive(self._control, WARM_UP_S)[0] == b"ready"
        if not self._is_warm:
            status = self._end()
            self._said.seek(0)
            said = clean(self._said.read().decode(errors="replace"), 300)
            self.close()
            raise (TemplateKilled if status in KILLED else TemplateLost)(said or "it ended without a word")

    def fork(self, spec: GuestSpec) -> Launched:
        """Fork a guest, whose submission lies below `bubblewrap.scratch_root`.

        Raises:
            TemplateLost: The template, or the keeper that it forked, was killed.
            OSError: The guest's namespaces could not be made.
        """
        ours, theirs = socket.socketpair()
        report, reporting = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, printed = os.pipe()
        try:
            with readable(bubblewrap.forked_arguments(spec)) as arguments, theirs, reporting:
                handed = [theirs.fileno(), printed, arguments, reporting.fileno()]
                try:
                    socket.send_fds(self._control, [b"f"], handed)
                except ConnectionError as error:
                    raise TemplateLost(str(error)) from error
                finally:
                    os.close(printed)
            message, descriptors = _receive(report, FORK_S)
            if not message.startswith(b"started "):
                raise _failure(message, output)
        except BaseException:
            ours.close()
            report.close()
            os.close(output)
            raise
        self.has_forked = True
        told = confined(spec, beside=1) | {"warm": False}  # beside it: the keeper
        stdout = open(output, "rb", buffering=0)  # noqa: SIM115 - it is closed when the guest is ended
        return Launched(Kept(int(message.split()[1]), descriptors, report, stdout), ours, told)

    def close(self) -> None:
        """End the template; its guests live on until they are ended."""
        if not self._is_warm:
            self._kill()  # it would hear of its end only when all is imported
        self._end()
        self._said.close()

    def _end(self) -> int:
        """Let it end; how it did."""
        self._control.close()
        try:
            return self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._kill()
            return 0

    def _kill(self) -> None:
        """Kill what bwrap has started, which it buries and ends with; or bwrap, where that did not help."""
        with contextlib.suppress(psutil.Error, subprocess.TimeoutExpired):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
                self.process.wait(1)
        self.process.kill()
        self.process.wait()


class Kept:
    """A guest in its own namespaces, seen through the keeper that the template forked for it.

    Args:
        keeper: Its pid.
        descriptors: A pidfd of the keeper, and one of the namespace's first process.
        report: Where the keeper says how the guest ended.
    """

    def __init__(self, keeper: int, descriptors: Sequence[int], report: socket.socket, stdout: IO[bytes]) -> None:
        self.stdout = stdout
        self._pid = keeper
        self._keeper, self._first = descriptors
        self._report = report

    def status(self, timeout_s: float) -> int:
        """How it ended."""
        message, _ = _receive(self._report, timeout_s)
        if message is TIMEOUT:
            return 0
        if not message.startswith(b"ended "):
            raise ProcessLookupError("the keeper of a guest was killed from outside")
        return int(message.split()[1])

    def resident_bytes(self) -> int:
        """Resident memory of everything that the keeper has started; the keeper itself is ours."""
        with contextlib.suppress(psutil.Error):
            return resident_bytes(psutil.Process(self._pid).children(recursive=True))
        return 0

    def end(self) -> None:
        """Kill the namespace's first process, and wait until the kernel has killed all others."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        for descriptor in (self._keeper, self._first):
            if not select.select([descriptor], [], [], END_S)[0]:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._keeper, signal.SIGKILL)
            os.close(descriptor)
        self._report.close()
        self.stdout.close()


def _visible(spec: GuestSpec, scratch: Path) -> GuestSpec:
    """The same guest with a submission that a template can see: itself, or a copy."""
    if spec.submission.resolve().is_relative_to(bubblewrap.scratch_root()):
        return spec
    return replace(spec, submission=Path(shutil.copytree(spec.submission, scratch / "submission", symlinks=True)))


TIMEOUT = b"timeout"


def _receive(connection: socket.socket, timeout_s: float) -> tuple[bytes, list[int]]:
    """One message with its descriptors; empty when the other side has gone, TIMEOUT when it says nothing."""
    connection.settimeout(timeout_s)
    try:
        message, descriptors, _, _ = socket.recv_fds(connection, 4096, 2)
    except TimeoutError:
        return TIMEOUT, []
    except ConnectionError:
        return b"", []
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return message, list(descriptors)


def _failure(message: bytes, output: int) -> Exception:
    if not message:
        return TemplateLost("it ended while it made a guest")
    os.set_blocking(output, False)
    try:
        message += b" " + os.read(output, 4096)
    except BlockingIOError:
        message += b" (and it printed nothing)"
    return OSError(clean(message.decode(errors="replace"), 300))
