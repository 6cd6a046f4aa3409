import json

import pytest

from grader import record


@pytest.fixture
def recorded(grade, submission, home):
    """Two reports, and between them a damaged line and one of a newer version."""
    path = submission()
    grade("submit", path, "-e", "numbers")
    with (home / record.RECORD_FILE).open("a") as stream:
        stream.write('{"format": 1\n{"format": 2}\n')
    grade("submit", path, "-e", "double")
    return path


def test_the_last_reports_are_listed_with_time_points_and_path(grade, recorded):
    done = grade("show")
    first, second = done.stdout.splitlines()

    assert first.split()[0] == "1"
    assert first.split()[3:] == ["2", "of", "2", "points", str(recorded)]
    assert [len(part) for part in first.split()[1:3]] == [len("2026-11-25"), len("09:30")]
    assert second.split()[0] == "4"
    assert done.stderr.splitlines() == [
        "Number 2 is damaged and cannot be read.",
        "Number 3 was written by a newer version of grade.",
    ]


def test_one_report_is_shown_as_it_was_when_it_was_submitted(grade, recorded):
    done = grade("show", "4")

    assert done.exit_code == 0
    assert done.stdout.startswith("Number 4, ")
    assert "double: multiply a number" in done.stdout
    assert "numbers: two answers" not in done.stdout


def test_json_lists_and_shows(grade, recorded):
    data = json.loads(grade("show", "--json").stdout)

    assert [row["number"] for row in data["reports"]] == [1, 4]
    assert (data["damaged"], data["newer"]) == ([2], [3])
    one = json.loads(grade("show", "1", "--json").stdout)
    assert (one["number"], one["path"]) == (1, str(recorded))


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        ("9", 2, "Error: the record holds no report number 9; it has 4"),
        ("0", 2, "Error: the record holds no report number 0; it has 4"),
        ("2", 4, "Error: report number 2 of the record is damaged and cannot be read"),
        ("3", 4, "Error: report number 3 was written by a newer version of grade; install that version to read it"),
        ("two", 2, "Error: Invalid value for '[NUMBER]': 'two' is not a valid integer."),
    ],
)
def test_a_report_that_cannot_be_shown_says_why(grade, recorded, number, code, said):
    done = grade("show", number)

    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1] == said


def test_without_a_record_it_says_how_one_begins(grade):
    done = grade("show")

    assert (done.exit_code, done.stdout) == (
        0,
        "Nothing has been recorded yet; `grade submit DIR` records a report.\n",
    )


def test_a_path_with_a_line_break_stays_on_its_line(grade, submission, tmp_path):
    path = submission().rename(tmp_path / "a\nb\x1b[31m")
    grade("submit", path, "-e", "numbers")

    assert len(grade("show").stdout.splitlines()) == 1
    assert "\x1b" not in grade("show").stdout + grade("show", "1").stdout
