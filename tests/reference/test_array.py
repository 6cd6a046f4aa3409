"""Correlation of arrays: by hand, by torch's own layer, and bit for bit as our layer of tensors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from reference import layers
from reference.array import correlate2d
from reference.errors import OptionError, ShapeError


def test_by_hand():
    x = np.array([[[[1, 2, 3], [4, 5, 6]], [[1, 0, 1], [0, 1, 0]]]])
    weight = np.array([[[[1, -1]], [[10, 100]]]])
    assert correlate2d(x, weight, np.array([7])).tolist() == [[[[16, 106], [106, 16]]]]
    assert correlate2d(x, weight, stride=2).tolist() == [[[[9]]]]


def test_the_filter_is_not_turned_and_zeros_lie_on_all_four_sides():
    x = np.array([[[[5.0]]]])
    assert correlate2d(x, np.arange(9.0).reshape(1, 1, 3, 3), padding=1).item() == 5 * 4
    assert correlate2d(x, np.array([[[[1.0, 2.0]]]]), padding=1).tolist() == [[[[0, 0], [10, 5], [0, 0]]]]


@st.composite
def calls(draw):
    N, C_in, C_out, stride = (draw(st.integers(1, most)) for most in (2, 3, 3, 3))
    padding = draw(st.integers(0, 2))
    kernel = [draw(st.integers(1, 3)) for _ in range(2)]
    sides = [draw(st.integers(max(1, side - 2 * padding), side + 4)) for side in kernel]
    # Quarters, whose products and sums float32 holds exactly.
    dtype = draw(st.sampled_from([np.float64, np.float32, np.int64, np.int8]))
    unit = 4 if np.dtype(dtype).kind == "f" else 1

    def array(*shape):
        whole = draw(nps.arrays(np.int64, shape, elements=st.integers(-100, 100)))
        return (whole / unit).astype(dtype)

    bias = array(C_out) if draw(st.booleans()) else None
    return array(N, C_in, *sides), array(C_out, C_in, *kernel), bias, {"stride": stride, "padding": padding}


@given(calls())
def test_it_equals_our_layer_of_tensors_bit_for_bit_and_torch(call):
    x, weight, bias, options = call
    y = correlate2d(x, weight, bias, **options)
    tensors = [None if array is None else torch.from_numpy(array) for array in (x, weight, bias)]
    ours = layers.correlate2d(*tensors, **options).numpy()
    assert (y.dtype, y.shape, y.tobytes()) == (ours.dtype, ours.shape, ours.tobytes())
    if y.dtype.kind == "f":
        assert np.array_equal(y, F.conv2d(*tensors, **options).numpy())


@pytest.mark.parametrize(
    ("shapes", "options", "kind", "words"),
    [
        (((1, 3, 3), (1, 1, 2, 2)), {}, ShapeError, "x: expected (N, C_in, H, W)"),
        (((1, 1, 3, 3), (1, 2, 2)), {}, ShapeError, "weight: expected (C_out, C_in, K_h, K_w)"),
        (((1, 1, 3, 3), (1, 2, 2, 2)), {}, ShapeError, "x: expected (N, 2, H, W) to match weight (1, 2, 2, 2)"),
        (((1, 1, 3, 3), (2, 1, 2, 2), (3,)), {}, ShapeError, "bias: expected (2,), one number a filter, got (3,)"),
        (
            ((1, 1, 3, 2), (1, 1, 2, 5)),
            {"padding": 1},
            ShapeError,
            "x: expected W of at least 3, as the filter spans 5 with padding 1, got W = 2; enlarge",
        ),
        (((1, 1, 3, 3), (1, 1, 2, 2)), {"stride": 0}, OptionError, "stride: expected an integer of at least 1"),
        (((1, 1, 3, 3), (1, 1, 2, 2)), {"padding": -1}, OptionError, "padding: expected an integer of at least 0"),
    ],
)
def test_what_cannot_be_correlated_is_named(shapes, options, kind, words):
    with pytest.raises(kind) as caught:
        correlate2d(*map(np.zeros, shapes), **options)
    assert str(caught.value).startswith(words)


def test_another_dtype_is_not_converted_silently():
    with pytest.raises(OptionError, match="weight: expected the dtype of x, float64, got float32"):
        correlate2d(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 1, 1), np.float32))


def test_it_needs_no_torch():
    code = "import sys, reference.array; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
