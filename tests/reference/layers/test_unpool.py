"""Unpooling: torch's, the loops', and what it undoes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import max_pool2d, max_unpool2d
from tests import oracles
from tests.strategies import distinct, pairs, poolings

SAMPLE = torch.tensor([[[[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 8, 3, 9]]]])


@pytest.mark.parametrize("ceil_mode", [False, True])
@given(st.data(), pairs(2, 3), pairs(2, 7))
def test_unpooling_equals_torch_and_loops_for_all_sizes(ceil_mode: bool, data: Any, kernel_size: Any, extra: Any):
    H, W = (k + e - 2 for k, e in zip(kernel_size, extra, strict=True))
    x = data.draw(distinct(2, 2, H, W))
    y, indices = max_pool2d(x, kernel_size, ceil_mode=ceil_mode)
    got = max_unpool2d(y, indices, kernel_size, output_size=(H, W))
    assert torch.equal(got, F.max_unpool2d(y, indices, kernel_size, output_size=[H, W]))
    assert np.array_equal(got.numpy(), oracles.max_unpool2d(y.numpy(), indices.numpy(), (H, W)))


@given(poolings(dilated=False))
def test_unpooling_keeps_the_maxima_in_place_and_nothing_else(case: Any):
    x, kernel_size, options = case
    y, indices = max_pool2d(x, kernel_size, **options)
    back = max_unpool2d(y, indices, kernel_size, options["stride"], options["padding"], tuple(x.shape[2:]))
    chosen = torch.zeros_like(x).flatten(2).scatter(2, indices.flatten(2), 1).reshape(x.shape)
    assert torch.equal(back, x * chosen)


@given(st.data(), pairs(1, 4))
def test_pooling_undoes_unpooling_where_maxima_are_positive(data: Any, sides: Any):
    x = data.draw(distinct(1, 2, 2 * sides[0], 2 * sides[1])).abs() + 1
    y, indices = max_pool2d(x, 2)
    again = max_pool2d(max_unpool2d(y, indices, 2), 2)
    assert torch.equal(again.y, y)
    assert torch.equal(again.indices, indices)


def test_unpooling_by_hand():
    back = max_unpool2d(*max_pool2d(SAMPLE, 2), 2)
    assert back.tolist() == [[[[0, 0, 0, 0], [4, 0, 0, 5], [0, 0, 0, 0], [0, 8, 0, 9]]]]


def test_where_switches_coincide_the_value_is_kept_not_added():
    x = torch.tensor([[[[0, 0, 0], [0, 7, 0], [0, 0, 0]]]])
    y, indices = max_pool2d(x, 2, stride=1)
    assert y.tolist() == [[[[7, 7], [7, 7]]]]
    assert torch.equal(max_unpool2d(y, indices, 2, stride=1), x)


def test_the_size_may_be_the_whole_shape():
    y, indices = max_pool2d(torch.zeros(2, 3, 5, 6), 2)
    assert max_unpool2d(y, indices, 2, output_size=(2, 3, 5, 6)).shape == (2, 3, 5, 6)
    assert max_unpool2d(y, indices, 2).shape == (2, 3, 4, 6)


def test_gradients_are_right():
    _, indices = max_pool2d(torch.rand(2, 2, 5, 6), 2)
    y = torch.randn(2, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: max_unpool2d(y, indices, 2, output_size=(5, 6)), y)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    assert torch.equal(max_unpool2d(*max_pool2d(SAMPLE.cuda(), 2), 2).cpu(), max_unpool2d(*max_pool2d(SAMPLE, 2), 2))


Y, INDICES = torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("y", "indices", "options", "error", "message"),
    [
        (Y[0], INDICES, {}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(1, 2, 3\)"),
        (Y, INDICES[..., :2], {}, ShapeError, r"indices: expected the shape of x, \(1, 1, 2, 3\), got \(1, 1, 2, 2\)"),
        (Y, INDICES.int(), {}, OptionError, "indices: expected torch.int64, got torch.int32; take the switches"),
        (
            Y,
            INDICES + 24,
            {},
            OptionError,
            "indices: expected 0 to 23, the places of a 4 x 6 plane, got 24 to 24; give",
        ),
        (Y, INDICES - 1, {}, OptionError, "indices: expected 0 to 23, .* got -1 to -1"),
        (
            Y,
            INDICES,
            {"output_size": (6, 6)},
            ShapeError,
            r"output_size: expected H_out from 3 to 5 and W_out from 5 to 7",
        ),
        (Y, INDICES, {"output_size": (4,)}, ShapeError, r"got \(4,\); give the size of the image before pooling"),
        (Y, INDICES, {"padding": 3}, ShapeError, "padding: expected less than the windows cover, got"),
        (Y, INDICES, {"stride": 0}, OptionError, "stride: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(y: Any, indices: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        max_unpool2d(y, indices, 2, **options)
