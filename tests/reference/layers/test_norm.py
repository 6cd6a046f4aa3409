"""Batch normalisation: torch's, the loops', and what normalising means."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import batch_norm2d
from tests import oracles
from tests.strategies import tensors


@st.composite
def batches(draw: st.DrawFn) -> tuple[Any, ...]:
    """A batch and its channels' scale, shift, running mean and running variance."""
    N, C, H, W = draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    channels = tensors(C)
    return draw(tensors(N, C, H, W)), draw(channels), draw(channels), draw(channels), draw(tensors(C, least=0))


@pytest.mark.parametrize("training", [True, False])
@given(batches(), st.sampled_from([0.1, 0.5, 1.0]), st.sampled_from([1e-5, 1e-3]))
def test_normalising_equals_torch(training: bool, batch: Any, momentum: float, eps: float):
    x, weight, bias, mean, var = batch
    want_mean, want_var = mean.clone(), var.clone()  # torch changes them in place
    options = {"training": training, "momentum": momentum, "eps": eps}
    want = F.batch_norm(x, want_mean, want_var, weight, bias, **options)
    got = batch_norm2d(x, weight, bias, mean, var, **options)
    torch.testing.assert_close(got.y, want)
    torch.testing.assert_close(got.running_mean, want_mean)
    torch.testing.assert_close(got.running_var, want_var)


@given(batches())
def test_normalising_equals_loops(batch: Any):
    x, weight, bias, mean, var = batch
    y, new_mean, new_var = oracles.batch_norm2d(x.numpy(), weight.numpy(), bias.numpy(), 1e-5)
    got = batch_norm2d(x, weight, bias, mean, var, training=True, momentum=1.0)
    np.testing.assert_allclose(got.y.numpy(), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got.running_mean.numpy(), new_mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got.running_var.numpy(), new_var, rtol=1e-12, atol=1e-12)


def test_every_channel_ends_with_mean_0_and_variance_1():
    x = torch.randn(4, 3, 5, 6, dtype=torch.float64) * torch.tensor([1.0, 10.0, 100.0])[:, None, None] + 7
    y = batch_norm2d(x, training=True, eps=0).y
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(y.var((0, 2, 3), correction=0), torch.ones(3, dtype=torch.float64))


@given(batches(), st.integers(1, 5), st.integers(-5, 5))
def test_scaling_and_shifting_the_batch_changes_nothing(batch: Any, scale: int, offset: int):
    x = torch.cat([batch[0], batch[0] + 1])  # no channel is constant
    want = batch_norm2d(x, training=True, eps=0).y
    torch.testing.assert_close(batch_norm2d(scale * x + offset, training=True, eps=0).y, want, rtol=1e-9, atol=1e-9)


def test_by_hand_the_variance_is_biased_for_normalising_and_unbiased_for_running():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64).reshape(1, 1, 2, 2)
    zero, one = torch.zeros(1).double(), torch.ones(1).double()
    y, mean, var = batch_norm2d(x, None, None, zero, one, training=True, eps=0)
    torch.testing.assert_close(y.flatten(), torch.tensor([-3, -1, 1, 3]).double() / 5**0.5)
    torch.testing.assert_close(mean, torch.tensor([0.25]).double())
    torch.testing.assert_close(var, torch.tensor([0.9 + 0.1 * 5 / 3]).double())


def test_the_given_statistics_are_not_changed_and_without_them_there_are_none():
    x, mean, var = torch.randn(2, 1, 2, 3), torch.zeros(1), torch.ones(1)
    batch_norm2d(x, running_mean=mean, running_var=var, training=True)
    assert (mean.item(), var.item()) == (0, 1)
    assert batch_norm2d(x, training=True)[1:] == (None, None)


def test_running_statistics_carry_no_gradient():
    x = torch.randn(2, 1, 2, 3, requires_grad=True)
    _, mean, var = batch_norm2d(x, running_mean=torch.zeros(1), running_var=torch.ones(1), training=True)
    assert mean is not None
    assert var is not None
    assert not mean.requires_grad
    assert not var.requires_grad


def test_one_value_a_channel_is_enough_afterwards():
    y = batch_norm2d(
        torch.full((1, 1, 1, 1), 3.0), running_mean=torch.ones(1), running_var=torch.ones(1), training=False, eps=0
    )
    assert y.y.item() == 2


@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_right(training: bool):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 2, 2, 3).double(), torch.randn(2).double(), torch.randn(2).double()
    mean, var = torch.randn(2).double(), torch.rand(2).double()
    inputs = tuple(t.requires_grad_() for t in (x, weight, bias))
    assert torch.autograd.gradcheck(lambda *args: batch_norm2d(*args, mean, var, training=training).y, inputs)


def test_the_gradient_of_the_sum_of_a_normalised_batch_is_zero():
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    batch_norm2d(x, training=True).y.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().max() < 1e-12


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(batch_norm2d(x.cuda(), training=True).y.cpu(), batch_norm2d(x, training=True).y)


X = torch.zeros(2, 3, 2, 2)


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (X[0], {"training": True}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 2, 2\)"),
        (
            X.long(),
            {"training": True},
            OptionError,
            r"x: expected a float dtype, got torch.int64; x.double\(\) converts it",
        ),
        (X[:1, :, :1, :1], {"training": True}, ShapeError, "x: expected two values a channel or more in training, got"),
        (
            X,
            {"training": False},
            OptionError,
            "running_mean: expected running statistics when training=False, got None",
        ),
        (
            X,
            {"training": True, "weight": torch.ones(2)},
            ShapeError,
            r"weight: expected \(3,\), one number a channel of x",
        ),
        (
            X,
            {"training": True, "bias": torch.ones(3).double()},
            OptionError,
            "bias: expected the dtype of x, torch.float32",
        ),
        (X, {"training": True, "running_mean": torch.ones(3)}, OptionError, "running_var: expected both running stat"),
    ],
)
def test_arguments_of_no_use_are_named(x: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        batch_norm2d(x, **options)
