import json

import pytest

from grader.model import Report
from tests.grader.small_course import COURSE, write

WRONG = {"double.py": "def double(x):\n    return 2 * x + (x > 3)\n"}


def test_a_right_submission_passes_and_nothing_is_recorded(grade, submission, home):
    done = grade("check", submission())

    assert done.exit_code == 0
    assert "Total: 6 of 6 points\nAll checks have passed." in done.stdout
    assert done.stderr == ""
    assert not (home / "reports.jsonl").exists()


def test_a_wrong_answer_ends_with_1_and_exit_zero_turns_that_into_0(grade, submission):
    path = submission(**WRONG)

    assert grade("check", path, "-e", "double").exit_code == 1
    assert grade("check", path, "-e", "double", "--exit-zero").exit_code == 0


def test_json_is_the_whole_report_and_nothing_but_the_report(grade, submission):
    done = grade("check", submission(**WRONG), "-e", "double", "--json")

    data = json.loads(done.stdout)
    report = Report.from_json(data)
    assert (done.exit_code, done.stderr) == (1, "")
    assert data["digest"] == report.digest
    assert str(report.exercises[0].outcomes[0].summary) == "The number is not right."
    assert report.not_graded == ("triple", "numbers")


def test_a_fault_of_ours_ends_with_4_even_with_exit_zero(grade, submission, tmp_path):
    broken = COURSE | {"double/checks.py": COURSE["double/checks.py"].replace("2 * x, name", "2 / 0, name")}
    done = grade("check", submission(), "--exit-zero", course=write(tmp_path / "broken", broken))

    assert done.exit_code == 4
    assert "This is our mistake, not yours" in done.stdout
    assert "4 of 6 points, 2 still open" in done.stdout


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (
            lambda path: path / "nowhere",
            3,
            "nowhere: there is no such file or folder; give the folder of your solution",
        ),
        (
            lambda path: path / "empty",
            5,
            "empty: it is empty; expected answers.md and the Python files of the template",
        ),
        (lambda path: path / "notes.txt", 3, "a .py or a .md file, found another kind of file"),
        (lambda path: path / "broken.zip", 3, "it is called a zip and is none, or its end is missing; pack it again"),
    ],
)
def test_what_cannot_be_graded_gets_one_sentence_and_its_exit_code(grade, tmp_path, make, code, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    path = make(tmp_path)
    done, as_json = grade("check", path), grade("check", path, "--json")

    assert done.exit_code == as_json.exit_code == code
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    data = json.loads(as_json.stdout)
    assert data["exit_code"] == code
    assert data["error"]["message"] + "\n" == done.stderr


def test_a_misspelled_exercise_is_the_caller_s_slip(grade, submission):
    done = grade("check", submission(), "-e", "doubel")

    assert (done.exit_code, done.stderr) == (2, "Error: no exercise is called doubel; did you mean double?\n")


def test_a_device_that_is_not_there_is_told_where_networks_are_graded(grade, submission):
    done = grade("check", submission(), "--device", "tpu")

    assert done.exit_code == 2
    assert "'tpu' is not one of 'auto', 'cpu', 'cuda'" in done.stderr
    assert grade("check", submission(), "-e", "double", "--device", "cuda").exit_code == 0  # no network, no device


def test_the_report_is_in_the_language_that_was_asked_for(grade, submission):
    done = grade("check", submission(**WRONG), "--lang", "zh")

    assert "通过" in done.stdout
    assert "Total" not in done.stdout


def test_a_narrow_terminal_gets_narrow_lines(grade, submission, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")

    assert max(map(len, grade("check", submission()).stdout.splitlines())) == 40
