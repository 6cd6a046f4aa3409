"""The schedule: what is known is not run, what is finished is kept, one broken thing stops nothing else."""

import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from grader.batch import run as schedule
from grader.batch.matching import match
from grader.batch.run import run
from grader.batch.source import Found, find
from grader.errors import ExerciseError, GradebookError
from grader.exercise import load_course
from grader.grade import grade
from grader.gradebook import Gradebook
from grader.gradebook.table import Review
from grader.intake import read_submission
from grader.message import msg
from grader.model import ExerciseReport, Outcome, Report, Verdict

NAMES = ("conv_by_hand", "receptive_field")
DIED = "the process that graded it died twice; grade it alone with `grade check` to see why"


class Dies(BaseException):
    """What a worker does when it is killed."""


class Pool:
    """One thread in place of processes; work that raises `Dies` breaks the executor as a killed process does."""

    def __init__(self, jobs=1):
        self.jobs = jobs
        self.started = 0
        self.stopped = []

    def start(self):
        self.started += 1
        return Breakable()

    def stop(self, *, now):
        self.stopped.append(now)


class Breakable(Executor):
    def __init__(self):
        self.threads = ThreadPoolExecutor(1)
        self.lock = threading.RLock()
        self.is_broken = False
        self.held = []

    def submit(self, function, /, *args, **kwargs):
        with self.lock:
            if self.is_broken:
                raise BrokenExecutor
            future = Future()
            self.held.append(future)
        self.threads.submit(self.work, future, function, args, kwargs)
        return future

    def work(self, future, function, args, kwargs):
        if self.is_broken:
            return
        try:
            result = function(*args, **kwargs)
        except Dies:
            with self.lock:
                self.is_broken = True
                for waiting in self.held:
                    if not waiting.done():
                        waiting.set_exception(BrokenExecutor())
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)


@pytest.fixture(scope="module")
def course():
    return load_course()


@pytest.fixture
def book(tmp_path):
    with Gradebook.open(tmp_path / "course.db") as opened:
        yield opened


@pytest.fixture
def tasks(tmp_path, course):
    """Submissions of ids and texts: tasks for a batch."""

    def of(**texts):
        for name, text in texts.items():
            folder = tmp_path / "class" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "answers.md").write_text(text, encoding="utf-8")
        return match(find([tmp_path / "class"], course).found, None).tasks

    return of


@pytest.fixture
def next_verdict():
    """What every check says of a text that does nothing special."""
    return [Verdict.PASS]


@pytest.fixture
def graded(monkeypatch, next_verdict):
    """Grading that tells what it was asked; a text `dies`, `raises`, `faults` or `fails` does so, any other passes."""
    asked = []

    def fake(submission, folder, only, device):
        text = submission.files["answers.md"].decode()
        asked.append((text, only))
        if text.startswith("dies"):
            raise Dies
        if text.startswith("raises"):
            raise RuntimeError("slip")
        verdict = {"faults": Verdict.FAULT, "fails": Verdict.FAIL}.get(text.split()[0], next_verdict[0])
        parts = tuple(
            ExerciseReport(name, 1, msg("t"), (Outcome("check", msg("s"), verdict, 3),), isolation="x") for name in only
        )
        return Report("c", None, submission.digest, "2026", device, parts, isolation="x")

    monkeypatch.setattr(schedule, "grade_one", fake)
    return asked


@pytest.fixture
def batch(course, book):
    """Run tasks; what was told, by person."""

    def of(tasks, pool=None, **options):
        told = {}
        run(
            tasks,
            course,
            book,
            pool or Pool(),
            only=NAMES,
            told=lambda done: told.update({done.task.person.id: done}),
            **options,
        )
        return told

    return of


def points(book):
    return {row.person.id: (row.points.earned, row.points.pending) for row in book.table() if row.is_graded}


def test_everything_finished_is_in_the_gradebook(tasks, graded, batch, book):
    told = batch(tasks(a="1", b="2", c="3"))

    assert points(book) == {"a": (6, 0), "b": (6, 0), "c": (6, 0)}
    assert all(done.has_verdict and not done.was_known for done in told.values())


def test_what_the_gradebook_knows_is_not_run_again(tasks, graded, batch, book):
    batch(tasks(a="1", b="2"))
    told = batch(tasks(a="1", b="2", c="3"))

    assert [text for text, _ in graded] == ["1", "2", "3"]
    assert {name: done.was_known for name, done in told.items()} == {"a": True, "b": True, "c": False}
    assert told["a"].report.points.earned == 6


def test_fresh_runs_it_again(tasks, graded, batch):
    batch(tasks(a="1"))
    batch(tasks(a="1"), fresh=True)

    assert graded == [("1", NAMES)] * 2


def test_only_exercises_that_are_not_known_are_run(tasks, graded, batch, course, book):
    run(tasks(a="1"), course, book, Pool(), only=NAMES[1:], told=lambda done: None)
    told = batch(tasks(a="1"))

    assert [only for _, only in graded] == [NAMES[1:], NAMES[:1]]
    assert [part.exercise for part in told["a"].report.exercises] == list(NAMES)
    assert points(book) == {"a": (6, 0)}


def test_a_looked_up_report_is_the_one_that_was_graded(tmp_path, course, book, tasks):
    text = "# Convolution by hand\n\nnot read\n"
    handed_in = tasks(a=text)
    for _ in range(2):
        told = []
        run(handed_in, course, book, _Inline(), only=NAMES, told=told.append)

    assert told[0].was_known
    assert told[0].report == grade(read_submission(tmp_path / "class" / "a"), course, only=NAMES)


@pytest.mark.parametrize("known", [(), NAMES[:1], NAMES[1:], NAMES], ids=" and ".join)
def test_what_is_said_of_a_submission_without_a_sheet_does_not_depend_on_what_was_known(tmp_path, course, book, known):
    (tmp_path / "class" / "a").mkdir(parents=True)
    (tmp_path / "class" / "a" / "receptive_field.py").write_text("x = 1\n")
    handed_in = match(find([tmp_path / "class"], course).found, None).tasks
    told = []
    if known:
        run(handed_in, course, book, _Inline(), only=known, told=lambda done: None)
    run(handed_in, course, book, _Inline(), only=NAMES, told=told.append)

    assert "No answer sheet was found" in str(told[0].report.remarks[-1])
    assert told[0].report == grade(read_submission(tmp_path / "class" / "a"), course, only=NAMES)


class _Inline(Pool):
    def start(self):
        return ThreadPoolExecutor(1)


def test_equal_submissions_in_flight_are_graded_once(tasks, graded, batch, book):
    batch(tasks(a="1", b="1", c="1"), Pool(jobs=4))

    assert len(graded) == 1
    assert set(points(book)) == {"a", "b", "c"}


def test_a_dead_worker_is_tried_once_more_then_its_submission_is_named(tasks, graded, batch, book):
    pool = Pool(jobs=3)
    told = batch(tasks(a="1", b="dies", c="3", d="4", e="5"), pool)

    assert [text for text, _ in graded].count("dies") == 2
    assert points(book) == dict.fromkeys("acde", (6, 0))
    assert str(told["b"].reason) == DIED
    assert told["b"].is_ours
    assert pool.started == 3
    assert pool.stopped[-1] is False
    (row,) = [row for row in book.table() if row.person.id == "b"]
    assert not row.is_graded
    assert "died twice" in str(row.problems[0])


def test_whoever_was_beside_a_dead_worker_loses_nothing(tasks, graded, batch, book, monkeypatch):
    deaths = iter([True])
    whole = schedule.grade_one

    def once(submission, *rest):
        if submission.files["answers.md"] == b"2" and next(deaths, False):
            raise Dies
        return whole(submission, *rest)

    monkeypatch.setattr(schedule, "grade_one", once)
    told = batch(tasks(a="1", b="2", c="3"), Pool(jobs=3))

    assert all(done.has_verdict for done in told.values())
    assert len(points(book)) == 3


def test_workers_that_never_start_leave_a_reason_for_everyone(tasks, graded, batch, book):
    class Never(Pool):
        def start(self):
            executor = super().start()
            executor.is_broken = True
            return executor

    told = batch(tasks(a="1", b="2", c="3"), Never())

    assert [str(done.reason) for done in told.values()] == [DIED] * 3
    assert graded == []


def test_an_interrupt_ends_a_batch_that_only_looks_up(tasks, graded, batch, course, book):
    names = [f"s{number}" for number in range(5)]
    handed_in = tasks(**{name: name for name in names})
    batch(handed_in)
    told = []

    def tell(done):
        told.append(done)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(handed_in, course, book, Pool(), only=NAMES, told=tell)

    assert len(told) == 1


def test_an_exception_of_ours_is_one_line(tasks, graded, batch, book):
    told = batch(tasks(a="1", b="raises", c="3"))

    assert set(points(book)) == {"a", "c"}
    assert str(told["b"].reason) == "our mistake (RuntimeError); the staff log says more"
    assert told["b"].is_ours


def test_a_fault_is_run_again_the_next_time(tasks, graded, batch, book):
    batch(tasks(a="faults"))
    batch(tasks(a="faults"))

    assert len(graded) == 2
    assert points(book) == {"a": (0, 6)}


def test_what_cannot_be_read_is_kept_with_its_reason(tmp_path, tasks, graded, batch, book):
    handed_in = tasks(a="1")
    (tmp_path / "class" / "b.zip").write_bytes(b"PK\5\6" + bytes(18))
    (tmp_path / "class" / "c.ipynb").write_text("<html>", encoding="utf-8")
    told = batch(tasks())

    assert len(handed_in) == 1
    assert set(points(book)) == {"a"}
    assert not told["b"].has_verdict
    assert not told["c"].has_verdict
    assert not told["b"].is_ours
    rows = {row.person.id: row for row in book.table()}
    assert "it is empty" in str(rows["b"].problems[0])


def test_a_full_disk_is_a_line_for_each_and_stops_nothing(tasks, graded, batch, book, monkeypatch):
    record = book.record

    def full(person, *rest):
        if person == "b":
            raise GradebookError(msg("course.db cannot be written: the disk is full"))
        return record(person, *rest)

    monkeypatch.setattr(book, "record", full)
    told = batch(tasks(a="1", b="2", c="3"))

    assert set(points(book)) == {"a", "c"}
    assert str(told["b"].reason) == (
        "it was graded, but the result could not be kept: course.db cannot be written: the disk is full"
    )


def test_an_interrupt_keeps_what_is_finished(tasks, graded, course, book):
    pool = Pool(jobs=2)

    def told(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tasks(a="1", b="2", c="3", d="4"), course, book, pool, only=NAMES, told=told)

    assert "a" in points(book)
    assert pool.stopped == [True]


def test_a_submission_that_names_another_student_is_remarked(tmp_path, tasks, graded, batch):
    tasks(a="1")
    (tmp_path / "class" / "a" / "grade.toml").write_text('student = "b"\n')

    told = batch(tasks())

    assert list(map(str, told["a"].remarks)) == ["class/a was handed in by a, but its grade.toml names b"]


def test_an_unknown_exercise_is_said_before_anything_runs(tasks, graded, course, book):
    with pytest.raises(ExerciseError, match="no exercise is called conv_by_hnad; did you mean conv_by_hand"):
        run(tasks(a="1"), course, book, Pool(), only=("conv_by_hnad",), told=lambda done: None)

    assert graded == []


@pytest.fixture
def version(monkeypatch):
    """Change the first exercise: its key is another one from now on."""

    def of(number):
        monkeypatch.setattr(
            schedule,
            "exercise_key",
            lambda course, exercise, device: f"{exercise.name} {number if exercise.name == NAMES[0] else 1}",
        )

    of(1)
    return of


@pytest.mark.parametrize(("before", "now"), [(Verdict.PASS, Verdict.FAIL), (Verdict.FAIL, Verdict.PASS)])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_changed_exercise_changes_no_mark(tasks, graded, batch, book, version, next_verdict, before, now, fresh):
    next_verdict[0] = before
    handed_in = tasks(a="1", b="2")
    batch(handed_in)
    known = {row.person.id: row for row in book.table()}
    version(2)
    next_verdict[0] = now if not fresh else before
    told = batch(handed_in, fresh=fresh)

    assert {row.person.id: row for row in book.table()} == known
    assert [done.earlier for done in told.values()] == [NAMES[:1]] * 2
    assert [only for _, only in graded[2:]] == ([NAMES[1:]] * 2 if fresh else [])
    assert told["a"].report.points.earned == known["a"].points.earned


def test_what_is_new_is_graded_with_what_is_there_now(tmp_path, tasks, graded, batch, book, version, next_verdict):
    batch(tasks(a="1", b="2", c="3"))
    version(2)
    next_verdict[0] = Verdict.FAIL
    told = batch(tasks(a="1", b="another", d="4"))

    assert points(book) == {"a": (6, 0), "b": (0, 0), "c": (6, 0), "d": (0, 0)}
    assert {name: done.earlier for name, done in told.items()} == {"a": NAMES[:1], "b": (), "c": NAMES[:1], "d": ()}
    assert [row.person.id for row in book.table() if row.cells[NAMES[0]].is_earlier] == ["a", "c"]


def test_an_interrupted_batch_goes_on_with_what_is_there_now(tasks, graded, course, book, batch, version, next_verdict):
    handed_in = tasks(a="1", b="2", c="3", d="4")

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(handed_in, course, book, Pool(), only=NAMES, told=stop)
    finished = set(points(book))
    version(2)
    next_verdict[0] = Verdict.FAIL
    told = batch(handed_in)

    assert 0 < len(finished) < 4
    assert points(book) == {name: (6, 0) if name in finished else (0, 0) for name in "abcd"}
    assert {name for name, done in told.items() if done.earlier} == finished


def test_two_batches_of_two_versions_leave_the_mark_that_came_first(
    tasks, graded, batch, book, version, next_verdict, monkeypatch
):
    """The other batch is quicker: it records its mark while this one grades the same content."""
    handed_in = tasks(a="1")
    whole = schedule.grade_one

    def slow(submission, folder, only, device):
        monkeypatch.setattr(schedule, "grade_one", whole)
        version(2)
        next_verdict[0] = Verdict.FAIL
        batch(handed_in)
        next_verdict[0] = Verdict.PASS
        return whole(submission, folder, only, device)

    monkeypatch.setattr(schedule, "grade_one", slow)
    told = batch(handed_in)

    assert len(graded) == 2
    assert {name: cell.points.earned for name, cell in book.table().rows[0].cells.items()} == {NAMES[0]: 0, NAMES[1]: 3}
    assert told["a"].earlier == NAMES[:1]
    assert told["a"].report.points.earned == 3


def test_marks_by_hand_stay_when_an_exercise_has_changed(tasks, graded, batch, book, version, next_verdict):
    next_verdict[0] = Verdict.NEEDS_REVIEW
    batch(tasks(a="1"))
    digest = book.table().rows[0].submission.digest
    book.review([Review("a", NAMES[0], digest, ("check",), 2, "good", "Chen", datetime.now(UTC))])
    version(2)
    next_verdict[0] = Verdict.FAIL
    batch(tasks(a="1"), fresh=True)

    cell = book.table().rows[0].cells[NAMES[0]]
    assert (cell.points.earned, cell.reviewed, cell.problems) == (2, 2, ())


def test_a_fault_is_no_mark_that_could_stand(tasks, graded, batch, book, version):
    batch(tasks(a="faults"))
    version(2)
    told = batch(tasks(a="faults"))

    assert [only for _, only in graded] == [NAMES, NAMES]
    assert told["a"].earlier == ()


@pytest.mark.parametrize(
    ("before", "now", "counts", "said"),
    [
        (Verdict.FAIL, Verdict.PASS, 6, "got 3 points in place of 0, which count now"),
        (Verdict.PASS, Verdict.FAIL, 6, "got 0 points; the 3 of before stand, because nothing that decides has changed"),
        (Verdict.PASS, Verdict.PASS, 6, None),
    ],
)  # fmt: skip
def test_grading_afresh_says_what_it_changes_and_lowers_nothing(
    tasks, graded, batch, book, next_verdict, before, now, counts, said
):
    next_verdict[0] = before
    batch(tasks(a="1"))
    next_verdict[0] = now
    told = batch(tasks(a="1"), fresh=True)

    assert points(book) == {"a": (counts, 0)}
    assert told["a"].report.points.earned == counts
    expected = [f"a, {name}: graded again it {said}" for name in NAMES] if said else []
    assert list(map(str, told["a"].remarks)) == expected


def test_the_latest_submission_counts_whatever_finishes_first(tmp_path, tasks, graded, batch, book):

    handed_in = tasks(a="old", b="2")
    (tmp_path / "class" / "a.md").write_text("new", encoding="utf-8")
    os.utime(tmp_path / "class" / "a" / "answers.md", (1000, 1000))
    handed_in = tasks()
    batch(tuple(reversed(handed_in)))

    (row,) = [row for row in book.table() if row.person.id == "a"]
    assert (row.submission.name, row.submissions) == ("class/a.md", 2)
    assert row.submission.received_at > datetime.fromtimestamp(1000, UTC)


def test_two_batches_at_once_do_no_harm(tmp_path, tasks, graded, course, book, monkeypatch):
    handed_in = tasks(**{f"s{number}": str(number) for number in range(12)})
    problems, reading, read = [], threading.Lock(), Found.read

    def one_at_a_time(found):
        with reading:  # CPython 3.11 cannot parse in two threads (its issue 106905); two batches are two processes
            return read(found)

    monkeypatch.setattr(Found, "read", one_at_a_time)

    def one():
        try:
            with Gradebook.open(tmp_path / "course.db") as own:
                run(handed_in, course, own, Pool(), only=NAMES, told=lambda done: None)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert len(points(book)) == 12
    assert all(row.submissions == 1 for row in book.table())
