"""Double attention: two soft-maxes over different axes, and two orders of one product."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import double_attention2d, double_attention_block
from tests import oracles_field
from tests.strategies import tensors

ORDERS = pytest.mark.parametrize("order", ["gather", "affinity"])


@st.composite
def maps(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Features and the scores of both attentions; C_m and C_n uneven."""
    N, C_m, C_n, H, W = (draw(st.integers(1, most)) for most in (2, 3, 2, 3, 2))
    return draw(tensors(N, C_m, H, W)), draw(tensors(N, C_n, H, W)) / 2, draw(tensors(N, C_n, H, W)) / 2


@ORDERS
@given(maps())
def test_each_order_equals_loops_over_pairs_of_positions(order: str, case: Any):
    got = double_attention2d(*case, order=order)
    for n in range(len(got)):
        want = oracles_field.double_attention(*(part[n].numpy() for part in case))
        np.testing.assert_allclose(got[n].numpy(), want, rtol=1e-12, atol=1e-12)


@given(maps())
def test_both_orders_give_the_same(case: Any):
    torch.testing.assert_close(double_attention2d(*case, order="affinity"), double_attention2d(*case))


@ORDERS
@given(maps())
def test_what_is_the_same_everywhere_stays_as_it_is(order: str, case: Any):
    features, gathering, distributing = case
    constant = features[:, :, :1, :1].expand_as(features)
    got = double_attention2d(constant, gathering, distributing, order=order)
    torch.testing.assert_close(got, constant.contiguous())  # both attentions sum to 1, over their own axes


@ORDERS
@given(maps(), st.randoms(use_true_random=False))
def test_moving_positions_around_moves_the_result_around(order: str, case: Any, random: Any):
    H, W = case[0].shape[2:]
    places = list(range(H * W))
    random.shuffle(places)

    def move(x: Any) -> Any:
        return x.flatten(2)[:, :, places].reshape(x.shape)

    got = double_attention2d(*(move(part) for part in case), order=order)
    torch.testing.assert_close(got, move(double_attention2d(*case, order=order)))


@given(maps())
def test_gathering_does_not_see_the_order_of_positions(case: Any):
    features, gathering, distributing = case
    moved = [part.flip(2, 3) for part in (features, gathering)]
    got = double_attention2d(*moved, distributing)
    torch.testing.assert_close(got, double_attention2d(features, gathering, distributing))


@given(maps())
def test_a_number_added_per_row_to_gathering_or_per_position_to_distributing_cancels(case: Any):
    features, gathering, distributing = case
    want = double_attention2d(features, gathering, distributing)
    row, position = gathering[:, :, :1, :1], distributing[:, :1]
    torch.testing.assert_close(double_attention2d(features, gathering + row, distributing + position), want)


def test_by_hand():
    features = torch.tensor([[[[10.0, 20.0, 60.0]]]]).double()
    gathering = torch.tensor([[0.0, 0.0, -1e9], [-1e9, -1e9, 0.0]]).double().reshape(1, 2, 1, 3)
    distributing = torch.tensor([[0.0, -1e9, 0.0], [-1e9, 0.0, 0.0]]).double().reshape(1, 2, 1, 3)
    y = double_attention2d(features, gathering, distributing)  # G = [15, 60]
    assert y.flatten().tolist() == [15, 60, 37.5]


def test_the_softmax_of_distributing_is_over_channels_and_that_of_gathering_over_positions():
    features = torch.tensor([[[[0.0, 6.0]]]]).double()
    one = torch.tensor([[[[5.0, -7.0]]]]).double()  # one channel: its softmax over channels is 1 everywhere
    y = double_attention2d(features, torch.zeros_like(one), one)
    assert y.flatten().tolist() == [3, 3]
    y = double_attention2d(features, one, torch.zeros_like(one))
    torch.testing.assert_close(
        y.flatten(), torch.full((2,), 6 * torch.tensor(-12.0).double().sigmoid().item()).double()
    )


def weights(C: int, C_m: int, C_n: int) -> list[torch.Tensor]:
    return [torch.randn(shape, dtype=torch.float64) for shape in ((C_m, C), (C_n, C), (C_n, C), (C, C_m))]


@ORDERS
def test_a_block_is_its_formula_and_without_the_last_weight_the_identity(order: str):
    x, (phi, theta, rho, back) = torch.randn(2, 4, 3, 2, dtype=torch.float64), weights(4, 3, 2)
    parts = [torch.einsum("oc,nchw->nohw", weight, x) for weight in (phi, theta, rho)]
    want = x + torch.einsum("oc,nchw->nohw", back, double_attention2d(*parts))
    torch.testing.assert_close(double_attention_block(x, phi, theta, rho, back, order=order), want)
    assert torch.equal(double_attention_block(x, phi, theta, rho, 0 * back, order=order), x)


def test_the_block_of_the_paper_has_1048576_weights():
    C = 1024
    assert sum(o * i for o, i in ((C // 4, C), (C // 4, C), (C // 4, C), (C, C // 4))) == 1_048_576
    block = [torch.zeros(C // 4, C)] * 3 + [torch.zeros(C, C // 4)]
    assert sum(weight.numel() for weight in block) == 1_048_576
    assert double_attention_block(torch.zeros(1, C, 2, 3), *block).shape == (1, C, 2, 3)


@ORDERS
def test_gradients_are_right(order: str):
    inputs = tuple(t.requires_grad_() for t in (torch.randn(1, 3, 2, 2).double(), *weights(3, 2, 2)))
    assert torch.autograd.gradcheck(lambda *args: double_attention_block(*args, order=order), inputs)


@pytest.mark.gpu
@ORDERS
def test_the_device_does_not_matter(order: str):
    parts = [torch.randn(2, 3, 4, 5, dtype=torch.float64) for _ in range(3)]
    got = double_attention2d(*(part.cuda() for part in parts), order=order).cpu()
    torch.testing.assert_close(got, double_attention2d(*parts, order=order))


X, W = torch.zeros(1, 4, 2, 3), torch.zeros(2, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: double_attention2d(X, X, X, order="both"), OptionError, "order: expected 'gather' or 'affinity', got"),
        (lambda: double_attention2d(X[0], X, X), ShapeError, r"features: expected \(N, C, H, W\) .* got \(4, 2, 3\)"),
        (
            lambda: double_attention2d(X, X[..., :2], X),
            ShapeError,
            r"gathering: expected N, H, W of features, \(1, 4, 2",
        ),
        (
            lambda: double_attention2d(X, X, X[:, :2]),
            ShapeError,
            r"distributing: expected \(1, 4, 2, 3\), the shape of",
        ),
        (lambda: double_attention2d(X, X.double(), X), OptionError, "gathering: expected the dtype of the input"),
        (lambda: double_attention2d(X.long(), X, X), OptionError, "features: expected a float dtype"),
        (
            lambda: double_attention_block(X, W, W, W.T, W.T),
            ShapeError,
            r"weight_distributing: expected \(4, 4\), as x h",
        ),
        (
            lambda: double_attention_block(X, W, W[0], W, W.T),
            ShapeError,
            r"weight_gathering: expected \(channels out, 4\)",
        ),
        (
            lambda: double_attention_block(X, W, W, W, W),
            ShapeError,
            r"weight_restore: expected \(4, 2\), back from C_m",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
