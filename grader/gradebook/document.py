"""The gradebook as JSON for programs; docs/gradebook.md describes it."""

from __future__ import annotations

from typing import Any

from grader.gradebook.table import Cell, Review, Row, Table


def document(table: Table) -> dict[str, Any]:
    """The table as JSON data; what is missing is null, what is open stands apart from what is earned."""
    return {
        "format": 1,
        "exercises": [{"exercise": name, "possible": table.possible(name)} for name in table.exercises],
        "possible": table.total,
        "students": [_row(row) for row in table],
        "remarks": [remark.to_json() for remark in table.remarks],
    }


def _row(row: Row) -> dict[str, Any]:
    submission = row.submission
    received = submission.received_at if submission else None
    return {
        "id": row.person.id,
        "name": row.person.name,
        "email": row.person.email,
        "submission": None
        if submission is None
        else {
            "digest": submission.digest,
            "name": submission.name,
            "received_at": received.isoformat() if received else None,
        },
        "submissions": row.submissions,
        "points": row.points.to_json() if row.is_graded else None,
        "exercises": {name: _cell(cell) for name, cell in row.cells.items()},
        "problems": [problem.to_json() for problem in row.problems],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "version": cell.version,
        "earlier": cell.is_earlier,
        "points": cell.points.to_json(),
        "automatic": cell.automatic.to_json(),
        "checks": {mark.check: {"verdict": mark.verdict.value, "possible": mark.possible} for mark in cell.marks},
        "reviews": [_review(review) for review in cell.reviews],
    }


def _review(review: Review) -> dict[str, Any]:
    return {
        "checks": list(review.checks),
        "points": review.points,
        "comment": review.comment,
        "by": review.by,
        "at": review.at.isoformat(),
    }
