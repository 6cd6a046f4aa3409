"""Marks by hand: a human gives the points of some checks, and they stay whatever a later grading says.

A mark by hand covers checks by name.  It holds for the content that was read: another submission of the same
student asks for another look, and a changed exercise whose checks it no longer fits leaves their points open.
Nothing of this is silent: what is not counted is a problem in the student's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.errors import GraderError
from grader.gradebook.delimited import Delimited, no_formula, write
from grader.gradebook.table import Cell, CheckMark, Review, Table
from grader.message import Message, msg
from grader.model import Points

SHEET_COLUMNS = ("student", "exercise", "checks", "points", "comment", "by", "possible", "name", "submission")
WHOLE = "*"  # in the column of checks: the exercise as a whole


def cell(
    exercise: str, version: int, key: str, marks: Sequence[CheckMark], digest: str, reviews: Sequence[Review]
) -> Cell:
    """What counts in an exercise.

    Args:
        marks: What the checks gave.
        digest: The content that they were given for.
        reviews: All marks by hand for this person and exercise, the oldest first.
    """
    worth = {mark.check: mark.possible for mark in marks}
    counted: list[Review] = []
    problems: list[Message] = []
    reopened: set[str] = set()
    for review in _latest(reviews):
        problem = _misfit(review, worth, digest)
        if problem is None:
            counted.append(review)
            continue
        problems.append(problem)
        if review.digest == digest:
            reopened |= set(review.checks)
    by_hand = {check for review in counted for check in review.checks}
    automatic = Points.total(
        Points(0, mark.possible, mark.possible) if mark.check in reopened else mark.points
        for mark in marks
        if mark.check not in by_hand
    )
    points = Points(automatic.earned + sum(review.points for review in counted), automatic.pending, sum(worth.values()))
    return Cell(
        exercise,
        version,
        key,
        tuple(marks),
        points,
        tuple(reviews),
        tuple(counted),
        frozenset(reopened - by_hand),
        tuple(problems),
    )


def _latest(reviews: Sequence[Review]) -> list[Review]:
    """The marks that no later one replaces; a later one replaces all that share a check with it."""
    kept: list[Review] = []
    for review in reviews:
        kept = [other for other in kept if not set(other.checks) & set(review.checks)]
        kept.append(review)
    return kept


def _misfit(review: Review, worth: dict[str, int], digest: str) -> Message | None:
    """Why a mark by hand does not count any more."""
    if review.digest != digest:
        return msg(
            "{exercise}: the {points} points by hand of {by} were given to another submission; look at this one",
            exercise=review.exercise,
            points=review.points,
            by=review.by,
        )
    gone = [check for check in review.checks if check not in worth]
    room = sum(worth.get(check, 0) for check in review.checks)
    if gone or review.points > room:
        return msg(
            "{exercise}: the {points} points by hand of {by} no longer fit the exercise, where {checks} are worth "
            "{room}; give them again",
            exercise=review.exercise,
            points=review.points,
            by=review.by,
            checks=", ".join(review.checks),
            room=room,
        )
    return None


@dataclass(frozen=True, slots=True)
class Wish:
    """A mark as somebody wrote it on the command line or in a sheet.

    `checks` names what is marked; none means those whose points are open or were given by hand before.
    `whole` marks the exercise as a whole, whatever its checks gave.
    """

    student: str
    exercise: str
    points: str
    comment: str
    by: str
    checks: tuple[str, ...] = ()
    whole: bool = False


def understand(table: Table, wish: Wish, at: datetime) -> Review | Message:
    """The mark by hand that is wished for, or a sentence why it cannot be given."""
    row = next((row for row in table if row.person.id == wish.student), None)
    if row is None:
        return msg("{student}: nobody with this id is in the gradebook", student=wish.student)
    found = row.cells.get(wish.exercise)
    if row.submission is None or found is None:
        return msg(
            "{student}: nothing was graded for {exercise}; exercises that were: {exercises}",
            student=wish.student,
            exercise=wish.exercise,
            exercises=", ".join(row.cells) or "-",
        )
    worth = {mark.check: mark.possible for mark in found.marks}
    if unknown := [check for check in wish.checks if check not in worth]:
        return msg(
            "{exercise} has no check {check}; there are: {checks}",
            exercise=wish.exercise,
            check=unknown[0],
            checks=", ".join(worth),
        )
    checks = _covered(found, wish)
    if not checks:
        return msg(
            "{student}: no points of {exercise} are open; name a check, or mark the exercise as a whole",
            student=wish.student,
            exercise=wish.exercise,
        )
    room = sum(worth[check] for check in checks)
    if not wish.points.strip().isascii() or not wish.points.strip().isdecimal() or int(wish.points) > room:
        return msg(
            "{student}, {exercise}: points: expected a whole number from 0 to {room} for {checks}, got {points}",
            student=wish.student,
            exercise=wish.exercise,
            room=room,
            checks=", ".join(checks),
            points=repr(wish.points),
        )
    if not wish.by.strip():
        return msg("{student}, {exercise}: expected who gives the mark", student=wish.student, exercise=wish.exercise)
    return Review(
        row.person.id, found.exercise, row.submission.digest, checks, int(wish.points), wish.comment, wish.by, at
    )


def _covered(found: Cell, wish: Wish) -> tuple[str, ...]:
    """The checks that a mark is for: those named, all, or else those that are open or were marked by hand."""
    by_hand = {check for review in found.reviews for check in review.checks}
    return tuple(
        mark.check
        for mark in found.marks
        if wish.whole or mark.check in (wish.checks or by_hand) or (not wish.checks and mark.verdict.is_pending)
    )


def wishes(name: str, sheet: Delimited, by: str) -> tuple[Wish, ...]:
    """The marks in a sheet; lines without points are not marked yet.

    Args:
        by: Who gives the marks where the sheet does not say.

    Raises:
        GraderError: A column is missing.
    """
    header = [title.strip().casefold() for title in sheet.rows[0]]
    for needed in ("student", "exercise", "points"):
        if needed not in header:
            raise GraderError(
                msg(
                    "{file}: expected the columns {columns}, found no {missing}",
                    file=name,
                    columns=", ".join(SHEET_COLUMNS),
                    missing=needed,
                )
            )
    found = []
    for row in sheet.rows[1:]:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        if not cells.get("points"):
            continue
        checks = cells.get("checks", "")
        found.append(
            Wish(
                cells["student"],
                cells.get("exercise", ""),
                cells["points"],
                cells.get("comment", ""),
                cells.get("by") or by,
                () if checks == WHOLE else tuple(checks.split()),
                checks == WHOLE,
            )
        )
    return tuple(found)


def open_sheet(table: Table) -> bytes:
    """A sheet of everything that waits for a human; fill in points and comment, and read it back."""
    rows = [SHEET_COLUMNS]
    for row in table:
        for found in row.cells.values():
            by_hand = {check for review in found.reviews for check in review.checks}
            left = [mark for mark in found.marks if mark.points.pending and mark.check not in by_hand]
            if left:
                worth = str(sum(mark.possible for mark in left))
                checks = " ".join(mark.check for mark in left)
                who, where = no_formula(row.person.name), no_formula(row.submission.name if row.submission else "")
                rows.append((row.person.id, found.exercise, checks, "", "", "", worth, who, where))
    return write(rows, has_mark=True)  # it is filled in with Excel, which takes it for text in UTF-8 only so
