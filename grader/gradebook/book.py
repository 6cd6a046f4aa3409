"""The gradebook itself: every method is one transaction, so a crash at any moment leaves a whole book."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Row, insert, select, update

from grader.errors import GradebookError
from grader.gradebook import review as by_hand
from grader.gradebook import store
from grader.gradebook.database import Database
from grader.gradebook.schema import EXERCISE, GRADED, OUTCOME, PERSON, RESULT, REVIEW, SUBMISSION
from grader.gradebook.table import Cell, CheckMark, HandedIn, Person, Recount, Result, Review, Table
from grader.gradebook.table import Row as TableRow
from grader.message import Message, msg
from grader.model import ExerciseReport, Report, Verdict
from grader.receipt import Receipt


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
                store.enrol(connection, person)

    def graded(self, submission_digest: str, exercise: str, key: str) -> ExerciseReport | None:
        """What came of this content under this key; None where it was not graded or a fault of ours is in it.

        Args:
            key: As `exercise_key` gives it.
        """
        with self._database.reading() as connection:
            found = store.result_of(connection, submission_digest, exercise, key)
            if found is None:
                return None
            part = store.part_of(connection, found.id, found.report)
        return None if store.has_fault(part) else part

    def known(self, person_id: str, submission_digest: str, keys: Mapping[str, str]) -> dict[str, Result]:
        """What needs no grading for this content: what counts already, otherwise what is kept under the present key.

        Results with a fault of ours are left out.

        Args:
            keys: The present key of each exercise, as `exercise_key` gives it.
        """
        found = {}
        with self._database.reading() as connection:
            standing = store.standing(connection, person_id, submission_digest)
            kept = store.results_of(connection, submission_digest, keys)
            for name in keys:
                for row in (standing.get(name), kept.get(name)):
                    if row is None:
                        continue
                    part = store.part_of(connection, row.id, row.report)
                    if not store.has_fault(part):
                        found[name] = Result(row.key, part)
                        break
        return found

    def record(self, person_id: str, handed_in: HandedIn, report: Report, keys: Mapping[str, str]) -> dict[str, Result]:
        """Keep a submission with its report; exercises that the report leaves out keep what they had.

        A mark that stands is not changed by this: where a result of the same content counts under another key, it
        goes on to count, and the new one is kept beside it (`recount` lets it count).

        Args:
            keys: The key of each exercise in the report, as `exercise_key` gives it.

        Returns:
            What counts now, by exercise.

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
        counts = {}
        numbers = {}
        with self._database.writing() as connection:
            standing = store.standing(connection, person_id, handed_in.digest)
            submission = store.put_submission(connection, person_id, handed_in, report=store.as_json(head), reason=None)
            store.put_exercises(connection, report)
            known = store.results_of(connection, handed_in.digest, keys)
            for part in report.exercises:
                key = keys[part.exercise]
                number, counting = store.put_result(connection, handed_in.digest, key, part, known.get(part.exercise))
                stands = standing.get(part.exercise)
                if stands is not None and stands.key != key:
                    before = store.part_of(connection, stands.id, stands.report)
                    if not store.has_fault(before):
                        number, counting, key = stands.id, before, stands.key
                numbers[part.exercise] = number
                counts[part.exercise] = Result(key, counting)
            store.put_graded(connection, submission, numbers)
            store.put_receipt(connection, submission)
        return counts

    def keep(self, report: Report, keys: Mapping[str, str]) -> None:
        """Keep results that count for nobody yet, so that `graded` finds them."""
        with self._database.writing() as connection:
            known = store.results_of(connection, report.submission, keys)
            for part in report.exercises:
                key = keys[part.exercise]
                store.put_result(connection, report.submission, key, part, known.get(part.exercise))

    def recount(self, changes: Iterable[Recount]) -> None:
        """Let other results count, all of them or none.

        Raises:
            GradebookError: What counted is no longer what the change says, or its new result is not kept.
        """
        with self._database.writing() as connection:
            for change in changes:
                submission = store.counting(connection, change.person)
                result = store.result_of(connection, change.digest, change.exercise, change.new_key)
                here = (GRADED.c.submission == (submission.id if submission else None)) & (
                    GRADED.c.exercise == change.exercise
                )
                before = select(RESULT.c.digest, RESULT.c.key).join(GRADED, GRADED.c.result == RESULT.c.id).where(here)
                if (
                    submission is None
                    or result is None
                    or connection.execute(before).one_or_none() != (change.digest, change.old_key)
                ):
                    raise GradebookError(
                        msg(
                            "{student}, {exercise}: the gradebook has changed since; nothing was applied",
                            student=change.person,
                            exercise=change.exercise,
                        )
                    )
                connection.execute(update(GRADED).where(here).values(result=result.id))
                store.put_receipt(connection, submission.id)

    def ungraded(self, person_id: str, handed_in: HandedIn, reason: Message) -> None:
        """Keep a submission that could not be graded: a reason, no mark; a mark that it has already stays."""
        with self._database.writing() as connection:
            store.put_submission(connection, person_id, handed_in, report=None, reason=store.as_json(reason.to_json()))

    def report(self, person_id: str) -> Report | None:
        """The report of the submission that counts; None where there is none or it was not graded."""
        with self._database.reading() as connection:
            counting = store.counting(connection, person_id)
            return None if counting is None else store.report_of(connection, counting)[0]

    def receipts(self, person_id: str) -> tuple[Receipt, Receipt] | None:
        """Of the submission that counts: the receipt that was made when it was recorded, and one of what is kept now.

        None where there is none or it was not graded.
        """
        with self._database.reading() as connection:
            counting = store.counting(connection, person_id)
            if counting is None:
                return None
            return Receipt.from_json(json.loads(counting.receipt)), Receipt.of(*store.report_of(connection, counting))

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
        marked = tuple(_with_earlier(rows, _newest(marks)))
        return Table(used, marked, tuple(_version_remarks(used, marked)))

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
                        person=store.as_text(mark.person),
                        exercise=mark.exercise,
                        digest=mark.digest,
                        checks=json.dumps(mark.checks),
                        points=mark.points,
                        comment=store.as_text(mark.comment),
                        by=store.as_text(mark.by),
                        at=store.as_time(mark.at),
                    )
                )


def _grouped(rows: Iterable[Row[Any]], column: str) -> dict[str, list[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(getattr(row, column), []).append(row)
    return groups


Marks = dict[int, dict[str, tuple[int, str, int, list[CheckMark]]]]


def _marks(connection: Connection) -> Marks:
    """By submission and exercise: the version, the key and the number of the result, and what each check gave."""
    found: Marks = {}
    wanted = (
        select(GRADED.c.submission, GRADED.c.exercise, RESULT.c.version, RESULT.c.key, OUTCOME)
        .join(RESULT, RESULT.c.id == GRADED.c.result)
        .join(OUTCOME, OUTCOME.c.result == RESULT.c.id)
        .order_by(GRADED.c.submission, OUTCOME.c.result, OUTCOME.c.position)
    )
    for row in connection.execute(wanted):
        fresh: tuple[int, str, int, list[CheckMark]] = (row.version, row.key, row.result, [])
        *_, marks = found.setdefault(row.submission, {}).setdefault(row.exercise, fresh)
        marks.append(CheckMark(row.check_name, Verdict(row.verdict), row.possible))
    return found


def _newest(marks: Marks) -> dict[str, str]:
    """By exercise the key of the newest result: of the highest version, among those the last one that was made."""
    newest: dict[str, tuple[int, int, str]] = {}
    for cells in marks.values():
        for exercise, (version, key, number, _) in cells.items():
            newest[exercise] = max(newest.get(exercise, (version, number, key)), (version, number, key))
    return {exercise: key for exercise, (_, _, key) in newest.items()}


def _review(row: Row[Any]) -> Review:
    checks, at = tuple(json.loads(row.checks)), datetime.fromisoformat(row.at)
    return Review(row.person, row.exercise, row.digest, checks, row.points, row.comment, row.by, at)


def _row(
    person: Row[Any],
    submissions: list[Row[Any]],
    marks: Marks,
    reviews: list[Review],
) -> TableRow:
    owner = Person(person.id, person.name, person.email)
    if not submissions:
        return TableRow(owner)
    counting = max(submissions, key=store.order)
    received = datetime.fromisoformat(counting.received_at) if counting.received_at else None
    problems: list[Message] = []
    cells = {}
    if counting.report is None:
        problems.append(Message.from_json(json.loads(counting.reason)))
        if any(row.report is not None for row in submissions):
            problems.append(msg("an earlier submission was graded; the last one counts, and it could not be"))
    else:
        for exercise, (version, key, _, checks) in marks.get(counting.id, {}).items():
            given = [review for review in reviews if review.exercise == exercise]
            cells[exercise] = by_hand.cell(exercise, version, key, checks, counting.digest, given)
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


def _with_earlier(rows: Iterable[TableRow], newest: Mapping[str, str]) -> Iterator[TableRow]:
    """The rows whose cells say whether they are of an earlier version."""
    for row in rows:
        earlier: dict[str, Cell] = {
            name: replace(cell, is_earlier=True) for name, cell in row.cells.items() if cell.key != newest[name]
        }
        yield replace(row, cells=row.cells | earlier) if earlier else row


def _version_remarks(exercises: Iterable[str], rows: Sequence[TableRow]) -> Iterator[Message]:
    for exercise in exercises:
        cells = [row.cells[exercise] for row in rows if exercise in row.cells]
        earlier = sum(cell.is_earlier for cell in cells)
        if earlier:
            yield msg(
                "{exercise}: {count} of {total} marks are of an earlier version (~); `grade regrade --dry-run SOURCE...` "
                "shows what the present one would change",
                exercise=exercise,
                count=earlier,
                total=len(cells),
            )
