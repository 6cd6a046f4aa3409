"""A notebook file as its cells, whatever its version and the state of its metadata; nothing in it is run.

Only the text of the cells counts, and what nbgrader says about a cell.  The rest is
lost, doubled or damaged often enough that nothing may depend on it: outputs, ids,
execution counts, kernels, forms.  So this reads the JSON by itself; `nbformat` would
refuse what only its schema minds, and would validate 50 MB of outputs that nobody reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.message import Message, msg

MAX_BYTES = 64 * 2**20  # of a file with its outputs
MAX_TEXT_BYTES = 2 * 2**20  # of its cells
MAX_CELLS = 2000
MAX_BRACKETS = 2_000_000  # objects and lists: each takes a hundred bytes of memory, however short it is in the file
MAX_STUDENT_CHARACTERS = 100
FEEDBACK_MARK = "<!-- grade: feedback -->"  # begins a cell that we wrote into a copy; handed in again, it is no answer

_BEGIN, _BASE, _MIDDLE, _END = "<<<<<<< ", "||||||| ", "=======", ">>>>>>> "
_OUTPUTS = ("outputs", "attachments", "widgets")
_CODE_KINDS = ("code", "input")
_TEXT_KINDS = ("markdown", "heading", "html", "text")
_MARKS = {
    "locked": {"nbgrader": {"grade": False, "locked": True, "solution": False}},
    "test": {"nbgrader": {"grade": True, "locked": True, "solution": False}},
}


class UnreadableNotebookError(Exception):
    """The file holds no notebook; `reason` says what it is instead."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: "code", "markdown" or "raw", its text, and what nbgrader says: "" (the student's), "locked", "test"."""

    kind: str
    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The cells in the order of the file; a cell's number, from 1, is its place among all cells."""

    cells: tuple[Cell, ...]
    student: str | None = None
    remarks: tuple[Message, ...] = ()

    def to_bytes(self) -> bytes:
        """A notebook that holds nothing but this; the same cells give the same bytes, whatever their outputs were."""
        cells = [
            {"cell_type": cell.kind, "metadata": _MARKS.get(cell.role, {}), "source": cell.text} for cell in self.cells
        ]
        metadata = {"grade": {"student": self.student}} if self.student else {}
        data = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
        return json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8")


def read_document(data: bytes) -> Document:
    r"""Read a notebook of version 1 to 4.

    Raises:
        UnreadableNotebookError: It is none.

    Example:
        >>> document = read_document(b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["x = 1\\n", "y = 2"]}]}')
        >>> document.cells
        (Cell(kind='code', text='x = 1\ny = 2', role=''),)
    """
    text = _text(data)
    sides = [text]
    remarks: list[Message] = []
    if _has_conflict(text):
        sides = list(dict.fromkeys(_side(text, is_upper=is_upper) for is_upper in (True, False)))
        remarks.append(
            msg(
                "the notebook was saved with a merge conflict (<<<<<<<, >>>>>>>); the upper side of each was read where "
                "it is whole: decide, and save it again"
            )
        )
    problems: list[UnreadableNotebookError] = []
    for side in sides:
        try:
            notebook = _loads(side)
            cells = tuple(_cells(notebook))
        except UnreadableNotebookError as problem:
            problems.append(problem)
            continue
        if any(_has_conflict(cell.text) for cell in cells):
            remarks.append(msg("a cell holds a saved merge conflict; its upper side was read"))
            cells = tuple(Cell(cell.kind, _side(cell.text, is_upper=True), cell.role) for cell in cells)
        return Document(cells, _student(notebook), tuple(remarks))
    raise problems[0]


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise UnreadableNotebookError(
            msg(
                "it has {size} MiB, more than the {mib} MiB of a notebook; clear its outputs and save it again",
                size=len(data) // 2**20,
                mib=MAX_BYTES // 2**20,
            )
        )
    for encoding in (json.detect_encoding(data), "gb18030"):
        try:
            text = data.decode(encoding).lstrip("\ufeff")
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableNotebookError(msg("it is no notebook: its bytes are not text"))
    start = text[:200].lstrip()
    if not start:
        raise UnreadableNotebookError(msg("it is empty; save the notebook and hand it in again"))
    if start.startswith("<") and not start.startswith(_BEGIN):
        raise UnreadableNotebookError(
            msg("it is a web page, not a notebook; download the notebook itself (File, Download, .ipynb)")
        )
    if text.count("{") + text.count("[") > MAX_BRACKETS:
        raise UnreadableNotebookError(msg("its outputs are too large; clear all outputs and save it again"))
    return text


def _loads(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, object_pairs_hook=_without_outputs)
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
        if is_cut and text.lstrip().startswith("{"):
            reason = msg("it ends in the middle, on line {line}; save it and hand it in again", line=error.lineno)
        else:
            reason = msg("it is no notebook: line {line} is damaged ({reason})", line=error.lineno, reason=error.msg)
        raise UnreadableNotebookError(reason) from None
    except (RecursionError, ValueError):
        raise UnreadableNotebookError(msg("it is no notebook: its JSON cannot be read")) from None
    if not isinstance(data, dict):
        raise UnreadableNotebookError(msg("it is no notebook: it holds no cells"))
    return data


def _without_outputs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: [] if key in _OUTPUTS else value for key, value in pairs}


def _cells(notebook: dict[str, Any]) -> Iterator[Cell]:
    found = notebook.get("cells")
    if not isinstance(found, list):  # versions 1 to 3 have sheets of cells
        sheets = notebook.get("worksheets")
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
        parts = [sheet.get("cells") for sheet in sheets]
        found = [cell for part in parts if isinstance(part, list) for cell in part]
        if not sheets:
            raise UnreadableNotebookError(msg("it is no notebook: it holds no cells"))
    left = MAX_TEXT_BYTES
    for number, cell in enumerate(found):
        one = _cell(cell if isinstance(cell, dict) else {})
        left -= len(one.text)
        if left < 0 or number >= MAX_CELLS:
            raise UnreadableNotebookError(
                msg(
                    "its cells hold more than {mib} MiB of text, or are more than {cells}",
                    mib=MAX_TEXT_BYTES // 2**20,
                    cells=MAX_CELLS,
                )
            )
        yield one


def _cell(cell: dict[str, Any]) -> Cell:
    """A cell of any version; one whose type is lost is known by its outputs, and else is text."""
    kind = cell.get("cell_type")
    text = _joined(cell.get("source", cell.get("input", "")))
    if kind in _CODE_KINDS or (kind not in (*_TEXT_KINDS, "raw") and {"outputs", "execution_count"} & cell.keys()):
        return Cell("code", text, _role(cell, is_code=True))
    if kind == "raw":
        return Cell("raw", text)
    if kind == "heading":
        level = cell.get("level")
        text = f"{'#' * (level if type(level) is int and 1 <= level <= 6 else 1)} {text}"
    return Cell("markdown", text, _role(cell, is_code=False))


def _joined(source: object) -> str:
    """The text of a cell, a string or a list of lines; line breaks are those of Python."""
    parts = source if isinstance(source, list) else [source]
    text = "".join(part for part in parts if isinstance(part, str))
    return re.sub(r"\r\n?", "\n", text).encode("utf-8", errors="replace").decode("utf-8")


def _role(cell: dict[str, Any], *, is_code: bool) -> str:
    """What nbgrader says: a locked cell is the teacher's, a graded one without a solution is a test."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(marks, dict) or marks.get("solution") is True or marks.get("locked") is not True:
        return ""
    return "test" if is_code and marks.get("grade") is True else "locked"


def _student(notebook: dict[str, Any]) -> str | None:
    metadata = notebook.get("metadata")
    own = metadata.get("grade") if isinstance(metadata, dict) else None
    student = own.get("student") if isinstance(own, dict) else None
    is_id = isinstance(student, str) and 0 < len(student) <= MAX_STUDENT_CHARACTERS and student.isprintable()
    return student if is_id else None


def _has_conflict(text: str) -> bool:
    positions = [re.search(rf"^{re.escape(mark)}", text, re.MULTILINE) for mark in (_BEGIN, _MIDDLE, _END)]
    return all(positions)


def _side(text: str, *, is_upper: bool) -> str:
    """One side of every conflict; the lines of the other side and the marks become empty, so that lines keep their number."""
    lines = text.split("\n")
    place = ""
    for number, line in enumerate(lines):
        if line.startswith(_BEGIN):
            place = "upper"
        elif place and line.startswith(_BASE):
            place = "base"
        elif place and line.rstrip("\r") == _MIDDLE:
            place = "lower"
        elif place and line.startswith(_END):
            place = ""
        elif not place or place == ("upper" if is_upper else "lower"):
            continue
        lines[number] = ""
    return "\n".join(lines)
