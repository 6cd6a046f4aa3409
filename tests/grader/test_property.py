import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import expect
from grader.expect import Mismatch
from grader.message import msg
from grader.property import MAX_SHRINK_EXAMPLES, CheckFailed, Unstable, run_check
from grader.sandbox.host import ErrorInfo, GuestLost, StudentError
from tests.grader.inside import check_of, student


def doubled(*, examples=30):
    """A fresh check each time: a Hypothesis test keeps the settings that it was given first."""

    @given(x=st.integers(-1000, 1000))
    def double(student, x):
        expect.number(student.double(x), 2 * x, name="double")

    return check_of(double, examples=examples)


def run(check, function, seed="1"):
    pupil = student(double=function)
    run_check(check, {"student": pupil}, pupil, seed)


def failure(check, function, seed="1"):
    with pytest.raises(CheckFailed) as caught:
        run(check, function, seed)
    return caught.value


def test_a_right_function_passes_on_as_many_examples_as_the_check_asks_for():
    seen = []
    run(doubled(examples=17), lambda x: seen.append(x) or 2 * x)

    assert len(seen) == 17


def test_a_failing_property_is_reported_by_its_smallest_example():
    failed = failure(doubled(), lambda x: 2 * x + (x >= 12))

    assert isinstance(failed.cause, Mismatch)
    assert [call.args or tuple(call.kwargs.values()) for call in failed.calls] == [(12,)]


def test_an_exception_is_shrunk_too():
    def raises(x):
        if x < -3:
            raise StudentError(ErrorInfo("ValueError", "no"))
        return 2 * x

    failed = failure(doubled(), raises)

    assert isinstance(failed.cause, StudentError)
    assert failed.calls[-1].args == (-4,)


def test_the_same_seed_draws_the_same_inputs_and_another_seed_others():
    def inputs(seed):
        seen = []
        run(doubled(), lambda x: seen.append(x) or 2 * x, seed)
        return seen

    assert inputs("a") == inputs("a")
    assert inputs("a") != inputs("b")


def test_inputs_do_not_depend_on_what_ran_before():
    check, seen = doubled(), []
    run(check, lambda x: seen.append(x) or 2 * x)
    first = list(seen)
    random.random()
    failure(check, lambda x: 0)
    seen.clear()
    run(check, lambda x: seen.append(x) or 2 * x)

    assert seen == first


def test_a_function_that_answers_differently_each_time_is_called_unstable():
    count = iter(range(10**6))
    failed = failure(doubled(), lambda x: 2 * x + (next(count) == 5))

    assert isinstance(failed.cause, Unstable)


def test_shrinking_is_bounded():
    calls = []

    @given(x=st.lists(st.integers(), min_size=1, max_size=200))
    def total(student, x):
        expect.number(student.total(x), -1, name="total")

    pupil = student(total=lambda x: calls.append(x) or sum(x) + random.Random(len(x)).random())
    with pytest.raises(CheckFailed):
        run_check(check_of(total), {"student": pupil}, pupil, "1")

    assert len(calls) <= MAX_SHRINK_EXAMPLES + 40


def test_a_guest_that_dies_stops_the_search_at_once():
    calls = []

    def dies(x):
        calls.append(x)
        raise GuestLost("timeout", msg("too slow"))

    with pytest.raises(GuestLost):
        run(doubled(), dies)
    assert len(calls) == 1


def test_a_guest_that_dies_while_shrinking_leaves_the_failure_that_was_seen():
    state = {"failed": 0}

    def dies_later(x):
        if state["failed"] >= 3:
            raise GuestLost("memory", msg("too large"))
        wrong = abs(x) > 5
        state["failed"] += wrong
        return 2 * x + wrong

    assert isinstance(failure(doubled(), dies_later).cause, Mismatch)


def test_a_check_without_given_runs_once():
    calls = []

    def once(student):
        expect.number(student.double(4), 8, name="double")

    run(check_of(once), lambda x: calls.append(x) or 2 * x)
    assert calls == [4]
    assert isinstance(failure(check_of(once), lambda x: 9).cause, Mismatch)


def test_an_author_s_mistake_is_no_failure_of_the_student():
    def broken(student):
        raise KeyError("y")

    with pytest.raises(KeyError):
        run(check_of(broken), lambda x: x)
