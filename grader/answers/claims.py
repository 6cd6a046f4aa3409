"""A table of claims with an answer in every row, or a list of lines `name: answer`.

| question              | your answer            |
|-----------------------|------------------------|
| which one keeps fc6   | DeconvNet              |
| 上采样 unpooling      | 两者都用最大值的位置   |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from grader.answers.choice import parse_choice
from grader.answers.heading import rank
from grader.answers.sheet import is_placeholder
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.answers.table import Cell, is_table_line, lines_of, read_table
from grader.message import Message, msg

__all__ = ["MAX_ROWS", "parse_choice", "parse_claims"]

MAX_ROWS = 200

ACCEPTED_CLAIMS = msg("a table with a question and an answer in every row: | question | answer |")

_ANSWER_COLUMN = re.compile(r"answer|答案|回答|作答|填写|your", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:[-*+]|[0-9]{1,2}[.)])?\s*([^:=|\n]{1,120}?)\s*[:=]\s*(.*\S)?\s*")


def parse_claims(text: str, rows: Mapping[str, Sequence[str]]) -> Parsed[dict[str, str]] | Unreadable:
    r"""Read the answers of a table by the keys or names of its rows; rows left empty are left out.

    A list of lines `name: answer` is read as well.

    Example:
        >>> parse_claims("| row | answer |\n|---|---|\n| FC6 layer | kept |\n| pool | |", {"fc6": ("fc6",)}).value
        {'fc6': 'kept'}
    """
    return read_with(lambda source: _parse_claims(source, rows), text, ACCEPTED_CLAIMS)


def _parse_claims(source: Source, rows: Mapping[str, Sequence[str]]) -> Parsed[dict[str, str]]:
    lines = lines_of(source.text)
    tabular = [line for line in lines if is_table_line(line.text)]
    pairs = _table_pairs(tabular) if tabular else _list_pairs(lines)
    if not pairs:
        raise RefusedError(0, msg("there is no table here"))
    if len(pairs) > MAX_ROWS:
        raise RefusedError(pairs[MAX_ROWS][1].offset, msg("at most {limit} rows are read", limit=MAX_ROWS))
    found: dict[str, str] = {}
    remarks: list[Message] = []
    for names, answer in pairs:
        written = _original(source, answer)
        if is_placeholder(written):
            continue
        key = _row_key(names, rows)
        if key is None:
            remarks.append(msg("no row is called `{name}`; it was not read", name=names[0].text[:60] if names else ""))
        elif found.setdefault(key, written) != written:
            raise RefusedError(answer.offset, msg("the row `{key}` has two answers; keep one", key=key))
    understood = "; ".join(f"{key}: {found[key]}" for key in rows if key in found)
    return Parsed(found, understood, tuple(remarks))


def _table_pairs(lines: Sequence[Cell]) -> list[tuple[Sequence[Cell], Cell]]:
    """Names and answer of every row; the answer stands in the column called so, or in the last one."""
    table = read_table(list(lines))
    rows = list(table.rows)
    column = -1
    if table.has_header and rows:
        header = rows.pop(0)
        called = [index for index, cell in enumerate(header) if _ANSWER_COLUMN.search(cell.text)]
        column = called[-1] if called else len(header) - 1
    pairs: list[tuple[Sequence[Cell], Cell]] = []
    for row in rows:
        index = column if column >= 0 else max(1, len(row) - 1)
        answer = row[index] if index < len(row) else Cell(row[-1].end if row else 0, "")
        pairs.append(([cell for cell in row if cell is not answer], answer))
    return pairs


def _list_pairs(lines: Sequence[Cell]) -> list[tuple[Sequence[Cell], Cell]]:
    pairs: list[tuple[Sequence[Cell], Cell]] = []
    for line in lines:
        if found := _LISTED.fullmatch(line.text[:2000]):
            name = Cell(line.offset + found.start(1), found[1])
            start = found.start(2) if found[2] else len(line.text)
            pairs.append(([name], Cell(line.offset + start, found[2] or "")))
    return pairs


def _row_key(names: Sequence[Cell], rows: Mapping[str, Sequence[str]]) -> str | None:
    """Find the row whose names fit best; a tie is nobody's."""
    ranks = {
        key: max((rank(cell.text, [key, *aliases]) for cell in names), default=(0, 0)) for key, aliases in rows.items()
    }
    best = max(ranks.values(), default=(0, 0))
    keys = [key for key, found in ranks.items() if found == best]
    return keys[0] if best[0] and len(keys) == 1 else None


def _original(source: Source, cell: Cell) -> str:
    return source.original[source.origin[cell.offset] : source.origin[cell.end]].strip()
