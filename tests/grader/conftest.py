"""The small course, written once a session: nothing changes it."""

import pytest

from grader.exercise import load_course
from tests.grader.small_course import COURSE, write


@pytest.fixture(scope="session")
def course_folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("course"), COURSE)


@pytest.fixture(scope="session")
def small_course(course_folder):
    return load_course(course_folder)
