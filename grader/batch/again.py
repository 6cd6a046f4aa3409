"""Grading again what changed exercises may change: scheduled as a batch, and kept beside what counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from grader.batch.done import Done, Told
from grader.batch.matching import Task
from grader.batch.run import Job, Run, our_mistake
from grader.batch.source import Found
from grader.batch.worker import Pool
from grader.errors import GradebookError, GraderError
from grader.exercise import Course
from grader.gradebook import Gradebook, Person
from grader.gradebook.regrade import outdated
from grader.message import Message, msg
from grader.model import Report


@dataclass(frozen=True, slots=True)
class Again:
    """Whose content is to be graded again, with which exercises."""

    person: Person
    exercises: tuple[str, ...]


def to_grade(book: Gradebook, keys: Mapping[str, str]) -> dict[str, Again]:
    """By content what is to be graded again; of those who handed in the same one, the first speaks for all."""
    rows = [row for row in book.table() if row.submission is not None]
    owners = {row.submission.digest: row.person for row in reversed(rows) if row.submission is not None}
    return {digest: Again(owners[digest], tuple(sorted(names))) for digest, names in outdated(book, keys).items()}


def grade_again(
    found: Iterable[Found],
    wanted: Mapping[str, Again],
    course: Course,
    book: Gradebook,
    keys: Mapping[str, str],
    pool: Pool,
    *,
    device: str = "cpu",
    told: Told,
) -> dict[str, Message]:
    """Grade those contents that are found; what comes of them is kept and counts for nobody yet.

    Args:
        wanted: As `to_grade` gives it.
        keys: The present key of each exercise.
        told: Told of each submission that is finished, in the order in which they finish.

    Returns:
        By content why there is no result although it was found.

    Raises:
        KeyboardInterrupt: As it came; everything finished has been kept, and no worker is left.
    """
    run = _Again(course, book, pool, dict(keys), device, fresh=False, told=told, wanted=dict(wanted))
    nobody = Person("")
    run.everything(Task(one, nobody) for one in found)
    return run.reasons


@dataclass(slots=True)
class _Again(Run):
    wanted: dict[str, Again] = field(default_factory=dict)
    reasons: dict[str, Message] = field(default_factory=dict)

    def _take(self, task: Task) -> None:
        if not self.wanted:
            return
        try:
            submission = task.found.read()
        except GraderError:
            return  # it was no submission when marks were given, and has none that could change
        except Exception as error:  # as in a batch, one submission must not stop the others
            self.told(Done(replace(task, person=Person(task.found.key)), reason=our_mistake(error), is_ours=True))
            return
        again = self.wanted.pop(submission.digest, None)
        if again is not None:
            self._submit(Job(submission, {}, {}, again.exercises, [replace(task, person=again.person)]))

    def _keep(self, job: Job, fresh: Report | None) -> None:
        if fresh is None:
            return
        [task] = job.tasks
        try:
            self.book.keep(fresh, self.keys)
        except GradebookError as error:
            reason = msg("it was graded, but the result could not be kept: {reason}", reason=error.message)
            self._without_result(task, job.submission.digest, reason, is_ours=True)
            return
        if fresh.has_fault:
            self.reasons[job.submission.digest] = msg("grading it again met a fault of ours; the staff log says more")
        self.told(Done(task, fresh))

    def _without_result(self, task: Task, digest: str, reason: Message, *, is_ours: bool = False) -> None:
        self.reasons[digest] = reason
        self.told(Done(task, reason=reason, is_ours=is_ours))
