"""Transposed convolution: torch's, the loops', and the adjoint of the convolution."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import bilinear_kernel, conv_transpose2d, correlate2d
from tests import oracles
from tests.strategies import Case, convolutions, pairs, tensors, transposed_convolutions


@given(transposed_convolutions())
def test_transposed_convolution_equals_torch(case: Case):
    got = conv_transpose2d(case.x, case.weight, case.bias, **case.options)
    assert torch.equal(got, F.conv_transpose2d(case.x, case.weight, case.bias, **case.options))


@given(transposed_convolutions(dtype=torch.int64))
def test_transposed_convolution_equals_loops_on_integers(case: Case):
    got = conv_transpose2d(case.x, case.weight, case.bias, **case.options)
    assert got.dtype == torch.int64
    assert np.array_equal(got.numpy(), oracles.conv_transpose2d(*case.arrays, **case.options))


@given(convolutions(), st.data())
def test_transposed_convolution_is_the_adjoint(case: Case, data: Any):
    y = correlate2d(case.x, case.weight, **case.options)
    other = data.draw(tensors(*y.shape))
    back = _transpose_to(case, other)
    assert (y * other).sum() == (case.x * back).sum()


@given(convolutions(), st.data())
def test_transposed_convolution_is_the_gradient_by_the_image(case: Case, data: Any):
    x = case.x.clone().requires_grad_()
    y = correlate2d(x, case.weight, **case.options)
    grad_y = data.draw(tensors(*y.shape))
    y.backward(grad_y)
    assert x.grad is not None
    assert torch.equal(x.grad, _transpose_to(case, grad_y))


def _transpose_to(case: Case, y: torch.Tensor) -> torch.Tensor:
    """Transpose back to the image; rows that no window reached, beyond output_padding's range, are zeros."""
    options = case.options
    plain = conv_transpose2d(
        y, case.weight, stride=options["stride"], dilation=options["dilation"], groups=options["groups"]
    )
    H, W = case.x.shape[2:]
    (top, left) = options["padding"]
    canvas = y.new_zeros(*case.x.shape[:2], H + 2 * top + 9, W + 2 * left + 9)
    canvas[:, :, : plain.shape[2], : plain.shape[3]] = plain
    return canvas[:, :, top : top + H, left : left + W]


@given(st.data(), pairs(1, 3))
def test_with_stride_1_it_is_a_convolution_with_the_turned_and_transposed_kernel(data: Any, sides: Any):
    x, weight = data.draw(tensors(1, 2, *sides)), data.draw(tensors(2, 3, 3, 3))
    same = correlate2d(x, weight.flip(2, 3).transpose(0, 1), padding=1)
    assert torch.equal(conv_transpose2d(x, weight, padding=1), same)


def test_overlaps_are_added():
    ones = torch.ones(1, 1, 2, 2, dtype=torch.int64)
    checkerboard = conv_transpose2d(ones, torch.ones(1, 1, 3, 3, dtype=torch.int64), stride=2)
    assert checkerboard[0, 0].tolist() == [
        [1, 1, 2, 1, 1],
        [1, 1, 2, 1, 1],
        [2, 2, 4, 2, 2],
        [1, 1, 2, 1, 1],
        [1, 1, 2, 1, 1],
    ]


@pytest.mark.parametrize("options", [{}, {"stride": (2, 1), "padding": (1, 0), "output_padding": (1, 0), "groups": 2}])
def test_gradients_are_right(options: Any):
    torch.manual_seed(0)
    inputs = (torch.randn(2, 2, 2, 3).double(), torch.randn(2, 3, 2, 3).double())
    bias = torch.randn(3 * options.get("groups", 1)).double()
    assert torch.autograd.gradcheck(
        lambda *args: conv_transpose2d(*args, **options), tuple(t.requires_grad_() for t in (*inputs, bias))
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int32])
def test_the_dtype_stays(dtype: torch.dtype):
    assert conv_transpose2d(torch.ones(1, 1, 2, 2, dtype=dtype), torch.ones(1, 2, 2, 2, dtype=dtype)).dtype == dtype


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_the_device_does_not_matter(dtype: torch.dtype):
    x, weight = torch.arange(24).reshape(1, 2, 3, 4).to(dtype), torch.arange(36).reshape(2, 3, 3, 2).to(dtype)
    assert torch.equal(conv_transpose2d(x.cuda(), weight.cuda(), stride=2).cpu(), conv_transpose2d(x, weight, stride=2))


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8, 32])
def test_bilinear_enlarging_keeps_ones_inside_and_ramps_straight(factor: int):
    kernel_size = 2 * factor - factor % 2
    weight = bilinear_kernel(kernel_size, 2, dtype=torch.float64)
    options: dict[str, Any] = {"stride": factor, "padding": (kernel_size - factor + 1) // 2}
    ones = conv_transpose2d(torch.ones(1, 2, 4, 5).double(), weight, **options)
    inside = slice(factor, -factor)
    torch.testing.assert_close(ones[..., inside, inside], torch.ones_like(ones)[..., inside, inside])
    ramp = conv_transpose2d(torch.arange(5.0).double().expand(1, 2, 4, 5), weight, **options)[..., inside, inside]
    steps = ramp.diff(dim=3)
    torch.testing.assert_close(steps, torch.full_like(steps, 1 / factor))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7, 16])
def test_bilinear_kernel_is_that_of_fcn(kernel_size: int):
    factor = (kernel_size + 1) // 2
    centre = factor - 1 if kernel_size % 2 else factor - 0.5
    want = [
        [(1 - abs(u - centre) / factor) * (1 - abs(v - centre) / factor) for v in range(kernel_size)]
        for u in range(kernel_size)
    ]
    kernel = bilinear_kernel(kernel_size, 2, dtype=torch.float64)
    np.testing.assert_allclose(kernel[1, 1].numpy(), want, rtol=1e-15)
    assert not kernel[0, 1].any()
    assert bilinear_kernel(kernel_size).dtype == torch.float32


def test_bilinear_kernel_names_arguments_of_no_use():
    with pytest.raises(OptionError, match="kernel_size: expected an integer of at least 1, got 0"):
        bilinear_kernel(0)
    with pytest.raises(OptionError, match="channels: expected an integer of at least 1, got 0"):
        bilinear_kernel(2, 0)
    with pytest.raises(
        OptionError, match=r"dtype: expected a float dtype, got torch.int64; the filter holds fractions"
    ):
        bilinear_kernel(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("shapes", "options", "error", "message"),
    [
        (((2, 3, 4), (3, 1, 2, 2)), {}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(2, 3, 4\)"),
        (
            ((1, 3, 4, 4), (3, 2, 2)),
            {},
            ShapeError,
            r"weight: expected \(C_in, C_out/groups, K_h, K_w\).* got \(3, 2, 2\)",
        ),
        (
            ((1, 1, 4, 4), (3, 1, 2, 2)),
            {},
            ShapeError,
            r"x: expected \(N, 3, H, W\) to match weight .* first axis of a tr",
        ),
        (((1, 3, 4, 4), (3, 1, 2, 2)), {"groups": 2}, ShapeError, "weight: expected C_in a multiple of groups = 2"),
        (
            ((1, 1, 1, 1), (1, 1, 2, 2)),
            {"padding": 1},
            ShapeError,
            "padding: expected less than half of the 2 positions",
        ),
        (((1, 1, 4, 4), (1, 1, 2, 2)), {"stride": 0}, OptionError, "stride: expected an integer of at least 1, got 0"),
        (((1, 1, 4, 4), (1, 1, 2, 2)), {"padding": -1}, OptionError, "padding: expected an integer of at least 0"),
        (
            ((1, 1, 4, 4), (1, 1, 2, 2)),
            {"output_padding": 1},
            OptionError,
            "output_padding: expected less than stride 1",
        ),
    ],
)
def test_arguments_of_no_use_are_named(shapes: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        conv_transpose2d(torch.zeros(shapes[0]), torch.zeros(shapes[1]), **options)


def test_a_bias_or_dtype_that_does_not_fit_is_named():
    x, weight = torch.zeros(1, 2, 3, 4), torch.zeros(2, 3, 2, 2)
    with pytest.raises(ShapeError, match=r"bias: expected \(3,\), one number an output channel, got \(2,\)"):
        conv_transpose2d(x, weight, torch.zeros(2))
    with pytest.raises(OptionError, match=r"weight: expected the dtype of x, torch.float32, got torch.float64"):
        conv_transpose2d(x, weight.double())
