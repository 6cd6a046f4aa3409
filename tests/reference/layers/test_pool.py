"""Pooling against torch and loops: values, switches, counts, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import avg_pool2d, max_pool2d
from tests import oracles
from tests.strategies import poolings

SAMPLE = torch.tensor([[[[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 8, 3, 9]]]])


@given(poolings())
def test_maxima_and_switches_equal_torch(case: Any):
    x, kernel_size, options = case
    want_y, want_indices = F.max_pool2d(x, kernel_size, return_indices=True, **options)
    y, indices = max_pool2d(x, kernel_size, **options)
    assert torch.equal(y, want_y)
    assert torch.equal(indices, want_indices)


@given(poolings())
def test_maxima_and_switches_equal_loops_on_integers_with_ties(case: Any):
    x, kernel_size, options = case
    y, indices = max_pool2d(x.long(), kernel_size, **options)
    want_y, want_indices = oracles.max_pool2d(x.long().numpy(), kernel_size, **options)
    assert y.dtype == indices.dtype == torch.int64
    assert np.array_equal(y.numpy(), want_y)
    assert np.array_equal(indices.numpy(), want_indices)


@given(poolings())
def test_every_switch_points_at_its_maximum(case: Any):
    x, kernel_size, options = case
    y, indices = max_pool2d(x, kernel_size, **options)
    assert torch.equal(x.flatten(2).gather(2, indices.flatten(2)), y.flatten(2))


@pytest.mark.parametrize("count_include_pad", [True, False])
@given(case=poolings(dilated=False))
def test_means_equal_torch_and_loops(count_include_pad: bool, case: Any):
    x, kernel_size, options = case
    options["count_include_pad"] = count_include_pad
    y = avg_pool2d(x, kernel_size, **options)
    torch.testing.assert_close(y, F.avg_pool2d(x, kernel_size, **options), rtol=1e-15, atol=0)
    np.testing.assert_allclose(y.numpy(), oracles.avg_pool2d(x.numpy(), kernel_size, **options), rtol=1e-15)


def test_max_pool_by_hand():
    y, indices = max_pool2d(SAMPLE, 2)
    assert y.tolist() == [[[[4, 5], [8, 9]]]]
    assert indices.tolist() == [[[[4, 7], [13, 15]]]]


def test_padding_is_minus_infinity_for_the_maximum_and_counted_for_the_mean():
    assert max_pool2d(torch.full((1, 1, 2, 2), -3), 2, padding=1).y.unique().tolist() == [-3]
    ones = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    assert avg_pool2d(ones, 3, stride=1, padding=1)[0, 0, 0, 0].item() == 4 / 9
    assert avg_pool2d(ones, 3, stride=1, padding=1, count_include_pad=False).unique().tolist() == [1]


@pytest.mark.parametrize(("size", "floor", "ceil"), [(45, 22, 23), (75, 37, 38), (175, 87, 88)])
def test_odd_sizes_round_down_or_as_caffe_up(size: int, floor: int, ceil: int):
    x = torch.zeros(1, 1, size, size)
    assert max_pool2d(x, 2).y.shape[2:] == (floor, floor)
    assert max_pool2d(x, 2, ceil_mode=True).y.shape[2:] == (ceil, ceil)


def test_of_equal_maxima_the_first_wins_and_alone_gets_the_gradient():
    x = torch.zeros(1, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    y, indices = max_pool2d(x, 2)
    y.sum().backward()
    assert indices.item() == 0
    assert x.grad is not None
    assert x.grad.tolist() == [[[[1, 0], [0, 0]]]]


@pytest.mark.parametrize(
    "values", [[1, torch.nan, 5, torch.nan], [-torch.inf] * 4, [torch.inf, 0, torch.inf, 0], [0.0, -0.0, 0.0, -0.0]]
)
def test_values_that_are_no_ordinary_numbers_are_treated_as_in_torch(values: list[float]):
    x = torch.tensor(values).reshape(1, 1, 2, 2)
    y, indices = max_pool2d(x, 2, padding=1)
    want_y, want_indices = F.max_pool2d(x, 2, padding=1, return_indices=True)
    torch.testing.assert_close(y, want_y, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(indices, want_indices)


def test_the_lowest_integer_is_no_padding():
    x = torch.full((1, 1, 2, 2), -128, dtype=torch.int8)
    assert max_pool2d(x, 2, padding=1).indices.tolist() == [[[[0, 1], [2, 3]]]]


@given(poolings())
def test_pooling_is_equivariant_for_shifts_by_its_stride(case: Any):
    x, kernel_size, options = case
    stride, extent = options["stride"], [d * (k - 1) for k, d in zip(kernel_size, options["dilation"], strict=True)]
    canvas = torch.full((*x.shape[:2], 24, 24), -9.0, dtype=torch.float64)
    top, left = stride[0] * extent[0], stride[1] * extent[1]  # multiples of the stride: no window starts outside
    canvas[:, :, top : top + x.shape[2], left : left + x.shape[3]] = x
    moved = torch.roll(canvas, stride, (2, 3))
    y = max_pool2d(canvas, kernel_size, stride=stride, dilation=options["dilation"]).y
    want = torch.roll(y, (1, 1), (2, 3))
    got = max_pool2d(moved, kernel_size, stride=stride, dilation=options["dilation"]).y
    assert torch.equal(got[:, :, 1:, 1:], want[:, :, 1:, 1:])


def test_pooling_is_no_invariance():
    x = torch.tensor([0, 0, 9, 1, 0, 0, 0, 0]).reshape(1, 1, 1, 8)
    pooled = [max_pool2d(torch.roll(x, by, 3), (1, 2)).y.flatten().tolist() for by in (0, 1, 2)]
    assert pooled == [[0, 9, 0, 0], [0, 9, 1, 0], [0, 0, 9, 0]]


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 1, "padding": (1, 0), "ceil_mode": True}, {"stride": (2, 3), "ceil_mode": True}],
)
def test_gradients_are_right(options: Any):
    x = torch.randperm(40).double().reshape(1, 2, 5, 4).requires_grad_()  # no ties: the maximum is smooth there
    assert torch.autograd.gradcheck(lambda x: max_pool2d(x, (2, 3), **options).y, x)
    assert torch.autograd.gradcheck(lambda x: avg_pool2d(x, (2, 3), **options), x)
    assert torch.autograd.gradcheck(lambda x: avg_pool2d(x, (2, 3), count_include_pad=False, **options), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    x = torch.arange(12.0).reshape(1, 1, 3, 4).to(dtype)
    assert max_pool2d(x, 2).y.dtype == avg_pool2d(x, 2).dtype == dtype


def test_the_result_is_no_view_of_the_image():
    x = torch.zeros(1, 1, 2, 2)
    y, _ = max_pool2d(x, 1)
    y += 1
    assert x.sum() == 0


@pytest.mark.gpu
def test_the_device_does_not_matter():
    y, indices = max_pool2d(SAMPLE.cuda(), 3, stride=2, padding=1)
    want = max_pool2d(SAMPLE, 3, stride=2, padding=1)
    assert torch.equal(y.cpu(), want.y)
    assert torch.equal(indices.cpu(), want.indices)


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize(
    ("size", "options", "error", "message"),
    [
        ((3, 4), {}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 4\)"),
        ((1, 1, 1, 4), {}, ShapeError, "x: expected H of at least 2, as the window spans 2 and the padding adds 0"),
        (
            (1, 1, 4, 4),
            {"padding": 2},
            OptionError,
            "padding: expected at most half the window, 1, got 2; a window must",
        ),
        ((1, 1, 4, 4), {"stride": 0}, OptionError, "stride: expected an integer of at least 1, got 0"),
        ((1, 1, 4, 4), {"padding": -1}, OptionError, "padding: expected an integer of at least 0, got -1"),
    ],
)
def test_arguments_of_no_use_are_named(pool: Any, size: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        pool(torch.zeros(size), 2, **options)


def test_a_window_without_a_pixel_is_named():
    with pytest.raises(
        ShapeError, match="x: expected H so large that every window holds a pixel, got H = 2, where win"
    ):
        max_pool2d(torch.zeros(1, 1, 2, 9), 2, stride=1, padding=(1, 0), dilation=(3, 1))


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_a_maximum_of_what_has_no_order_is_refused(dtype: torch.dtype):
    with pytest.raises(OptionError, match=f"x: expected real numbers, of which one is the largest, got {dtype}"):
        max_pool2d(SAMPLE.to(dtype), 2)


def test_a_mean_of_integers_is_refused():
    with pytest.raises(
        OptionError, match=r"x: expected a float dtype, as a mean of integers is none, got torch.int64; x"
    ):
        avg_pool2d(SAMPLE, 2)
