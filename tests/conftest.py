"""What all tests share: Hypothesis profiles, one torch thread, one seed, and the reason why GPU tests are skipped.

Profiles: `dev` is quick and draws anew each time; `ci` draws more, and the same
every time.  HYPOTHESIS_PROFILE chooses; otherwise CI=true means `ci`.
"""

from __future__ import annotations

import os

import pytest
import torch
from hypothesis import settings

settings.register_profile("dev", max_examples=20, deadline=None)
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev"))

torch.set_num_threads(1)  # the arrays are tiny, and tests run beside each other


def pytest_runtest_setup(item: pytest.Item) -> None:
    torch.manual_seed(0)  # a test that fails alone fails the same way among others
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
