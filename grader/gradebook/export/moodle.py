"""Moodle: the assignment's grading worksheet, filled in; or a CSV for the import of its gradebook.

The worksheet is the teacher's own download, because Moodle finds its columns by titles in the language of the site.
Only the grade and, where it is empty, the feedback are written.  The CSV for the gradebook holds those alone who
have a mark: there an empty grade can delete one.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.errors import GraderError
from grader.gradebook.book import Gradebook
from grader.gradebook.delimited import Delimited, no_formula, write
from grader.gradebook.export.order import Export, Order, converter, final, index, place, summary, worth
from grader.message import Message, msg

# Titles in English and Chinese; the grade stands before the maximum grade in every language.
TITLES = {
    "identifier": ("identifier", "标识符"),
    "name": ("full name", "全名", "姓名"),
    "email": ("email address", "电子邮件地址", "邮箱地址"),
    "number": ("id number", "学号", "id号码"),
    "login": ("username", "用户名"),
    "maximum": ("maximum grade", "最高分"),
    "changeable": ("grade can be changed", "允许更改成绩"),
    "feedback": ("feedback comments", "反馈评论"),
}
REFUSALS = ("no", "否")
ITEM = "Homework"


def export(book: Gradebook, order: Order) -> Export:
    """Fill in the teacher's worksheet, or write a CSV for the gradebook.

    Raises:
        GraderError: The template is no grading worksheet, or its maximum is another.
    """
    return _gradebook(book, order) if order.template is None else _worksheet(book, order, *order.template)


def _gradebook(book: Gradebook, order: Order) -> Export:
    table = book.table()
    worth(table, order.exercise)
    item = order.column or order.exercise or ITEM
    rows = [("idnumber", "email", item, f"{item} feedback")]
    left_out = []
    for row in table:
        mark = final(table, row, order.exercise)
        if isinstance(mark, Message):
            left_out.append(mark)
        else:
            feedback = no_formula(summary(row, order.exercise))
            rows.append((row.person.id, row.person.email, str(mark.earned), feedback))
    return Export(write(rows), tuple(left_out))


def _worksheet(book: Gradebook, order: Order, name: str, sheet: Delimited) -> Export:
    table = book.table()
    rows = sheet.rows
    columns = _columns(name, rows[0])
    maximum, grade = columns["maximum"], columns["maximum"] - 1
    lines = [number for number, row in enumerate(rows) if number and len(row) > maximum]
    if not lines:
        raise GraderError(msg("{file}: the worksheet holds no students", file=name))
    marks = converter(name, rows[lines[0]][maximum], worth(table, order.exercise), scaled=order.scaled)
    keys = [index(rows, columns.get(key), lines) for key in ("identifier", "number", "login", "email")]
    places = place([row.person for row in table], keys)

    filled = [list(row) for row in rows]
    for number in lines:
        if "name" in columns:
            filled[number][columns["name"]] = no_formula(filled[number][columns["name"]])
    left_out: list[Message] = []
    for row in table:
        mark, line = final(table, row, order.exercise), places[row.person.id]
        if isinstance(mark, Message) or isinstance(line, Message):
            left_out += [part for part in (mark, line) if isinstance(part, Message)][:1]
        elif "changeable" in columns and rows[line][columns["changeable"]].strip().casefold() in REFUSALS:
            left_out.append(msg("{student}: Moodle lets nobody change this grade", student=row.person.id))
        else:
            filled[line][grade] = marks.text(mark.earned)
            feedback = columns.get("feedback")
            if feedback is not None and feedback < len(filled[line]) and not filled[line][feedback].strip():
                filled[line][feedback] = no_formula(summary(row, order.exercise))
    content = Delimited(tuple(map(tuple, filled)), sheet.delimiter, sheet.has_mark).to_bytes()
    return Export(content, tuple(left_out))


def _columns(name: str, header: Sequence[str]) -> dict[str, int]:
    """The columns of the worksheet by what they are."""
    titles = [title.strip().casefold() for title in header]
    found = {kind: titles.index(title) for kind, known in TITLES.items() for title in known if title in titles}
    if "identifier" not in found or not found.get("maximum"):
        raise GraderError(
            msg(
                "{file}: expected the grading worksheet that Moodle offers for download, with the columns "
                "{columns}, got {got}",
                file=name,
                columns="Identifier, Grade, Maximum Grade",
                got=", ".join(header[:6]),
            )
        )
    return found
