"""`grade receipt`: what was recorded, what is kept now, and what grading again gives."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grader.cli.program import program
from grader.exercise import load_course
from grader.grade import grade
from grader.gradebook import Gradebook, HandedIn, exercise_key
from grader.intake import read_submission
from grader.model import Verdict
from grader.report import json as report_json
from tests.grader.gradebook.samples import KEYS, WANG, conv2d, essay, handed_in, regrade, report

SAMPLE = Path(__file__).parents[3] / "examples" / "typical"
EXERCISE = "rcnn_family"  # no code of the student's is run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADE_BOOK", str(tmp_path / "course.db"))

    def of(*arguments):
        return CliRunner().invoke(program, ["receipt", *arguments], prog_name="grade")

    return of


@pytest.fixture
def book(tmp_path):
    with Gradebook.open(tmp_path / "course.db") as book:
        book.record(WANG.id, handed_in(), report(), KEYS)
        yield book


@pytest.fixture
def file(run, book, tmp_path):
    path = tmp_path / "receipt.json"
    assert run("show", WANG.id, "-o", str(path)).exit_code == 0
    return path


@pytest.fixture(scope="module")
def graded():
    return grade(read_submission(SAMPLE), load_course(), only=[EXERCISE])


def test_a_recorded_report_has_a_receipt(run, book):
    data = json.loads(run("show", WANG.id).stdout)

    assert data["submission"] == "d1"
    assert [(part["exercise"], part["key"]) for part in data["exercises"]] == list(KEYS.items())
    assert len(data["receipt"]) == 64


def test_a_receipt_agrees_with_the_gradebook_that_made_it(run, file):
    shown = run("verify", str(file))

    assert (shown.exit_code, shown.stdout) == (0, "Nothing differs between the receipt and the gradebook.\n")


def test_a_mark_that_somebody_changed_in_the_database_is_found(run, book, file):
    with book._database.writing() as connection:
        connection.execute(text("UPDATE outcome SET verdict = 'pass' WHERE check_name = 'strides'"))

    shown = run("verify", str(file))

    assert shown.exit_code == 1
    assert shown.stdout == "conv2d, strides: the receipt says fail (worth 3), found pass (worth 3)\n"
    data = json.loads(run("verify", str(file), "--json").stdout)
    assert data["same"] is False
    assert data["differences"][0]["message"].startswith("conv2d, strides: the receipt says fail")


def test_a_regrading_is_found(run, book, file):
    renewed = report(exercises=[conv2d(version=2), essay()])
    regrade(book, WANG, renewed, KEYS | {"conv2d": "2"})

    assert run("verify", str(file)).stdout.splitlines() == [
        "conv2d: the receipt says version 1, found 2",
        "conv2d: its files, the grader, Python or a library have changed since",
        "conv2d: its title, diagnosis, remarks or how answers were read differ",
    ]


def test_a_later_submission_is_another_content(run, book, file):
    book.record(WANG.id, handed_in("d2", "wang_2.zip"), report("d2"), KEYS)

    assert "holds no submission of this content that counts; give --student" in run("verify", str(file)).stderr
    assert run("verify", str(file), "--student", WANG.id).stdout.splitlines() == [
        "content of the submission: the receipt says d1, found d2"
    ]


def test_an_edited_receipt_is_refused(run, file):
    file.write_text(file.read_text().replace('"fail"', '"pass"'))

    shown = run("verify", str(file))

    assert shown.exit_code == 2
    assert "the receipt was changed after it was made" in shown.stderr


@pytest.mark.parametrize("content", ["", "[1]", "no JSON", '{"digest": "x"}', '{"format": 1, "digest": 1}'])
def test_a_file_that_is_no_receipt_is_refused(run, book, tmp_path, content):
    (tmp_path / "x.json").write_text(content)

    shown = run("verify", str(tmp_path / "x.json"))

    assert shown.exit_code == 2
    assert "expected a receipt or a report as JSON" in shown.stderr or "this is no receipt" in shown.stderr


def test_who_was_not_graded_has_no_receipt(run, book):
    assert "2024009: nothing that was graded is in the gradebook" in run("show", "2024009").stderr


def test_grading_again_gives_the_same_receipt(run, graded, tmp_path):
    course = load_course()
    keys = {EXERCISE: exercise_key(course, course.exercise(EXERCISE), "cpu")}
    with Gradebook.open(tmp_path / "course.db") as book:
        book.record(WANG.id, HandedIn(graded.submission, "typical"), graded, keys)
    run("show", WANG.id, "-o", str(tmp_path / "receipt.json"))

    shown = run("verify", str(tmp_path / "receipt.json"), "--submission", str(SAMPLE))

    assert (shown.exit_code, shown.stdout) == (
        0,
        f"Nothing differs between the receipt and grading {SAMPLE} again.\n",
    )


def test_a_report_as_json_is_checked_by_grading_again(run, graded, tmp_path):
    part = graded.exercises[0]
    place = next(n for n, outcome in enumerate(part.outcomes) if outcome.verdict is not Verdict.PASS)
    forged = replace(part.outcomes[place], verdict=Verdict.PASS, evidence=(), summary=None)
    outcomes = (*part.outcomes[:place], forged, *part.outcomes[place + 1 :])
    better = replace(graded, exercises=(replace(part, outcomes=outcomes),))
    for name, made in (("honest.json", graded), ("forged.json", better)):
        (tmp_path / name).write_text(report_json.dumps(report_json.document(made)))

    assert run("verify", str(tmp_path / "honest.json"), "--submission", str(SAMPLE)).exit_code == 0
    shown = run("verify", str(tmp_path / "forged.json"), "--submission", str(SAMPLE))

    assert shown.exit_code == 1
    assert f"rcnn_family, {forged.check}: the receipt says pass" in shown.stdout


def test_a_report_with_another_digest_is_refused(run, graded, tmp_path):
    (tmp_path / "report.json").write_text(report_json.dumps(report_json.document(graded) | {"seed": "other"}))

    assert "its own digest differs" in run("verify", str(tmp_path / "report.json"), "--submission", str(SAMPLE)).stderr
