"""`grade` as tests run it: in this process with a record of its own, or as a program where signals and pipes matter."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from grader.cli.program import program
from tests.grader.small_course import RIGHT, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the record and the staff log are kept; English, whatever the machine speaks."""
    monkeypatch.setenv("GRADE_HOME", str(tmp_path / "home"))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def grade(home, course_folder):
    """Run a verb on the small course."""

    def grade(*arguments, course=course_folder):
        given = [str(argument) for argument in arguments]
        return CliRunner().invoke(program, [*given[:1], "--course", str(course), *given[1:]], prog_name="grade")

    return grade


@pytest.fixture
def start(home, course_folder):
    """Start the program `grade` on the small course."""

    def start(*arguments, **options):
        command = [sys.executable, "-m", "grader.cli", *map(str, arguments), "--course", str(course_folder)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        options["env"] = os.environ | options.pop("env", {})
        return subprocess.Popen(command, **options)

    return start


@pytest.fixture
def submission(tmp_path):
    """Write a submission: the right one, with these files in place of its own, None for none."""

    def submission(**changed):
        files = {name: content for name, content in (RIGHT | changed).items() if content is not None}
        return write(tmp_path / "hw", files)

    return submission
