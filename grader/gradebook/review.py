"""Marks by hand: a human gives the points of some checks, and they stay whatever a later grading says.

A mark by hand covers checks by name.  It holds for the content that was read: another submission of the same
student asks for another look, and a changed exercise whose checks it no longer fits leaves their points open.
Nothing of this is silent: what is not counted is a problem in the student's row.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.gradebook.table import Cell, CheckMark, Review
from grader.message import Message, msg
from grader.model import Points


def cell(exercise: str, version: int, marks: Sequence[CheckMark], digest: str, reviews: Sequence[Review]) -> Cell:
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
    return Cell(exercise, version, tuple(marks), points, tuple(counted), tuple(problems))


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


def checks_to_review(found: Cell, *, only: Sequence[str] = (), whole: bool = False) -> tuple[str, ...]:
    """The checks that a mark by hand is for: those named, all, or else those whose points are open."""
    if whole:
        return tuple(mark.check for mark in found.marks)
    if only:
        return tuple(mark.check for mark in found.marks if mark.check in only)
    asked = {check for review in found.reviews for check in review.checks}
    return tuple(mark.check for mark in found.marks if mark.verdict.is_pending or mark.check in asked)
