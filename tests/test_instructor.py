"""README's path for the instructor, its lines as they stand there: from Canvas's download to the file for Canvas."""

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TYPICAL = ROOT / "examples" / "typical" / "answers.md"
GRADES = """Student,ID,SIS User ID,SIS Login ID,Section,HW0 (777),HW1 (12345),Current Score
,,,,,Manual Posting,Manual Posting,
    Points Possible,,,,,3,138,(read only)
"王, 小明",11,2024001,wxm,A,3,,77
"Li, Ana",12,2024002,ana,A,2,,50
孙丽,13,2024003,sun,A,2,,50
"""


def readme_lines():
    """The commands of the section on the instructor, without comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## The instructor\n.*?```\n(.*?)```", text, re.DOTALL)[1]
    return [line.split("  #")[0].strip() for line in block.splitlines()]


@pytest.fixture
def shell(tmp_path):
    """Run a line in a folder that holds what a teacher has downloaded."""
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr("王小明_11_901_answers.md", TYPICAL.read_bytes())
        archive.writestr("liana_LATE_12_902_answers-1.md", b"# conv_by_hand\n")
        archive.writestr("unknownuser_99_903_answers.md", b"# conv_by_hand\n")
    (tmp_path / "grades.csv").write_text(GRADES, encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "grade").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m grader.cli "$@"\n')
    (programs / "grade").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GRADE_HOME": str(tmp_path / "home"),
        "LC_ALL": "C.UTF-8",
    }
    environment.pop("GRADE_BOOK", None)

    def run(line):
        return subprocess.run(
            line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_the_path_works_as_it_is_written(shell, tmp_path):
    first, again, table, sheet, entered, exported = readme_lines()

    done = shell(first)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "2 of 3 submissions have a result in course.db")
    assert done.stdout.splitlines()[1:] == [
        "Nobody's:",
        "  submissions.zip/unknownuser_99_903_answers.md: nobody in the roster has this id, login or address",
        "Nothing handed in:",
        "  2024003 孙丽",
        "To know:",
        "  submissions.zip/liana_LATE_12_902_answers-1.md came late, as its name says",
    ]
    assert again == first
    assert shell(again).stderr.count("(known before)") == 2

    rows = {line.split()[0]: line.split() for line in shell(table).stdout.splitlines()[2:5]}
    assert (rows["2024001"][-1][-1], rows["2024002"][-1], rows["2024003"][-1]) == ("?", "0", "-")

    assert shell(sheet).returncode == 0
    content = (tmp_path / "sheet.csv").read_bytes().decode("utf-8-sig")
    header, *open_lines = csv.reader(io.StringIO(content))
    assert {line[header.index("submission")] for line in open_lines} == {"submissions.zip/王小明_11_901_answers.md"}
    for line in open_lines:
        line[header.index("points")] = "1"
    with (tmp_path / "sheet.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([header, *open_lines])
    assert shell(entered).stdout.endswith(f": {len(open_lines)}\n")

    done = shell(exported)
    assert (done.returncode, done.stderr) == (0, "2024003: nothing was handed in; the mark stays empty\n")
    uploaded = list(csv.reader(io.StringIO((tmp_path / "upload.csv").read_text(encoding="utf-8"))))
    final = shell(table).stdout.splitlines()[2].split()[-1]
    assert [row[-1] for row in uploaded] == ["HW1 (12345)", "Manual Posting", "138", final.rstrip("*"), "0", ""]
    assert int(final.rstrip("*")) > 0
