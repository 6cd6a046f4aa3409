"""Scratch folders: gone with whoever made them, also where that was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.sandbox.scratch import scratch_folder, sweep

MAKE = """
import sys
from grader.sandbox.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_gone_afterwards_whatever_was_done_to_it(place):
    with scratch_folder() as folder:
        assert folder.parent == place
        locked = folder / "locked"
        locked.mkdir()
        (locked / "file").touch()
        locked.chmod(0)

    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_nobody_else_s(place):
    def start():
        process = subprocess.Popen([sys.executable, "-c", MAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return process, Path(process.stdout.readline().decode().strip())

    killed, left = start()
    living, own = start()
    with killed, living, scratch_folder() as mine:
        killed.kill()
        killed.wait()
        others = [place / f"grade-1-{killed.pid}-abc", place / "grade-of-a-student", place / "grade-file"]
        for folder in others:
            folder.mkdir()
        assert left.is_dir()

        sweep()

        assert {own, mine, *others} == set(place.iterdir())
        living.communicate()
    assert not own.exists()
