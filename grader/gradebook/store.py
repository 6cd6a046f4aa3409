"""What is written into the tables and put together again; each function works in its caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, insert, select, update

from grader.gradebook.schema import EXERCISE, GRADED, OUTCOME, PERSON, RESULT, SUBMISSION
from grader.gradebook.table import HandedIn, Person
from grader.model import ExerciseReport, Report, Verdict
from grader.receipt import Receipt


def as_json(data: object) -> str:
    """JSON in ASCII, which fits any database whatever the text."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


def as_text(text: str) -> str:
    """Text as both databases take it: a file's name may hold bytes that are no character."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "backslashreplace").decode("utf-8")


def as_time(moment: datetime | None) -> str:
    """A moment as the tables hold it."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def enrol(connection: Connection, person: Person) -> None:
    """Add a person, or renew what is known of one."""
    here = PERSON.c.id == as_text(person.id)
    known = connection.execute(select(PERSON).where(here)).one_or_none()
    if known is None:
        values = {"id": as_text(person.id), "name": as_text(person.name), "email": as_text(person.email)}
        connection.execute(insert(PERSON).values(values))
        return
    renewed = {"name": as_text(person.name) or known.name, "email": as_text(person.email) or known.email}
    connection.execute(update(PERSON).where(here).values(renewed))


def put_submission(
    connection: Connection, person_id: str, handed_in: HandedIn, *, report: str | None, reason: str | None
) -> int:
    """Add a submission or renew the one that is there; its number."""
    enrol(connection, Person(person_id))
    same = {
        "person": as_text(person_id),
        "name": as_text(handed_in.name),
        "received_at": as_time(handed_in.received_at),
    }
    alike = [getattr(SUBMISSION.c, name) == value for name, value in same.items()]
    known = connection.execute(select(SUBMISSION).where(*alike, SUBMISSION.c.digest == handed_in.digest)).one_or_none()
    if report is not None:  # what could not even be read before has no digest
        unread = (*alike, SUBMISSION.c.digest == "", SUBMISSION.c.reason.is_not(None))
        connection.execute(delete(SUBMISSION).where(*unread))
    if known is None:
        values = same | {"digest": handed_in.digest, "report": report, "reason": reason}
        added = connection.execute(insert(SUBMISSION).values(values).returning(SUBMISSION.c.id))
        return int(added.scalar_one())
    if report is not None or known.report is None:
        here = SUBMISSION.c.id == known.id
        connection.execute(update(SUBMISSION).where(here).values(report=report, reason=reason))
    return int(known.id)


def put_receipt(connection: Connection, number: int) -> None:
    """Make the receipt of all that is kept for a submission."""
    here = SUBMISSION.c.id == number
    receipt = Receipt.of(*report_of(connection, connection.execute(select(SUBMISSION).where(here)).one()))
    connection.execute(update(SUBMISSION).where(here).values(receipt=as_json(receipt.to_json())))


def put_exercises(connection: Connection, report: Report) -> None:
    """Learn the exercises and, from a report of all of them, their order."""
    known = {row.name: row for row in connection.execute(select(EXERCISE))}
    last = max((row.position for row in known.values()), default=-1)
    for place, part in enumerate(report.exercises):
        title = as_json(part.title.to_json())
        row = known.get(part.exercise)
        if row is None:
            last += 1
            values = {"name": part.exercise, "position": last if report.not_graded else place, "title": title}
            connection.execute(insert(EXERCISE).values(values))
        elif not report.not_graded and (row.position, row.title) != (place, title):
            here = EXERCISE.c.name == part.exercise
            connection.execute(update(EXERCISE).where(here).values(position=place, title=title))


def result_of(connection: Connection, digest: str, exercise: str, key: str) -> Row[Any] | None:
    """What is kept for a content under a key."""
    wanted = select(RESULT).where(RESULT.c.digest == digest, RESULT.c.exercise == exercise, RESULT.c.key == key)
    return connection.execute(wanted).one_or_none()


def results_of(connection: Connection, digest: str, keys: Mapping[str, str]) -> dict[str, Row[Any]]:
    """What is kept for a content under the key of each exercise."""
    rows = connection.execute(select(RESULT).where(RESULT.c.digest == digest))
    return {row.exercise: row for row in rows if keys.get(row.exercise) == row.key}


def standing(connection: Connection, person_id: str, digest: str) -> dict[str, Row[Any]]:
    """By exercise the result that counts for a content: this person's, otherwise anybody's, the newest of them."""
    wanted = (
        select(RESULT)
        .join(GRADED, GRADED.c.result == RESULT.c.id)
        .join(SUBMISSION, SUBMISSION.c.id == GRADED.c.submission)
        .where(SUBMISSION.c.digest == digest)
        .order_by(case((SUBMISSION.c.person == as_text(person_id), 1), else_=0), RESULT.c.id)
    )
    return {row.exercise: row for row in connection.execute(wanted)}


def put_graded(connection: Connection, submission: int, counting: Mapping[str, int]) -> None:
    """Say which results count for a submission, by exercise; what counts for others of its exercises stays."""
    here = (GRADED.c.submission == submission) & GRADED.c.exercise.in_(counting)
    connection.execute(delete(GRADED).where(here))
    rows = [{"submission": submission, "exercise": name, "result": number} for name, number in counting.items()]
    if rows:
        connection.execute(insert(GRADED), rows)


def put_result(
    connection: Connection, digest: str, key: str, part: ExerciseReport, known: Row[Any] | None
) -> tuple[int, ExerciseReport]:
    """Keep a result, and say which one is kept.

    One that is there gives way to a newer one, but never to a fault of ours, and never to fewer points: nothing that
    decides has changed, so the machine was loaded, or the student's code is not the same each time.

    Args:
        known: The one that is there, as `results_of` gives it.
    """
    data = part.to_json()
    outcomes = data.pop("outcomes")
    if known is not None:
        before = part_of(connection, known.id, known.report)
        if before == part or (not has_fault(before) and (has_fault(part) or part.points.earned < before.points.earned)):
            return int(known.id), before
        connection.execute(delete(OUTCOME).where(OUTCOME.c.result == known.id))
        here = RESULT.c.id == known.id
        connection.execute(update(RESULT).where(here).values(version=part.version, report=as_json(data)))
        number = int(known.id)
    else:
        values = {
            "digest": digest,
            "exercise": part.exercise,
            "key": key,
            "version": part.version,
            "report": as_json(data),
        }
        number = int(connection.execute(insert(RESULT).values(values).returning(RESULT.c.id)).scalar_one())
    rows = [
        {
            "result": number,
            "position": place,
            "check_name": outcome.check,
            "verdict": outcome.verdict.value,
            "possible": outcome.possible,
            "report": as_json(outcomes[place]),
        }
        for place, outcome in enumerate(part.outcomes)
    ]
    if rows:
        connection.execute(insert(OUTCOME), rows)
    return number, part


def part_of(connection: Connection, number: int, report: str) -> ExerciseReport:
    """A stored result put together again."""
    return ExerciseReport.from_json(json.loads(report) | {"outcomes": _outcomes(connection, [number]).get(number, [])})


def _outcomes(connection: Connection, numbers: Collection[int]) -> dict[int, list[Any]]:
    """The outcomes of results, as data, by the result's number."""
    wanted = select(OUTCOME).where(OUTCOME.c.result.in_(numbers)).order_by(OUTCOME.c.result, OUTCOME.c.position)
    found: dict[int, list[Any]] = {}
    for row in connection.execute(wanted):
        # Verdict and points come from where the table takes them, so that a receipt holds for both.
        outcome = json.loads(row.report) | {"verdict": row.verdict, "points": {"possible": row.possible}}
        found.setdefault(row.result, []).append(outcome)
    return found


def counting(connection: Connection, person_id: str) -> Row[Any] | None:
    """The submission that counts, if it was graded."""
    rows = connection.execute(select(SUBMISSION).where(SUBMISSION.c.person == as_text(person_id))).all()
    counting = max(rows, key=order, default=None)
    return None if counting is None or counting.report is None else counting


def report_of(connection: Connection, submission: Row[Any]) -> tuple[Report, dict[str, str]]:
    """A submission's report put together again, and the keys of its exercises."""
    wanted = (
        select(RESULT)
        .join(GRADED, GRADED.c.result == RESULT.c.id)
        .join(EXERCISE, EXERCISE.c.name == GRADED.c.exercise)
        .where(GRADED.c.submission == submission.id)
        .order_by(EXERCISE.c.position, EXERCISE.c.name)
    )
    results = connection.execute(wanted).all()
    outcomes = _outcomes(connection, [row.id for row in results])
    parts = [json.loads(row.report) | {"outcomes": outcomes.get(row.id, [])} for row in results]
    keys = {row.exercise: row.key for row in results}
    names = connection.execute(select(EXERCISE.c.name).order_by(EXERCISE.c.position, EXERCISE.c.name)).scalars()
    rest = [name for name in names if name not in keys]
    return Report.from_json(json.loads(submission.report) | {"exercises": parts, "not_graded": rest}), keys


def has_fault(part: ExerciseReport) -> bool:
    """Whether a fault of ours is in it."""
    return any(outcome.verdict is Verdict.FAULT for outcome in part.outcomes)


def order(submission: Row[Any]) -> tuple[str, str, int]:
    """The latest is last; among those of one moment, or of no known one, the last name, then the one recorded last."""
    return submission.received_at, submission.name, submission.id
