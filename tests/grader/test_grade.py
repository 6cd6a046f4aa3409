"""A whole submission to the small course: what one exercise does costs no other a point."""

import os
import sys
from types import SimpleNamespace

import pytest
import torch

from grader.errors import GraderError, UnknownExerciseError
from grader.exercise import load_course
from grader.grade import DEVICES, THREADS, _one_thread, grade, personal_texts, resolve_device
from grader.intake import Submission
from grader.model import Points, Verdict
from tests.grader.small_course import COURSE, RIGHT, write

PERSONAL = "def personal(rng):\n    return {'first': str(rng.randrange(10**9))}\n"


def graded(course, only=(), **files):
    files = {name: text for name, text in (RIGHT | files).items() if text is not None}
    return grade(Submission({name: text.encode() for name, text in files.items()}), course, only=only)


def verdicts(report):
    return {part.exercise: {outcome.check: outcome.verdict for outcome in part.outcomes} for part in report.exercises}


def remarks(report):
    return "\n".join(str(remark) for part in report.exercises for remark in part.remarks)


def test_right_answers_get_all_points_and_nothing_else_is_said(small_course):
    report = graded(small_course)

    assert report.points == Points(6, 0, 6)
    assert (remarks(report), report.remarks, report.not_graded) == ("", (), ())
    assert [part.isolation for part in report.exercises] == [report.isolation, report.isolation, None]


def test_the_same_submission_gives_the_same_report_byte_for_byte_in_any_order_of_exercises(small_course, tmp_path):
    wrong = {"double.py": "def double(x):\n    return 2 * x + (x > 3)\n"}
    reverse = COURSE["course.toml"].replace('"double", "triple"', '"triple", "double"')
    other = load_course(write(tmp_path, COURSE | {"course.toml": reverse}))

    one, again, reversed_ = graded(small_course, **wrong), graded(small_course, **wrong), graded(other, **wrong)

    assert one.digest == again.digest
    assert {part.exercise: part for part in one.exercises} == {part.exercise: part for part in reversed_.exercises}


def test_an_exercise_that_goes_wrong_costs_no_other_a_point(small_course):
    report = graded(small_course, **{"double.py": "def double(x):\n    raise ValueError('no')\n"})

    assert verdicts(report)["double"] == {"values": Verdict.ERROR}
    assert report.points == Points(4, 0, 6)


def test_only_what_is_asked_for_is_graded_and_the_rest_is_named(small_course):
    report = graded(small_course, only=["HW1", "numbers"])

    assert [part.exercise for part in report.exercises] == ["numbers"]
    assert report.not_graded == ("double", "triple")
    with pytest.raises(UnknownExerciseError, match="no exercise is called doubel; did you mean double?"):
        graded(small_course, only=["doubel"])


def test_half_a_sheet_gets_half_the_points(small_course):
    report = graded(small_course, only=["numbers"], **{"answers.md": "# HW1\n## first\n7\n## second\n\n"})

    [part] = report.exercises
    assert [outcome.verdict for outcome in part.outcomes] == [Verdict.PASS, Verdict.MISSING]
    assert str(part.outcomes[1].summary) == "Still empty: second."


def test_without_any_sheet_the_report_says_so_once(small_course):
    report = graded(small_course, **{"answers.md": None})

    assert [str(remark) for remark in report.remarks] == [
        "No answer sheet was found; expected answers by hand in answers.md, as the template has it."
    ]
    assert graded(small_course, only=["double"], **{"answers.md": None}).remarks == ()


def test_code_that_fails_while_it_is_loaded_counts_as_far_as_it_came(small_course):
    code = "import torchh\nx = input('n')\n" + RIGHT["double.py"] + "print 3\nexit(0)\n"
    report = graded(small_course, only=["double"], **{"double.py": code})

    assert report.points == Points(2, 0, 2)
    said = remarks(report)
    assert "double.py: line 5 was left out, because it is not Python" in said
    assert "double.py, line 1: ModuleNotFoundError while the file was loaded" in said
    assert "The module torchh is not there while this exercise is graded" in said
    assert "double.py, line 2: EOFError while the file was loaded (input() gets no answer here)" in said
    assert "double.py, line 6: NameError while the file was loaded (name 'exit' is not defined)" in said
    assert "exit() ends the whole program" in said


def test_code_that_prints_a_lot_is_told(small_course):
    code = "def double(x):\n    print('x' * 2**18)\n    return 2 * x\n"
    report = graded(small_course, only=["double"], **{"double.py": code})

    assert report.points == Points(2, 0, 2)
    assert remarks(report) == "Your code prints a lot; only what a function returns is looked at."


def test_a_mistake_of_an_author_is_a_fault_and_the_next_exercise_is_graded(tmp_path):
    broken = COURSE["double/checks.py"].replace("2 * x, name", "2 / 0, name")
    report = graded(load_course(write(tmp_path, COURSE | {"double/checks.py": broken})))

    assert verdicts(report)["double"] == {"values": Verdict.FAULT}
    assert report.points == Points(4, 2, 6)
    assert report.has_fault


def test_a_check_behind_one_that_failed_is_skipped_and_progress_tells_of_each(tmp_path):
    two = COURSE["double/checks.py"] + (
        '\n@check(points=1, after=values)\ndef zero(student):\n    """Zero."""\n'
        '    expect.number(student.double(0), 0, name="double")\n'
    )
    course = load_course(write(tmp_path, COURSE | {"double/checks.py": two}))
    told = []
    report = grade(
        Submission({"double.py": b"def double(x):\n    return x\n"}),
        course,
        only=["double"],
        progress=lambda exercise, check: told.append((exercise.name, check)),
    )

    assert verdicts(report)["double"] == {"values": Verdict.FAIL, "zero": Verdict.SKIPPED}
    assert told == [("double", "values"), ("double", "zero")]


def test_values_drawn_for_a_student_stand_where_the_sheet_leaves_them_open(tmp_path):
    toml = COURSE["numbers/exercise.toml"].replace('key = "first"', 'key = "first"\ngiven = true')
    files = COURSE | {"numbers/personal.py": PERSONAL, "numbers/exercise.toml": toml}
    course = load_course(write(tmp_path, files))
    exercise = course.exercise("numbers")

    drawn = personal_texts(course, exercise, "1")
    assert drawn == personal_texts(course, exercise, "1") != personal_texts(course, exercise, "2")
    assert personal_texts(course, exercise, None) == {}
    report = graded(course, only=["numbers"], **{"answers.md": "# HW1\n", "grade.toml": 'student = "1"\n'})
    assert report.student == "1"
    assert verdicts(report)["numbers"]["first"] is Verdict.FAIL  # read, and not seven
    without = graded(course, only=["numbers"], **{"answers.md": "# HW1\n"})
    assert verdicts(without)["numbers"]["first"] is Verdict.MISSING


def test_devices_that_are_not_there_are_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [resolve_device(name) for name in ("cpu", "auto")] == ["cpu", "cpu"]
    with pytest.raises(GraderError, match="expected a CUDA device for `cuda`, found none; use `auto` or `cpu`"):
        resolve_device("cuda")
    with pytest.raises(ValueError, match="device: expected one of auto, cpu, cuda, got 'tpu'"):
        resolve_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


def test_the_command_offers_the_devices_that_grading_knows():
    from grader.cli.options import DEVICES as OFFERED

    assert OFFERED == DEVICES


def test_the_reference_computes_with_one_thread_and_the_number_is_given_back():
    exercise = SimpleNamespace(guest="torch", checks=())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with _one_thread(exercise):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_checks_that_import_torch_late_find_one_thread_in_the_environment(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with _one_thread(SimpleNamespace(guest="torch", checks=())):
        assert [os.environ.get(name) for name in THREADS] == ["1", "1"]
    assert [os.environ.get(name) for name in THREADS] == ["5", None]
