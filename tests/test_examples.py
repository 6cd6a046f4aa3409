"""The samples of examples/ get what they were written for."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission
from grader.model import Verdict
from grader.report.terminal import text
from grader.template import render
from tests.graded import EXAMPLES, NAMES

TEMPLATE = {name: said.encode() for name, said in render(load_course()).items()}


def outcomes(report):
    return [outcome for part in report.exercises for outcome in part.outcomes]


def part_of(report, exercise):
    return next(part for part in report.exercises if part.exercise == exercise)


def said_of(report, exercise):
    """All sentences of an exercise's checks."""
    found = part_of(report, exercise).outcomes
    return "\n".join(f"{one.summary} " + " ".join(str(line.text) for line in one.evidence) for one in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_has_the_files_of_the_template(name):
    files = {path.name for path in (EXAMPLES / name).iterdir()}

    assert files | {"README.md", "README.zh.md", "homework.ipynb"} == set(TEMPLATE)  # files, or the notebook


def test_the_perfect_submission_gets_full_points_but_for_what_a_human_reads(example):
    report = example("perfect")

    assert report.points.earned + report.points.pending == report.points.possible
    assert {one.verdict for one in outcomes(report)} == {Verdict.PASS, Verdict.NEEDS_REVIEW}
    assert {(part.exercise, part.points.pending) for part in report.exercises if part.points.pending} == {
        ("rcnn_family", 8),
        ("deconvnet_vs_segnet", 9),
    }
    assert [part.diagnosis for part in report.exercises if part.diagnosis] == []


def test_the_empty_sample_is_the_template():
    assert {path.name: path.read_bytes() for path in (EXAMPLES / "empty").iterdir()} == TEMPLATE, "run make template"


def test_the_empty_template_gets_no_points_no_fault_and_a_friendly_word(example):
    report = example("empty")

    assert {one.verdict for one in outcomes(report)} == {Verdict.MISSING, Verdict.SKIPPED}
    assert report.points.earned == report.points.pending == 0
    assert "everybody begins here" in text(report)


def test_the_typical_submission_is_told_the_misconception_behind_its_answers(example):
    named = {part.exercise: part.diagnosis.mistake for part in example("typical").exercises if part.diagnosis}

    assert named == {
        "rcnn_family": "fast_rcnn_removes_selective_search",
        "deconvnet_vs_segnet": "only_segnet_uses_switches",
        "receptive_field": "strides_ignored",
        "conv2d": "strides_the_input",
        "max_unpool2d": "one_flat_array",
        "segnet": "no_output_size",
    }


@pytest.mark.parametrize(
    ("exercise", "sentence"),
    [
        ("conv_by_hand", "this looks like a slip in the arithmetic, not in the method"),
        ("conv_by_hand", "Row 1, column 6 by hand: 4*3 + 5*2 = 12 + 10 = 22"),
        ("channel_formulas", "The sum leaves channels out: 2, 3."),
        ("channel_formulas", "x^1_42 does not exist: the image is 3 x 3."),
        ("channel_formulas", "this bracket is never closed"),
        ("deconvnet", "deconvnet.py, line 35: x = block(self.unpool(x, index))"),
    ],
)
def test_the_typical_submission_is_told_where_else_it_goes_wrong(example, exercise, sentence):
    assert sentence in said_of(example("typical"), exercise)


def test_an_unreadable_answer_is_shown_with_a_caret_and_stays_open(example):
    y22 = next(one for one in part_of(example("typical"), "channel_formulas").outcomes if one.check == "y22")
    shown = next(str(line.text) for line in y22.evidence if "\n" in str(line.text))
    source, caret = shown.split("\n")

    assert y22.verdict is Verdict.UNREADABLE
    assert source[caret.index("^")] == "("


def test_every_exercise_of_the_typical_submission_loses_something_but_no_mistake_spills_over(example):
    for part in example("typical").exercises:
        assert part.points.earned < part.points.possible
        assert part.points.earned > 0 or part.exercise in ("channel_formulas", "deconvnet")


def test_the_cheating_submission_gets_no_points(example):
    cheating = example("cheating")

    assert cheating.points.earned == 0
    assert Verdict.PASS not in {one.verdict for one in outcomes(cheating)}
    assert not cheating.has_fault


def test_what_a_cheat_says_to_the_terminal_is_only_shown(example):
    said = text(example("cheating"))

    hidden = {character for character in said if unicodedata.category(character) in ("Cc", "Cf")} - {"\n"}
    assert hidden == set()
    assert "20/20" not in said


def test_what_a_cheat_tries_to_write_is_not_there(example):
    example("cheating")

    written = [Path(folder) / name for folder in (".", EXAMPLES / "cheating") for name in ("results.json", "junit.xml")]
    assert [path for path in (*written, Path("/tmp/cheating")) if path.exists()] == []


def test_the_order_of_the_exercises_and_a_second_grading_change_nothing(example):
    course, first = load_course(), example("typical")

    again = grade(read_submission(EXAMPLES / "typical"), replace(course, exercises=course.exercises[::-1]))

    for part in again.exercises:
        assert part.to_json() == part_of(first, part.exercise).to_json()
    assert [part.exercise for part in again.exercises] == [part.exercise for part in first.exercises][::-1]
    assert again.submission == first.submission
