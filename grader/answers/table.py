"""Markdown tables, with the place of every cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a text and where it starts."""

    offset: int
    text: str

    @property
    def end(self) -> int:
        """Where the piece ends."""
        return self.offset + len(self.text)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table; with `has_header` the first one names the columns."""

    rows: tuple[tuple[Cell, ...], ...]
    has_header: bool


def lines_of(text: str, start: int = 0, end: int | None = None) -> list[Cell]:
    """Split a span into the lines that are not blank."""
    lines, offset = [], start
    for line in text[start:end].split("\n"):
        if line.strip():
            lines.append(Cell(offset, line))
        offset += len(line) + 1
    return lines


def is_table_line(line: str) -> bool:
    """Whether a line is a row or a rule of a table."""
    return bool(_BAR.search(line)) or (set(line.strip()) <= set("+-=:") and "--" in line and "+" in line)


def read_table(lines: list[Cell]) -> Table:
    """Read the lines of one table; rules like `|---|---|` and `+---+` separate but are no rows."""
    rows: list[tuple[Cell, ...]] = []
    has_header = is_grid = False
    for line in lines:
        if _is_rule(line.text):
            is_grid = is_grid or not rows  # a frame drawn around all rows says nothing of a header
            has_header = has_header or (len(rows) == 1 and not is_grid)
        else:
            rows.append(_cells(line))
    return Table(tuple(rows), has_header)


def _is_rule(line: str) -> bool:
    return set(line) <= set("|+-:= \t") and not set(line).isdisjoint("-=")


def _cells(line: Cell) -> tuple[Cell, ...]:
    start, cells = 0, []
    for bar in _BAR.finditer(line.text):
        cells.append((start, bar.start()))
        start = bar.end()
    cells.append((start, len(line.text)))
    # The outer bars stand for no cell.
    if not line.text[slice(*cells[0])].strip():
        cells = cells[1:]
    if cells and not line.text[slice(*cells[-1])].strip():
        cells = cells[:-1]
    return tuple(_stripped(Cell(line.offset + low, line.text[low:high])) for low, high in cells)


def _stripped(cell: Cell) -> Cell:
    left = len(cell.text) - len(cell.text.lstrip()) if cell.text.strip() else 0
    return Cell(cell.offset + left, cell.text.strip())
