"""Convolution by spectra against torch, loops and the other two ways."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import convolve2d, convolve2d_fft, correlate2d, correlate2d_fft, correlate2d_im2col
from tests import oracles
from tests.strategies import Case, convolutions, pairs, tensors

BOTH = pytest.mark.parametrize("layer", [correlate2d_fft, convolve2d_fft])


def equals(got: torch.Tensor, want: torch.Tensor) -> bool:
    """Integers come back from a transform off by rounding alone."""
    return torch.equal(got.round(), want) and bool((got - want).abs().max() < 1e-10)


@given(convolutions())
def test_correlation_equals_torch_and_the_other_two_ways(case: Case):
    got = correlate2d_fft(case.x, case.weight, case.bias, **case.options)
    assert equals(got, F.conv2d(case.x, case.weight, case.bias, **case.options))
    assert equals(got, correlate2d(case.x, case.weight, case.bias, **case.options))
    assert equals(got, correlate2d_im2col(case.x, case.weight, case.bias, **case.options))


@given(convolutions())
def test_correlation_equals_loops(case: Case):
    padding = tuple((p, p) for p in case.options["padding"])
    want = oracles.correlate2d(*case.arrays, **{**case.options, "padding": padding})
    got = correlate2d_fft(case.x, case.weight, case.bias, **case.options)
    np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-10)


@given(convolutions())
def test_convolution_turns_the_filters(case: Case):
    got = convolve2d_fft(case.x, case.weight, case.bias, **case.options)
    assert equals(got, convolve2d(case.x, case.weight, case.bias, **case.options))


@pytest.mark.parametrize("padding", ["full", "same", "valid"])
@given(st.data(), pairs(1, 4), pairs(1, 2))
def test_named_paddings_are_those_of_the_direct_sum(padding: str, data: Any, kernel_size: Any, dilation: Any):
    x, weight = data.draw(tensors(2, 2, 7, 8)), data.draw(tensors(3, 2, *kernel_size))
    want = correlate2d(x, weight, padding=padding, dilation=dilation)
    assert equals(correlate2d_fft(x, weight, padding=padding, dilation=dilation), want)


def test_the_border_does_not_wrap_around():
    a = [[1, 2, 3, 4, 5], [0, 1, 0, 2, 0], [3, 0, 1, 0, 2], [1, 1, 0, 0, 1], [2, 0, 1, 3, 0]]
    w = [[1, 2, 3], [0, 1, 0], [-1, 0, 2]]
    x, weight = torch.tensor(a).double()[None, None], torch.tensor(w).double()[None, None]
    first = convolve2d_fft(x, weight, padding="same")[0, 0, 0].round().tolist()
    assert first == [2, 4, 8, 8, 11]  # without room for the border it would be 2 7 5 10 15


def test_every_output_of_a_zero_image_is_the_bias():
    bias = torch.tensor([1.0, 2.0, 3.0])
    y = correlate2d_fft(torch.zeros(1, 2, 4, 5), torch.ones(3, 2, 3, 3), bias)
    assert torch.equal(y, bias[None, :, None, None].expand(1, 3, 2, 3))


@given(st.data())
def test_full_convolution_commutes(data: Any):
    a, b = data.draw(tensors(1, 1, 3, 5)), data.draw(tensors(1, 1, 4, 2))
    torch.testing.assert_close(convolve2d_fft(a, b, padding="full"), convolve2d_fft(b, a, padding="full"))


@BOTH
@pytest.mark.parametrize(
    "options", [{}, {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}, {"padding": "same", "groups": 2}]
)
def test_gradients_are_right(layer: Any, options: Any):
    x, weight = torch.randn(2, 2, 4, 5).double(), torch.randn(4, 2 // options.get("groups", 1), 2, 3).double()
    inputs = (x.requires_grad_(), weight.requires_grad_(), torch.randn(4).double().requires_grad_())
    assert torch.autograd.gradcheck(lambda *args: layer(*args, **options), inputs)


@BOTH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(layer: Any, dtype: torch.dtype):
    x, weight = torch.ones(1, 2, 3, 4, dtype=dtype), torch.ones(3, 2, 2, 2, dtype=dtype)
    y = layer(x, weight, torch.ones(3, dtype=dtype))
    assert y.dtype == dtype
    torch.testing.assert_close(y, torch.full((1, 3, 2, 3), 9, dtype=dtype))


@BOTH
def test_an_empty_batch_gives_an_empty_batch_and_inputs_are_not_changed(layer: Any):
    assert layer(torch.zeros(0, 2, 3, 4), torch.zeros(3, 2, 2, 2)).shape == (0, 3, 2, 3)
    x, weight = torch.ones(1, 1, 3, 4), torch.ones(1, 1, 2, 2)
    layer(x, weight, padding=1)
    assert x.unique().tolist() == weight.unique().tolist() == [1]


@pytest.mark.gpu
@BOTH
def test_the_device_does_not_matter(layer: Any):
    x, weight = torch.randn(2, 3, 7, 5).double(), torch.randn(2, 3, 3, 2).double()
    torch.testing.assert_close(layer(x.cuda(), weight.cuda(), padding=1).cpu(), layer(x, weight, padding=1))


@BOTH
@pytest.mark.parametrize(
    ("x", "weight", "options", "error", "message"),
    [
        ((2, 3, 4), (1, 3, 2, 2), {}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(2, 3, 4\)"),
        ((1, 3, 4, 4), (3, 2, 2), {}, ShapeError, r"weight: expected \(C_out, C_in/groups, K_h, K_w\).*\(3, 2, 2\)"),
        ((1, 3, 8, 8), (4, 1, 3, 3), {}, ShapeError, r"x: expected \(N, 1, H, W\) to match weight \(4, 1, 3, 3\)"),
        ((1, 1, 3, 8), (1, 1, 5, 3), {}, ShapeError, "x: expected H of at least 5, as the window spans 5"),
        ((1, 1, 8, 8), (1, 1, 3, 3), {"stride": 0}, OptionError, "stride: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(layer: Any, x: Any, weight: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        layer(torch.zeros(x), torch.zeros(weight), **options)


@BOTH
def test_integers_are_refused(layer: Any):
    x = torch.zeros(1, 1, 3, 3, dtype=torch.int64)
    with pytest.raises(OptionError, match=r"x: expected a float dtype, got torch.int64; x.double\(\) converts it"):
        layer(x, x)
