"""LeNet-5's connection table."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import LENET5_C3, correlate2d_table, count_links
from tests import oracles_field
from tests.strategies import pairs, tensors


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """An image, kernels, biases and a table in any order."""
    C_in = draw(st.integers(1, 4))
    row = st.lists(st.integers(0, C_in - 1), min_size=1, max_size=C_in, unique=True).map(tuple)
    table = tuple(draw(st.lists(row, min_size=1, max_size=3)))
    K_h, K_w = draw(pairs(1, 2))
    x = draw(tensors(draw(st.integers(1, 2)), C_in, draw(st.integers(K_h, 4)), draw(st.integers(K_w, 4))))
    return x, draw(tensors(sum(map(len, table)), K_h, K_w)), draw(tensors(len(table))), table


@given(cases())
def test_links_equal_loops_exactly(case: Any):
    x, weight, bias, table = case
    want = oracles_field.correlate2d_table(x.numpy(), weight.numpy(), bias.numpy(), table)
    assert np.array_equal(correlate2d_table(x, weight, bias, table).numpy(), want)


@given(cases())
def test_a_full_table_is_an_ordinary_convolution(case: Any):
    x, weight, bias, _ = case
    C_out, C_in = len(bias), x.shape[1]
    table = (tuple(range(C_in)),) * C_out
    dense = torch.arange(C_out * C_in * weight[0].numel()).double().reshape(C_out, C_in, *weight.shape[1:])
    got = correlate2d_table(x, dense.flatten(0, 1), bias, table, stride=2, padding=1)
    assert torch.equal(got, F.conv2d(x, dense, bias, stride=2, padding=1))


def test_the_table_of_lenet_5_has_60_links_and_1516_parameters():
    assert len(LENET5_C3) == 16
    assert count_links(LENET5_C3) == 60
    weight, bias = torch.zeros(60, 5, 5), torch.zeros(16)
    assert published("lenet5.c3_parameters").agrees(weight.numel() + bias.numel())
    y = correlate2d_table(torch.zeros(1, 6, 14, 14), weight, bias, LENET5_C3)
    assert y.shape == (1, 16, 10, 10)
    assert published("lenet5.c3_connections").agrees(y[0, 0].numel() * (weight.numel() + bias.numel()))


def test_lenet_5_has_six_threes_nine_fours_and_one_six_all_different():
    assert sorted(map(len, LENET5_C3)) == [3] * 6 + [4] * 9 + [6]
    assert len(set(LENET5_C3)) == 16
    assert [sum(c in seen for seen in LENET5_C3) for c in range(6)] == [10] * 6  # all maps of S2 are used alike
    neighbours = [tuple(sorted((c + k) % 6 for k in range(n))) for n in (3, 4) for c in range(6)]
    assert list(LENET5_C3[:12]) == neighbours


def test_an_output_does_not_see_what_it_is_not_linked_to():
    x = torch.zeros(1, 6, 5, 5, requires_grad=True)
    y = correlate2d_table(x, torch.ones(60, 5, 5), None, LENET5_C3)
    for o, seen in enumerate(LENET5_C3):
        (grad,) = torch.autograd.grad(y[0, o, 0, 0], x, retain_graph=True)
        assert grad.sum((0, 2, 3)).nonzero().flatten().tolist() == list(seen)


def test_gradients_are_right():
    x, weight, bias = torch.randn(2, 3, 4, 3), torch.randn(4, 2, 2), torch.randn(2)
    inputs = tuple(t.double().requires_grad_() for t in (x, weight, bias))
    assert torch.autograd.gradcheck(lambda *args: correlate2d_table(*args, ((2, 0, 1), (1,))), inputs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int32])
def test_the_dtype_stays(dtype: torch.dtype):
    one = torch.ones(1, 2, 2, 2, dtype=dtype)
    y = correlate2d_table(one, one[0], None, ((0, 1),))
    assert (y.dtype, y.item()) == (dtype, 8)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, weight = torch.arange(6 * 49).reshape(1, 6, 7, 7), torch.arange(1500).reshape(60, 5, 5)
    got = correlate2d_table(x.cuda(), weight.cuda(), None, LENET5_C3).cpu()
    assert torch.equal(got, correlate2d_table(x, weight, None, LENET5_C3))


X, WEIGHT = torch.zeros(1, 3, 4, 4), torch.zeros(3, 2, 2)
TABLE = ((0, 1), (2,))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0], WEIGHT, None, TABLE), ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 4, 4\)"),
        ((X, WEIGHT[:2], None, TABLE), ShapeError, r"weight: expected \(3, K_h, K_w\), one kernel a link.*\(2, 2, 2\)"),
        ((X, WEIGHT[0], None, TABLE), ShapeError, r"weight: expected \(3, K_h, K_w\), .*got \(2, 2\)"),
        ((X, WEIGHT, torch.zeros(3), TABLE), ShapeError, r"bias: expected \(2,\), one number a row of the table"),
        ((X, WEIGHT, None, ((0, 1), (3,))), ShapeError, r"table: expected maps from 0 to 2, as x has 3, got row 1 ="),
        ((X, WEIGHT, None, ((0, 1), ())), OptionError, r"table: expected one input map or more in a row, none twice"),
        ((X, WEIGHT, None, ((0, 0), (1,))), OptionError, r"table: .* none twice, got row 0 = \(0, 0\)"),
        ((X, WEIGHT, None, ()), OptionError, "table: expected a row for every output map, got an empty table"),
        ((X, WEIGHT.double(), None, TABLE), OptionError, "weight: expected the dtype of x, torch.float32"),
    ],
)
def test_arguments_of_no_use_are_named(arguments: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        correlate2d_table(*arguments)
