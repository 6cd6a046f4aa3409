"""What grading by transplant withstands: each network of hostile/networks earns nothing and harms nobody.

The first line of a case declares the verdicts that its outputs may end with.
"""

import ast
from pathlib import Path

import pytest

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import Submission
from grader.model import Verdict
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, strongest
from grader.sandbox.launch import launcher
from grader.sandbox.warm import WarmLauncher
from tests.grader.network.toys import RIGHT, edited

HERE = Path(__file__).parent / "hostile"
COURSE = load_course(HERE / "network_course")
CASES = sorted((HERE / "networks").glob("*.py"))
HONEST = b"def double(x):\n    return 2 * x\n"
NEEDS_CONFINEMENT = (
    "giant_network",
    "hunts_for_the_reference",
)  # of a student's own computer it is the student's matter


def report_of(code, walls=None):
    return grade(Submission({"toy.py": code, "double.py": HONEST}), COURSE, walls=walls or launcher(strongest().name))


def graded(code, walls=None):
    return report_of(code, walls).exercises


@pytest.fixture(scope="module")
def warm():
    with WarmLauncher() as walls:
        yield walls
        assert walls.reason is None or walls.isolation != BUBBLEWRAP  # else these were cold guests


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_hostile_network_earns_nothing(path):
    assert_earns_nothing(path, None)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_nor_does_it_in_a_guest_that_was_forked_warm(path, warm):
    assert_earns_nothing(path, warm)


def assert_earns_nothing(path, walls):
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    declared = set(words.split("Verdict:")[1].split(".")[0].strip().split(","))

    attacked, bystander = graded(path.read_bytes(), walls)

    verdicts = {one.check: one.verdict.value for one in attacked.outcomes}
    assert attacked.points.earned == 0, verdicts
    assert set(verdicts.values()) <= declared
    assert all(one.summary is not None for one in attacked.outcomes)
    assert [one.verdict for one in bystander.outcomes] == [Verdict.PASS]


@pytest.mark.parametrize("name", ["ignores_its_weights", "takes_over_the_guest", "forges_the_record", "patches_torch"])
def test_in_a_plain_process_the_verdict_is_just_as_safe(name):
    attacked, bystander = graded((HERE / "networks" / f"{name}.py").read_bytes(), launcher(PROCESS))

    assert attacked.points.earned == 0
    assert [one.verdict for one in bystander.outcomes] == [Verdict.PASS]


NOISE = """
import numpy as np, random
torch.manual_seed(99); torch.set_num_threads(8); torch.use_deterministic_algorithms(False)
np.seterr(all="raise"); np.random.seed(3); random.seed(4)
print("epoch 1 loss nan")
"""


@pytest.mark.parametrize(
    "code", [RIGHT, RIGHT + NOISE, edited(("x = self.a(x)", "torch.manual_seed(1); x = self.a(x)"))], ids=range(3)
)
def test_a_right_network_gets_its_points_also_with_noise_around_it(code):
    network, _ = graded(code.encode())

    assert network.points.earned == network.points.possible, [str(one.summary) for one in network.outcomes]


@pytest.mark.parametrize(
    "code", [RIGHT + NOISE, edited(("x = self.a(x)", "x = self.a(x) + torch.rand(1)"))], ids=range(2)
)
def test_a_warm_guest_gets_the_report_of_a_cold_one(code, warm):
    assert report_of(code.encode(), warm).to_json() == report_of(code.encode()).to_json()
