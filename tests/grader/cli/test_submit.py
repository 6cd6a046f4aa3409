import json

from grader import record


def test_a_report_is_recorded_and_its_number_told(grade, submission, home):
    path = submission()
    first, second = grade("submit", path, "-e", "numbers"), grade("submit", path, "-e", "numbers")

    assert first.stdout.endswith("Recorded as number 1: grade show 1\n")
    assert second.stdout.endswith("Recorded as number 2: grade show 2\n")
    entry = record.entry(home, 2)
    assert (entry.path, entry.report.points.earned) == (str(path), 2)
    assert entry.time[-6] in "+-"  # with its zone


def test_json_holds_the_number_of_the_record(grade, submission):
    assert json.loads(grade("submit", submission(), "-e", "numbers", "--json").stdout)["number"] == 1


def test_what_cannot_be_read_is_not_recorded(grade, tmp_path, home):
    assert grade("submit", tmp_path / "nowhere").exit_code == 3
    assert record.entries(home).found == ()


def test_a_record_that_cannot_be_written_costs_no_verdict(grade, submission, home):
    home.write_text("a file where a folder should be")
    done, as_json = (
        grade("submit", submission(), "-e", "numbers"),
        grade("submit", submission(), "-e", "numbers", "--json"),
    )

    assert done.exit_code == as_json.exit_code == 0
    assert "Total: 2 of 2 points" in done.stdout
    assert "Recorded" not in done.stdout
    assert done.stderr == (
        f"The report was not recorded: {home}/reports.jsonl: the record cannot be written: File exists; "
        "set GRADE_HOME to a folder that can\n"
    )
    assert json.loads(as_json.stdout)["number"] is None


def test_a_record_of_a_newer_version_is_added_to(grade, submission, home):
    home.mkdir()
    (home / record.RECORD_FILE).write_text('{"format": 99}\n')

    assert grade("submit", submission(), "-e", "numbers").stdout.endswith("Recorded as number 2: grade show 2\n")
