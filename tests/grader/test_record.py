import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from grader import record
from grader.errors import GraderError, RecordError
from grader.model import Report

REPORT = Report("T", "王", "00ff", "7", "cpu", ())
TIME = datetime(2026, 11, 25, 9, 30, 12, 5, tzinfo=UTC)


def add(folder, path="hw"):
    return record.append(folder, REPORT, path, TIME)


def test_reports_are_numbered_from_one_and_come_back_whole(tmp_path):
    folder = tmp_path / "new" / "home"

    assert [add(folder, path).number for path in ("a", "作业\n2")] == [1, 2]
    assert [(entry.number, entry.path, entry.report) for entry in record.entries(folder).found] == [
        (1, "a", REPORT),
        (2, "作业\n2", REPORT),
    ]
    assert record.entry(folder, 2).time == "2026-11-25T09:30:12+00:00"


def test_the_record_is_the_user_s_own(tmp_path):
    add(tmp_path / "home")

    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home" / record.RECORD_FILE).stat().st_mode & 0o777 == 0o600


def test_only_the_last_are_read_when_only_they_are_asked_for(tmp_path):
    for _ in range(4):
        add(tmp_path)

    assert [entry.number for entry in record.entries(tmp_path, 2).found] == [3, 4]


def test_without_a_record_there_are_no_reports(tmp_path):
    assert record.entries(tmp_path / "none") == record.Entries((), ())


@pytest.mark.parametrize("number", [0, -1, 2, 10**30])
def test_a_number_that_is_not_there_says_how_many_are(tmp_path, number):
    add(tmp_path)

    with pytest.raises(GraderError, match=f"the record holds no report number {number}; it has 1"):
        record.entry(tmp_path, number)


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"1", b'{"format": 1}', b'{"format": true}', b"\xff\x00", b"[" * 10000, b'{"format": 1, "time": "t", "path": "p", "report": {}}'],
)  # fmt: skip
def test_a_damaged_line_is_named_and_harms_no_other(tmp_path, line):
    add(tmp_path)
    with (tmp_path / record.RECORD_FILE).open("ab") as stream:
        stream.write(line + b"\n")
    add(tmp_path)

    found = record.entries(tmp_path)

    assert ([entry.number for entry in found.found], found.damaged, found.newer) == ([1, 3], (2,), ())
    with pytest.raises(RecordError, match="report number 2 of the record is damaged and cannot be read"):
        record.entry(tmp_path, 2)


def test_a_line_of_a_newer_version_is_called_so_and_kept(tmp_path):
    newer = json.dumps({"format": 2, "what": "nobody knows yet"}).encode() + b"\n"
    (tmp_path / record.RECORD_FILE).write_bytes(newer)

    assert add(tmp_path).number == 2
    found = record.entries(tmp_path)
    assert ([entry.number for entry in found.found], found.damaged, found.newer) == ([2], (), (1,))
    with pytest.raises(RecordError, match="number 1 was written by a newer version of grade; install that version"):
        record.entry(tmp_path, 1)
    assert (tmp_path / record.RECORD_FILE).read_bytes().startswith(newer)


def test_after_a_half_written_line_the_next_begins_on_its_own(tmp_path):
    (tmp_path / record.RECORD_FILE).write_bytes(b'{"format": 1, "ti')

    assert add(tmp_path).number == 2
    assert record.entries(tmp_path).damaged == (1,)
    assert record.entry(tmp_path, 2).report == REPORT


def test_a_disk_that_fills_up_leaves_the_record_as_it_was(tmp_path, monkeypatch):
    add(tmp_path)
    before = (tmp_path / record.RECORD_FILE).read_bytes()
    real = os.write

    def fill(descriptor, data):
        if len(data) < 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(
        RecordError, match="cannot be written: No space left on device; set GRADE_HOME to a folder that can"
    ):
        add(tmp_path)
    assert (tmp_path / record.RECORD_FILE).read_bytes() == before


def test_a_folder_that_is_a_file_says_where_it_stands(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(RecordError, match=r"home/reports.jsonl: the record cannot be written: File exists"):
        add(tmp_path / "home")
    with pytest.raises(RecordError, match=r"home/reports.jsonl: the record cannot be read: Not a directory"):
        record.entries(tmp_path / "home")


def test_two_who_submit_at_once_lose_nothing(tmp_path):
    with ThreadPoolExecutor(4) as pool:  # each opens the file anew, so that the lock holds them apart as processes
        numbers = list(pool.map(lambda _: add(tmp_path).number, range(30)))

    found = record.entries(tmp_path)
    assert sorted(numbers) == [entry.number for entry in found.found] == list(range(1, 31))
    assert found.damaged == ()


def test_grade_home_says_where(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    assert record.data_folder() == tmp_path
    monkeypatch.delenv("GRADE_HOME")
    assert record.data_folder().name == "grade"
