"""UNTRUSTED: the process behind the wall, the only place where a student's code runs.

It is started as a script with a socket's number and the folder of its packages, imports the libraries of its
kind, sets its limits, and then answers one request after another:

    load   run the student's file, statement by statement
    call   call one of its functions with plain data, return plain data
    model  work on a PyTorch module (`guest_model.py`)

Whatever it answers is data to the host and nothing more.  It knows no expected
value, so a student who takes this process over has gained nothing.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # guest.py SOCKET PACKAGES
    sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), sys.argv[2]]

import ast
import builtins
import gc
import linecache
import resource
import shutil
import socket
import tokenize
import types
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

if __package__:  # the host runs an author's own submissions with the same code, see local.py
    from grader.sandbox import guest_notebook, source, wire
else:
    import guest_notebook  # type: ignore[no-redef]
    import source  # type: ignore[no-redef]
    import wire  # type: ignore[no-redef]

MAX_MESSAGE_CHARS = 500
MAX_PROBLEMS = 20
FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag


class Channel:
    """Frames over the socket that the host gave us."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)

    def receive(self) -> dict[str, Any]:
        """The next request; ends the process when the host has gone."""
        head_size, body_size = wire.frame_size(self._exactly(wire.PREFIX.size))
        head = self._exactly(head_size)
        request: dict[str, Any] = wire.decode(head, self._exactly(body_size))
        return request

    def send(self, answer: dict[str, Any]) -> None:
        """Send one answer."""
        self._socket.sendall(wire.encode(answer))

    def progress(self, line: int) -> None:
        """Tell which line of the file runs next, so that a loop without end can be named."""
        self.send({"kind": "progress", "line": line})

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(min(size - len(parts), 2**20))
            if not part:
                os._exit(0)
            parts += part
        return bytes(parts)


class Student:
    """The student's module: what it has defined, and what went wrong while it was loaded."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root = root
        self.kind = kind
        self.module = types.ModuleType("student")
        self._models: Any = None

    def load(self, file: str, progress: Callable[[int], None], only: Collection[int] | None = None) -> dict[str, Any]:
        """Run the file statement by statement; one that fails is reported and the next one still runs.

        Args:
            only: The first lines of the statements to run; None means all.
        """
        path = self.root / file
        self.module = types.ModuleType(path.stem)
        self.module.__file__ = str(path)
        sys.modules.setdefault(path.stem, self.module)
        with tokenize.open(path) as stream:
            parsed = source.parse(stream.read(), str(path))
        shell = None
        if file.lower().endswith(".ipynb"):
            shell = guest_notebook.Shell(self.module.__dict__)
            shell.install()
        flags = 0
        failed: list[tuple[ast.stmt, dict[str, Any]]] = []
        for statement in parsed.body:
            if only is not None and statement.lineno not in only:
                continue
            progress(statement.lineno)
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                flags |= FUTURE_ANNOTATIONS * any(alias.name == "annotations" for alias in statement.names)
            problem = self._run(statement, flags, shell)
            if problem is not None:
                failed.append((statement, problem))
        if shell is not None:
            failed = self._run_again(failed, flags, shell)
        return {"problems": [problem for _, problem in failed[:MAX_PROBLEMS]]}

    def _run(self, statement: ast.stmt, flags: int, shell: guest_notebook.Shell | None) -> dict[str, Any] | None:
        """Run one statement of the top level; what went wrong, or None."""
        flags |= guest_notebook.FLAGS if shell is not None else 0
        try:
            code = compile(
                ast.Module([statement], []), str(self.module.__file__), "exec", flags=flags, dont_inherit=True
            )
            if shell is None:
                exec(code, self.module.__dict__)
            else:
                shell.run(code)
        except BaseException as error:
            return describe(error, self.root) | {"line": statement.lineno}
        return None

    def _run_again(
        self, failed: list[tuple[ast.stmt, dict[str, Any]]], flags: int, shell: guest_notebook.Shell
    ) -> list[tuple[ast.stmt, dict[str, Any]]]:
        """Cells out of order: a definition that lacked a name is run again once that name is there; what still fails."""
        while True:
            left = []
            for statement, problem in failed:
                bound = source.bound_names(statement)
                is_late = problem["type"] == "NameError" and bound and not bound & self.module.__dict__.keys()
                if not is_late or self._run(statement, flags, shell) is not None:
                    left.append((statement, problem))
            if len(left) == len(failed):
                return left
            failed = left

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request about the module that has been loaded."""
        if request["op"] == "call":
            return self.call(request)
        if self._models is None:
            if __package__:
                from grader.sandbox import guest_model
            else:
                import guest_model  # type: ignore[no-redef]
            self._models = guest_model.Models(self)
        answer: dict[str, Any] = self._models.answer(request)
        return answer

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the module; `echo` asks for the arguments as the call left them."""
        function = self.lookup(request["name"])
        arguments = [self.to_student(value) for value in request["args"]]
        keywords = {key: self.to_student(value) for key, value in request["kwargs"].items()}
        value = self.from_student(function(*arguments, **keywords))
        answer = {"value": value}
        if request["echo"]:
            answer["args"] = [self.from_student(argument) for argument in arguments]
        return answer

    def lookup(self, name: str) -> Any:
        """The student's object of that name."""
        if name not in self.module.__dict__:
            raise Missing
        return self.module.__dict__[name]

    def to_student(self, value: Any) -> Any:
        """What arrives as an array is a tensor in a torch exercise."""
        if self.kind == "torch":
            import torch

            if hasattr(value, "dtype"):
                return torch.from_numpy(value)
        return value

    def from_student(self, value: Any) -> Any:
        """Tensors travel as arrays, inside lists, tuples and dicts too."""
        if isinstance(value, (list, tuple)):
            return (
                type(value)(map(self.from_student, value))
                if type(value) in (list, tuple)
                else tuple(map(self.from_student, value))
            )
        if isinstance(value, dict):
            return {key: self.from_student(item) for key, item in value.items()}
        if self.kind == "torch":
            import torch

            if isinstance(value, torch.Tensor):
                return value.detach().to("cpu").resolve_conj().resolve_neg().numpy()
        return value


class Missing(Exception):
    """The name that was asked for does not exist."""


def describe(error: BaseException, root: Path) -> dict[str, Any]:
    """An exception as data: its type, its words, and the last line of the student's files that it passed."""
    line, text, function, file = 0, "", "", ""
    trace = error.__traceback__
    last = None
    while trace is not None:
        last = trace.tb_frame.f_code.co_filename
        if last.startswith(str(root)):
            code = trace.tb_frame.f_code
            line, function, file = trace.tb_lineno, code.co_name, os.path.relpath(last, root)
            text = linecache.getline(last, line).strip()
        trace = trace.tb_next
    try:
        words = str(error)
    except BaseException:
        words = "(an exception whose text cannot be made)"
    out_of_memory = isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in words or "out of memory" in words)
    )
    return {
        "type": type(error).__name__[:100],
        "message": words[:MAX_MESSAGE_CHARS],
        "file": file[:200],
        "line": line,
        "text": text[:200],
        "function": function[:100],
        # Only the student's own `raise NotImplementedError` means "not written yet", not one inside a library.
        "unwritten": isinstance(error, NotImplementedError) and last is not None and last.startswith(str(root)),
        "memory": out_of_memory,
    }


def set_limits(limits: dict[str, int]) -> None:
    """Lower the limits of this process for good; the kernel passes them on to its children."""
    for name, value in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def warm_up(kind: str, *, training: bool, optimizers: bool = False) -> None:
    """Import the libraries of this kind, and on demand what the first training step or optimizer would load."""
    gc.disable()  # what an import makes stays: to look for garbage in it would take a quarter of the time
    if kind == "numpy":
        import numpy as np

        np.seterr(all="ignore")
    if kind == "torch":
        import guest_model

        guest_model.warm_up(training, optimizers)
    gc.enable()


def prepare(request: dict[str, Any]) -> Student:
    """Import the libraries of this kind, then take on the limits: what comes after is the student's."""
    kind = request["kind"]
    warm_up(kind, training=request["warm"])
    work = Path(request["work"])
    shutil.copytree(request["submission"], work, dirs_exist_ok=True)
    os.chdir(work)
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    sys.path.append(str(work))  # at the end: a file called json.py or torch.py shadows nothing
    sys.argv = ["student"]
    set_limits(request["rlimits"])
    builtins.input = _no_input
    return Student(work, kind)


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() gets no answer here")


def serve(channel: Channel) -> None:
    """Answer requests until the host closes the socket."""
    student = Student(Path(), "")
    while True:
        request = channel.receive()
        answer: dict[str, Any]
        try:
            if request["op"] == "prepare":
                student = prepare(request)
                answer = {}
            elif request["op"] == "load":
                answer = student.load(request["file"], channel.progress, request.get("only"))
            else:
                answer = student.answer(request)
            answer["kind"] = "value"
        except Missing:
            answer = {"kind": "missing"}
        except BaseException as error:
            answer = {"kind": "error", "error": describe(error, student.root)}
        answer["nonce"] = request["nonce"]
        try:
            channel.send(answer)
        except wire.WireError as error:
            channel.send({"kind": "unsendable", "reason": str(error), "nonce": request["nonce"]})


if __name__ == "__main__":
    serve(Channel(int(sys.argv[1])))
