"""LeNet's scaled tanh."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError
from reference.layers import scaled_tanh


@given(st.lists(st.floats(-50, 50), min_size=1))
def test_every_number_is_squashed_as_the_formula_says(values: list[float]):
    got = scaled_tanh(torch.tensor(values, dtype=torch.float64)).tolist()
    assert got == pytest.approx([1.7159 * math.tanh(2 / 3 * value) for value in values], rel=1e-14, abs=1e-14)


def test_plus_and_minus_one_stay_where_they_are():
    one = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(scaled_tanh(one), one, rtol=0, atol=5e-5)
    assert scaled_tanh(torch.tensor([1e9])).item() == pytest.approx(1.7159)


@given(st.floats(-9, 9))
def test_it_is_odd(value: float):
    x = torch.tensor([value])
    assert torch.equal(scaled_tanh(-x), -scaled_tanh(x))


def test_the_slope_at_zero_is_amplitude_times_two_thirds():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    scaled_tanh(x).backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(1.7159 * 2 / 3)


def test_the_curve_bends_most_near_one():
    x = torch.linspace(0, 3, 301, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(scaled_tanh(x).sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)
    assert x[bend.abs().argmax()].item() == pytest.approx(1, abs=0.02)


def test_gradients_are_right():
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(scaled_tanh, x)
    assert torch.autograd.gradgradcheck(scaled_tanh, x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_shape_and_dtype_stay(dtype: torch.dtype):
    y = scaled_tanh(torch.zeros(2, 0, 3, dtype=dtype))
    assert (y.shape, y.dtype) == ((2, 0, 3), dtype)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x = torch.randn(5, dtype=torch.float64)
    torch.testing.assert_close(scaled_tanh(x.cuda()).cpu(), scaled_tanh(x))


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_integers_are_refused(dtype: Any):
    with pytest.raises(OptionError, match=f"x: expected a float dtype, got {dtype}"):
        scaled_tanh(torch.ones(2, dtype=dtype))
