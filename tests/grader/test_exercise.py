from pathlib import Path

import pytest

from grader.errors import ExerciseError
from grader.exercise import load_course, load_exercise

TOML = """
format = 1
version = 3
title = "Add"
guest = "numpy"
file = "add.py"
functions = ["add"]
"""
CHECKS = '''
"""Checks."""
from grader import expect
from grader.checks import check, probe

@check(points=1)
def zero(student):
    """Zero plus zero
    is zero."""
    expect.number(student.add(0, 0), 0, name="sum")

@check(points=2, after=zero)
def one(student, settings):
    """One plus one is two."""
    expect.number(student.add(1, 1), 2, name="sum")

@probe
def sample(student):
    return student.add(2, 3)
'''


@pytest.fixture
def write(tmp_path):
    def write(toml=TOML, checks=CHECKS):
        (tmp_path / "add").mkdir(exist_ok=True)
        (tmp_path / "add" / "exercise.toml").write_text(toml)
        (tmp_path / "add" / "checks.py").write_text(checks)
        return tmp_path / "add"

    return write


def test_checks_are_read_in_the_order_of_the_file(write):
    exercise = load_exercise(write())

    assert [(c.name, c.points, c.after, c.fixtures) for c in exercise.checks] == [
        ("zero", 1, (), ("student",)),
        ("one", 2, ("zero",), ("student", "settings")),
    ]
    assert str(exercise.checks[0].sentence) == "Zero plus zero is zero."
    assert [probe.name for probe in exercise.probes] == ["sample"]


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        (TOML + "wall_time = 3", "add/exercise.toml: unknown key 'wall_time'; did you mean"),
        (TOML + "[limits]\ncall_time = 3", "unknown key 'call_time'; did you mean call_time_s?"),
        (TOML.replace("format = 1", "format = 7"), "format: expected 1, got 7"),
        (TOML.replace('"numpy"', '"scipy"'), "guest: expected one of numpy, torch, got 'scipy'"),
        (TOML.replace('file = "add.py"', ""), "an exercise with a guest needs the keys file and functions"),
        ("format = ", "add/exercise.toml: not TOML"),
        (TOML + '[[fields]]\nkey = "a"\nkind = "poem"', "a field needs a key and a kind out of matrix"),
        (TOML.replace("version = 3", 'version = "3"'), "version: expected a whole number, got '3'"),
        (TOML.replace('["add"]', '"add"'), "functions: expected a list of texts, got 'add'"),
        (TOML.replace('"add.py"', "3"), "file: expected a text, got 3"),
        (TOML + "[limits]\ncall_time_s = true", "call_time_s: expected a number from 0 on, got True"),
        (TOML + "[fields]\nkey = 'a'", "fields: expected tables, each below [[fields]], got {'key': 'a'}"),
    ],
)
def test_a_wrong_exercise_toml_names_the_file_and_the_key(write, toml, text):
    with pytest.raises(ExerciseError, match="^") as caught:
        load_exercise(write(toml))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        ("", "expected functions marked with @check, found none"),
        (CHECKS.replace('"""One plus one is two."""', ""), "one has no docstring, which is what the student reads"),
        (CHECKS.replace("settings", "colour"), "one has the parameter colour; expected one of answers"),
        ("import nomodule\n" + CHECKS, "add/checks.py, line 1: it cannot be imported: ModuleNotFoundError: No module"),
        (
            CHECKS + "\ndef broken(:\n",
            f"add/checks.py, line {CHECKS.count(chr(10)) + 2}: it cannot be imported: SyntaxError",
        ),
        (
            CHECKS + "1 / 0\n",
            f"add/checks.py, line {CHECKS.count(chr(10)) + 1}: it cannot be imported: ZeroDivisionError",
        ),
    ],
)
def test_a_wrong_checks_file_names_the_check(write, checks, text):
    with pytest.raises(ExerciseError, match="^") as caught:
        load_exercise(write(checks=checks)).checks
    assert text in str(caught.value)


def test_the_line_is_known_wherever_the_course_is_called_from(write, tmp_path, monkeypatch):
    write(checks="\n\n1 / 0\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ExerciseError, match="add/checks.py, line 3: it cannot be imported: ZeroDivisionError"):
        load_exercise(Path("add")).checks


def test_a_course_names_the_nearest_exercise(write, tmp_path):
    write()
    (tmp_path / "course.toml").write_text('format = 1\ntitle = "T"\nseed = "1"\nexercises = ["add"]\n')
    course = load_course(tmp_path)

    assert course.exercise("add").version == 3
    with pytest.raises(ExerciseError, match="no exercise is called ad; did you mean add?"):
        course.exercise("ad")
    with pytest.raises(ExerciseError, match="there are: add"):
        course.exercise("zzz")


def test_a_missing_course_is_one_sentence(tmp_path):
    with pytest.raises(ExerciseError, match="course.toml: there is no such file"):
        load_course(tmp_path)
