"""UNTRUSTED: what the cells of a notebook find in the guest where Jupyter would be.

`get_ipython()` understands the magics that matter to a program and takes all others in
silence; shell lines do nothing, nothing is displayed, and no window opens.  IPython
itself is not here: it would be the largest thing in the guest, and the cells have been
turned into plain Python before they came.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
STAND_INS = ("IPython", "IPython.display", "google.colab", "google.colab.patches", "matplotlib_inline")


class Nothing:
    """Takes every call and every attribute, and is empty."""

    def __call__(self, *args: Any, **kwargs: Any) -> Nothing:
        """Itself."""
        return self

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __bool__(self) -> bool:
        return False


class Shell:
    """What `get_ipython()` returns."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace
        self._runner: Any = None

    def install(self) -> None:
        """Be found by the cells and by what they import."""
        found: Any = builtins
        found.get_ipython = lambda: self
        found.display = lambda *args, **kwargs: None
        for name in STAND_INS:
            module: Any = types.ModuleType(name)
            module.__path__ = []
            module.__getattr__ = _nothing
            module.get_ipython = found.get_ipython
            module.display = found.display
            sys.modules.setdefault(name, module)
        shown: Any = sys.modules["IPython"]
        shown.display = sys.modules["IPython.display"]

    def run(self, code: types.CodeType) -> None:
        """Run a statement; one with `await` runs in a loop that lives as long as the notebook."""
        if not code.co_flags & inspect.CO_COROUTINE:
            exec(code, self.user_ns)
            return
        if self._runner is None:
            import asyncio

            self._runner = asyncio.Runner()
        self._runner.run(eval(code, self.user_ns))

    def run_line_magic(self, name: str, line: str, *args: Any) -> Any:
        """`%time` runs its statement, `%run` a file of the submission; no other line magic matters to a program."""
        if name == "time" and line.strip():
            return self._value(line)
        if name == "run" and os.path.isfile(line.strip()):
            with open(line.strip(), encoding="utf-8") as stream:
                exec(compile(stream.read(), line.strip(), "exec"), self.user_ns)
        return None

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Cells in other languages are not run."""

    def magic(self, line: str) -> Any:
        """The old way to write a line magic."""
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    def system(self, command: str) -> None:
        """Shell lines are not run; the report says so."""

    def getoutput(self, command: str, *args: Any, **kwargs: Any) -> list[str]:
        """Shell lines have no output."""
        return []

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def _value(self, line: str) -> Any:
        try:
            code = compile(line, "%time", "eval")
        except SyntaxError:
            exec(compile(line, "%time", "exec"), self.user_ns)
            return None
        return eval(code, self.user_ns)


def _nothing(name: str) -> Nothing:
    if name.startswith("__"):
        raise AttributeError(name)
    return Nothing()
