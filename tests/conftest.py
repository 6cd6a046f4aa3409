"""What all tests share: Hypothesis profiles, one torch thread, one seed, and the reason why GPU tests are skipped.

Profiles: `dev` is quick and draws anew each time; `ci` draws more, and the same
every time.  HYPOTHESIS_PROFILE chooses; otherwise CI=true means `ci`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from grader.model import Report
from tests.graded import RENEW, report_of

settings.register_profile("dev", max_examples=20, deadline=None)
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev"))

torch.set_num_threads(1)  # the arrays are tiny, and tests run beside each other


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(RENEW, action="store_true", help="write tests/golden/ anew (see tests/test_golden.py)")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Report]:
    """The report of a sample of examples/ by its name, graded once for all workers."""
    own = tmp_path_factory.getbasetemp()
    shared: Path = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return lambda name: report_of(name, shared)


def pytest_runtest_setup(item: pytest.Item) -> None:
    torch.manual_seed(0)  # a test that fails alone fails the same way among others
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
