"""Whether another machine grades as this one does: what decides a result there and here, and the first difference."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from grader.exercise import Course
from grader.gradebook.lookup import exercise_facts
from grader.message import Message, msg
from grader.sandbox.isolation import strongest

Facts = Mapping[str, Any]


def facts(course: Course, names: Sequence[str], device: str) -> dict[str, Any]:
    """What decides the results of some exercises on this machine, as JSON data."""
    return {
        "machine": platform.machine(),
        "isolation": strongest().name,
        "exercises": {name: exercise_facts(course, course.exercise(name), device) for name in names},
    }


def together(parts: Sequence[Facts]) -> dict[str, Any]:
    """The facts of several exercises on one machine, from those of each."""
    exercises = {name: found for part in parts for name, found in part["exercises"].items()}
    return dict(parts[0]) | {"exercises": exercises}


def difference(ours: Facts, theirs: Facts) -> Message | None:
    """The first thing in which another machine's facts are not ours; None where it grades the same.

    Example:
        >>> here = {"machine": "x86_64", "isolation": "bubblewrap", "exercises": {}}
        >>> str(difference(here, here | {"machine": "aarch64"}))
        'its machine is aarch64, expected x86_64 as here'
    """
    for what in ("machine", "isolation"):
        if ours[what] != theirs[what]:
            return _other(what, ours[what], theirs[what])
    for name, here in ours["exercises"].items():
        there = theirs["exercises"].get(name)
        if there is None or here == there:
            continue
        if here["python"] != there["python"]:
            return _other("Python", here["python"], there["python"])
        for library, version in here["libraries"].items():
            if there["libraries"].get(library, version) != version:
                return _other(library, version, there["libraries"][library])
        for folder, digest in here["folders"].items():
            if there["folders"].get(folder, digest) != digest:
                return _files(folder)
        if here["files"] != there["files"]:
            return _files(name)
        return msg("its course is another one: the version of {exercise}, the exercises or the seed", exercise=name)
    return None


def _other(what: str, here: str, there: str) -> Message:
    return msg("its {what} is {there}, expected {here} as here", what=what, there=there, here=here)


def _files(name: str) -> Message:
    return msg("its files of {folder} are not the same as here", folder=name)
