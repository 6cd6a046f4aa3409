"""JUnit XML, as continuous integration reads it: a suite for a student and exercise, a case for a check.

Points stand in properties of the suite.  What is open, missing or skipped is a skipped case: it neither passed nor
failed.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from grader.gradebook.book import Gradebook
from grader.gradebook.export.item import Item, items
from grader.gradebook.export.order import Export, Order
from grader.gradebook.table import Cell, Row
from grader.message import Message, msg
from grader.model import ExerciseReport, Verdict

ERRORS = frozenset({Verdict.ERROR, Verdict.TIMEOUT, Verdict.MEMORY})
SKIPPED = frozenset({Verdict.MISSING, Verdict.SKIPPED})
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


def export(book: Gradebook, order: Order) -> Export:
    """All reports, or one student's, as one document."""
    root = ET.Element("testsuites", name="grade")
    left_out: list[Message] = []
    for row in book.table():
        if order.student not in (None, row.person.id):
            continue
        report = book.report(row.person.id)
        if report is None:
            left_out.append(msg("{student}: was not graded, so there is no result", student=row.person.id))
            continue
        for part in report.exercises:
            root.append(_suite(row, part, row.cells[part.exercise], order))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    return Export(ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n", tuple(left_out))


def _suite(row: Row, part: ExerciseReport, cell: Cell, order: Order) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(f"{row.person.id} {part.exercise}"), package=_text(part.exercise))
    properties = ET.SubElement(suite, "properties")
    facts = {
        "student": row.person.id,
        "points": cell.points.earned,
        "open_points": cell.points.pending,
        "max_points": cell.points.possible,
        "version": part.version,
    }
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=_text(str(value)))
    cases = [_case(part.exercise, item) for item in items(part, cell, order)]
    suite.extend(cases)
    for count, kind in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(cases) if kind is None else sum(case.find(kind) is not None for case in cases)))
    return suite


def _case(exercise: str, item: Item) -> ET.Element:
    case = ET.Element("testcase", classname=_text(exercise), name=_text(item.name))
    said = _text(item.text)
    if item.points.pending or item.verdict in SKIPPED:
        ET.SubElement(case, "skipped").text = said or _text(item.sentence)
    elif item.is_passed:
        if said:
            ET.SubElement(case, "system-out").text = said
    else:
        kind = "by hand" if item.verdict is None else item.verdict.value
        tag = "error" if item.verdict in ERRORS else "failure"
        ET.SubElement(case, tag, type=kind, message=_text(item.sentence)).text = said
    return case


def _text(text: str) -> str:
    """Text that XML can hold; other characters stand as their numbers."""
    return FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
