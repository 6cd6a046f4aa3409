"""Our own table as CSV and as an Excel workbook: the same columns, text apart from numbers.

For each exercise and for the total: the mark (empty while anything of it is open), what is earned, what is open.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from grader.gradebook.book import Gradebook
from grader.gradebook.delimited import no_formula, write
from grader.gradebook.export.order import Export, Order, final
from grader.gradebook.table import Row, Table
from grader.message import Message
from grader.model import Points
from grader.report.layout import visible

Value = str | int | None


def csv(book: Gradebook, order: Order) -> Export:
    """The table as CSV."""
    table = book.table()
    rows = [[_text(value) for value in row] for row in _values(table, order)]
    return Export(write(rows), _left_out(table))


def xlsx(book: Gradebook, order: Order) -> Export:
    """The table as an Excel workbook, in which a text is never a formula."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    table = book.table()
    workbook = Workbook()
    page = workbook.active
    page.title = "Marks"
    for line, row in enumerate(_values(table, order), 1):
        for column, value in enumerate(row, 1):
            if value is None:
                continue
            cell = page.cell(line, column, visible(value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.quotePrefix = value != no_formula(value)
            if line == 1:
                cell.font = Font(bold=True)
    page.freeze_panes = "C2"
    page.auto_filter.ref = page.dimensions
    stream = io.BytesIO()
    workbook.save(stream)
    return Export(stream.getvalue(), _left_out(table))


def _text(value: Value) -> str:
    if value is None:
        return ""
    return no_formula(value) if isinstance(value, str) else str(value)


def _values(table: Table, order: Order) -> Iterator[list[Value]]:
    names = [*table.exercises, "total"]
    yield [
        *("id", "name", "email", "submission", "received_at"),
        *(title for name in names for title in (name, f"{name} earned", f"{name} open")),
        *("possible", "problems"),
    ]
    for row in table:
        submission = row.submission
        received = submission.received_at.isoformat() if submission and submission.received_at else None
        yield [
            *(row.person.id, row.person.name, row.person.email),
            *(submission.name if submission else None, received),
            *(value for name in table.exercises for value in _marks(table, row, name)),
            *_marks(table, row, None),
            *(table.total, "; ".join(order.say(problem) for problem in row.problems) or None),
        ]


def _marks(table: Table, row: Row, exercise: str | None) -> list[Value]:
    mark = final(table, row, exercise)
    cell = row.cells.get(exercise) if exercise is not None else None
    points = row.points if exercise is None and row.is_graded else cell.points if cell else None
    return [
        mark.earned if isinstance(mark, Points) else None,
        points.earned if points else None,
        points.pending if points else None,
    ]


def _left_out(table: Table) -> tuple[Message, ...]:
    marks = (final(table, row, None) for row in table)
    return tuple(mark for mark in marks if isinstance(mark, Message))
