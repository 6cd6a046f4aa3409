"""The submissions of examples/ get what they were written for."""

from pathlib import Path

import pytest

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission
from grader.model import Verdict

ROOT = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def report():
    course, made = load_course(), {}

    def of(name):
        if name not in made:
            made[name] = grade(read_submission(ROOT / name), course)
        return made[name]

    return of


def test_the_perfect_submission_gets_full_points(report):
    points = report("perfect").points

    assert points.earned == points.possible


def test_the_empty_template_gets_zero_points_and_no_fault(report):
    outcomes = [one for part in report("empty").exercises for one in part.outcomes]

    assert {one.verdict for one in outcomes} <= {Verdict.MISSING, Verdict.SKIPPED}


def test_the_typical_submission_is_told_its_mistakes(report):
    named = {part.exercise: part.diagnosis.mistake for part in report("typical").exercises if part.diagnosis}

    assert named["conv_by_hand"] == "correlation"
    assert named["conv2d"] == "strides_the_input"
    assert named["max_unpool2d"] == "rows_and_columns_swapped"


def test_the_cheating_submission_gets_no_points(report):
    cheating = report("cheating")

    assert cheating.points.earned == 0
    assert Verdict.PASS not in {one.verdict for part in cheating.exercises for one in part.outcomes}
    assert not cheating.has_fault


def test_a_report_is_the_same_every_time(report):
    again = grade(read_submission(ROOT / "typical"), load_course())

    assert again.to_json() == report("typical").to_json()
    assert again.digest == report("typical").digest
