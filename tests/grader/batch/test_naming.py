"""The names that download zips give, read as Canvas, Moodle, Gradescope, Classroom and nbgrader write them."""

from datetime import UTC, datetime

import pytest

from grader.batch import naming
from grader.batch.naming import Clue

METADATA = b"""\
submission_409194023:
  :submitters:
  - :name: Wang Xiaoming
    :sid: '2024001'
    :email: xm@example.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :score: 2.0
  :results:
    output: |-
      ====
      Final Score: 2.0
submission_5:
  :submitters:
  - :name: A B
    :sid: 0111
    :email: a@example.edu
  - :name: C D
    :sid:
    :email: c@example.edu
submission_6:
  :submitters: []
"""


@pytest.mark.parametrize(
    ("name", "clue", "file", "is_late"),
    [
        ("wangxiaoming_12345_67890_conv2d.py", Clue(name="wangxiaoming", canvas="12345"), "conv2d.py", False),
        ("wangxiaoming_LATE_12345_67890_my_conv2d.py", Clue(name="wangxiaoming", canvas="12345"), "my_conv2d.py", True),
        ("王小明_late_7_8_作业.zip", Clue(name="王小明", canvas="7"), "作业.zip", True),
        ("wang_xm_1_2_3_4.py", Clue(name="wang_xm", canvas="1"), "3_4.py", False),
        ("anon_x7Ab2_67890_conv2d.py", Clue(number="x7Ab2"), "conv2d.py", False),
        ("anon_LATE_x7Ab2_67890_conv2d.py", Clue(number="x7Ab2"), "conv2d.py", True),
    ],
)
def test_canvas_tells_user_file_and_lateness(name, clue, file, is_late):
    found = naming.canvas(name)

    assert (found.clue, found.file, found.is_late, found.is_typed) == (clue, file, is_late, False)


def test_canvas_tells_text_that_was_typed():
    assert naming.canvas("wangxiaoming_12345_text.html").is_typed


@pytest.mark.parametrize("name", ["conv2d.py", "2024001_conv2d.py", "answers.md", "王小明_2024001"])
def test_ordinary_names_are_not_canvas(name):
    assert naming.canvas(name) is None


@pytest.mark.parametrize(
    ("name", "who", "number", "file"),
    [
        ("Wang Xiaoming_12345_assignsubmission_file_", "Wang Xiaoming", "12345", ""),
        ("Wang Xiaoming_12345_assignsubmission_file", "Wang Xiaoming", "12345", ""),
        ("王小明_12345_assignsubmission_file_conv2d.py", "王小明", "12345", "conv2d.py"),
        ("Participant_77_assignsubmission_file_a_b.zip", "Participant", "77", "a_b.zip"),
    ],
)
def test_moodle_tells_name_and_number(name, who, number, file):
    found = naming.moodle(name)

    assert (found.clue, found.file, found.is_typed) == (Clue(name=who, number=number), file, False)


def test_moodle_tells_text_that_was_typed():
    assert naming.moodle("Wang Xiaoming_12345_assignsubmission_onlinetext_").is_typed


def test_gradescope_tells_everyone_of_a_group_and_when():
    found = naming.gradescope(METADATA)

    (first,), time = found["submission_409194023"]
    assert first == Clue(id="2024001", email="xm@example.edu", name="Wang Xiaoming")
    assert time == datetime(2026, 4, 26, 17, 34, 0, 861687, tzinfo=UTC)
    assert [clue.id for clue in found["submission_5"][0]] == ["0111", ""]  # YAML 1.1 would make 73 of 0111
    assert found["submission_6"] == ((), None)


@pytest.mark.parametrize("text", [b"a: [", b"- 1", b"submission_1: 2", b"submission_1:\n  :submitters: x"])
def test_other_yaml_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|names no|found"):
        naming.gradescope(text)


@pytest.mark.parametrize(
    ("folder", "names", "prefix"),
    [
        ("hw-1-submissions", ["hw-1-octocat", "hw-1-wang-xm"], "hw-1-"),
        ("hw-1-submissions", ["hw-1-octocat", "other"], None),
        ("hw-1", ["hw-1-octocat"], None),
        ("hw-1-submissions", [], None),
    ],
)
def test_classroom_folders_begin_with_the_assignment(folder, names, prefix):
    assert naming.classroom_prefix(folder, names) == prefix


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2015-02-02 15:58:23.948203 UTC\n", "2015-02-02 15:58:23.948203"),
        ("2015-02-02 15:58:23.948203 America/Los_Angeles", "2015-02-02 23:58:23.948203"),
        ("2026-04-26 17:34:00.861687000 Z", "2026-04-26 17:34:00.861687"),
        ("2026-04-26T17:34:00 +08:00", "2026-04-26 09:34:00"),
    ],
)
def test_times_are_read_with_their_zones(text, utc):
    assert naming.moment(text).astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2015-13-02 15:58:23 UTC", "2015-02-02 15:58:23 ../../etc"])
def test_what_is_no_time_is_none(text):
    assert naming.moment(text) is None
