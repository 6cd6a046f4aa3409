"""Sizes out of a net's range are named with the nearest that works."""

from __future__ import annotations

import pytest
import torch

from reference.errors import ShapeError
from reference.models.extent import require_extent


@pytest.mark.parametrize("sides", [(3, 5), (4, 4)])
def test_sides_in_the_range_pass(sides: tuple[int, int]):
    require_extent(torch.zeros(2, 1, *sides), 1, range(3, 6))


@pytest.mark.parametrize(("sides", "nearest"), [((2, 4), "3 x 4"), ((4, 6), "4 x 5"), ((1, 9), "3 x 5")])
def test_the_nearest_size_is_named(sides: tuple[int, int], nearest: str):
    with pytest.raises(
        ShapeError, match=rf"x: expected \(N, 1, H, W\) with H and W from 3 to 5, got .*; .* works is {nearest}$"
    ):
        require_extent(torch.zeros(2, 1, *sides), 1, range(3, 6))


def test_one_size_alone_is_written_out():
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 32, 32\), as C5 sees 5 x 5, got \(1, 1, 28, 28\); .*32"):
        require_extent(torch.zeros(1, 1, 28, 28), 1, range(32, 33), "C5 sees 5 x 5")


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 2, 4, 4)])
def test_ranks_and_channels_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, H, W\), got"):
        require_extent(torch.zeros(shape), 1, range(3, 6))
