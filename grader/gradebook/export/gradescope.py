"""Gradescope: a results.json for each student, as an autograder leaves it.

What is open has neither score nor status; the score of the whole is what is earned so far, and says so.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

from grader.errors import GraderError
from grader.gradebook.book import Gradebook
from grader.gradebook.export.item import Item, items
from grader.gradebook.export.order import Export, Order
from grader.gradebook.table import Row
from grader.message import Message, msg
from grader.model import Report
from grader.report.layout import visible

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same gradebook gives the same zip


def export(book: Gradebook, order: Order) -> Export:
    """A zip with STUDENT/results.json; one student's results.json where one is asked for.

    Raises:
        GraderError: The student that is asked for was not graded.
    """
    found: dict[str, bytes] = {}
    left_out: list[Message] = []
    for row in book.table():
        if order.student not in (None, row.person.id):
            continue
        report = book.report(row.person.id)
        if report is None:
            left_out.append(msg("{student}: was not graded, so there is no result", student=row.person.id))
        else:
            text = json.dumps(results(row, report, order), ensure_ascii=False, indent=2)
            found[row.person.id] = text.encode("utf-8", "backslashreplace") + b"\n"
    if order.student is not None:
        if order.student not in found:
            raise GraderError(msg("{student}: was not graded, so there is no result", student=order.student))
        return Export(found[order.student])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, content in found.items():
            archive.writestr(zipfile.ZipInfo(f"{_folder(student)}/results.json", EPOCH), content)
    return Export(stream.getvalue(), tuple(left_out))


def results(row: Row, report: Report, order: Order) -> dict[str, Any]:
    """The content of one results.json."""
    tests = [
        _test(f"{place}.{number}", part.exercise, item)
        for place, part in enumerate(report.exercises, 1)
        for number, item in enumerate(items(part, row.cells[part.exercise], order), 1)
    ]
    data: dict[str, Any] = {"score": float(row.points.earned), "output_format": "text", "test_output_format": "text"}
    data |= {"test_name_format": "text", "tests": tests, "extra_data": {"report": report.digest}}
    if row.points.pending:
        still_open = msg("{count} points are still open; the score holds what is earned", count=row.points.pending)
        data["output"] = order.say(still_open)
    return data


def _test(number: str, exercise: str, item: Item) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": visible(f"{exercise}: {item.sentence} ({item.name})"),
        "number": number,
        "output": visible(item.text),
        "tags": [exercise],
        "extra_data": {"verdict": item.verdict.value if item.verdict else "by hand"},
    }
    if not item.points.pending:
        test |= {
            "score": float(item.points.earned),
            "max_score": float(item.points.possible),
            "status": "passed" if item.is_passed else "failed",
        }
    return test


def _folder(student: str) -> str:
    """A student's id as the name of a folder, which leads nowhere else."""
    name = quote(student, safe=" ")
    return name.replace(".", "%2E") if not name.strip(".") else name
