"""Correlation and convolution against torch, against loops, and against their laws."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers import col2im, convolve2d, correlate2d, correlate2d_im2col, im2col
from reference.matrix import conv2_matrix
from tests import oracles
from tests.strategies import Case, convolutions, matrices, pairs, tensors

BOTH = pytest.mark.parametrize("correlate", [correlate2d, correlate2d_im2col])
ALL = pytest.mark.parametrize("layer", [correlate2d, correlate2d_im2col, convolve2d])


def turned(weight: Tensor) -> Tensor:
    return torch.rot90(weight, 2, (2, 3))


def shift(x: Tensor, rows: int, columns: int) -> Tensor:
    return torch.roll(x, (rows, columns), (2, 3))


@BOTH
@given(case=convolutions())
def test_correlation_equals_torch(correlate: Any, case: Case):
    want = F.conv2d(case.x, case.weight, case.bias, **case.options)
    got = correlate(case.x, case.weight, case.bias, **case.options)
    assert torch.equal(got, want)
    assert got.dtype == want.dtype


@BOTH
@given(case=convolutions(dtype=torch.int64))
def test_correlation_equals_loops_on_integers(correlate: Any, case: Case):
    options = case.options | {"padding": [(p, p) for p in case.options["padding"]]}
    want = oracles.correlate2d(*case.arrays, **options)
    got = correlate(case.x, case.weight, case.bias, **case.options)
    assert got.dtype == torch.int64
    assert np.array_equal(got.numpy(), want)


@given(case=convolutions())
def test_convolution_is_correlation_with_the_kernel_turned_and_the_channels_kept(case: Case):
    want = F.conv2d(case.x, turned(case.weight), case.bias, **case.options)
    assert torch.equal(convolve2d(case.x, case.weight, case.bias, **case.options), want)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(st.data(), pairs(1, 4), pairs(1, 2))
def test_padding_by_word_equals_torch_for_odd_and_even_kernels(data: st.DataObject, kernel_size: Any, dilation: Any):
    x, weight = data.draw(tensors(1, 2, 7, 8)), data.draw(tensors(3, 2, *kernel_size))
    for padding in ("same", "valid"):
        want = F.conv2d(x, weight, padding=padding, dilation=dilation)
        assert torch.equal(correlate2d(x, weight, padding=padding, dilation=dilation), want)
    full = tuple(d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True))
    want = F.conv2d(x, weight, padding=full, dilation=dilation)
    assert torch.equal(correlate2d(x, weight, padding="full", dilation=dilation), want)


@pytest.mark.parametrize("shape", ["full", "same", "valid"])
@given(matrices(), st.data())
def test_convolution_equals_matlab_for_odd_and_even_kernels(shape: Any, a: Any, data: st.DataObject):
    H, W = len(a), len(a[0])
    w = data.draw(st.tuples(st.integers(1, H), st.integers(1, W)).flatmap(lambda k: tensors(*k, dtype=torch.int64)))
    got = convolve2d(torch.tensor(a)[None, None], w[None, None], padding=shape)
    assert got[0, 0].tolist() == conv2_matrix(a, w.numpy(), shape).tolist()


def test_convolution_by_hand():
    a = [[1, 2, 3, 4, 5], [0, 1, 0, 2, 0], [3, 0, 1, 0, 2], [1, 1, 0, 0, 1], [2, 0, 1, 3, 0]]
    w = [[1, 2, 3], [0, 1, 0], [-1, 0, 2]]
    x, weight = torch.tensor(a)[None, None], torch.tensor(w)[None, None]
    assert convolve2d(x, weight).tolist() == [[[[10, 2, 8], [5, 4, 1], [13, 5, 9]]]]
    assert correlate2d(x, weight).tolist() == [[[[14, 20, 31], [1, 7, 6], [7, 8, 6]]]]


def test_every_output_of_a_zero_image_is_the_bias():
    bias = torch.tensor([1, 2, 3])
    y = correlate2d(torch.zeros(1, 2, 4, 5, dtype=torch.int64), torch.ones(3, 2, 3, 3, dtype=torch.int64), bias)
    assert torch.equal(y, bias[None, :, None, None].expand(1, 3, 2, 3))


@ALL
@given(st.data())
def test_layers_are_linear(layer: Any, data: st.DataObject):
    x, other = (data.draw(tensors(1, 2, 5, 4)) for _ in range(2))
    weight = data.draw(tensors(3, 2, 2, 3))
    assert torch.equal(layer(3 * x - other, weight), 3 * layer(x, weight) - layer(other, weight))


@ALL
@given(st.data(), st.integers(0, 2), st.integers(0, 2))
def test_layers_are_equivariant_away_from_the_border(layer: Any, data: st.DataObject, rows: int, columns: int):
    x, weight = data.draw(tensors(1, 2, 3, 4)), data.draw(tensors(2, 2, 2, 3))
    canvas = torch.zeros(1, 2, 9, 10, dtype=torch.float64)
    canvas[:, :, 2:5, 2:6] = x  # zeros all around: nothing is shifted out
    got = layer(shift(canvas, rows, columns), weight, padding="same")
    assert torch.equal(got, shift(layer(canvas, weight, padding="same"), rows, columns))


@given(matrices(3), matrices(3))
def test_full_convolution_commutes_and_correlation_does_not_but_turns(a: Any, w: Any):
    a, w = torch.tensor(a)[None, None], torch.tensor(w)[None, None]
    assert torch.equal(convolve2d(a, w, padding="full"), convolve2d(w, a, padding="full"))
    assert torch.equal(correlate2d(a, w, padding="full"), turned(correlate2d(w, a, padding="full")))


@given(st.data(), pairs(1, 3), pairs(1, 3), pairs(0, 2), pairs(1, 2))
def test_im2col_equals_torch_and_loops(data: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any):
    x = data.draw(tensors(2, 3, 6, 5))
    got = im2col(x, kernel_size, stride=stride, padding=padding, dilation=dilation)
    assert torch.equal(got, F.unfold(x, kernel_size, stride=stride, padding=padding, dilation=dilation))
    assert np.array_equal(got.numpy(), oracles.im2col(x.numpy(), kernel_size, stride, padding, dilation))


@given(st.data(), pairs(1, 3), pairs(1, 3), pairs(0, 2), pairs(1, 2))
def test_col2im_equals_torch_and_is_the_adjoint(data: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any):
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    x = data.draw(tensors(2, 2, 6, 5))
    unrolled = im2col(x, kernel_size, **options)
    columns = data.draw(tensors(*unrolled.shape))
    image = col2im(columns, (6, 5), kernel_size, **options)
    assert torch.equal(image, F.fold(columns, (6, 5), kernel_size, **options))
    assert (unrolled * columns).sum() == (x * image).sum()


def test_im2col_of_alexnets_first_layer_has_the_size_of_caffes():
    assert im2col(torch.zeros(1, 3, 227, 227), 11, stride=4).shape == (1, 363, 3025)


@ALL
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)},
        {"padding": "same", "groups": 2},
        {"padding": "full"},
    ],
)
def test_gradients_are_right(layer: Any, options: Any):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 2, 4, 5).double(), torch.randn(4, 2 // options.get("groups", 1), 2, 3).double()
    inputs = (x.requires_grad_(), weight.requires_grad_(), torch.randn(4).double().requires_grad_())
    assert torch.autograd.gradcheck(lambda *args: layer(*args, **options), inputs)


def test_gradients_of_unrolling_are_right():
    image = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    columns = torch.randn(1, 8, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: im2col(x, 2, stride=(2, 1), padding=(1, 0)), image)
    assert torch.autograd.gradcheck(lambda x: col2im(x, (3, 4), 2), columns)


@ALL
def test_inputs_are_not_changed(layer: Any):
    x, weight = torch.ones(1, 1, 3, 4), torch.ones(1, 1, 2, 2)
    layer(x, weight, padding=1)
    assert torch.equal(x, torch.ones(1, 1, 3, 4))
    assert torch.equal(weight, torch.ones(1, 1, 2, 2))


@ALL
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int8, torch.int32])
def test_the_dtype_stays(layer: Any, dtype: torch.dtype):
    x, weight = torch.ones(1, 2, 3, 4, dtype=dtype), torch.ones(3, 2, 2, 2, dtype=dtype)
    y = layer(x, weight, torch.ones(3, dtype=dtype))
    assert y.dtype == dtype
    assert torch.equal(y, torch.full((1, 3, 2, 3), 9, dtype=dtype))


@ALL
def test_an_empty_batch_gives_an_empty_batch(layer: Any):
    assert layer(torch.zeros(0, 2, 3, 4), torch.zeros(3, 2, 2, 2)).shape == (0, 3, 2, 3)


@pytest.mark.gpu
@ALL
@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_the_device_does_not_matter(layer: Any, dtype: torch.dtype):
    x, weight = torch.arange(60).reshape(1, 3, 4, 5).to(dtype), torch.arange(36).reshape(2, 3, 3, 2).to(dtype)
    assert torch.equal(layer(x.cuda(), weight.cuda(), padding=1).cpu(), layer(x, weight, padding=1))


WRONG = [
    (
        ((2, 3, 4), (1, 3, 2, 2)),
        {},
        r"x: expected \(N, C, H, W\) with C, H, W of at least 1, got \(2, 3, 4\); x\[None\]",
    ),
    (((1, 0, 4, 4), (1, 1, 2, 2)), {}, r"x: expected \(N, C, H, W\) with .*, got \(1, 0, 4, 4\)"),
    (((1, 3, 4, 4), (3, 2, 2)), {}, r"weight: expected \(C_out, C_in/groups, K_h, K_w\).*, got \(3, 2, 2\)"),
    (((1, 3, 8, 8), (4, 1, 3, 3)), {}, r"x: expected \(N, 1, H, W\) to match weight \(4, 1, 3, 3\) in 1 group"),
    (
        ((1, 4, 8, 8), (3, 2, 3, 3)),
        {"groups": 2},
        r"weight: expected C_out a multiple of groups = 2, got \(3, 2, 3, 3\)",
    ),
    (
        ((1, 1, 3, 8), (1, 1, 5, 3)),
        {},
        r"x: expected H of at least 5, as the window spans 5 .* adds 0, got H = 3; enlarge",
    ),
    (((1, 1, 8, 3), (1, 1, 3, 5)), {}, r"x: expected W of at least 5, .* got W = 3"),
]


@ALL
@pytest.mark.parametrize(("shapes", "options", "message"), WRONG)
def test_shapes_that_do_not_fit_are_named(layer: Any, shapes: Any, options: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        layer(torch.zeros(shapes[0]), torch.zeros(shapes[1]), **options)


@ALL
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 0}, "stride: expected an integer of at least 1, got 0"),
        ({"stride": (1, 2, 3)}, r"stride: expected an integer or \(vertical, horizontal\), got \(1, 2, 3\)"),
        ({"stride": 1.5}, "stride: expected an integer of at least 1, got 1.5"),
        ({"padding": -1}, "padding: expected an integer of at least 0, got -1"),
        ({"padding": "smae"}, "padding: expected an integer, a pair, 'valid', 'same' or 'full', got 'smae'"),
        (
            {"padding": "same", "stride": 2},
            "stride: expected 1 with padding 'same', got 2; give the padding as a number",
        ),
        ({"dilation": 0}, "dilation: expected an integer of at least 1, got 0"),
        ({"groups": 0}, "groups: expected an integer of at least 1, got 0"),
    ],
)
def test_options_of_no_use_are_named(layer: Any, options: Any, message: str):
    with pytest.raises(OptionError, match=message):
        layer(torch.zeros(1, 2, 4, 4), torch.zeros(2, 2, 3, 3), **options)


@ALL
def test_a_bias_that_does_not_fit_is_named(layer: Any):
    x, weight = torch.zeros(1, 2, 4, 4), torch.zeros(3, 2, 3, 3)
    with pytest.raises(ShapeError, match=r"bias: expected \(3,\), one number a filter, got \(2,\)"):
        layer(x, weight, torch.zeros(2))
    with pytest.raises(OptionError, match=r"bias: expected the dtype of x, torch.float32, got torch.float64; bias.to"):
        layer(x, weight, torch.zeros(3).double())
    with pytest.raises(OptionError, match=r"weight: expected the dtype of x, torch.float32, got torch.int64"):
        layer(x, weight.long())


def test_columns_of_another_image_are_named():
    with pytest.raises(ShapeError, match="output_size: expected H of at least 2, as the window spans 2"):
        col2im(torch.zeros(1, 4, 1), (1, 2), 2)
    with pytest.raises(
        ShapeError, match=r"columns: expected \(N, C\*4, 6\) for windows \(2, 2\) over an image \(3, 4\)"
    ):
        col2im(torch.zeros(1, 8, 5), (3, 4), 2)
    with pytest.raises(ShapeError, match=r"got \(1, 7, 6\); give the options that im2col was given"):
        col2im(torch.zeros(1, 7, 6), (3, 4), 2)
