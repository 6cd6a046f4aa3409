"""The gradebook beside what was intended: each difference in a sentence, none when all is right."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.gradebook import Gradebook
from grader.gradebook.table import Cell, Row
from grader.model import Verdict

UNBLAMED = (Verdict.PASS, Verdict.SKIPPED, Verdict.NEEDS_REVIEW)


def check(folder: Path, book: Path | str, summary: Path | None = None) -> list[str]:
    """Where a gradebook differs from DIR/intended.json.

    Args:
        summary: What `grade batch --json` printed: it must name whose submission is nobody's, and who is missing.
    """
    intended = json.loads((folder / "intended.json").read_text(encoding="utf-8"))
    people: dict[str, dict[str, Any]] = intended["people"]
    with Gradebook.open(book, create=False) as opened:
        rows = {row.person.id: row for row in opened.table()}
    problems = []
    if rows.keys() != people.keys():
        problems.append(f"people: expected {len(people)}, got {len(rows)}: {sorted(rows.keys() ^ people.keys())}")
    for key, wanted in people.items():
        if key in rows:
            problems += [f"{key} {problem}" for problem in _of_person(wanted, rows[key])]
    return problems + ([] if summary is None else list(_of_summary(intended, summary)))


def _of_person(wanted: dict[str, Any], row: Row) -> Iterator[str]:
    if row.person.name != wanted["name"]:
        yield f"expected the name {wanted['name']}, got {row.person.name}"
    if row.submissions != wanted["submissions"]:
        yield f"expected {wanted['submissions']} submissions, got {row.submissions}"
    said = "; ".join(map(str, row.problems))
    exercises: dict[str, Any] = wanted.get("exercises", {})
    if not exercises:
        if row.is_graded:
            yield f"expected no mark, got {sorted(row.cells)}"
        if wanted.get("reason", "") not in said or ("reason" in wanted) != bool(row.problems):
            yield f"expected a reason with `{wanted.get('reason')}`, got `{said}`"
        return
    if row.cells.keys() != exercises.keys():
        yield f"expected marks in {sorted(exercises)}, got {sorted(row.cells)}; {said}"
    for exercise, promised in exercises.items():
        if exercise in row.cells:
            yield from (f"{exercise}: {problem}" for problem in _of_cell(promised, row.cells[exercise]))


def _of_cell(promised: dict[str, Any], cell: Cell) -> Iterator[str]:
    points = cell.automatic
    if (points.earned, points.pending) != (promised["earned"], promised["pending"]):
        yield (
            f"expected {promised['earned']} points and {promised['pending']} open, got {points.earned} and "
            f"{points.pending}: {_shown(cell)}"
        )
    if "fails" in promised:
        got = sorted(mark.check for mark in cell.marks if mark.verdict not in UNBLAMED)
        if got != promised["fails"]:
            yield f"expected {promised['fails']} to fail, got {_shown(cell)}"
        return
    allowed = {*promised["verdicts"], Verdict.SKIPPED.value}
    for mark in cell.marks:
        if mark.check in promised["nothing"] and mark.verdict.value not in allowed:
            yield f"expected {mark.check} to end with {' or '.join(sorted(allowed))}, got {mark.verdict.value}"


def _of_summary(intended: dict[str, Any], summary: Path) -> Iterator[str]:
    said = json.loads(summary.read_text(encoding="utf-8"))
    nobodys = [row["submission"].rsplit("/", 1)[-1] for row in said["unmatched"]]
    if sorted(nobodys) != sorted(intended["strangers"]):
        yield f"nobody's: expected {sorted(intended['strangers'])}, got {sorted(nobodys)}"
    absent = sorted(key for key, wanted in intended["people"].items() if wanted["submissions"] == 0)
    if sorted(said["missing"]) != absent:
        yield f"nothing handed in: expected {absent}, got {sorted(said['missing'])}"


def _shown(cell: Cell) -> str:
    return ", ".join(f"{mark.check} {mark.verdict.value}" for mark in cell.marks if mark.verdict is not Verdict.PASS)
