"""ReLU: torch's, at zero and for odd numbers too."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.layers import relu
from tests.strategies import tensors


@given(tensors(2, 3, 2))
def test_relu_equals_torch_and_its_definition(x: torch.Tensor):
    assert torch.equal(relu(x), F.relu(x))
    assert relu(x).flatten().tolist() == [max(value, 0) for value in x.flatten().tolist()]


@given(tensors(4), tensors(4, least=0))
def test_relu_is_homogeneous_and_splits_a_number(x: torch.Tensor, scale: torch.Tensor):
    assert torch.equal(relu(scale * x), scale * relu(x))
    assert torch.equal(relu(x) - relu(-x), x)


def test_the_derivative_at_zero_is_zero():
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    relu(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1]


def test_gradients_are_right():
    x = torch.tensor([-2.0, -0.5, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(relu, x)


def test_a_nan_stays_and_minus_zero_becomes_zero():
    y = relu(torch.tensor([torch.nan, -0.0, torch.inf, -torch.inf]))
    assert y[0].isnan()
    assert y[1:].tolist() == [0, torch.inf, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int8, torch.int64])
def test_the_dtype_stays(dtype: torch.dtype):
    assert relu(torch.tensor([-3, 3], dtype=dtype)).tolist() == [0, 3]
    assert relu(torch.zeros(1, dtype=dtype)).dtype == dtype
