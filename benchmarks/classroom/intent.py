"""What should come of a submission: for each exercise the checks that fail and the points, derived and never graded."""

from collections.abc import Collection, Sequence
from typing import Any

from grader.diagnose import Specimen
from grader.exercise import Exercise

BY_HAND = {"rcnn_family": {"summary"}, "deconvnet_vs_segnet": {"summary"}}  # whose points a human gives


def of_specimen(exercise: Exercise, specimen: Specimen) -> dict[str, Any]:
    """What one of the exercise's own submissions promises: the checks that it names fail, and no other."""
    return _marked(exercise, set(specimen.fails))


def of_nothing(exercise: Exercise) -> dict[str, Any]:
    """Nothing was handed in for it."""
    return _marked(exercise, set(), nothing=[check.name for check in exercise.checks]) | {"verdicts": ["missing"]}


def of_code_alone(exercise: Exercise) -> dict[str, Any]:
    """Right code, and no answer by hand."""
    missing = [check.name for check in exercise.checks if "student" not in check.fixtures]
    return _marked(exercise, set(), nothing=missing) | ({"verdicts": ["missing"]} if missing else {})


def of_attack(exercise: Exercise, verdicts: Sequence[str]) -> dict[str, Any]:
    """No check that asks the student's code gives a point, for one of these reasons; the others pass."""
    asked = [check.name for check in exercise.checks if "student" in check.fixtures]
    return _marked(exercise, set(), nothing=asked) | {"verdicts": list(verdicts)}


def _marked(exercise: Exercise, fails: set[str], nothing: Collection[str] = ()) -> dict[str, Any]:
    """The checks in their order: one that waits for another which has not passed shares its fate."""
    earned = pending = 0
    stopped = {*fails, *nothing}
    for check in exercise.checks:
        if check.name in stopped or stopped & set(check.after):
            stopped.add(check.name)
        elif check.name in BY_HAND.get(exercise.name, ()):
            pending += check.points
        else:
            earned += check.points
    said: dict[str, Any] = {"earned": earned, "pending": pending}
    return said | ({"nothing": sorted(nothing)} if nothing else {"fails": sorted(fails)})
