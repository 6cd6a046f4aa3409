"""Global pooling against torch, loops and the pooling of windows."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import avg_pool2d, global_avg_pool2d, global_max_pool2d, max_pool2d
from tests.strategies import tensors

images = st.tuples(*(st.integers(1, most) for most in (2, 3, 4, 5))).flatmap(lambda shape: tensors(*shape))


@given(images)
def test_the_mean_equals_torch_and_a_window_as_large_as_the_image(x: Any):
    y = global_avg_pool2d(x)
    torch.testing.assert_close(y, F.adaptive_avg_pool2d(x, 1))
    torch.testing.assert_close(y, avg_pool2d(x, tuple(x.shape[2:])))
    assert [math.fsum(plane) / len(plane) for plane in x.flatten(2).flatten(0, 1).tolist()] == y.flatten().tolist()


@given(images)
def test_the_maximum_equals_torch_and_a_window_as_large_as_the_image(x: Any):
    y, indices = global_max_pool2d(x)
    assert torch.equal(y, F.adaptive_max_pool2d(x, 1))
    want = max_pool2d(x, tuple(x.shape[2:]))
    assert torch.equal(y, want.y)
    assert torch.equal(indices, want.indices)  # of equal maxima the first
    assert torch.equal(x.flatten(2).gather(2, indices.flatten(2)), y.flatten(2))


@given(images, st.integers(0, 3), st.integers(0, 4))
def test_it_does_not_matter_where_something_is(x: Any, rows: int, columns: int):
    moved = torch.roll(x, (rows, columns), (2, 3))
    assert torch.equal(global_max_pool2d(moved).y, global_max_pool2d(x).y)
    torch.testing.assert_close(global_avg_pool2d(moved), global_avg_pool2d(x))


def test_of_equal_maxima_the_first_alone_gets_the_gradient():
    x = torch.zeros(1, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    global_max_pool2d(x).y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[[1, 0, 0], [0, 0, 0]]]]


def test_gradients_are_right():
    x = torch.randperm(24).double().reshape(1, 2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: global_max_pool2d(x).y, x)
    assert torch.autograd.gradcheck(global_avg_pool2d, x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    x = torch.full((1, 2, 64, 64), 16, dtype=dtype)  # the sum, 65,536, is no float16
    assert global_avg_pool2d(x).dtype == global_max_pool2d(x).y.dtype == dtype
    assert global_avg_pool2d(x).unique().tolist() == [16]


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x = torch.randint(-2, 3, (2, 3, 4, 5)).double()
    torch.testing.assert_close(global_avg_pool2d(x.cuda()).cpu(), global_avg_pool2d(x))
    got, want = global_max_pool2d(x.cuda()), global_max_pool2d(x)
    assert torch.equal(got.y.cpu(), want.y)
    assert torch.equal(got.indices.cpu(), want.indices)


@pytest.mark.parametrize("pool", [global_avg_pool2d, global_max_pool2d])
def test_what_is_no_image_is_named(pool: Any):
    with pytest.raises(ShapeError, match=r"x: expected \(N, C, H, W\) .* got \(3, 4\)"):
        pool(torch.zeros(3, 4))
    with pytest.raises(ShapeError, match=r"x: expected \(N, C, H, W\) .* got \(1, 2, 0, 4\)"):
        pool(torch.zeros(1, 2, 0, 4))


def test_a_mean_of_integers_is_refused():
    with pytest.raises(OptionError, match=r"x: expected a float dtype, got torch.int64"):
        global_avg_pool2d(torch.zeros(1, 1, 2, 2, dtype=torch.int64))
