"""Grading again is scheduled as a batch is: a dead worker is named, a full disk stops nothing, no mark changes."""

import pytest

from grader.batch import again as regrading
from grader.batch import run as schedule
from grader.batch.again import grade_again, to_grade
from grader.batch.matching import match
from grader.batch.source import find
from grader.errors import GradebookError
from grader.exercise import load_course
from grader.gradebook import Gradebook, HandedIn
from grader.message import msg
from grader.model import ExerciseReport, Outcome, Report, Verdict
from tests.grader.batch.test_run import DIED, Dies, Pool

NAME = "conv_by_hand"
OLD, NEW = {NAME: "old"}, {NAME: "new"}


def a_report(digest, verdict=Verdict.PASS):
    part = ExerciseReport(NAME, 1, msg("t"), (Outcome("check", msg("s"), verdict, 3),), isolation="x")
    return Report("c", None, digest, "2026", "cpu", (part,), isolation="x")


@pytest.fixture
def book(tmp_path):
    with Gradebook.open(tmp_path / "course.db") as opened:
        yield opened


@pytest.fixture
def again(tmp_path, book, monkeypatch):
    """Record what these students handed in, then grade it again: all fails now, a text `dies` or `faults` does so."""
    course = load_course()
    asked = []

    def fake(submission, folder, only, device):
        text = submission.files["answers.md"].decode()
        asked.append((text, only))
        if text == "dies":
            raise Dies
        return a_report(submission.digest, Verdict.FAULT if text == "faults" else Verdict.FAIL)

    monkeypatch.setattr(schedule, "grade_one", fake)

    def of(pool=None, **texts):
        for name, text in texts.items():
            (tmp_path / "class" / name).mkdir(parents=True)
            (tmp_path / "class" / name / "answers.md").write_text(text)
        found = find([tmp_path / "class"], course).found
        for task in match(found, None).tasks:
            digest = task.found.read().digest
            book.record(task.person.id, HandedIn(digest, task.found.key), a_report(digest), OLD)
        (tmp_path / "class" / "0").mkdir()
        (tmp_path / "class" / "0" / "answers.md").write_text("nobody graded it before")
        told = []
        found = find([tmp_path / "class"], course).found
        reasons = grade_again(found, to_grade(book, NEW), course, book, NEW, pool or Pool(), told=told.append)
        return {done.task.person.id: done for done in told}, sorted(map(str, reasons.values())), asked

    yield of
    assert [row.points.earned for row in book.table()] == [3] * len(book.table().rows)


def test_each_content_is_graded_once_and_nothing_else(again, book):
    told, reasons, asked = again(a="1", b="2", c="1")

    assert (set(told), reasons) == ({"a", "b"}, [])
    assert asked == [("1", (NAME,)), ("2", (NAME,))]
    assert to_grade(book, NEW) == {}


def test_a_dead_worker_is_named_and_costs_nobody_else_anything(again, book):
    told, reasons, _ = again(Pool(jobs=3), a="1", b="dies", c="3")

    assert (set(told), reasons) == ({"a", "b", "c"}, [DIED])
    assert [one.person.id for one in to_grade(book, NEW).values()] == ["b"]


def test_a_fault_of_ours_is_named_and_tried_again_the_next_time(again, book):
    _, reasons, _ = again(a="1", b="faults")

    assert reasons == ["grading it again met a fault of ours; the staff log says more"]
    assert [one.person.id for one in to_grade(book, NEW).values()] == ["b"]


def test_a_full_disk_is_a_reason_for_each(again, book, monkeypatch):
    def full(report, keys):
        raise GradebookError(msg("the disk is full"))

    monkeypatch.setattr(book, "keep", full)

    assert again(a="1")[1] == ["it was graded, but the result could not be kept: the disk is full"]


def test_a_slip_of_ours_in_reading_one_is_one_line(again, monkeypatch):
    def slip(self):
        if self.key.endswith("/0"):
            raise RuntimeError
        return whole(self)

    whole = regrading.Found.read
    monkeypatch.setattr(regrading.Found, "read", slip)
    told, _, _ = again(a="1")

    assert str(told["class/0"].reason) == "our mistake (RuntimeError); the staff log says more"
    assert told["a"].has_verdict
