"""RoI pooling and RoI align: caffe's rounding, the bins that are printed, ramps, and the half pixel."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import roi_align2d, roi_pool2d
from tests import oracles_detection
from tests.strategies import pairs, tensors

SCALES = st.sampled_from([1.0, 0.5, 0.25])
BOX = torch.tensor([[0.0, 24.0, 24.0, 205.0, 205.0]], dtype=torch.float64)  # on a map of stride 16


@st.composite
def regions(draw: st.DrawFn, *, ordered: bool = False) -> tuple[Any, Any, Any]:
    """A feature map, boxes (some outside, some inside out) and a size of the result."""
    N, C, H, W, R = (draw(st.integers(1, most)) for most in (2, 2, 5, 6, 3))
    image = draw(tensors(R, 1, least=0, most=N - 1))
    first = draw(tensors(R, 2, least=-5, most=20))
    last = draw(tensors(R, 2, least=0, most=20)) + first if ordered else draw(tensors(R, 2, least=-5, most=25))
    return draw(tensors(N, C, H, W)), torch.cat([image, first, last], dim=1), draw(pairs(1, 3))


@given(regions(), SCALES)
def test_maxima_and_places_equal_loops_over_fractions(case: Any, scale: float):
    x, rois, output_size = case
    y, indices = roi_pool2d(x.long(), rois, output_size, spatial_scale=scale)
    want_y, want_indices = oracles_detection.roi_pool2d(x.long().numpy(), rois.numpy(), output_size, scale)
    assert np.array_equal(y.numpy(), want_y)
    assert np.array_equal(indices.numpy(), want_indices)


@given(regions(), SCALES)
def test_every_place_points_at_its_maximum(case: Any, scale: float):
    x, rois, output_size = case
    y, indices = roi_pool2d(x, rois, output_size, spatial_scale=scale)
    planes = x[rois[:, 0].long()].flatten(2)
    read = planes.gather(2, indices.clamp(min=0).flatten(2)).reshape(y.shape)
    assert torch.equal(y, torch.where(indices < 0, 0, read))


def test_the_bins_of_a_box_from_24_to_205_are_those_that_are_printed():
    columns = torch.eye(16, dtype=torch.float64).reshape(1, 16, 1, 16).expand(1, 16, 16, 16)  # channel c marks column c
    y = roi_pool2d(columns, BOX, (1, 7), spatial_scale=1 / 16).y[0, :, 0]  # (column, bin)
    bins = [(int(seen.nonzero().min()), int(seen.nonzero().max()) + 1) for seen in y.T]
    assert bins == [(2, 4), (3, 6), (5, 8), (7, 9), (8, 11), (10, 13), (12, 14)]


@pytest.mark.parametrize(("x1", "x2", "pooled"), [(40, 40, 3), (8, 8, 1), (0, 24, 2), (7, 7, 0), (-40, -1, 0)])
def test_corners_are_rounded_away_from_zero_and_both_ends_count(x1: float, x2: float, pooled: int):
    ramp = torch.arange(6).reshape(1, 1, 1, 6)  # every pixel holds its column; 40/16 = 2.5 becomes 3, not 2
    roi = torch.tensor([[0.0, x1, 0.0, x2, 0.0]])
    assert roi_pool2d(ramp, roi, 1, spatial_scale=1 / 16).y.item() == pooled


def test_a_bin_outside_the_map_is_zero_and_not_minus_infinity():
    x = torch.full((1, 1, 2, 2), -3.0)
    y, indices = roi_pool2d(x, torch.tensor([[0.0, 1.0, 0.0, 2.0, 1.0]]), 2, spatial_scale=1)
    assert y.tolist() == [[[[-3, 0], [-3, 0]]]]
    assert indices.tolist() == [[[[1, -1], [3, -1]]]]


def test_a_box_smaller_than_the_grid_repeats_its_pixels():
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert roi_pool2d(x, torch.tensor([[0.0, 1.0, 2.0, 1.0, 2.0]]), (2, 3), spatial_scale=1).y.unique().tolist() == [7]


def test_x_and_y_and_the_images_are_not_mixed_up():
    x = torch.zeros(2, 1, 3, 5)
    x[1, 0, 2, 4] = 9
    box = torch.tensor([[1.0, 4.0, 2.0, 4.0, 2.0], [0.0, 4.0, 2.0, 4.0, 2.0]])
    assert roi_pool2d(x, box, 1, spatial_scale=1).y.flatten().tolist() == [9, 0]
    align = roi_align2d(x, box, 1, spatial_scale=1, sampling_ratio=1, aligned=False)
    assert align.flatten().tolist() == [9, 0]


def test_the_gradient_goes_to_the_first_maximum_and_adds_up_where_bins_share_it():
    x = torch.zeros(1, 1, 1, 3, dtype=torch.float64, requires_grad=True)
    roi_pool2d(x, torch.tensor([[0.0, 0.0, 0.0, 2.0, 0.0]]), (1, 2), spatial_scale=1).y.sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().tolist() == [1, 1, 0]  # bins [0, 2) and [1, 3)


def test_gradients_of_pooling_are_right():
    x = torch.randperm(60).double().reshape(2, 1, 5, 6).requires_grad_()
    rois = torch.tensor([[0.0, 0.0, 1.0, 4.0, 4.0], [1.0, 2.0, 0.0, 5.0, 2.0], [0.0, 3.0, 3.0, 9.0, 9.0]])
    assert torch.autograd.gradcheck(lambda x: roi_pool2d(x, rois, (2, 3), spatial_scale=1).y, x)


def test_values_that_are_no_ordinary_numbers():
    box = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0]])
    nan = torch.tensor([[[[1.0, torch.nan], [2.0, 0.0]]]])
    assert roi_pool2d(nan, box, 1, spatial_scale=1).y.isnan().item()
    y, indices = roi_pool2d(torch.full((1, 1, 2, 2), -torch.inf), box, 1, spatial_scale=1)
    assert (y.item(), indices.item()) == (-torch.inf, 0)


@pytest.mark.parametrize("aligned", [True, False])
@given(regions(ordered=True), SCALES, st.integers(0, 3))
def test_means_of_samples_equal_loops(aligned: bool, case: Any, scale: float, ratio: int):
    x, rois, output_size = case
    rois = rois + torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    options = {"spatial_scale": scale, "sampling_ratio": ratio, "aligned": aligned}
    got = roi_align2d(x, rois, output_size, **options)
    want = oracles_detection.roi_align2d(x.numpy(), rois.numpy(), output_size, scale, ratio, aligned)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("aligned", "first", "last"), [(False, 2.308, 12.0045), (True, 1.808, 11.5045)])
@pytest.mark.parametrize("ratio", [0, 1, 2, 5])
def test_on_a_ramp_every_bin_is_the_ramp_at_its_centre(ratio: int, aligned: bool, first: float, last: float):
    rows, columns = torch.meshgrid(torch.arange(16.0).double(), torch.arange(18.0).double(), indexing="ij")
    ramps = torch.stack([columns, 100 + 3 * rows - 2 * columns])[None]
    y = roi_align2d(ramps, BOX, 7, spatial_scale=1 / 16, sampling_ratio=ratio, aligned=aligned)[0]
    centres = torch.linspace(first, last, 7, dtype=torch.float64)
    torch.testing.assert_close(y[0], centres.expand(7, 7), rtol=0, atol=1e-3)
    start = 1.5 - 0.5 * aligned
    exact = start + (torch.arange(7).double() + 0.5) * 11.3125 / 7
    torch.testing.assert_close(y[1], 100 + 3 * exact[:, None] - 2 * exact, rtol=1e-12, atol=1e-12)


def test_the_half_pixel_is_a_shift_of_half_a_cell():
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64)
    rois = torch.tensor([[0.0, 2.2, 1.4, 5.9, 6.1]]).double()
    moved = rois - torch.tensor([0, 0.5, 0.5, 0.5, 0.5])
    options = {"spatial_scale": 1.0, "sampling_ratio": 2}
    want = roi_align2d(x, moved, 3, **options, aligned=False)
    torch.testing.assert_close(roi_align2d(x, rois, 3, **options, aligned=True), want)


def test_a_legacy_box_is_at_least_one_cell_wide_and_an_aligned_one_is_not():
    ramp = torch.arange(8.0).reshape(1, 1, 1, 8).expand(1, 1, 8, 8)
    point = torch.tensor([[0.0, 3.0, 3.0, 3.0, 3.0]])
    legacy = roi_align2d(ramp, point, (1, 2), spatial_scale=1, sampling_ratio=1, aligned=False)
    assert legacy.flatten().tolist() == [3.25, 3.75]
    aligned = roi_align2d(ramp, point, (1, 2), spatial_scale=1, sampling_ratio=0, aligned=True)
    assert aligned.flatten().tolist() == [2.5, 2.5]


def test_one_sample_a_bin_is_not_enough_where_the_map_varies():
    stripes = torch.tensor([0.0, 1.0]).repeat(4).reshape(1, 1, 1, 8).expand(1, 1, 8, 8)
    box = torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
    y = [roi_align2d(stripes, box, 1, spatial_scale=1, sampling_ratio=s, aligned=False).item() for s in (1, 4)]
    assert y == [0.0, 0.5]


def test_samples_outside_read_the_border_for_one_cell_and_count_as_zero_beyond():
    ones = torch.ones(1, 1, 4, 4)
    inside = roi_align2d(
        ones, torch.tensor([[0.0, -1.0, -1.0, 4.0, 4.0]]), 5, spatial_scale=1, sampling_ratio=1, aligned=False
    )
    assert inside.unique().tolist() == [1]
    half = roi_align2d(
        ones, torch.tensor([[0.0, -4.0, 0.0, 2.0, 2.0]]), 1, spatial_scale=1, sampling_ratio=6, aligned=False
    )
    assert half.item() == pytest.approx(0.5)  # three of six columns lie more than one cell outside


@given(regions(ordered=True))
def test_aligning_is_linear(case: Any):
    x, rois, output_size = case
    options = {"spatial_scale": 0.5, "sampling_ratio": 2, "aligned": True}
    y = roi_align2d(2 * x - x.flip(1), rois, output_size, **options)
    want = 2 * roi_align2d(x, rois, output_size, **options) - roi_align2d(x.flip(1), rois, output_size, **options)
    torch.testing.assert_close(y, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("aligned", [True, False])
def test_gradients_of_aligning_are_right_and_none_goes_to_the_boxes(aligned: bool):
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[1.0, 0.3, 1.1, 4.2, 3.7], [0.0, -2.0, 0.5, 9.0, 2.0]]).double().requires_grad_()
    options = {"spatial_scale": 0.9, "sampling_ratio": 0, "aligned": aligned}
    assert torch.autograd.gradcheck(lambda x: roi_align2d(x, rois.detach(), (2, 3), **options), x)
    roi_align2d(x, rois, (2, 3), **options).sum().backward()
    assert rois.grad is None


def test_no_boxes_give_nothing():
    x, none = torch.zeros(2, 3, 4, 5), torch.zeros(0, 5)
    assert roi_pool2d(x, none, (2, 3), spatial_scale=1).y.shape == (0, 3, 2, 3)
    for ratio in (0, 2):
        y = roi_align2d(x, none, (2, 3), spatial_scale=1, sampling_ratio=ratio, aligned=True)
        assert y.shape == (0, 3, 2, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    x, rois = torch.ones(1, 1, 4, 4, dtype=dtype), torch.tensor([[0.0, 0.0, 0.0, 3.0, 3.0]])
    assert roi_pool2d(x, rois, 2, spatial_scale=1).y.dtype == dtype
    y = roi_align2d(x, rois, 2, spatial_scale=1, sampling_ratio=2, aligned=True)
    assert (y.dtype, y.unique().tolist()) == (dtype, [1])


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x = torch.randn(2, 3, 8, 9, dtype=torch.float64)
    rois = torch.tensor([[1.0, 0.3, 1.1, 6.2, 5.7], [0.0, -2.0, 0.5, 9.0, 2.0]]).double()
    got, want = (roi_pool2d(t, r, (2, 3), spatial_scale=1) for t, r in ((x.cuda(), rois.cuda()), (x, rois)))
    assert torch.equal(got.y.cpu(), want.y)
    assert torch.equal(got.indices.cpu(), want.indices)
    options = {"spatial_scale": 1, "sampling_ratio": 0, "aligned": True}
    got = roi_align2d(x.cuda(), rois.cuda(), (2, 3), **options).cpu()
    torch.testing.assert_close(got, roi_align2d(x, rois, (2, 3), **options))


X, ROIS = torch.zeros(2, 1, 4, 4), torch.zeros(1, 5)


@pytest.mark.parametrize(
    ("x", "rois", "size", "scale", "error", "message"),
    [
        (X[0], ROIS, 2, 1, ShapeError, r"x: expected \(N, C, H, W\) .* got \(1, 4, 4\)"),
        (X, ROIS[:, :4], 2, 1, ShapeError, r"rois: expected \(R, 5\): image, x1, y1, x2, y2, got \(1, 4\)"),
        (X, ROIS + 2, 2, 1, OptionError, "rois: expected images 0 to 1 in the first column, got 2 to 2; the number of"),
        (X, ROIS / 0, 2, 1, OptionError, "rois: expected finite numbers, got infinity or NaN; clip the boxes"),
        (X, ROIS.long(), 2, 1, OptionError, "rois: expected a float dtype, got torch.int64"),
        (X, ROIS, 0, 1, OptionError, "output_size: expected an integer of at least 1, got 0"),
        (X, ROIS, 2, 0, OptionError, "spatial_scale: expected a number of at least 1e-09, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(x: Any, rois: Any, size: Any, scale: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        roi_pool2d(x, rois, size, spatial_scale=scale)
    with pytest.raises(error, match=message):
        roi_align2d(x, rois, size, spatial_scale=scale, sampling_ratio=2, aligned=True)


def test_what_only_aligning_refuses_is_named():
    options = {"spatial_scale": 1, "sampling_ratio": 2, "aligned": True}
    with pytest.raises(OptionError, match="x: expected a float dtype, got torch.int64"):
        roi_align2d(X.long(), ROIS, 2, **options)
    with pytest.raises(OptionError, match="sampling_ratio: expected an integer of at least 0, got -1"):
        roi_align2d(X, ROIS, 2, **options | {"sampling_ratio": -1})
    with pytest.raises(OptionError, match="rois: expected x1 <= x2 and y1 <= y2, got a box turned inside out; order"):
        roi_align2d(X, torch.tensor([[0.0, 3.0, 0.0, 1.0, 2.0]]), 2, **options)
