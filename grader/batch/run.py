"""The schedule of a batch: what is known is looked up, the rest is graded on an executor and kept at once.

Only the parent touches the gradebook: each submission is one transaction the moment it is finished, so a batch that
ends at any moment loses what was in flight and nothing else, and running it again goes on from there.
A mark that stands is never changed by a batch: what an earlier version of an exercise gave for the same content goes
on to count (`grade regrade` shows and applies what the present one would give), and a lower result never replaces one
that was made under the same key.
A worker's death takes down everything that its executor was doing, so those submissions are tried once more, one at
a time; the one whose worker dies again is named.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace

from grader.batch.done import Done, Told
from grader.batch.interrupt import Deferred, blocked
from grader.batch.matching import Task
from grader.batch.worker import DIED, MAX_DEATHS, Pool, grade_one
from grader.errors import GradebookError, GraderError
from grader.exercise import Course
from grader.grade import report_on, resolve_device
from grader.gradebook import Gradebook, HandedIn, Result, exercise_key
from grader.intake import Submission
from grader.message import Message, msg
from grader.model import Report
from grader.sandbox.isolation import strongest

STAFF_LOG = logging.getLogger("grader.staff")
BREAK_S = 30.0


def run(
    tasks: Iterable[Task],
    course: Course,
    book: Gradebook,
    pool: Pool,
    *,
    only: Sequence[str] = (),
    device: str = "cpu",
    fresh: bool = False,
    resolve: Callable[[str], str] = resolve_device,
    told: Told,
) -> None:
    """Grade submissions and keep each in the gradebook as soon as it is finished.

    Args:
        only: Names of the exercises to grade; none means all.
        fresh: Grade also what the gradebook knows of the present version of an exercise.
        resolve: What `device` means where the pool grades.
        told: Told of each submission that is finished, in the order in which they finish.

    Raises:
        ExerciseError: `only` names no exercise, or the course is not as it must be.
        KeyboardInterrupt: As it came; everything finished has been kept, and no worker is left.
    """
    chosen = {course.exercise(name).name for name in only} or {exercise.name for exercise in course.exercises}
    exercises = [exercise for exercise in course.exercises if exercise.name in chosen]
    device = resolve(device) if any(exercise.guest == "torch" for exercise in exercises) else "cpu"
    keys = {
        exercise.name: exercise_key(course, exercise, device if exercise.guest == "torch" else "cpu")
        for exercise in exercises
    }
    Run(course, book, pool, keys, device, fresh, told).everything(iter(tasks))


@dataclass(slots=True)
class Job:
    """One content to grade, for everyone who handed it in.

    Attributes:
        known: What is not graded, by exercise.
        before: What the gradebook holds of what is graded nevertheless.
    """

    submission: Submission
    known: dict[str, Result]
    before: dict[str, Result]
    left: tuple[str, ...]
    tasks: list[Task]
    deaths: int = 0


@dataclass(slots=True)
class Run:
    """What is under way on an executor; see `run` for its values."""

    course: Course
    book: Gradebook
    pool: Pool
    keys: dict[str, str]
    device: str
    fresh: bool
    told: Told
    deferred: Deferred = field(default_factory=Deferred)
    is_exhausted: bool = False
    executor: Executor | None = None
    running: dict[Future[Report], Job] = field(default_factory=dict)
    suspects: deque[Job] = field(default_factory=deque)  # in flight when a worker died

    def everything(self, tasks: Iterator[Task]) -> None:
        """Take all tasks, and end the executor."""
        is_over = False
        with self.deferred:
            try:
                while self.running or self.suspects or not self.is_exhausted:
                    self._fill(tasks)
                    with self.deferred.delivered():
                        wait(self.running, return_when=FIRST_COMPLETED)
                    for future in [future for future in self.running if future.done()]:
                        self._finish(future)
                is_over = True
            except BaseException:
                self._keep_finished()
                raise
            finally:
                self.pool.stop(now=not is_over)

    def _fill(self, tasks: Iterator[Task]) -> None:
        """Hand out work: twice as much as there are workers, or one suspect alone."""
        if self.suspects:
            if not self.running:
                self._submit(self.suspects.popleft())
            return
        while len(self.running) < 2 * self.pool.jobs:
            with self.deferred.delivered():
                task = next(tasks, None)
            if task is None:
                self.is_exhausted = True
                return
            self._take(task)
            if self.suspects:
                return

    def _take(self, task: Task) -> None:
        """Read a submission, look it up, and hand out what is left to grade."""
        try:
            submission = task.found.read()
        except GraderError as error:
            self._without_result(task, "", error.message)
            return
        except Exception as error:  # one submission must not stop the others, whatever reading it meets
            self._without_result(task, "", our_mistake(error), is_ours=True)
            return
        for job in self.running.values():
            if job.submission.digest == submission.digest:
                job.tasks.append(task)
                return
        try:
            known = self.book.known(task.person.id, submission.digest, self.keys)
        except GradebookError as error:
            self.told(Done(task, reason=error.message, is_ours=True))
            return
        again = {name: found for name, found in known.items() if self.fresh and found.key == self.keys[name]}
        known = {name: found for name, found in known.items() if name not in again}
        left = tuple(name for name in self.keys if name not in known)
        job = Job(submission, known, again, left, [task])
        if left:
            self._submit(job)
        else:
            self._keep(job, None)

    def _submit(self, job: Job) -> None:
        if self.executor is None:
            self.executor = self.pool.start()
        try:
            with blocked():  # a process that starts now inherits it, and leaves Ctrl-C to us
                future = self.executor.submit(grade_one, job.submission, self.course.folder, job.left, self.device)
        except BrokenExecutor:
            self._restart()
            self._suspect(job)
            return
        self.running[future] = job

    def _finish(self, future: Future[Report]) -> None:
        job = self.running.pop(future, None)
        if job is None:
            return
        try:
            report = future.result()
        except (BrokenExecutor, CancelledError):
            self._died(job)
        except GraderError as error:
            self._give_up(job, error.message)
        except Exception as error:
            self._give_up(job, our_mistake(error))
        else:
            self._keep(job, report)

    def _died(self, job: Job) -> None:
        """A worker died: whoever was in flight is a suspect, and is tried alone."""
        jobs = [job]
        wait(self.running, BREAK_S)  # a broken executor fails them all at once
        for future in list(self.running):
            if future.done() and not future.cancelled() and not isinstance(future.exception(), BrokenExecutor):
                self._finish(future)
            else:
                jobs.append(self.running.pop(future))
        self._restart()
        for suspect in jobs:
            self._suspect(suspect)

    def _suspect(self, job: Job) -> None:
        job.deaths += 1
        if job.deaths < MAX_DEATHS:
            self.suspects.append(job)
        else:
            self._give_up(job, DIED)

    def _restart(self) -> None:
        self.pool.stop(now=True)
        self.executor = None

    def _give_up(self, job: Job, reason: Message) -> None:
        for task in job.tasks:
            self._without_result(task, job.submission.digest, reason, is_ours=True)

    def _keep_finished(self) -> None:
        """Keep what was finished when the batch was stopped; nothing else is waited for."""
        for future in [future for future in self.running if future.done() and not future.cancelled()]:
            if future.exception() is None:
                self._finish(future)

    def _keep(self, job: Job, fresh: Report | None) -> None:
        """Keep what came of a content for everyone who handed it in; no fresh report means that all was known."""
        report = self._report(job, fresh)
        keys = self.keys | {name: found.key for name, found in job.known.items()}
        for task in job.tasks:
            remarks = tuple(_other_student(task, job.submission))
            try:
                counts = self.book.record(task.person.id, _handed_in(task, report.submission), report, keys)
            except GradebookError as error:
                reason = msg("it was graded, but the result could not be kept: {reason}", reason=error.message)
                self.told(Done(task, report, reason, is_ours=True, remarks=remarks))
                continue
            self.told(
                Done(
                    task,
                    replace(report, exercises=tuple(counts[part.exercise].report for part in report.exercises)),
                    was_known=fresh is None,
                    earlier=tuple(name for name, counting in counts.items() if counting.key != self.keys[name]),
                    remarks=(*remarks, *_graded_again(task, job.before, report, counts)),
                )
            )

    def _without_result(self, task: Task, digest: str, reason: Message, *, is_ours: bool = False) -> None:
        try:
            self.book.ungraded(task.person.id, _handed_in(task, digest), reason)
        except GradebookError as error:
            reason = msg("{reason}; that could not be kept either: {error}", reason=reason, error=error.message)
            is_ours = True
        self.told(Done(task, reason=reason, is_ours=is_ours))

    def _report(self, job: Job, fresh: Report | None) -> Report:
        """The report as if all had been graded at once: what was known and what is new, in the course's order."""
        parts = {name: found.report for name, found in job.known.items()}
        parts |= {part.exercise: part for part in (fresh.exercises if fresh else ())}
        exercises = tuple(parts[name] for name in self.keys)
        if fresh is not None:
            isolation = fresh.isolation
        else:
            isolation = next((part.isolation for part in exercises if part.isolation), None) or strongest().name
        return report_on(job.submission, self.course, exercises, device=self.device, isolation=isolation)


def _handed_in(task: Task, digest: str) -> HandedIn:
    return HandedIn(digest, task.found.key, task.found.received_at)


def _other_student(task: Task, submission: Submission) -> Iterator[Message]:
    """A remark where the submission says that it is someone else's."""
    named = submission.student
    if named is not None and named != task.person.id:
        yield msg(
            "{submission} was handed in by {person}, but its grade.toml names {other}",
            submission=task.found.key,
            person=task.person.id,
            other=named,
        )


def _graded_again(
    task: Task, before: Mapping[str, Result], report: Report, counts: Mapping[str, Result]
) -> Iterator[Message]:
    """A remark for each exercise that was graded although it was known, and gave something else."""
    for part in report.exercises:
        if part.exercise not in before:
            continue
        old, new = before[part.exercise].report.points, part.points
        if counts[part.exercise].report.points == new != old:
            yield msg(
                "{student}, {exercise}: graded again it got {new} points in place of {old}, which count now",
                student=task.person.id,
                exercise=part.exercise,
                old=old.earned,
                new=new.earned,
            )
        elif new != old:
            yield msg(
                "{student}, {exercise}: graded again it got {new} points; the {old} of before stand, because nothing "
                "that decides has changed",
                student=task.person.id,
                exercise=part.exercise,
                old=old.earned,
                new=new.earned,
            )


def our_mistake(error: BaseException) -> Message:
    """What is said of an exception of ours, whose traceback goes to the staff log."""
    STAFF_LOG.error("batch", exc_info=error)
    kind = getattr(error, "kind", type(error).__name__)  # an exception that a worker far away has had names it
    return msg("our mistake ({kind}); the staff log says more", kind=kind)
