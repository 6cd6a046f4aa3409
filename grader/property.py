"""Run one check to its end: once, or as a Hypothesis property that is shrunk to the smallest counterexample.

The same submission gets the same inputs in the same order on any machine: one
seed per exercise version and check, no example database, no deadline in wall
time, and none of the constants that Hypothesis would collect from whatever
modules happen to be loaded.  Shrinking is bounded by a number of examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from grader.exercise import Check
from grader.expect import Mismatch
from grader.sandbox.host import GuestLost, MissingName, StudentError, UnsendableValue
from grader.student import Call, Student
from grader.tape import Body, Recording, Replay, taped

MAX_SHRINK_EXAMPLES = 400
ORIGINAL = "__grade_original__"
FAILURES = (Mismatch, StudentError, MissingName, UnsendableValue)


class Unstable(Exception):
    """The same input gave different answers: the student's function depends on something that it was not given."""


class CheckFailed(Exception):
    """A check has failed: `cause` says how, `calls` are the student's calls of the smallest failing example."""

    def __init__(self, cause: Exception, calls: tuple[Call, ...]) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.calls = calls


class _ShrunkEnough(BaseException):
    """Ends Hypothesis's search; the smallest failure so far stands."""


def run_check(check: Check, fixtures: Mapping[str, Any], student: Student | None, seed: str) -> None:
    """Run a check; returning means that it has passed.

    Raises:
        CheckFailed: With the smallest counterexample that was found.
        GuestLost: The guest was lost before any failure was seen.
        Exception: Whatever else the check raised, for `grader.judge` to name.
    """
    given = {name: fixtures[name] for name in check.fixtures}
    recorder = _Recorder(student)
    if not _is_property(check.function):
        recorder.run(lambda: check.function(**given))
        return
    try:
        _run_property(check, recorder, given, seed)
    except _ShrunkEnough:
        raise recorder.smallest() from None
    except GuestLost:
        if recorder.failure is None:
            raise
        raise recorder.smallest() from None  # it died while shrinking: what was found before still stands
    except _flaky():
        if recorder.failure is None:
            raise
        raise CheckFailed(Unstable(), recorder.failure.calls) from None


class _Recorder:
    """Notes the latest failure: while Hypothesis shrinks, each one that it accepts is smaller than the one before."""

    def __init__(self, student: Student | None) -> None:
        self.failure: CheckFailed | None = None
        self._student = student
        self._examples_after = 0

    def run(self, body: Callable[[], object]) -> None:
        if self.failure is not None:
            self._examples_after += 1
            if self._examples_after > MAX_SHRINK_EXAMPLES:
                raise _ShrunkEnough
        if self._student is not None:
            self._student.begin()
        try:
            body()
        except FAILURES as cause:
            calls = self._student.last_calls() if self._student is not None else ()
            self.failure = CheckFailed(cause, calls)
            raise self.failure from None

    def smallest(self) -> CheckFailed:
        if self.failure is None:
            raise RuntimeError("no failure has been recorded")
        return self.failure


def _is_property(function: Callable[..., Any]) -> bool:
    return bool(getattr(function, "is_hypothesis_test", False))


def _flaky() -> type[Exception]:
    from hypothesis.errors import Flaky

    return Flaky


def _run_property(check: Check, recorder: _Recorder, given: Mapping[str, Any], seed: str) -> None:
    """From the tape of an earlier run as long as all is well, otherwise by Hypothesis."""
    original, names = _original(check.function), frozenset(given)

    def body(**kwargs: Any) -> None:
        recorder.run(lambda: original(**kwargs))

    examples = taped(original, seed)
    if examples is None:
        recording = Recording(names)
        _as_property(check, lambda **kwargs: recording.run(body, kwargs), seed)(**given)
        recording.keep(original, seed)
        return
    for number, example in enumerate(examples):
        try:
            example.play(body, given)
        except Exception as failure:
            replay = Replay(names, examples[:number], example, failure)
            break
    else:
        return
    _as_property(check, lambda **kwargs: replay.run(body, kwargs), seed)(**given)


def _original(function: Callable[..., Any]) -> Body:
    """The body of a property as its author wrote it."""
    test: Any = function
    found: Body = getattr(test, ORIGINAL, test.hypothesis.inner_test)
    return found


def _as_property(check: Check, body: Body, seed: str) -> Callable[..., Any]:
    """The check's Hypothesis test with our settings and seed, and another body."""
    import hypothesis
    from hypothesis import HealthCheck, Phase

    _forget_local_constants()
    test: Any = check.function
    original = _original(test)
    test.hypothesis.inner_test = body  # what Hypothesis offers to test runners
    if not hasattr(test, ORIGINAL):
        setattr(test, ORIGINAL, original)
        hypothesis.settings(
            max_examples=check.examples,
            database=None,
            deadline=None,
            derandomize=False,  # the seed below is the course's, not a hash of the source text
            print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=tuple(HealthCheck),
        )(test)
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8")).digest()[:8], "big")
    return hypothesis.seed(number)(test)  # type: ignore[no-any-return]


def _forget_local_constants() -> None:
    """Keep Hypothesis from drawing constants that it finds in loaded modules: they depend on how we are installed."""
    from hypothesis.internal.conjecture import providers

    if hasattr(providers, "is_local_module_file"):
        providers.is_local_module_file = lambda _path: False
