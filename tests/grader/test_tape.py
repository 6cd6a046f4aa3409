import random

import numpy as np
import pytest
from hypothesis import assume, event, given, target
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader import expect, tape
from grader.message import msg
from grader.property import CheckFailed, run_check
from grader.sandbox.host import ErrorInfo, GuestLost, StudentError
from tests.grader.inside import check_of, student


def doubled():
    """A fresh check, of which nothing has been taped."""

    @given(xs=st.lists(st.integers(-1000, 1000), max_size=4), add=st.booleans())
    def double(student, xs, add):
        expect.number(student.double(xs, add), 2 * sum(xs) + add, name="double")

    return check_of(double, examples=30)


def right(xs, add):
    return 2 * sum(xs) + add


def run(check, function, seed="1"):
    """The calls of a run in order, and what came of it: the smallest failure, or the exception itself."""
    seen = []

    def noted(*args):
        seen.append(args)
        return function(*args)

    pupil = student(double=noted)
    try:
        run_check(check, {"student": pupil}, pupil, seed)
    except CheckFailed as failed:
        return seen, (type(failed.cause), str(failed.cause), failed.calls)
    except (GuestLost, Exception) as error:
        return seen, (type(error), str(error), ())
    return seen, None


def taped_check(seed="1"):
    check = doubled()
    run(check, right, seed)
    assert is_taped(check, seed)
    return check


def is_taped(check, seed="1"):
    body = getattr(check.function, "__grade_original__", None)
    return body is not None and tape.taped(body, seed) is not None


def forgetful(after):
    """A student's function that is right for some calls and wrong from then on."""
    calls = []

    def function(xs, add):
        calls.append(xs)
        return right(xs, add) + (len(calls) > after)

    return function


def raising(error, is_wrong):
    def function(xs, add):
        if is_wrong(xs):
            raise error
        return right(xs, add)

    return function


def flaky():
    answers = random.Random(5)

    def function(xs, add):
        return right(xs, add) + (len(xs) > 1 and answers.random() < 0.3)

    return function


STUDENTS = {
    "right": lambda: right,
    "always wrong": lambda: lambda xs, add: -1,
    "wrong for long lists": lambda: lambda xs, add: right(xs, add) + (len(xs) > 2),
    "wrong for large numbers": lambda: lambda xs, add: right(xs, add) + any(abs(x) > 700 for x in xs),
    "wrong once in a while": flaky,
    "wrong from the tenth call on": lambda: forgetful(10),
    "wrong from the last example on": lambda: forgetful(29),
    "raises": lambda: raising(StudentError(ErrorInfo("ValueError", "no", 3, "double")), lambda xs: len(xs) > 2),
    "is lost": lambda: raising(GuestLost("timeout", msg("too slow")), lambda xs: sum(xs) > 900),
}


@pytest.mark.parametrize("make", STUDENTS.values(), ids=STUDENTS)
def test_a_student_is_asked_the_same_and_gets_the_same_with_and_without_a_tape(make):
    calls, outcome = run(doubled(), make())

    assert run(taped_check(), make()) == (calls, outcome)
    assert run(taped_check(), make()) == (calls, outcome)


def test_a_tape_spares_hypothesis(monkeypatch):
    check = taped_check()
    monkeypatch.setattr("grader.property._as_property", lambda *args: pytest.fail("Hypothesis was asked"))

    calls, outcome = run(check, right)

    assert len(calls) == 30
    assert outcome is None


def test_each_seed_has_a_tape_of_its_own():
    check = taped_check("1")

    other, _ = run(check, right, "2")

    assert other == run(doubled(), right, "2")[0] != run(check, right, "1")[0]


def test_a_failing_run_leaves_no_tape():
    check = doubled()
    run(check, lambda xs, add: -1)

    assert not is_taped(check)


def test_the_body_sees_the_same_global_random_numbers():
    seen = []

    @given(x=st.integers())
    def draws(student, x):
        seen.append((x, random.random(), np.random.random_sample()))  # noqa: NPY002 - what Hypothesis seeds

    check = check_of(draws, examples=5)
    run(check, right)
    first = list(seen)
    seen.clear()
    random.random()
    run(check, right)

    assert seen == first


def assumes(student, x):
    assume(x % 3)
    assert student.double([x], add=False) == 2 * x


def steers(student, x):
    target(float(student.double([x], add=False)))


def labels(student, x):
    event("even" if x % 2 else "odd")


@pytest.mark.parametrize("body", [assumes, steers, labels])
def test_a_check_that_speaks_with_hypothesis_is_always_run_by_it(body):
    check = check_of(given(x=st.integers(0, 100))(body), examples=12)

    first = run(check, right)

    assert not is_taped(check)
    assert run(check, right) == first


def test_a_check_that_draws_in_its_body_is_not_taped():
    @given(data=st.data())
    def interactive(student, data):
        x = data.draw(st.integers())
        expect.number(student.double([x], False), 2 * x, name="double")

    check = check_of(interactive, examples=8)

    assert run(check, right) == run(check, right)
    assert not is_taped(check)


def test_a_check_that_changes_what_was_drawn_is_not_taped():
    @given(x=nps.arrays(np.int64, 3))
    def spoils(student, x):
        x[:] = 0

    check = check_of(spoils, examples=8)
    run(check, right)

    assert not is_taped(check)


def test_a_tape_that_somebody_has_changed_is_dropped():
    kept = []

    @given(x=nps.arrays(np.int64, 3))
    def keeps(student, x):
        kept.append(x)

    check = check_of(keeps, examples=8)
    run(check, right)
    assert is_taped(check)
    kept[3][1] += 1

    assert not is_taped(check)


def test_what_cannot_be_pickled_is_not_taped():
    @given(x=st.sampled_from([lambda: 1, lambda: 2]))
    def calls(student, x):
        assert x() in (1, 2)

    check = check_of(calls, examples=8)

    assert run(check, right)[1] is None
    assert not is_taped(check)
    assert run(check, right)[1] is None


def test_a_large_tape_is_not_kept(monkeypatch):
    monkeypatch.setattr(tape, "MAX_BYTES", 1000)
    check = doubled()
    run(check, right)

    assert not is_taped(check)


def test_a_check_whose_draws_change_is_left_to_hypothesis():
    bounds = [0, 10]

    @given(x=st.deferred(lambda: st.builds(lambda: tuple(bounds)).flatmap(lambda pair: st.integers(*pair))))
    def moody(student, x):
        expect.number(student.double([x], False), 2 * x, name="double")

    check = check_of(moody, examples=8)
    run(check, right)
    assert is_taped(check)
    bounds[:] = [20, 30]
    calls, outcome = run(check, lambda xs, add: -1)

    assert calls[0][0][0] <= 10  # from the tape
    assert calls[-1] == ([20], False)  # what Hypothesis draws now, shrunk
    assert outcome is not None
