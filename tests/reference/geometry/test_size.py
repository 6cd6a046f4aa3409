"""Output sizes: by counting, against torch, and against print."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import Layer, output_size, pair, transposed_output_size
from tests import oracles

SIDES, STRIDES = st.integers(1, 20), st.integers(1, 4)
ROOT = Path(__file__).parents[3]
ALEXNET = [Layer(11, 4), Layer(3, 2), Layer(5, 1, 2), Layer(3, 2), *[Layer(3, 1, 1)] * 3, Layer(3, 2), Layer(6)]


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_output_size_is_what_one_counts(k: int, ceil: bool):
    # All small cases: the rare ones, where the last window starts in the padding, are easily not drawn.
    for size, s, p, d in itertools.product(range(1, 13), range(1, 5), range(3), range(1, 4)):
        if d * (k - 1) + 1 <= size + 2 * p:
            want = oracles.count_windows(size, k, s, p, p, d, ceil)
            assert output_size(size, k, stride=s, padding=p, dilation=d, ceil_mode=ceil) == want, (size, s, p, d)


@given(SIDES, st.integers(1, 4), STRIDES, st.integers(0, 2), st.integers(0, 3), st.integers(1, 3))
def test_transposed_output_size_is_torchs_and_undoes_output_size(n: int, k: int, s: int, p: int, extra: int, d: int):
    assume(extra < max(s, d) and (n - 1) * s - 2 * p + d * (k - 1) + extra >= 0)
    got = transposed_output_size(n, k, stride=s, padding=p, output_padding=extra, dilation=d)
    options: Any = {"stride": s, "padding": p, "output_padding": extra, "dilation": d}
    assert F.conv_transpose1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), **options).shape[2] == got
    if extra < s:
        assert output_size(got, k, stride=s, padding=p, dilation=d) == n


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (output_size(227, 11, stride=4), 55),
        (output_size(224, 11, stride=4, padding=2), 55),
        (output_size(224, 11, stride=4), 54),
        (output_size(41, 3, padding=12, dilation=12), 41),
        (output_size(112, 3, stride=2, padding=1), 56),
        (output_size(112, 3, stride=2, ceil_mode=True), 56),
        (output_size(112, 3, stride=2), 55),
        (output_size(75, 2, stride=2, ceil_mode=True), 38),
        (output_size(175, 2, stride=2, ceil_mode=True), 88),
        (transposed_output_size(16, 64, stride=32), published("fcn32s.side_upsampled").value),
        (transposed_output_size(28, 2, stride=2), 56),
    ],
)
def test_sizes_of_the_course(got: int, want: int):
    assert got == want


def test_alexnets_sides():
    sides, side = [], 227
    for layer in ALEXNET[:-1]:
        side = output_size(side, layer.kernel_size, stride=layer.stride, padding=layer.padding)
        sides.append(side)
    assert sides == [55, 27, 27, 13, 13, 13, 13, 6]
    assert sides[0] == published("alexnet.conv1_side").value


def test_u_nets_side():
    down = side = 572
    for _ in range(4):
        down = output_size(output_size(output_size(down, 3), 3), 2, stride=2)
    side = output_size(output_size(down, 3), 3)
    for _ in range(4):
        side = output_size(output_size(transposed_output_size(side, 2, stride=2), 3), 3)
    assert side == published("unet.output_side").value


def test_fcn32s_sides():
    side = output_size(500, 3, padding=100)
    for _ in range(5):
        side = output_size(side, 2, stride=2, ceil_mode=True)
    assert output_size(side, 7) == published("fcn32s.side_score").value


def test_no_arrays_are_loaded():
    code = "import reference.geometry, sys; sys.exit(bool({'torch', 'numpy', 'sympy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Layer(0), OptionError, "kernel_size: expected an integer of at least 1, got 0"),
        (lambda: Layer(3, stride=0), OptionError, "stride: expected an integer of at least 1, got 0"),
        (lambda: Layer(3, padding=-1), OptionError, "padding: expected an integer of at least 0, got -1"),
        (lambda: Layer(3, dilation=0), OptionError, "dilation: expected an integer of at least 1, got 0"),
        (lambda: output_size(0, 1), OptionError, "size: expected an integer of at least 1, got 0"),
        (
            lambda: output_size(4, 3, dilation=2),
            ShapeError,
            "size: expected at least 5 for a window that spans 5 with padding 0, got 4; enlarge the image",
        ),
        (lambda: output_size(1, 6, padding=1), ShapeError, "size: expected at least 4 for a window that spans 6 with"),
        (
            lambda: transposed_output_size(1, 2, padding=1),
            ShapeError,
            "padding: expected less than half of the 2 positions that are there to remove, got 1; use a smaller",
        ),
        (
            lambda: transposed_output_size(3, 3, output_padding=1),
            OptionError,
            "output_padding: expected less than stride 1 or dilation 1, got 1; a larger one would only append",
        ),
        (lambda: pair("stride", (1, 2, 3), 1), OptionError, r"stride: expected an integer or \(vertical, horizontal\)"),  # type: ignore[arg-type]
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
