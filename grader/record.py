"""The local record: one line of JSON for each submitted report, in the user's data folder.

    reports.jsonl     {"format": 1, "time": "2026-11-24T09:30:00+08:00", "path": "...", "report": {...}}

A line is written under a lock, in one piece, and is on the disk before `append`
returns.  A line that a power cut left half-written stays where it is: the next
one begins on a new line, and whoever reads leaves it out and says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.errors import GraderError, RecordError
from grader.message import msg
from grader.model import Report

RECORD_FORMAT = 1
RECORD_FILE = "reports.jsonl"
HOME_VARIABLE = "GRADE_HOME"


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded report: the number of its line, when and from which path it was submitted."""

    number: int
    time: str
    path: str
    report: Report


@dataclass(frozen=True, slots=True)
class Entries:
    """Recorded reports, the oldest first, and the numbers of lines that cannot be read or are of a newer version."""

    found: tuple[Entry, ...]
    damaged: tuple[int, ...]
    newer: tuple[int, ...] = ()


def data_folder() -> Path:
    """Where the record and the staff log are kept: $GRADE_HOME, else the user's application folder."""
    import click

    return Path(os.environ.get(HOME_VARIABLE) or click.get_app_dir("grade"))


def append(folder: Path, report: Report, path: str, time: datetime) -> Entry:
    """Add a report to the record; what is there stays as it is.

    Raises:
        RecordError: The record cannot be written; then nothing of this report is left in it.
    """
    data = {
        "format": RECORD_FORMAT,
        "time": time.isoformat(timespec="seconds"),
        "path": path,
        "report": report.to_json(),
    }
    line = json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
    file = folder / RECORD_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as descriptor:
            number = _append_line(descriptor, line)
        _sync_folder(folder)
    except OSError as error:
        raise RecordError(
            msg(
                "{file}: the record cannot be written: {error}; set {variable} to a folder that can",
                file=str(file),
                error=error.strerror or str(error),
                variable=HOME_VARIABLE,
            )
        ) from None
    return Entry(number, str(data["time"]), path, report)


def entries(folder: Path, last: int | None = None) -> Entries:
    """The recorded reports, or the last ones.

    Raises:
        RecordError: The record is there and cannot be read.
    """
    lines = _lines(folder / RECORD_FILE)
    found: list[Entry] = []
    damaged: list[int] = []
    newer: list[int] = []
    for number in range(len(lines), 0, -1):
        if last is not None and len(found) == last:
            break
        entry = _read(number, lines[number - 1])
        if entry is not None:
            found.append(entry)
        elif _format(lines[number - 1]) > RECORD_FORMAT:
            newer.append(number)
        elif lines[number - 1].strip():
            damaged.append(number)
    return Entries(tuple(reversed(found)), tuple(reversed(damaged)), tuple(reversed(newer)))


def entry(folder: Path, number: int) -> Entry:
    """One recorded report, by its number.

    Raises:
        GraderError: There is none with this number.
        RecordError: It is damaged or of a newer version, or the record cannot be read.
    """
    lines = _lines(folder / RECORD_FILE)
    if not 1 <= number <= len(lines):
        raise GraderError(
            msg("the record holds no report number {number}; it has {count}", number=number, count=len(lines))
        )
    found = _read(number, lines[number - 1])
    if found is None and _format(lines[number - 1]) > RECORD_FORMAT:
        raise RecordError(
            msg(
                "report number {number} was written by a newer version of grade; install that version to read it",
                number=number,
            )
        )
    if found is None:
        raise RecordError(msg("report number {number} of the record is damaged and cannot be read", number=number))
    return found


def _append_line(descriptor: int, line: bytes) -> int:
    """Write a line at the end, all of it or nothing; its number, counted from 1."""
    size = os.fstat(descriptor).st_size
    lines = _count_lines(descriptor, size)
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
        lines += 1
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
    return lines + 1


def _count_lines(descriptor: int, size: int) -> int:
    return sum(os.pread(descriptor, 2**20, start).count(b"\n") for start in range(0, size, 2**20))


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable too, where folders can be synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(file: Path, flags: int, kind: int) -> Iterator[int]:
    descriptor = os.open(file, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        os.close(descriptor)  # which gives the lock back


def _lines(file: Path) -> list[bytes]:
    try:
        with _locked(file, os.O_RDONLY, fcntl.LOCK_SH) as descriptor, os.fdopen(os.dup(descriptor), "rb") as stream:
            lines = stream.read().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(
            msg("{file}: the record cannot be read: {error}", file=str(file), error=error.strerror or str(error))
        ) from None
    return lines if lines[-1] else lines[:-1]


def _format(line: bytes) -> int:
    """The format that a line says it has; 0 where it says none."""
    try:
        said = json.loads(line)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return said if type(said) is int else 0


def _read(number: int, line: bytes) -> Entry | None:
    try:
        data: dict[str, Any] = json.loads(line)
        if data["format"] != RECORD_FORMAT:
            return None
        return Entry(number, str(data["time"]), str(data["path"]), Report.from_json(data["report"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
