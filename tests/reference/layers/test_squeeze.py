"""Squeezes of both orders, and the gate that is made from one."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import (
    double_attention2d,
    global_avg_pool2d,
    softmax,
    squeeze_excite2d,
    squeeze_first_order,
    squeeze_second_order,
)
from tests.strategies import tensors


@st.composite
def maps(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two maps of one size and uneven channels."""
    N, C, D, H, W = (draw(st.integers(1, most)) for most in (2, 3, 2, 3, 4))
    return draw(tensors(N, C, H, W)), draw(tensors(N, D, H, W))


@given(maps())
def test_the_first_order_is_the_global_mean(case: Any):
    torch.testing.assert_close(squeeze_first_order(case[0]), global_avg_pool2d(case[0])[:, :, 0, 0])


@given(maps())
def test_the_second_order_equals_loops_exactly(case: Any):
    x, others = case
    got = squeeze_second_order(x, others)
    assert got.shape == (*x.shape[:2], others.shape[1])
    for n, c, d in np.ndindex(*got.shape):
        assert got[n, c, d] == sum(a * b for a, b in zip(x[n, c].flatten(), others[n, d].flatten(), strict=True))


@given(maps())
def test_equal_weights_make_the_second_order_the_first(case: Any):
    x, _ = case
    weight = torch.full_like(x[:, :1], 1 / x[0, 0].numel())
    torch.testing.assert_close(squeeze_second_order(x, weight)[:, :, 0], squeeze_first_order(x))


def test_only_the_second_order_knows_what_happened_at_the_same_place():
    together = torch.tensor([[[[1.0, 0.0]], [[1.0, 0.0]]]])
    apart = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    assert torch.equal(squeeze_first_order(together), squeeze_first_order(apart))
    assert [squeeze_second_order(x, x)[0, 0, 1].item() for x in (together, apart)] == [1, 0]


@given(maps())
def test_neither_order_sees_where_something_is(case: Any):
    x, others = case
    torch.testing.assert_close(squeeze_first_order(x.flip(2)), squeeze_first_order(x))
    assert torch.equal(squeeze_second_order(x.flip(3), others.flip(3)), squeeze_second_order(x, others))


@given(maps())
def test_an_attention_as_second_map_is_the_gathering_of_double_attention(case: Any):
    x, scores = case
    attention = softmax(scores.flatten(2), 2).reshape(scores.shape)
    gathered = squeeze_second_order(x, attention)  # (N, C, D)
    one_hot = torch.full_like(scores, -1e9)
    one_hot[:, 0] = 0  # every position asks for the first of the D features
    got = double_attention2d(x, scores, one_hot)
    torch.testing.assert_close(got, gathered[:, :, :1, None].expand_as(got).contiguous())


def gate(C: int, C_r: int) -> list[torch.Tensor]:
    return [torch.randn(shape, dtype=torch.float64) for shape in ((C_r, C), (C_r,), (C, C_r), (C,))]


def test_the_gate_is_one_number_a_channel_between_0_and_1():
    x = torch.rand(2, 4, 3, 5, dtype=torch.float64) + 1
    factor = squeeze_excite2d(x, *gate(4, 2)) / x
    torch.testing.assert_close(factor, factor[:, :, :1, :1].expand_as(factor).contiguous())
    assert bool(((factor > 0) & (factor < 1)).all())
    assert not torch.allclose(factor[0], factor[1])  # each image decides for itself


def test_the_gate_equals_torchs_linear_layers():
    x, (down, bias_down, up, bias_up) = torch.randn(2, 4, 3, 5).double(), gate(4, 2)
    hidden = torch.nn.functional.linear(x.mean((2, 3)), down, bias_down).relu()
    factor = torch.nn.functional.linear(hidden, up, bias_up).sigmoid()
    torch.testing.assert_close(squeeze_excite2d(x, down, bias_down, up, bias_up), x * factor[:, :, None, None])


def test_gradients_are_right():
    x, others = torch.randn(2, 3, 2, 2).double().requires_grad_(), torch.randn(2, 2, 2, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(squeeze_first_order, x)
    assert torch.autograd.gradcheck(squeeze_second_order, (x, others))
    assert torch.autograd.gradcheck(squeeze_excite2d, (x, *(w.requires_grad_() for w in gate(3, 2))))


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, weights = torch.randn(2, 3, 4, 5).double(), gate(3, 2)
    torch.testing.assert_close(squeeze_second_order(x.cuda(), x.cuda()).cpu(), squeeze_second_order(x, x))
    got = squeeze_excite2d(x.cuda(), *(w.cuda() for w in weights)).cpu()
    torch.testing.assert_close(got, squeeze_excite2d(x, *weights))


X, ONE = torch.zeros(2, 3, 4, 5), torch.ones(3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: squeeze_first_order(X[0]), ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 4, 5\)"),
        (lambda: squeeze_first_order(X.long()), OptionError, "x: expected a float dtype"),
        (lambda: squeeze_second_order(X, X[..., :4]), ShapeError, r"others: expected \(2, 3, 4, 5\), N, H and W of x"),
        (lambda: squeeze_second_order(X, X.double()), OptionError, "others: expected the dtype of the input"),
        (lambda: squeeze_excite2d(X, X[0, 0], X[0, 0], X[0, 0], ONE), ShapeError, r"bias_down: expected \(C_r,\), got"),
        (
            lambda: squeeze_excite2d(X, torch.zeros(3, 2), torch.zeros(2), torch.zeros(3, 2), ONE),
            ShapeError,
            r"weight_down: expected \(2, 3\), with C = 3 and C_r = 2, got \(3, 2\)",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
