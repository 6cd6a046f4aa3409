"""Distance-transform pooling: every place against every other, the lower envelope, and max pooling as a case of it."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import distance_transform_pool2d, global_max_pool2d, max_pool2d
from tests import oracles_field
from tests.strategies import distinct, pairs, tensors

maps = st.tuples(*(st.integers(1, most) for most in (2, 2, 4, 5)))


@given(st.data(), maps, st.none() | pairs(0, 2))
def test_values_and_places_equal_loops_over_all_pairs(data: Any, shape: Any, reach: Any):
    x, costs = data.draw(tensors(*shape)), data.draw(tensors(shape[1], 4, least=-2))
    y, indices = distance_transform_pool2d(x, costs, reach=reach)
    for n, c in np.ndindex(*shape[:2]):
        want_y, want_indices = oracles_field.distance_transform(x[n, c].numpy(), costs[c].tolist(), reach)
        assert np.array_equal(y[n, c].numpy(), want_y)
        assert np.array_equal(indices[n, c].numpy(), want_indices)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_a_row_equals_the_envelope_of_parabolas(values: list[int], square: int):
    x = torch.tensor(values).double().reshape(1, 1, 1, -1)
    costs = torch.tensor([[square, 0, 0, 0]]).double()
    want = oracles_field.lower_envelope(values, square)
    assert distance_transform_pool2d(x, costs).y.flatten().tolist() == want


@given(st.data(), maps, pairs(0, 2))
def test_free_within_a_window_it_is_max_pooling_with_stride_1(data: Any, shape: Any, reach: Any):
    x = data.draw(tensors(*shape))
    y, indices = distance_transform_pool2d(x, torch.zeros(shape[1], 4).double(), reach=reach)
    sides, borders = tuple(2 * r + 1 for r in reach), tuple(reach)
    want = max_pool2d(x, sides, stride=1, padding=borders)
    assert torch.equal(y, want.y)
    assert torch.equal(indices, want.indices)  # ties too
    assert torch.equal(y, F.max_pool2d(x, sides, stride=1, padding=borders))


@given(st.data(), maps)
def test_free_everywhere_it_is_the_global_maximum_and_too_dear_it_is_nothing(data: Any, shape: Any):
    x = data.draw(tensors(*shape))
    free = distance_transform_pool2d(x, torch.zeros(shape[1], 4).double()).y
    assert torch.equal(free, global_max_pool2d(x).y.expand_as(x))
    dear = torch.tensor([100.0, 0, 100, 0]).double().expand(shape[1], 4)
    assert torch.equal(distance_transform_pool2d(x, dear).y, x)


@given(st.data(), maps, st.integers(-5, 5))
def test_it_never_lowers_a_score_and_keeps_a_constant(data: Any, shape: Any, constant: int):
    x = data.draw(tensors(*shape))
    costs = data.draw(tensors(shape[1], 4, least=0)) * torch.tensor([1, 0, 1, 0])
    y = distance_transform_pool2d(x, costs).y
    assert bool((y >= x).all())
    assert torch.equal(distance_transform_pool2d(x + constant, costs).y, y + constant)


@given(st.data(), maps)
def test_turning_map_and_slopes_around_turns_the_result_around(data: Any, shape: Any):
    x, costs = data.draw(tensors(*shape)), data.draw(tensors(shape[1], 4, least=0))
    mirrored = costs * torch.tensor([1, -1, 1, -1])
    want = distance_transform_pool2d(x, costs).y
    assert torch.equal(distance_transform_pool2d(x.flip(2, 3), mirrored).y.flip(2, 3), want)
    swapped = costs[:, [2, 3, 0, 1]]
    assert torch.equal(distance_transform_pool2d(x.mT, swapped).y.mT, want)


def test_by_hand_dx_points_from_here_to_the_winner():
    x = torch.zeros(1, 1, 1, 4)
    x[..., 2] = 5
    slope = distance_transform_pool2d(x, torch.tensor([[0.0, 1.0, 0.0, 0.0]]))  # each step to the right costs 1
    assert slope.y.flatten().tolist() == [3, 4, 5, 6]
    assert slope.indices.flatten().tolist() == [2, 2, 2, 2]
    left = distance_transform_pool2d(x, torch.tensor([[0.0, 9.0, 0.0, 0.0]]))
    assert left.y.flatten().tolist() == [0, 9, 18, 27]  # and each to the left earns 9: the first pixel wins


@given(st.data(), maps)
def test_the_gradient_goes_to_the_winners_and_to_the_costs(data: Any, shape: Any):
    x = data.draw(distinct(*shape)).requires_grad_()
    costs = torch.tensor([0.3, 0.1, 0.2, -0.1]).double().repeat(shape[1], 1).requires_grad_()
    y, indices = distance_transform_pool2d(x, costs)
    y.sum().backward()
    H, W = shape[2:]
    count = torch.zeros(*shape[:2], H * W).double().scatter_add(2, indices.flatten(2), torch.ones_like(y).flatten(2))
    assert torch.equal(x.grad, count.reshape(shape))
    i, j = torch.arange(H)[:, None], torch.arange(W)
    dx, dy = indices % W - j, indices // W - i
    want = torch.stack([-(d**power).sum((0, 2, 3)).double() for d in (dx, dy) for power in (2, 1)], dim=1)
    assert torch.equal(costs.grad, want)


def test_gradients_are_right():
    x = (torch.randperm(24).double() / 3).reshape(1, 2, 3, 4).requires_grad_()
    costs = torch.tensor([[0.31, 0.12, 0.23, -0.14], [1.07, 0.0, 0.55, 0.21]]).double().requires_grad_()
    for reach in (None, (1, 2)):
        assert torch.autograd.gradcheck(lambda x, c, r=reach: distance_transform_pool2d(x, c, reach=r).y, (x, costs))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    y = distance_transform_pool2d(torch.ones(1, 1, 2, 2, dtype=dtype), torch.ones(1, 4, dtype=dtype)).y
    assert y.dtype == dtype


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, costs = torch.randn(2, 3, 6, 7).double(), torch.rand(3, 4).double()
    got, want = distance_transform_pool2d(x.cuda(), costs.cuda()), distance_transform_pool2d(x, costs)
    torch.testing.assert_close(got.y.cpu(), want.y)
    assert torch.equal(got.indices.cpu(), want.indices)


X, COSTS = torch.zeros(1, 3, 4, 5), torch.ones(3, 4)


@pytest.mark.parametrize(
    ("x", "costs", "reach", "error", "message"),
    [
        (X[0], COSTS, None, ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 4, 5\)"),
        (X.long(), COSTS, None, OptionError, "x: expected a float dtype"),
        (X, COSTS[:2], None, ShapeError, r"costs: expected \(3, 4\), the price of dx\^2, dx, dy\^2 and dy .*\(2, 4\)"),
        (X, COSTS.double(), None, OptionError, "costs: expected the dtype of the input"),
        (X, COSTS, -1, OptionError, "reach: expected an integer of at least 0, got -1"),
        (X, COSTS, (1, 1, 1), OptionError, r"reach: expected an integer or \(vertical, horizontal\), got \(1, 1, 1\)"),
    ],
)
def test_arguments_of_no_use_are_named(x: Any, costs: Any, reach: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        distance_transform_pool2d(x, costs, reach=reach)
