"""The gradebook in the formats that other programs read; what has no mark is left empty or out, and said.

    csv, xlsx    our own table, with earned and open points beside each mark
    canvas       the CSV that a teacher exported from Canvas, one assignment filled in
    moodle       the grading worksheet that a teacher downloaded, filled in; without one, a CSV for the gradebook
    gradescope   a results.json for each student, in a zip
    junit        JUnit XML, a test suite for a student and exercise
    json         everything

A mark is a number only when nothing of it is open: neither what is missing nor what waits for a human is a zero.
"""

from __future__ import annotations

from collections.abc import Callable

from grader.gradebook.book import Gradebook
from grader.gradebook.export import canvas, gradescope, json, junit, moodle, sheet
from grader.gradebook.export.order import Export, Order

EXPORTS: dict[str, Callable[[Gradebook, Order], Export]] = {
    "csv": sheet.csv,
    "xlsx": sheet.xlsx,
    "canvas": canvas.export,
    "moodle": moodle.export,
    "gradescope": gradescope.export,
    "junit": junit.export,
    "json": json.export,
}

__all__ = ["EXPORTS", "Export", "Order"]
