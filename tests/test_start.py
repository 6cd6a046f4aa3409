"""What a start loads: a command imports what it needs and nothing that would keep a student waiting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.exercise import Exercise, load_course
from tests.graded import EXAMPLES

COURSE = load_course()
PROGRAM = """
import json, sys
from grader.cli.program import program
try:
    program.main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
NEVER = {"matplotlib", "scipy", "IPython", "nbconvert", "sqlalchemy", "openpyxl", "dask", "pandas", "pytest"}


def loaded_by(*arguments: str | Path) -> set[str]:
    """The modules that a command has loaded by its end."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("["), done.stderr
    return set(json.loads(done.stderr))


def unwanted(exercise: Exercise) -> set[str]:
    """What the host has no use for while it grades this exercise."""
    others = {f"exercises.{other.name}.checks" for other in COURSE.exercises if other is not exercise}
    unwanted = NEVER | others
    if exercise.guest != "torch":
        unwanted |= {"torch"}
    if exercise.guest is None:
        unwanted |= {"hypothesis"}
    if exercise.guest == "numpy" and not exercise.fields:
        unwanted |= {"lark", "markdown_it"}
    if not any(field.kind == "formula" for field in exercise.fields):
        unwanted |= {"sympy"}
    return unwanted


@pytest.mark.parametrize("name", [exercise.name for exercise in COURSE.exercises if exercise.guest != "torch"])
def test_the_host_loads_no_library_that_an_exercise_does_not_need(name):
    exercise = COURSE.exercise(name)
    loaded = loaded_by("check", "--exit-zero", EXAMPLES / "perfect", "-e", name)
    assert f"exercises.{name}.checks" in loaded
    assert sorted(loaded & unwanted(exercise)) == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["batch", "--help"], ["book", "--help"]])
def test_help_loads_no_library_but_click(arguments):
    heavy = NEVER | {"numpy", "torch", "hypothesis", "sympy", "lark", "rich", "markdown_it", "psutil"}
    assert sorted(loaded_by(*arguments) & heavy) == []


def test_a_torch_guest_costs_the_host_no_torch_where_its_checks_need_none():
    course = Path(__file__).parent.parent / "benchmarks" / "plain_course"
    submission = course / "small_network" / "submissions" / "accepted" / "sequential.py"
    loaded = loaded_by("check", "--exit-zero", "--course", course, submission, "-e", "small_network")
    assert "exercises.small_network.checks" in loaded
    assert not {"torch", "hypothesis", "sympy"} & loaded
