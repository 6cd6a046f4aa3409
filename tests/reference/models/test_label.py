"""Labels that do not fit are named."""

from __future__ import annotations

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.models.label import require_labels


def test_labels_that_fit_pass():
    require_labels(torch.tensor([2, 0]), torch.zeros(2, 3))
    require_labels(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 3))


@pytest.mark.parametrize(("labels", "shape"), [((1,), (2, 3)), ((2, 1), (2, 3)), ((2,), (2, 3, 1))])
def test_shapes_that_do_not_fit_are_named(labels: tuple[int, ...], shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"labels: expected one for each row of \(2, 3.*\), \(N, C\), got"):
        require_labels(torch.zeros(labels, dtype=torch.int64), torch.zeros(shape))


@pytest.mark.parametrize(("labels", "got"), [([0, 3], "0 to 3"), ([-1, 1], "-1 to 1")])
def test_labels_that_are_no_classes_are_named(labels: list[int], got: str):
    with pytest.raises(OptionError, match=f"labels: expected 0 to 2, got {got}; classes count from 0"):
        require_labels(torch.tensor(labels), torch.zeros(2, 3))
