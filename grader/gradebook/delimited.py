"""Files of delimited text (CSV): read in any encoding and with any delimiter that spreadsheets write, written as RFC 4180.

Text that another program would take for a formula gets an apostrophe in front, as spreadsheets do; keys by which
a row is found again, and numbers, never do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.answers.encoding import decode
from grader.answers.source import Unreadable
from grader.errors import GraderError
from grader.message import msg

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MARK = "\N{BYTE ORDER MARK}"


@dataclass(frozen=True, slots=True)
class Delimited:
    """The rows of a file, the header first, and how it was written."""

    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    has_mark: bool = False

    def to_bytes(self) -> bytes:
        """The file, written in the same way, as UTF-8."""
        return write(self.rows, delimiter=self.delimiter, has_mark=self.has_mark)


def read(name: str, content: bytes) -> Delimited:
    """Read a file.

    Raises:
        GraderError: It is no text, or no line of it holds anything.
    """
    found = decode(content)
    if isinstance(found, Unreadable):
        raise GraderError(msg("{file}: {reason}", file=name, reason=found.message))
    text = found.value.removeprefix(MARK)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = tuple(tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise GraderError(msg("{file}: not a table: {error}", file=name, error=str(error))) from None
    if not any(any(cell.strip() for cell in row) for row in rows):
        raise GraderError(msg("{file}: expected a table with a header, got an empty file", file=name))
    return Delimited(rows, delimiter, content.startswith(b"\xef\xbb\xbf"))


def write(rows: Iterable[Sequence[str]], *, delimiter: str = ",", has_mark: bool = False) -> bytes:
    """A file as UTF-8, each line ended by CRLF."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    text = stream.getvalue().encode("utf-8", "backslashreplace")
    return (MARK.encode() if has_mark else b"") + text


def no_formula(text: str) -> str:
    """Text that no spreadsheet computes.

    Example:
        >>> no_formula("=1+1"), no_formula("Wang")
        ("'=1+1", 'Wang')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
