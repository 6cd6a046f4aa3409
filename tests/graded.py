"""The samples of examples/, each graded once in a test session, whichever worker asks first; and their golden reports.

Golden reports are what a student and a program read, byte for byte.  What a place decides is made alike first: the
isolation that works there, and the digest of the files, which changes with every word of a prompt.
"""

from __future__ import annotations

import difflib
import fcntl
import json
from dataclasses import replace
from pathlib import Path

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission
from grader.model import Report
from grader.report.json import document, dumps
from grader.report.terminal import text
from grader.sandbox.isolation import BUBBLEWRAP
from grader.sandbox.warm import WarmLauncher

TESTS = Path(__file__).parent
EXAMPLES = TESTS.parent / "examples"
GOLDEN = TESTS / "golden"
NAMES = ("perfect", "typical", "empty", "cheating")
WIDTH = 100
MOST_LINES = 120
RENEW = "--renew-golden"


def report_of(name: str, folder: Path) -> Report:
    """The report of a sample, kept in a folder that all workers of the session share."""
    kept = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with WarmLauncher() as walls:
                report = grade(read_submission(EXAMPLES / name), load_course(), walls=walls)
            kept.write_text(json.dumps(report.to_json()), encoding="utf-8")
    return Report.from_json(json.loads(kept.read_text(encoding="utf-8")))


def renderings(report: Report) -> dict[str, str]:
    """What is golden of a report: its text without colour and its JSON, by the suffix of the file."""
    parts = (replace(part, isolation=part.isolation and BUBBLEWRAP) for part in report.exercises)
    alike = replace(report, exercises=tuple(parts), isolation=BUBBLEWRAP, submission="0" * 64)
    return {"txt": text(alike, width=WIDTH), "json": dumps(document(alike))}


def golden_difference(name: str, now: str) -> str:
    """The lines in which a rendering differs from tests/golden/NAME, as a diff; empty where it does not."""
    path = GOLDEN / name
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = list(difflib.unified_diff(kept.splitlines(), now.splitlines(), f"golden/{name}", "now", n=2, lineterm=""))
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} lines more"]
    return "\n".join(lines)
