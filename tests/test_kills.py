"""A storm of kill -9 over a small class, and that the comparison behind it notices what it must."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import kills
from grader.sandbox.isolation import probe_bubblewrap

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not probe_bubblewrap().works, reason="warm guests, which are killed here, need bubblewrap")
def test_a_gradebook_equals_the_undisturbed_one_whatever_is_killed():
    small = ["--count", "8", "--exercise", "receptive_field", "--exercise", "conv_by_hand"]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "kills.py", "--kills", "5", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Every gradebook equals the undisturbed one, and nothing is left.\n")


def test_a_row_that_was_lost_or_invented_is_named(tmp_path):
    from grader.gradebook import Gradebook, Person

    with Gradebook.open(tmp_path / "one.db") as book:
        book.enrol([Person("1", "Li Lei")])
    shutil.copy(tmp_path / "one.db", tmp_path / "two.db")
    assert kills.differences(tmp_path / "one.db", tmp_path / "two.db") == []
    with closing(sqlite3.connect(tmp_path / "two.db")) as connection, connection:
        connection.execute("UPDATE person SET name = 'Han Meimei'")

    assert kills.differences(tmp_path / "one.db", tmp_path / "two.db") == [
        "person: lost ('1', 'Li Lei', '')",
        "person: invented ('1', 'Han Meimei', '')",
    ]
