"""What the wall withstands: each file of hostile/cases earns nothing, gets a named verdict, and harms nobody.

The first line of a case declares the verdicts that it may end with.  Beside it
the same submission holds an honest exercise, which must get its points.  Guests
that are forked from a warm template withstand the same.
"""

import ast
import ctypes
import os
import socket
import tempfile
from pathlib import Path

import psutil
import pytest

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import Submission
from grader.model import Verdict
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, probe_bubblewrap
from grader.sandbox.launch import launcher
from grader.sandbox.process import MARK
from grader.sandbox.warm import WarmLauncher

HERE = Path(__file__).parent / "hostile"
COURSE = load_course(HERE / "course")
CASES = sorted((HERE / "cases").glob("*.py"))
HONEST = b"def double(x):\n    return 2 * x\n"
# What a student's own process may do to the student's own machine is not ours to stop without namespaces.
WITHOUT_CONFINEMENT = (
    "v0",
    "v10",
    "v11",
    "v12",
    "v14",
    "x0",
    "p01",
    "p02",
    "p03",
    "p04",
    "p05",
    "p06",
    "p07",
    "p09",
    "p10",
    "r01",
    "r02",
    "r12_recursion",
)

needs_bubblewrap = pytest.mark.skipif(
    not probe_bubblewrap().works, reason=f"bubblewrap does not work here: {probe_bubblewrap().reason}"
)


def declared(path):
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return set(words.split("Verdict:")[1].split(".")[0].strip().split(","))


def submission(path, **more):
    return Submission({"scale.py": path.read_bytes(), "double.py": HONEST, **more})


def left_over():
    """Processes that still carry a guest's mark, and scratch folders."""
    found = []
    for process in psutil.process_iter():
        try:
            if MARK in process.environ() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.environ()[MARK])
        except (psutil.Error, OSError):
            continue
    return set(found), {path.name for path in Path(tempfile.gettempdir()).glob("grade-*")}


def assert_harmless(path, walls, **more):
    report = grade(submission(path, **more), COURSE, walls=walls)
    attacked, bystander = report.exercises

    [outcome] = attacked.outcomes
    assert outcome.earned == 0
    assert outcome.verdict in declared(path), outcome
    assert outcome.verdict is not Verdict.FAULT
    assert outcome.summary is not None
    assert "\x1b" not in str(outcome.summary)
    assert [one.verdict for one in bystander.outcomes] == [Verdict.PASS]
    return report


@pytest.fixture
def nothing_left():
    """This worker's own leftovers: another test of the same run may have living guests."""
    own = set()
    make = tempfile.mkdtemp

    def remember(*args, **kwargs):
        folder = make(*args, **kwargs)
        own.add(Path(folder).name)
        return folder

    tempfile.mkdtemp = remember
    yield
    tempfile.mkdtemp = make
    for _ in range(40):
        marks, folders = left_over()
        if not (marks & own or folders & own):
            return
        psutil.time.sleep(0.05)
    marks, folders = left_over()
    assert marks & own == set()
    assert folders & own == set()


@pytest.fixture(scope="module")
def warm():
    with WarmLauncher() as walls:
        yield walls
        assert walls.reason is None  # else these were cold guests


@needs_bubblewrap
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_in_bubblewrap_the_case_earns_nothing_and_harms_nobody(path, nothing_left):
    assert_harmless_beside_services(path, launcher(BUBBLEWRAP))


@needs_bubblewrap
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_in_a_guest_that_was_forked_warm_too(path, warm, nothing_left):
    assert_harmless_beside_services(path, warm)
    assert below_the_template(warm) == []


def below_the_template(walls):
    """What its templates have started and what has not ended."""
    templates = [psutil.Process(one.process.pid) for one in walls._templates.values()]
    [inside] = [child for one in templates for child in one.children()]
    psutil.wait_procs(inside.children(recursive=True), timeout=2)
    return inside.children(recursive=True)


def assert_harmless_beside_services(path, walls):
    """The host listens on its loopback, and holds a piece of shared memory."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        libc = ctypes.CDLL(None)
        key = 0x6000_0000 + os.getpid()
        shared = libc.shmget(key, 4096, 0o1600)
        try:
            assert_harmless(
                path,
                walls,
                **{"host_port.txt": str(listener.getsockname()[1]).encode(), "shm_key.txt": str(key).encode()},
            )
        finally:
            libc.shmctl(shared, 0, None)


@pytest.mark.parametrize(
    "path", [path for path in CASES if path.stem.startswith(WITHOUT_CONFINEMENT)], ids=lambda path: path.stem
)
def test_in_a_plain_process_the_verdict_is_just_as_safe(path, nothing_left):
    assert_harmless(path, launcher(PROCESS))


@pytest.mark.parametrize(
    "name",
    [
        "numpy.py",
        "json.py",
        "sitecustomize.py",
        "usercustomize.py",
        "wire.py",
        "source.py",
        "conftest.py",
        "__main__.py",
    ],
)
def test_a_file_with_the_name_of_a_library_shadows_nothing(name):
    evil = b"raise SystemExit('shadowed')\n"
    right = b"import json\nimport numpy as np\ndef scale(x, factor):\n    return np.multiply(x, factor)\n"
    report = grade(Submission({"scale.py": right, "double.py": HONEST, name: evil}), COURSE)

    assert [one.verdict for part in report.exercises for one in part.outcomes] == [Verdict.PASS, Verdict.PASS]


def test_at_least_forty_cases_are_held():
    groups = {path.stem[0] for path in CASES}

    assert len(CASES) >= 40
    assert {"v", "p", "f", "r", "n"} <= groups
