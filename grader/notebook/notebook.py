"""A notebook as a submission sees it: one program, one answer sheet, and for each line of both the cell it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from grader.answers.encoding import MAX_BYTES
from grader.message import Message, msg
from grader.notebook.cell import PlainCell, Transformer
from grader.notebook.document import FEEDBACK_MARK, Document
from grader.notebook.need import needed_lines
from grader.notebook.pages import Pages, Place
from grader.sandbox.source import MAX_LEFT_OUT, LeftOut, Source, defined_names, parse
from grader.untrusted import clean

if TYPE_CHECKING:
    from grader.answers.sheet import Sheet

HEAD = "# The code cells, one after the other.\n#\n"  # two lines: a cell's own `# coding:` must not be the file's
MAX_LEFT_OUT_REMARKS = 3
_FILE_NAME = re.compile(r"[\w-]{1,80}\.py")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Notebook:
    """A notebook that was handed in under this path."""

    path: str
    document: Document

    @cached_property
    def code(self) -> Pages:
        """The program: every code cell as plain Python, what cannot be parsed left empty."""
        return self._program[0]

    @cached_property
    def source(self) -> Source:
        """The program, parsed, and the blocks that were left out."""
        parsed = parse(self.code.text, self.path)
        return Source(parsed.body, (*self._program[1], *parsed.left_out))

    @cached_property
    def written(self) -> dict[str, str]:
        """The Python files that cells write with `%%writefile`, by name."""
        files = ((plain.file, plain.file_text) for plain in self._plain.values() if plain.file)
        return {name: text for name, text in files if _FILE_NAME.fullmatch(name)}

    @cached_property
    def prose(self) -> Pages:
        """The text cells as one answer sheet; no cell swallows the next one."""
        cells = enumerate(self.document.cells, start=1)
        parts = ((number, _closed(cell.text, cell.role)) for number, cell in cells if cell.kind == "markdown")
        return Pages.of(((number, text) for number, text in parts if text.strip()), gap="\n\n")

    @cached_property
    def sheet(self) -> Sheet:
        """The answer sheet."""
        from grader.answers.sheet import read_sheet

        return replace(read_sheet(self.prose.text), pages=self.prose)

    @cached_property
    def remarks(self) -> tuple[Message, ...]:
        """What is to be said about it wherever it is graded."""
        remarks = [msg("{file}: {remark}", file=self.shown, remark=remark) for remark in self.document.remarks]
        shells = [Place(number, line) for number, plain in self._plain.items() for line in plain.shell_lines]
        if shells:
            remarks.append(
                msg(
                    "{file}, cell {cell}, line {line}: shell lines, such as !pip install, are not run; the libraries of an "
                    "exercise are there already.",
                    file=self.shown,
                    cell=shells[0].cell,
                    line=shells[0].line,
                )
            )
        for block in self._program[1][:MAX_LEFT_OUT_REMARKS]:
            file, line = self.where(block.line)
            remarks.append(
                msg(
                    "{file}, line {line} is not Python ({reason}), so that part of the cell was left out.",
                    file=file,
                    line=line,
                    reason=block.reason,
                )
            )
        if len(self.prose.text.encode()) > MAX_BYTES:
            remarks.append(msg("{file}: only the first MiB of its text was read for answers", file=self.shown))
        return tuple(remarks)

    @property
    def shown(self) -> str:
        """Its path, safe to print."""
        return clean(self.path, 100)

    def where(self, line: int) -> tuple[Message, int]:
        """How a report calls a line of the program: the file with the cell, and the line of the cell."""
        place = self.code.place(line)
        return msg("{file}, cell {cell}", file=self.shown, cell=place.cell), place.line

    def program(self, names: Collection[str]) -> Program:
        """The program for an exercise that asks for these names."""
        return Program(self.where, needed_lines(self.source, names))

    def cells_defining(self, name: str) -> tuple[int, ...]:
        """The numbers of the cells that define a function or class of this name."""
        lines = (statement.lineno for statement in self.source.body if name in defined_names(statement))
        return tuple(dict.fromkeys(self.code.place(line).cell for line in lines))

    def several_definitions(self, names: Collection[str]) -> list[Message]:
        """A remark for each name that several cells define."""
        found = {name: self.cells_defining(name) for name in names}
        return [
            msg(
                "{name} is defined in the cells {cells}; the last one counts.",
                name=name,
                cells=", ".join(map(str, cells)),
            )
            for name, cells in found.items()
            if len(cells) > 1
        ]

    def left_out_for(self, names: Collection[str]) -> LeftOut | None:
        """The block that was left out and would have defined one of these names."""
        for block in self._program[1]:
            place = self.code.place(block.first)
            lines = self._plain[place.cell].text.split("\n")[place.line - 1 : place.line + block.last - block.first]
            defined = re.findall(r"^\s*(?:async\s+def|def|class)\s+(\w+)", "\n".join(lines), re.MULTILINE)
            if set(defined) & set(names):
                return block
        return None

    @cached_property
    def _plain(self) -> dict[int, PlainCell]:
        """The code cells as Python, by their numbers; a teacher's tests, which define nothing, are not the student's."""
        transformer = Transformer()
        plain: dict[int, PlainCell] = {}
        for number, cell in enumerate(self.document.cells, start=1):
            if cell.kind == "code":
                found = transformer.plain(cell.text)
                if cell.role != "test" or any(map(defined_names, parse(found.text, self.path).body)):
                    plain[number] = found
        return plain

    @cached_property
    def _program(self) -> tuple[Pages, tuple[LeftOut, ...]]:
        parts: list[tuple[int, str]] = []
        blocks: list[tuple[int, LeftOut]] = []
        for number, plain in self._plain.items():
            text, left_out = _parseable(plain.text, self.path)
            parts.append((number, text))
            blocks += [(number, block) for block in left_out]
        pages = Pages.of(parts, head=HEAD)
        shift = {number: start - 1 for number, start in zip(pages.cells, pages.starts, strict=True)}
        return pages, tuple(_shifted(block, shift[number]) for number, block in blocks[:MAX_LEFT_OUT])


@dataclass(frozen=True, slots=True)
class Program:
    """The code of a notebook for one exercise: how its lines are called, and which of them are needed."""

    where: Callable[[int], tuple[Message, int]]
    needed: frozenset[int]


def _parseable(text: str, path: str) -> tuple[str, tuple[LeftOut, ...]]:
    """The text with the blocks that are not Python emptied."""
    left_out = parse(text, path).left_out
    lines = text.split("\n")
    for block in left_out:
        lines[block.first - 1 : block.last] = [""] * (block.last - block.first + 1)
    return "\n".join(lines), left_out


def _shifted(block: LeftOut, lines: int) -> LeftOut:
    return replace(block, first=block.first + lines, last=block.last + lines, line=block.line + lines)


def _closed(text: str, role: str) -> str:
    """The text of a cell so that it ends where the cell ends: fences closed, an open comment made harmless.

    Of a teacher's locked cell only the headings stay: below them the student answers in the cells that follow.
    """
    if text.lstrip().startswith(FEEDBACK_MARK):
        return ""
    lines = text.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        is_end = mark and mark[1].startswith(fence) and not line[mark.end() :].strip()
        if mark and (not fence or is_end):
            fence = "" if fence else mark[1]
        elif not fence and role == "locked" and not _HEADING.match(line):
            lines[number] = ""
        if (fence or mark) and role == "locked":
            lines[number] = ""
    if fence and role != "locked":
        lines.append(fence)
    opened = "\n".join(lines)
    last = opened.rfind("<!--")
    return opened[:last] + "    " + opened[last + 4 :] if last > opened.rfind("-->") else opened
