"""Whose matter it is, and the sentence that says so: one test for each way in which a check can end."""

import logging

import numpy as np
import pytest

from grader import expect
from grader.answers.number import NumberSpec, parse_number
from grader.expect import ReviewNeeded
from grader.field import UnansweredField, UnreadableField
from grader.judge import MAX_INPUT_CHARS, _failed, fault, judge, skipped, unavailable
from grader.message import msg
from grader.model import Label, Verdict
from grader.property import Unstable
from grader.sandbox.host import ErrorInfo, GuestLost, MissingName, SandboxFault, StudentError, UnsendableValue
from tests.grader.inside import check_of, student


def double(student):
    """Twice the number."""
    expect.number(student.double(4, scale=np.ones(2)), 8, name="double")


def judged(function):
    pupil = student(double=function)
    return judge(check_of(double), {"student": pupil}, pupil, "1")


def raising(error):
    def function(x, scale):
        raise error

    return judged(function)


def evidence(outcome, label):
    return [str(line.text) for line in outcome.evidence if line.label is label]


def test_a_pass_has_its_points_and_needs_no_words():
    outcome = judged(lambda x, scale: 2 * x)

    assert (outcome.verdict, outcome.earned, outcome.summary, outcome.evidence) == (Verdict.PASS, 2, None, ())


def test_a_wrong_answer_shows_input_expected_and_got():
    outcome = judged(lambda x, scale: 9)

    assert (outcome.verdict, outcome.earned) == (Verdict.FAIL, 0)
    assert str(outcome.summary) == "The number is not right."
    assert evidence(outcome, Label.INPUT) == ["double(4, scale=[1, 1])"]
    assert evidence(outcome, Label.EXPECTED) == ["double = 8"]
    assert evidence(outcome, Label.GOT) == ["double = 9"]


def test_an_exception_shows_its_line_and_what_to_change():
    error = ErrorInfo("AttributeError", "module 'numpy' has no attribute 'float'", "a.py", 3, "np.float(x)", "double")
    outcome = raising(StudentError(error))

    assert outcome.verdict is Verdict.ERROR
    assert str(outcome.summary) == "Your code raised AttributeError: module 'numpy' has no attribute 'float'"
    assert evidence(outcome, Label.LINE) == ["a.py, line 3: np.float(x)"]
    assert evidence(outcome, Label.HINT) == ["np.float was removed from numpy; write float instead."]
    assert evidence(outcome, Label.INPUT) == ["double(4, scale=[1, 1])"]


def test_an_exception_from_no_line_of_the_student_s_shows_none():
    assert evidence(raising(StudentError(ErrorInfo("ValueError", "no"))), Label.LINE) == []


@pytest.mark.parametrize(
    ("function", "name"), [("double", "double"), ("helper", "helper"), ("__init__", "double"), ("", "double")]
)
def test_what_the_template_leaves_open_is_missing_and_no_error(function, name):
    outcome = raising(StudentError(ErrorInfo("NotImplementedError", "", "a.py", 2, "raise", function, unwritten=True)))

    assert outcome.verdict is Verdict.MISSING
    assert str(outcome.summary) == f"{name} is not written yet."


def test_a_memory_error_is_memory():
    outcome = raising(StudentError(ErrorInfo("MemoryError", "", memory=True)))

    assert (outcome.verdict, str(outcome.summary)) == (Verdict.MEMORY, "Your code ran out of memory.")


@pytest.mark.parametrize("reason", ["timeout", "memory", "error"])
def test_a_lost_guest_has_the_verdict_of_its_reason(reason):
    outcome = raising(GuestLost(reason, msg("Stopped.")))

    assert (outcome.verdict.value, str(outcome.summary)) == (reason, "Stopped.")


def test_a_guest_that_is_lost_over_a_call_shows_its_input_and_one_lost_before_shows_none():
    assert evidence(raising(GuestLost("timeout", msg("S."), while_called=True)), Label.INPUT) == [
        "double(4, scale=[1, 1])"
    ]
    assert raising(GuestLost("timeout", msg("S."))).evidence == ()


def test_a_name_that_vanished_is_missing():
    outcome = raising(MissingName())

    assert (outcome.verdict, str(outcome.summary)) == (
        Verdict.MISSING,
        "double is not defined when the file is loaded.",
    )


def test_a_value_that_cannot_cross_the_wall_is_a_failure():
    outcome = raising(UnsendableValue("a value of type set"))

    assert outcome.verdict is Verdict.FAIL
    assert str(outcome.summary) == (
        "The function must return numbers, lists or arrays; it returned a value of type set."
    )


def test_an_unstable_function_is_told_what_it_must_not_depend_on():
    outcome = _failed(check_of(double), Unstable(), ())

    assert outcome.verdict is Verdict.FAIL
    assert str(outcome.summary).startswith("The same input gave different answers: the function must depend on its")


@pytest.mark.parametrize("error", [KeyError("author"), SandboxFault("no pipe"), RecursionError(), AssertionError()])
def test_anything_else_is_ours_with_a_number_for_the_staff(error, caplog):
    with caplog.at_level(logging.ERROR, "grader.staff"):
        outcome = raising(error)

    assert (outcome.verdict, outcome.earned, outcome.pending) == (Verdict.FAULT, 0, 2)
    said = str(outcome.summary)
    assert said.startswith("This is our mistake, not yours: your points are untouched.")
    number = said.removesuffix(".").split()[-1]
    assert f"fault {number} in check double" in caplog.text
    assert type(error).__name__ in caplog.text
    assert evidence(outcome, Label.DETAIL) == [type(error).__name__]


def test_the_number_of_a_fault_is_the_same_for_the_same_mistake_and_another_for_another():
    def number(error):
        return str(fault(check_of(double), error).summary)

    assert number(KeyError("a")) == number(KeyError("b"))
    assert number(KeyError("a")) != number(TypeError("a"))


def test_only_the_last_calls_are_shown_and_long_ones_are_cut():
    def many(student):
        for _ in range(5):
            student.double(np.arange(5000.0).reshape(50, 100))
        expect.number(1, 2, name="n")

    pupil = student(double=lambda x: 0)
    lines = evidence(judge(check_of(many), {"student": pupil}, pupil, "1"), Label.INPUT)

    assert len(lines) == 3
    assert all(len(line) <= MAX_INPUT_CHARS + 1 for line in lines)


# -- answers by hand ---------------------------------------------------------------------------------------------------


def unanswered(error):
    def by_hand(answers):
        raise error

    return judge(check_of(by_hand), {"answers": {}}, None, "1")


def test_an_empty_field_is_missing():
    outcome = unanswered(UnansweredField("full"))

    assert (outcome.verdict, str(outcome.summary)) == (Verdict.MISSING, "Still empty: full.")


def test_an_unreadable_field_is_pending_with_line_caret_and_what_would_be_accepted():
    problem = parse_number("14 + x", NumberSpec())
    outcome = unanswered(UnreadableField("rf", problem.message, problem=problem, line=7))

    assert (outcome.verdict, outcome.earned, outcome.pending) == (Verdict.UNREADABLE, 0, 2)
    assert str(outcome.summary).startswith("This answer cannot be read, so it is not graded as wrong: ")
    assert evidence(outcome, Label.LINE) == ["rf, line 7 of the answer sheet"]
    assert evidence(outcome, Label.WHERE)[0].splitlines()[1].strip() == "^"
    assert len(evidence(outcome, Label.EXPECTED)) == 1


def test_a_free_answer_waits_for_a_human():
    outcome = unanswered(ReviewNeeded("R-CNN is …", (msg("Look at RoI."),)))

    assert (outcome.verdict, outcome.pending) == (Verdict.NEEDS_REVIEW, 2)
    assert str(outcome.summary) == "Stored for a human, who grades it with the rubric; nothing is lost."
    assert evidence(outcome, Label.GOT) == ["R-CNN is …"]
    assert evidence(outcome, Label.DETAIL) == ["Look at RoI."]


# -- checks that did not run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PASS])
def test_a_check_behind_another_is_skipped_or_as_open_as_that_one(verdict):
    outcome = skipped(check_of(double), "shape", verdict)

    assert outcome.verdict is (verdict if verdict.is_pending else Verdict.SKIPPED)
    assert str(outcome.summary) == "Not run: the check shape has to pass first."


def test_a_function_in_no_file_says_where_it_was_looked_for():
    outcome = unavailable(check_of(double), "double", msg("Expected a file."))

    assert (outcome.verdict, str(outcome.summary)) == (Verdict.MISSING, "double: not found. Expected a file.")
