"""The gradebook itself: every method is one transaction, so a crash at any moment leaves a whole book."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Row, delete, insert, select, update

from grader.gradebook import review as by_hand
from grader.gradebook.database import Database
from grader.gradebook.schema import EXERCISE, GRADED, OUTCOME, PERSON, RESULT, REVIEW, SUBMISSION
from grader.gradebook.table import CheckMark, HandedIn, Person, Review, Table
from grader.gradebook.table import Row as TableRow
from grader.message import Message, msg
from grader.model import ExerciseReport, Report, Verdict


class Gradebook:
    """An open gradebook; `Gradebook.open` makes one, and it is a context manager."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, where: str | Path, *, create: bool = True) -> Self:
        """Open a gradebook.

        Args:
            where: A file, or a URL: `sqlite:///course.db`, `postgresql://user@host/course`.
            create: Make it where there is none.

        Raises:
            NoGradebookError: There is none, and none is to be made.
            GradebookError: It is of a newer version, no gradebook, or cannot be opened.
        """
        return cls(Database(where, create=create))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What the gradebook is called in sentences: its file, or its URL without the password."""
        return self._database.name

    def close(self) -> None:
        """Close it; what was recorded is on the disk already."""
        self._database.close()

    def enrol(self, people: Iterable[Person]) -> None:
        """Add people, or renew who is there by their id; an empty name or e-mail leaves what is known."""
        with self._database.writing() as connection:
            for person in people:
                _enrol(connection, person)

    def graded(self, submission_digest: str, exercise: str, key: str) -> ExerciseReport | None:
        """What came of this content under this key; None where it was not graded or a fault of ours is in it.

        Args:
            key: As `exercise_key` gives it.
        """
        with self._database.reading() as connection:
            found = connection.execute(_result_of(submission_digest, exercise, key)).one_or_none()
            if found is None:
                return None
            part = _part(connection, found.id, found.report)
        return None if _has_fault(part) else part

    def record(self, person_id: str, handed_in: HandedIn, report: Report, keys: Mapping[str, str]) -> None:
        """Keep a submission with its report; exercises that the report leaves out keep what they had.

        Args:
            keys: The key of each exercise in the report, as `exercise_key` gives it.

        Raises:
            ValueError: The report is of another content, or a key is missing.
        """
        if report.submission != handed_in.digest:
            raise ValueError(f"report: expected one of {handed_in.digest}, got one of {report.submission}")
        if missing := [part.exercise for part in report.exercises if part.exercise not in keys]:
            raise ValueError(f"keys: expected one for each exercise, got none for {', '.join(missing)}")
        head = report.to_json()
        for left_out in ("exercises", "points", "not_graded"):
            del head[left_out]
        with self._database.writing() as connection:
            submission = _put_submission(connection, person_id, handed_in, report=_dumps(head), reason=None)
            _put_exercises(connection, report)
            for part in report.exercises:
                result = _put_result(connection, handed_in.digest, keys[part.exercise], part)
                here = (GRADED.c.submission == submission) & (GRADED.c.exercise == part.exercise)
                connection.execute(delete(GRADED).where(here))
                connection.execute(insert(GRADED).values(submission=submission, exercise=part.exercise, result=result))

    def ungraded(self, person_id: str, handed_in: HandedIn, reason: Message) -> None:
        """Keep a submission that could not be graded: a reason, no mark; a mark that it has already stays."""
        with self._database.writing() as connection:
            _put_submission(connection, person_id, handed_in, report=None, reason=_dumps(reason.to_json()))

    def report(self, person_id: str) -> Report | None:
        """The report of the submission that counts; None where there is none or it was not graded."""
        with self._database.reading() as connection:
            rows = connection.execute(select(SUBMISSION).where(SUBMISSION.c.person == _text(person_id))).all()
            if not rows or max(rows, key=_order).report is None:
                return None
            counting = max(rows, key=_order)
            parts = connection.execute(
                select(RESULT.c.id, RESULT.c.report)
                .join(GRADED, GRADED.c.result == RESULT.c.id)
                .join(EXERCISE, EXERCISE.c.name == GRADED.c.exercise)
                .where(GRADED.c.submission == counting.id)
                .order_by(EXERCISE.c.position, EXERCISE.c.name)
            ).all()
            exercises = [_part(connection, row.id, row.report).to_json() for row in parts]
            names = connection.execute(select(EXERCISE.c.name).order_by(EXERCISE.c.position, EXERCISE.c.name))
            graded = {part["exercise"] for part in exercises}
            rest = [name for name in names.scalars() if name not in graded]
        return Report.from_json(json.loads(counting.report) | {"exercises": exercises, "not_graded": rest})

    def table(self) -> Table:
        """Everyone with what counts: the latest submission, its points, the marks by hand, and what to look at."""
        with self._database.reading() as connection:
            people = connection.execute(select(PERSON).order_by(PERSON.c.id)).all()
            names = connection.execute(select(EXERCISE.c.name).order_by(EXERCISE.c.position, EXERCISE.c.name))
            exercises = tuple(names.scalars())
            submissions = _grouped(connection.execute(select(SUBMISSION)).all(), "person")
            reviews = _grouped(connection.execute(select(REVIEW).order_by(REVIEW.c.id)).all(), "person")
            marks = _marks(connection)
        rows = [
            _row(person, submissions.get(person.id, []), marks, [_review(row) for row in reviews.get(person.id, [])])
            for person in people
        ]
        used = tuple(name for name in exercises if any(name in row.cells for row in rows))
        return Table(used, tuple(rows), tuple(_version_remarks(used, rows)))

    def review(self, marks: Iterable[Review]) -> None:
        """Add marks by hand, all of them or none; `grader.gradebook.review` says for what they count.

        Raises:
            ValueError: Points are fewer than 0.
        """
        marks = tuple(marks)
        for mark in marks:
            if mark.points < 0:
                raise ValueError(f"points: expected 0 or more, got {mark.points}")
        with self._database.writing() as connection:
            for mark in marks:
                connection.execute(
                    insert(REVIEW).values(
                        person=_text(mark.person),
                        exercise=mark.exercise,
                        digest=mark.digest,
                        checks=json.dumps(mark.checks),
                        points=mark.points,
                        comment=_text(mark.comment),
                        by=_text(mark.by),
                        at=_time(mark.at),
                    )
                )


def _dumps(data: object) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))  # ASCII: any text fits any database


def _text(text: str) -> str:
    """Text as both databases take it: a file's name may hold bytes that are no character."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "backslashreplace").decode("utf-8")


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _enrol(connection: Connection, person: Person) -> None:
    here = PERSON.c.id == _text(person.id)
    known = connection.execute(select(PERSON).where(here)).one_or_none()
    if known is None:
        values = {"id": _text(person.id), "name": _text(person.name), "email": _text(person.email)}
        connection.execute(insert(PERSON).values(values))
        return
    renewed = {"name": _text(person.name) or known.name, "email": _text(person.email) or known.email}
    connection.execute(update(PERSON).where(here).values(renewed))


def _put_submission(
    connection: Connection, person_id: str, handed_in: HandedIn, *, report: str | None, reason: str | None
) -> int:
    """Add a submission or renew the one that is there; its number."""
    _enrol(connection, Person(person_id))
    same = {"person": _text(person_id), "name": _text(handed_in.name), "received_at": _time(handed_in.received_at)}
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


def _put_exercises(connection: Connection, report: Report) -> None:
    """Learn the exercises and, from a report of all of them, their order."""
    known = {row.name: row for row in connection.execute(select(EXERCISE))}
    last = max((row.position for row in known.values()), default=-1)
    for place, part in enumerate(report.exercises):
        title = _dumps(part.title.to_json())
        row = known.get(part.exercise)
        if row is None:
            last += 1
            values = {"name": part.exercise, "position": last if report.not_graded else place, "title": title}
            connection.execute(insert(EXERCISE).values(values))
        elif not report.not_graded and (row.position, row.title) != (place, title):
            here = EXERCISE.c.name == part.exercise
            connection.execute(update(EXERCISE).where(here).values(position=place, title=title))


def _result_of(digest: str, exercise: str, key: str) -> Any:
    return select(RESULT).where(RESULT.c.digest == digest, RESULT.c.exercise == exercise, RESULT.c.key == key)


def _put_result(connection: Connection, digest: str, key: str, part: ExerciseReport) -> int:
    """Keep a result; one that is there gives way to a newer one, but never to a fault of ours."""
    data = part.to_json()
    outcomes = data.pop("outcomes")
    known = connection.execute(_result_of(digest, part.exercise, key)).one_or_none()
    if known is not None:
        before = _part(connection, known.id, known.report)
        if before == part or (_has_fault(part) and not _has_fault(before)):
            return int(known.id)
        connection.execute(delete(OUTCOME).where(OUTCOME.c.result == known.id))
        here = RESULT.c.id == known.id
        connection.execute(update(RESULT).where(here).values(version=part.version, report=_dumps(data)))
        number = int(known.id)
    else:
        values = {
            "digest": digest,
            "exercise": part.exercise,
            "key": key,
            "version": part.version,
            "report": _dumps(data),
        }
        number = int(connection.execute(insert(RESULT).values(values).returning(RESULT.c.id)).scalar_one())
    rows = [
        {
            "result": number,
            "position": place,
            "check_name": outcome.check,
            "verdict": outcome.verdict.value,
            "possible": outcome.possible,
            "report": _dumps(outcomes[place]),
        }
        for place, outcome in enumerate(part.outcomes)
    ]
    if rows:
        connection.execute(insert(OUTCOME), rows)
    return number


def _part(connection: Connection, number: int, report: str) -> ExerciseReport:
    """A stored result put together again."""
    wanted = select(OUTCOME.c.report).where(OUTCOME.c.result == number).order_by(OUTCOME.c.position)
    outcomes = [json.loads(text) for text in connection.execute(wanted).scalars()]
    return ExerciseReport.from_json(json.loads(report) | {"outcomes": outcomes})


def _has_fault(part: ExerciseReport) -> bool:
    return any(outcome.verdict is Verdict.FAULT for outcome in part.outcomes)


def _order(submission: Row[Any]) -> tuple[str, str, int]:
    """The latest is last; among those of one moment, or of no known one, the last name, then the one recorded last."""
    return submission.received_at, submission.name, submission.id


def _grouped(rows: Iterable[Row[Any]], column: str) -> dict[str, list[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(getattr(row, column), []).append(row)
    return groups


def _marks(connection: Connection) -> dict[int, dict[str, tuple[int, list[CheckMark]]]]:
    """By submission and exercise: the version and what each check gave."""
    found: dict[int, dict[str, tuple[int, list[CheckMark]]]] = {}
    wanted = (
        select(GRADED.c.submission, GRADED.c.exercise, RESULT.c.version, OUTCOME)
        .join(RESULT, RESULT.c.id == GRADED.c.result)
        .join(OUTCOME, OUTCOME.c.result == RESULT.c.id)
        .order_by(GRADED.c.submission, OUTCOME.c.result, OUTCOME.c.position)
    )
    for row in connection.execute(wanted):
        _, marks = found.setdefault(row.submission, {}).setdefault(row.exercise, (row.version, []))
        marks.append(CheckMark(row.check_name, Verdict(row.verdict), row.possible))
    return found


def _review(row: Row[Any]) -> Review:
    checks, at = tuple(json.loads(row.checks)), datetime.fromisoformat(row.at)
    return Review(row.person, row.exercise, row.digest, checks, row.points, row.comment, row.by, at)


def _row(
    person: Row[Any],
    submissions: list[Row[Any]],
    marks: Mapping[int, Mapping[str, tuple[int, list[CheckMark]]]],
    reviews: list[Review],
) -> TableRow:
    owner = Person(person.id, person.name, person.email)
    if not submissions:
        return TableRow(owner)
    counting = max(submissions, key=_order)
    received = datetime.fromisoformat(counting.received_at) if counting.received_at else None
    problems: list[Message] = []
    cells = {}
    if counting.report is None:
        problems.append(Message.from_json(json.loads(counting.reason)))
        if any(row.report is not None for row in submissions):
            problems.append(msg("an earlier submission was graded; the last one counts, and it could not be"))
    else:
        for exercise, (version, checks) in marks.get(counting.id, {}).items():
            given = [review for review in reviews if review.exercise == exercise]
            cells[exercise] = by_hand.cell(exercise, version, checks, counting.digest, given)
            problems += cells[exercise].problems
    moments = [row for row in submissions if row.received_at == counting.received_at and row.name != counting.name]
    if moments:
        problems.append(
            msg(
                "of {count} submissions nothing tells which is the latest; {name} counts, by its name",
                count=len(moments) + 1,
                name=counting.name,
            )
        )
    handed_in = HandedIn(counting.digest, counting.name, received)
    return TableRow(owner, handed_in, cells, tuple(problems), len(submissions))


def _version_remarks(exercises: Iterable[str], rows: list[TableRow]) -> Iterable[Message]:
    for exercise in exercises:
        versions = {row.cells[exercise].version for row in rows if exercise in row.cells}
        if len(versions) > 1:
            yield msg(
                "{exercise}: marks of versions {versions} stand side by side; grade all of them again",
                exercise=exercise,
                versions=", ".join(map(str, sorted(versions))),
            )
