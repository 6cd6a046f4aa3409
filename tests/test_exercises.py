"""Every exercise proves itself, and its proof notices when a check is taken away."""

import copy

import pytest

from grader.exercise import load_course
from grader.sandbox.warm import WarmLauncher
from grader.verify import demands, verify_exercise

COURSE = load_course()
NAMES = [exercise.name for exercise in COURSE.exercises]


@pytest.fixture(scope="module")
def walls():
    with WarmLauncher() as launcher:
        yield launcher


@pytest.mark.parametrize("name", NAMES)
def test_the_exercise_proves_itself(name, walls):
    proof = verify_exercise(COURSE, COURSE.exercise(name), walls=walls)

    assert [str(problem) for problem in proof.problems] == []
    assert proof.accepted >= 1
    assert proof.wrong >= 2
    assert proof.pairs_apart == proof.pairs


@pytest.mark.parametrize("name", NAMES)
def test_removing_any_single_check_is_noticed(name):
    exercise = COURSE.exercise(name)
    for removed in exercise.checks:
        without = copy.copy(exercise)
        without.__dict__["checks"] = tuple(check for check in exercise.checks if check is not removed)

        problems = [str(problem) for problem in demands(without)]

        assert any(f"names the check {removed.name}, which does not exist" in problem for problem in problems)


def test_every_folder_of_exercises_is_in_the_course():
    folders = {path.parent.name for path in (COURSE.folder).glob("*/exercise.toml")}

    assert set(NAMES) == folders
