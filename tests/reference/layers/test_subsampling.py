"""LeNet's sub-sampling: a sum with two trained numbers a map."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import avg_pool2d, subsample2d
from tests import oracles_field
from tests.strategies import pairs, tensors


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """An image that leaves rows and columns over, coefficients, biases, a window."""
    K_h, K_w = draw(pairs(1, 3))
    C, H, W = draw(st.integers(1, 3)), draw(st.integers(K_h, K_h + 4)), draw(st.integers(K_w, K_w + 4))
    return draw(tensors(draw(st.integers(1, 2)), C, H, W)), draw(tensors(C)), draw(tensors(C)), (K_h, K_w)


@given(cases())
def test_sums_equal_loops_exactly(case: Any):
    x, coefficient, bias, kernel_size = case
    want = oracles_field.subsample2d(x.numpy(), coefficient.numpy(), bias.numpy(), kernel_size)
    assert np.array_equal(subsample2d(x, coefficient, bias, kernel_size).numpy(), want)


@given(cases())
def test_one_over_the_area_and_no_bias_is_average_pooling(case: Any):
    x, _, bias, (K_h, K_w) = case
    y = subsample2d(x, torch.full_like(bias, 1 / (K_h * K_w)), torch.zeros_like(bias), (K_h, K_w))
    torch.testing.assert_close(y, avg_pool2d(x, (K_h, K_w)))


def test_by_hand_it_is_a_sum_and_no_mean():
    x = torch.arange(1.0, 9.0).reshape(1, 2, 2, 2)
    y = subsample2d(x, torch.tensor([1.0, 2.0]), torch.tensor([100.0, 0.0]))
    assert y.flatten().tolist() == [110, 52]


@pytest.mark.parametrize(("maps", "side", "parameters"), [(6, 28, 12), (16, 10, 32)])
def test_lenets_layers_have_their_size_and_two_parameters_a_map(maps: int, side: int, parameters: int):
    weights = [torch.ones(maps), torch.ones(maps)]
    assert subsample2d(torch.zeros(1, maps, side, side), *weights).shape == (1, maps, side // 2, side // 2)
    assert sum(weight.numel() for weight in weights) == parameters


@given(cases())
def test_without_bias_it_is_linear(case: Any):
    x, coefficient, bias, kernel_size = case
    zero = torch.zeros_like(bias)
    y = subsample2d(3 * x - 2, coefficient, zero, kernel_size)
    constant = subsample2d(torch.full_like(x, 2), coefficient, zero, kernel_size)
    assert torch.equal(y, 3 * subsample2d(x, coefficient, zero, kernel_size) - constant)


def test_gradients_are_right():
    inputs = (torch.randn(2, 2, 5, 4), torch.randn(2), torch.randn(2))
    assert torch.autograd.gradcheck(
        lambda *args: subsample2d(*args, (2, 3)), tuple(t.double().requires_grad_() for t in inputs)
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    one = torch.ones(2, dtype=dtype)
    assert subsample2d(torch.ones(1, 2, 4, 4, dtype=dtype), one, one).dtype == dtype


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, one = torch.randn(1, 2, 5, 4).double(), torch.ones(2).double()
    torch.testing.assert_close(subsample2d(x.cuda(), one.cuda(), one.cuda()).cpu(), subsample2d(x, one, one))


X, ONE = torch.zeros(1, 2, 4, 4), torch.ones(2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0], ONE, ONE), ShapeError, r"x: expected \(N, C, H, W\) .* got \(2, 4, 4\)"),
        ((X, ONE[:1], ONE), ShapeError, r"coefficient: expected \(2,\), one number a map, got \(1,\)"),
        ((X, ONE, X[0]), ShapeError, r"bias: expected \(2,\), one number a map, got \(2, 4, 4\)"),
        ((X, ONE, ONE.double()), OptionError, "bias: expected the dtype of the input, torch.float32"),
        ((X.long(), ONE, ONE), OptionError, "x: expected a float dtype, got torch.int64"),
        ((X, ONE, ONE, 5), ShapeError, "x: expected H of at least 5, as the window spans 5"),
        ((X, ONE, ONE, 0), OptionError, "kernel_size: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(arguments: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        subsample2d(*arguments)
