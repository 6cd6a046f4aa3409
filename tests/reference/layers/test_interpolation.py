"""Bilinear samples and resizing against torch, loops and ramps."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import bilinear_kernel, conv_transpose2d, resize_bilinear2d, resize_nearest2d, sample_bilinear
from tests import oracles_field
from tests.strategies import pairs, tensors


@st.composite
def sampled(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """An image and places in quarters of a pixel, some outside."""
    N, C, H, W = (draw(st.integers(1, most)) for most in (2, 2, 4, 5))
    places = tensors(N, draw(st.integers(1, 4)), least=-6, most=24)
    return draw(tensors(N, C, H, W)), draw(places) / 4, draw(places) / 4


@given(sampled())
def test_samples_equal_torch_and_loops(case: Any):
    x, rows, columns = case
    got = sample_bilinear(x, rows, columns)
    H, W = x.shape[2:]
    grid = torch.stack([(2 * columns + 1) / W - 1, (2 * rows + 1) / H - 1], dim=-1)[:, :, None]
    want = F.grid_sample(x, grid, align_corners=False)[..., 0]
    torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
    for n, c, p in np.ndindex(*got.shape):
        value = oracles_field.sample_bilinear(x[n, c].numpy(), rows[n, p].item(), columns[n, p].item())
        assert got[n, c, p].item() == value  # quarters are exact


@given(sampled())
def test_samples_are_linear_in_the_image(case: Any):
    x, rows, columns = case
    y = sample_bilinear(3 * x - 1, rows, columns)
    constant = sample_bilinear(torch.ones_like(x), rows, columns)
    assert torch.equal(y, 3 * sample_bilinear(x, rows, columns) - constant)


def test_a_sample_at_a_pixel_is_the_pixel_and_rows_come_first():
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    rows, columns = torch.meshgrid(torch.arange(3.0), torch.arange(4.0), indexing="ij")
    assert torch.equal(sample_bilinear(x, rows[None], columns[None]), x)
    assert sample_bilinear(x, torch.tensor([[2.0]]), torch.tensor([[0.5]])).item() == 8.5


def test_gradients_of_samples_are_right():
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    rows, columns = torch.tensor([[0.3, 1.7, -0.4]] * 2).double(), torch.tensor([[2.6, 0.2, 3.5]] * 2).double()
    assert torch.autograd.gradcheck(sample_bilinear, (x, rows.requires_grad_(), columns.requires_grad_()))


@pytest.mark.parametrize("align_corners", [True, False])
@given(st.data(), pairs(1, 5), pairs(1, 9))
def test_resizing_equals_torch(align_corners: bool, data: Any, sides: Any, output_size: Any):
    x = data.draw(tensors(2, 2, *sides))
    want = F.interpolate(x, output_size, mode="bilinear", align_corners=align_corners)
    got = resize_bilinear2d(x, output_size, align_corners=align_corners)
    torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)


@given(st.data(), pairs(1, 5), pairs(1, 9))
def test_resizing_to_the_nearest_equals_torch(data: Any, sides: Any, output_size: Any):
    x = data.draw(tensors(2, 2, *sides))
    assert torch.equal(resize_nearest2d(x, output_size), F.interpolate(x, output_size, mode="nearest"))


def test_nearest_doubling_repeats_every_pixel():
    x = torch.arange(6).reshape(1, 1, 2, 3)
    assert torch.equal(resize_nearest2d(x, (4, 6)), x.repeat_interleave(2, 2).repeat_interleave(2, 3))


@given(st.data(), pairs(1, 4))
def test_resizing_to_the_same_size_changes_nothing(data: Any, sides: Any):
    x = data.draw(tensors(1, 2, *sides))
    for align_corners in (True, False):
        assert torch.equal(resize_bilinear2d(x, sides, align_corners=align_corners), x)


def test_the_two_alignments_differ_where_the_ends_of_a_ramp_go():
    ramp = torch.arange(4.0, dtype=torch.float64).reshape(1, 1, 1, 4)
    corners = resize_bilinear2d(ramp, (1, 7), align_corners=True).flatten()
    torch.testing.assert_close(corners, torch.arange(0, 3.5, 0.5).double())
    edges = resize_bilinear2d(ramp, (1, 8)).flatten()
    assert edges.tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]


@pytest.mark.parametrize("factor", [2, 4])
def test_inside_it_is_the_transposed_convolution_with_the_bilinear_kernel(factor: int):
    x = torch.randn(1, 1, 6, 5, dtype=torch.float64)
    weight = bilinear_kernel(2 * factor, dtype=torch.float64)
    y = conv_transpose2d(x, weight, stride=factor, padding=factor // 2)
    want = resize_bilinear2d(x, (6 * factor, 5 * factor))
    inside = slice(factor, -factor)
    torch.testing.assert_close(y[..., inside, inside], want[..., inside, inside])
    assert not torch.allclose(y, want)  # at the border the one fades, the other keeps


@pytest.mark.parametrize("align_corners", [True, False])
def test_gradients_of_resizing_are_right(align_corners: bool):
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    for size in ((5, 3), (2, 9)):
        assert torch.autograd.gradcheck(lambda x, s=size: resize_bilinear2d(x, s, align_corners=align_corners), x)
        assert torch.autograd.gradcheck(lambda x, s=size: resize_nearest2d(x, s), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    x, place = torch.ones(1, 1, 2, 2, dtype=dtype), torch.full((1, 1), 0.5, dtype=dtype)
    results = sample_bilinear(x, place, place), resize_bilinear2d(x, 3), resize_nearest2d(x, 3)
    assert [y.dtype for y in results] == [dtype] * 3
    assert all(y.unique().tolist() == [1] for y in results)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, place = torch.randn(2, 2, 4, 5).double(), torch.rand(2, 3).double() * 4
    torch.testing.assert_close(
        sample_bilinear(x.cuda(), place.cuda(), place.cuda()).cpu(), sample_bilinear(x, place, place)
    )
    torch.testing.assert_close(resize_bilinear2d(x.cuda(), (7, 3)).cpu(), resize_bilinear2d(x, (7, 3)))
    assert torch.equal(resize_nearest2d(x.cuda(), (7, 3)).cpu(), resize_nearest2d(x, (7, 3)))


X, PLACES = torch.zeros(2, 1, 3, 3), torch.zeros(2, 4)


@pytest.mark.parametrize(
    ("layer", "arguments", "error", "message"),
    [
        (sample_bilinear, (X[0], PLACES, PLACES), ShapeError, r"x: expected \(N, C, H, W\) .* got \(1, 3, 3\)"),
        (sample_bilinear, (X, PLACES, PLACES[:, :3]), ShapeError, r"columns: expected the shape of rows, .*\(2, 3\)"),
        (sample_bilinear, (X, PLACES[:1], PLACES[:1]), ShapeError, r"columns: .* \(N, ...\) with N = 2"),
        (sample_bilinear, (X, PLACES.double(), PLACES), OptionError, "rows: expected the dtype of x, torch.float32"),
        (sample_bilinear, (X.long(), PLACES, PLACES), OptionError, "x: expected a float dtype"),
        (resize_bilinear2d, (X[0], 2), ShapeError, r"x: expected \(N, C, H, W\)"),
        (resize_bilinear2d, (X.long(), 2), OptionError, "x: expected a float dtype"),
        (resize_bilinear2d, (X, (2, 0)), OptionError, "output_size: expected an integer of at least 1, got 0"),
        (resize_nearest2d, (X[0], 2), ShapeError, r"x: expected \(N, C, H, W\)"),
        (resize_nearest2d, (X, 1.5), OptionError, "output_size: expected an integer of at least 1, got 1.5"),
    ],
)
def test_arguments_of_no_use_are_named(layer: Any, arguments: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        layer(*arguments)
