"""The vocabulary of check authors: mark a function as a check or as a probe.

    @check(points=2, after=identity)
    @given(case=cases())
    def strides(student, case):
        '''Values are right for strides 1, 2 and 3.'''
        expect.equal(student.conv2d(case.x, case.weight), reference(case))

The docstring is the sentence that the student reads.  The decorators only mark:
there is no registry, and the order of checks is their order in the file.
Parameters that Hypothesis does not draw are given by name: `student` (calls
cross the wall), `answers` (the parsed answer sheet), `settings` (of the
exercise), `personal` (values drawn from the student's id), `device`, and `remarks`,
a list to which a check appends a `Message` that costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

CHECK_MARK = "__grade_check__"
PROBE_MARK = "__grade_probe__"
FIXTURES = frozenset({"student", "answers", "settings", "personal", "device", "remarks"})


@dataclass(frozen=True, slots=True)
class CheckMark:
    """What `@check` declares: points, the checks that must have passed before, examples to draw."""

    points: int
    after: tuple[Callable[..., Any], ...]
    examples: int


def check(
    *, points: int, after: Callable[..., Any] | Sequence[Callable[..., Any]] = (), examples: int = 50
) -> Callable[[Function], Function]:
    """Mark a function as a check.

    Args:
        points: What passing is worth; at least 1.
        after: Checks that must have passed, else this one is skipped.
        examples: How many inputs Hypothesis draws, where the check is a property.

    Raises:
        ValueError: points or examples < 1.
        TypeError: `after` is not a function, or not a check.
    """
    if points < 1 or examples < 1:
        raise ValueError(f"points, examples: expected at least 1, got points={points!r}, examples={examples!r}")
    before = (after,) if callable(after) else tuple(after)
    for function in before:
        if not hasattr(function, CHECK_MARK):
            raise TypeError(f"after: expected functions marked with @check, got {function!r}")

    def mark(function: Function) -> Function:
        setattr(function, CHECK_MARK, CheckMark(points, before, examples))
        return function

    return mark


def probe(function: Function) -> Function:
    """Mark a function that returns one answer of a submission; answers to all probes identify a misconception."""
    setattr(function, PROBE_MARK, True)
    return function
