"""L2 normalisation with a scale: lengths, not variances, and of places, not of planes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import l2_normalize2d
from tests import oracles_field
from tests.strategies import tensors


@st.composite
def images(draw: st.DrawFn) -> tuple[Any, Any]:
    """An image and its scale."""
    C = draw(st.integers(1, 4))
    return draw(tensors(draw(st.integers(1, 2)), C, draw(st.integers(1, 3)), draw(st.integers(1, 3)))), draw(tensors(C))


@given(images())
def test_normalising_equals_torch_and_loops(case: Any):
    x, scale = case
    got = l2_normalize2d(x, scale, eps=1e-30)
    torch.testing.assert_close(got, F.normalize(x, dim=1) * scale[:, None, None])
    np.testing.assert_allclose(got.numpy(), oracles_field.l2_normalize2d(x.numpy(), scale.numpy()), rtol=1e-12)


@given(images())
def test_every_place_that_is_not_zero_gets_length_1_before_the_scale(case: Any):
    x = case[0]
    length = l2_normalize2d(x, torch.ones(x.shape[1]).double()).norm(dim=1)
    torch.testing.assert_close(length, (x.abs().sum(1) > 0).double())


@given(images(), st.integers(1, 9))
def test_a_brighter_image_gives_the_same(case: Any, factor: int):
    x, scale = case
    torch.testing.assert_close(l2_normalize2d(factor * x, scale), l2_normalize2d(x, scale))


def test_places_do_not_see_each_other():
    x = torch.randn(1, 3, 2, 2, dtype=torch.float64)
    one = torch.ones(3).double()
    seen = torch.autograd.functional.jacobian(lambda x: l2_normalize2d(x, one)[0, 0, 0, 0], x)
    assert sorted({tuple(place[2:]) for place in seen.nonzero().tolist()}) == [(0, 0)]
    assert seen[0, :, 0, 0].count_nonzero() == 3


def test_a_place_without_anything_stays_zero_and_has_a_gradient():
    x = torch.zeros(1, 2, 1, 1, dtype=torch.float64, requires_grad=True)
    y = l2_normalize2d(x, torch.full((2,), 20.0).double())
    y.sum().backward()
    assert y.count_nonzero() == 0
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_gradients_are_right():
    x, scale = torch.randn(2, 3, 2, 1).double().requires_grad_(), torch.randn(3).double().requires_grad_()
    assert torch.autograd.gradcheck(l2_normalize2d, (x, scale))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays_and_neither_squares_nor_zeros_harm(dtype: torch.dtype):
    x = torch.tensor([[300.0, 0.0], [400.0, 0.0]]).reshape(1, 2, 1, 2).to(dtype)  # 300^2 is infinite in float16
    y = l2_normalize2d(x, torch.ones(2, dtype=dtype))
    assert y.dtype == dtype
    torch.testing.assert_close(y[0, :, 0], torch.tensor([[0.6, 0.0], [0.8, 0.0]]).to(dtype))


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, scale = torch.randn(2, 3, 4, 5).double(), torch.randn(3).double()
    torch.testing.assert_close(l2_normalize2d(x.cuda(), scale.cuda()).cpu(), l2_normalize2d(x, scale))


X, SCALE = torch.zeros(1, 3, 2, 2), torch.ones(3)


@pytest.mark.parametrize(
    ("x", "scale", "eps", "error", "message"),
    [
        (X[0], SCALE, 0, ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 2, 2\)"),
        (X, SCALE[:2], 0, ShapeError, r"scale: expected \(3,\), one number a channel, got \(2,\)"),
        (X, SCALE.double(), 0, OptionError, "scale: expected the dtype of the input, torch.float32, got torch.float64"),
        (X.long(), SCALE, 0, OptionError, "x: expected a float dtype, got torch.int64"),
        (X, SCALE, -1, OptionError, "eps: expected a number of at least 0, got -1"),
    ],
)
def test_arguments_of_no_use_are_named(x: Any, scale: Any, eps: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        l2_normalize2d(x, scale, eps=eps)
