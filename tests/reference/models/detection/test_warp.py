"""Warping: a box of any shape fills the square but for its context; nothing is cropped, nothing kept in proportion."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import OptionError, ShapeError
from reference.layers import sample_bilinear
from reference.models.detection.warp import warp_regions


def ramp(H: int = 60, W: int = 80) -> torch.Tensor:
    """Two channels: every pixel holds its column, its row."""
    columns = torch.arange(W, dtype=torch.float64).expand(H, W)
    rows = torch.arange(H, dtype=torch.float64)[:, None].expand(H, W)
    return torch.stack([columns, rows])


def box(*corners: float) -> torch.Tensor:
    return torch.tensor([corners], dtype=torch.float64)


def test_a_box_of_the_squares_size_is_cut_out_as_it_is():
    image = torch.randn(3, 60, 80, dtype=torch.float64)
    warped = warp_regions(image, box(10, 20, 29, 39), 20, context=0)
    torch.testing.assert_close(warped[0], image[:, 20:40, 10:30])


def test_context_is_counted_in_pixels_of_the_square():
    image = torch.randn(3, 60, 80, dtype=torch.float64)
    warped = warp_regions(image, box(10, 20, 29, 39), 28, context=4)
    torch.testing.assert_close(warped[0], image[:, 16:44, 6:34])


def test_a_lying_box_becomes_a_square():
    warped = warp_regions(ramp(), box(10, 20, 49, 29), 10, context=0)[0]  # 40 x 10
    torch.testing.assert_close(warped[0, 0], torch.arange(10).double() * 4 + 11.5)
    torch.testing.assert_close(warped[1, :, 0], torch.arange(10).double() + 20)


def test_the_corners_are_pixels():
    # a box of one pixel is one pixel wide, not empty
    warped = warp_regions(ramp(), box(10, 20, 10, 20), 4, context=0)[0]
    torch.testing.assert_close(warped[0, 0], torch.tensor([-0.375, -0.125, 0.125, 0.375]).double() + 10)


def test_the_papers_size_and_context():
    warped = warp_regions(ramp(), box(20, 20, 39, 39))[0]
    assert warped.shape == (2, 227, 227)
    scale = 20 / (227 - 2 * 16)
    torch.testing.assert_close(warped[0, 113, 16].item(), 20 + 0.5 * scale - 0.5)  # the box begins at pixel 16
    torch.testing.assert_close(warped[0, 113, 210].item(), 40 - 0.5 * scale - 0.5)  # and ends at 210


def test_beyond_the_border_is_the_mean():
    image = torch.ones(1, 20, 20, dtype=torch.float64)
    warped = warp_regions(image, box(0, 0, 9, 9), 20, context=5)[0, 0]
    assert (warped[:5] == 0).all()
    assert (warped[:, :5] == 0).all()
    assert (warped[5:, 5:] == 1).all()


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(0, 3))
def test_it_is_the_reference_layers_bilinear_samples(seed: int, inner: int, context: int):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(2, 7, 11, generator=generator, dtype=torch.float64)
    corners = torch.randint(0, 7, (3, 2, 2), generator=generator).double()
    boxes = torch.cat([corners.amin(1), corners.amax(1)], 1)
    side = inner + 2 * context
    got = warp_regions(image, boxes, side, context=context)
    for r, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        w, h = (x2 - x1 + 1) * side / inner, (y2 - y1 + 1) * side / inner
        step = (torch.arange(side).double() + 0.5) / side
        columns = (x1 + x2 + 1) / 2 - w / 2 + w * step - 0.5
        rows = (y1 + y2 + 1) / 2 - h / 2 + h * step - 0.5
        rows, columns = torch.meshgrid(rows, columns, indexing="ij")
        torch.testing.assert_close(got[r], sample_bilinear(image[None], rows[None], columns[None])[0])


def test_no_regions_are_no_images():
    assert warp_regions(ramp(), torch.zeros(0, 4), 8, context=0).shape == (0, 2, 8, 8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: warp_regions(ramp()[None], box(0, 0, 1, 1)), ShapeError, r"image: expected \(C, H, W\), one image"),
        (lambda: warp_regions(ramp(), box(0, 0, 1, 1)[0]), ShapeError, r"boxes: expected \(R, 4\), got \(4,\)"),
        (lambda: warp_regions(ramp(), box(0, 0, 1, 1), 8, context=4), OptionError, "context: .* less than half of"),
        (lambda: warp_regions(ramp(), box(0, 0, 1, 1), 0), OptionError, "side: expected an integer of at least 1"),
        (lambda: warp_regions(ramp(), box(5, 0, 1, 1)), OptionError, "boxes: expected x1 <= x2 and y1 <= y2, got a"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
