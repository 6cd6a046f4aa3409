"""A code cell as plain Python, line for line: magics become calls, shell lines are noted and not run.

IPython's own transformer does it; a cell that is Python already never meets it, so
that its import costs only those who write magics.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

MAX_WORK = (
    4_000_000  # characters times magics of one notebook: the transformer reads a cell anew for each of its magics
)

MAX_LINE = 2000  # characters; IPython's patterns are made for lines that people type

_CELL_MAGIC = re.compile(r"%%(?P<name>[\w!]+|!)[ \t]*(?P<line>.*)")
_KEPT = frozenset({"time", "capture", "prun", "memit"})  # the body is run as if the magic were not there
_FILES = frozenset({"writefile", "file"})
_SHELLS = frozenset({"!", "bash", "sh", "script", "system", "sx", "cmd", "pip", "conda", "zsh", "mamba", "uv"})
_SHELL_CALL = re.compile(r"get_ipython\(\)\.(?:system|getoutput|run_line_magic\('(?:pip|conda|mamba|uv|sx|system)')")
_ASSIGNED = re.compile(r"=[ \t]{0,20}[!%]")
_PROMPT = re.compile(r"\n*(?:[ \t]|>>>|In \[)")
_PLAIN_ESCAPE = re.compile(r"([ \t]*)(?:!|%\w)")


@dataclass(frozen=True, slots=True)
class PlainCell:
    """The cell's Python with as many lines as the cell, the lines that ask a shell, and a file that it writes."""

    text: str
    shell_lines: tuple[int, ...] = ()
    file: str = ""
    file_text: str = ""


@dataclass(slots=True)
class Transformer:
    """Turns the cells of one notebook into Python; its work is bounded, beyond that a cell stays as it is."""

    left: int = field(default=MAX_WORK)

    def plain(self, text: str) -> PlainCell:
        r"""The cell as Python.

        Example:
            >>> Transformer().plain("%%time\nx = 1").text
            '\nx = 1'
            >>> Transformer().plain("!pip install torch\nx = 1")
            PlainCell(text="get_ipython().system('pip install torch')\nx = 1", shell_lines=(1,), file='', file_text='')
        """
        if (whole := self._cell_magic(text)) is not None:
            return whole
        lines = text.split("\n")
        escaped = sum(map(_is_escaped, lines))
        if _is_python(text) or not (escaped or _PROMPT.match(text)):
            return PlainCell(text, _shell_lines(text))
        changed = self._transformed(text, escaped) if max(map(len, lines)) <= MAX_LINE else text
        if not _is_python(changed):
            changed = "\n".join(_without_escape(line) for line in changed.split("\n"))
        found = {number for number, line in enumerate(lines, 1) if line.lstrip().startswith("!")}
        return PlainCell(changed, tuple(sorted(found | set(_shell_lines(changed)))))

    def _cell_magic(self, text: str) -> PlainCell | None:
        lines = text.split("\n")
        first = next((number for number, line in enumerate(lines) if line.strip()), 0)
        magic = _CELL_MAGIC.fullmatch(lines[first].rstrip())
        if magic is None:
            return None
        blank = "\n" * (len(lines) - 1)
        if magic["name"] in _KEPT:
            return self.plain("\n".join([*[""] * (first + 1), *lines[first + 1 :]]))
        if magic["name"] in _FILES:
            name = magic["line"].replace("-a", "").strip()
            return PlainCell(blank, (), name, "\n".join(lines[first + 1 :]) + "\n")
        return PlainCell(blank, (first + 1,) if magic["name"] in _SHELLS else ())

    def _transformed(self, text: str, escaped: int) -> str:
        """The cell through IPython's transformer, one magic at a time, so that every line keeps its number."""
        from IPython.core import inputtransformer2

        ipython: Any = inputtransformer2  # which has no types
        lines = [f"{line}\n" for line in text.split("\n")]
        manager = ipython.TransformerManager()
        try:
            for clean in (ipython.leading_indent, ipython.classic_prompt, ipython.ipython_prompt):
                lines = clean(lines)
            for _ in range(escaped + 1):
                self.left -= len(text)
                if self.left < 0:
                    return text
                has_changed, changed = manager.do_one_token_transform(lines)
                if not has_changed:
                    break
                lines = _as_long(lines, changed)
        except Exception:  # any text is possible here, and IPython's parser is made for people who type
            return text
        return "".join(lines).removesuffix("\n")


def _as_long(before: list[str], after: list[str]) -> list[str]:
    """The lines after a magic was replaced, with empty ones where it was continued over several."""
    missing = len(before) - len(after)
    place = next((number for number, line in enumerate(after) if line != before[number]), len(after) - 1)
    return [*after[: place + 1], *["\n"] * missing, *after[place + 1 :]]


def _is_escaped(line: str) -> bool:
    bare = line.strip()
    return bare[:1] in tuple("!%?,;/") or bare.endswith("?") or _ASSIGNED.search(bare) is not None


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _without_escape(line: str) -> str:
    """A magic or shell line that is left in a cell which cannot be parsed."""
    escape = _PLAIN_ESCAPE.match(line)
    return f"{escape[1]}pass" if escape else line


def _shell_lines(text: str) -> tuple[int, ...]:
    return tuple(number for number, line in enumerate(text.split("\n"), 1) if _SHELL_CALL.search(line))
