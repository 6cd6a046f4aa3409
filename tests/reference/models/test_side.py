"""Sides: which a net can take, and the nearest that it could."""

from __future__ import annotations

import pytest
import torch

from reference.errors import ShapeError
from reference.models.side import ENDLESS, multiples, nearest_side, require_sides


def test_what_fits_is_left_alone():
    require_sides(torch.zeros(2, 3, 64, 128), 3, multiples(64))
    require_sides(torch.zeros(2, 3, 227, 258), 3, range(227, 259))


@pytest.mark.parametrize(
    ("shape", "sides", "message"),
    [
        ((3, 64, 64), multiples(64), r"x: expected \(N, 3, H, W\), got \(3, 64, 64\)$"),
        ((1, 1, 64, 64), multiples(64), r"x: expected \(N, 3, H, W\), got \(1, 1, 64, 64\)$"),
        (
            (1, 3, 64, 65),
            multiples(64),
            r"with H and W multiples of 64, got \(1, 3, 64, 65\); the nearest size that works is 64 x 64$",
        ),
        ((1, 3, 1, 230), multiples(64), r"got \(1, 3, 1, 230\); the nearest size that works is 64 x 256$"),
        ((1, 3, 0, 64), multiples(64), r"the nearest size that works is 64 x 64$"),
        ((1, 3, 9, 9), range(4, 8), r"with H and W from 4 to 7, as rain falls, got .* works is 7 x 7$"),
        ((1, 3, 4, 5), range(4, 20, 8), r"with H and W from 4 to 12 in steps of 8, as rain falls, got .* is 4 x 4$"),
        ((1, 3, 4, 30), range(12, ENDLESS, 16), r"of at least 12 in steps of 16, as rain falls, got .* is 12 x 28$"),
    ],
)
def test_what_does_not_fit_is_named_with_the_nearest_that_does(shape: tuple[int, ...], sides: range, message: str):
    with pytest.raises(ShapeError, match=message):
        require_sides(torch.zeros(shape), 3, sides, "" if sides == multiples(64) else "rain falls")


def test_one_size_alone_is_written_out():
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 32, 32\), as C5 sees 5 x 5, got \(1, 1, 28, 28\); .*32"):
        require_sides(torch.zeros(1, 1, 28, 28), 1, range(32, 33), "C5 sees 5 x 5")


@pytest.mark.parametrize("sides", [range(1, 90), range(2, 90, 2), range(3, 90, 3), range(16, 90, 16), range(5, 80, 7)])
def test_no_other_side_is_nearer(sides: range):
    for side in range(100):
        assert nearest_side(side, sides) == min(sides, key=lambda other, side=side: (abs(other - side), -other))
