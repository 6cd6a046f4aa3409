"""Sizes, fields and counts: by counting, against torch, and against print."""

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
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import (
    Layer,
    ReceptiveField,
    conv_macs,
    conv_parameters,
    dense_parameters,
    output_size,
    pair,
    receptive_field,
    receptive_field_steps,
    transposed_output_size,
)
from tests import oracles

SIDES, STRIDES = st.integers(1, 20), st.integers(1, 4)
LAYERS = st.lists(
    st.builds(Layer, st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)), max_size=4
)

ROOT = Path(__file__).parents[2]

LENET = [Layer(5), Layer(2, 2), Layer(5), Layer(2, 2)]
ALEXNET = [Layer(11, 4), Layer(3, 2), Layer(5, 1, 2), Layer(3, 2), *[Layer(3, 1, 1)] * 3, Layer(3, 2), Layer(6)]
VGG = [layer for convs in (2, 2, 3, 3, 3) for layer in [*[Layer(3, 1, 1)] * convs, Layer(2, 2)]] + [Layer(7)]
VGG_CHANNELS = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)] + 5 * [
    (512, 512)
]
VGG_SIDES = [224] * 2 + [112] * 2 + [56] * 3 + [28] * 3 + [14] * 3


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


@given(LAYERS, st.integers(0, 3))
def test_the_receptive_field_is_what_one_finds_walking_down(layers: list[Layer], index: int):
    field = receptive_field(layers)
    rows = [(layer.kernel_size, layer.stride, layer.padding, layer.dilation) for layer in layers]
    first, last = oracles.seen_pixels(rows, index)
    assert field.pixels(index) == (first, last)
    assert field.size == last - first + 1
    assert oracles.seen_pixels(rows, index + 1)[0] - first == field.jump


@given(LAYERS)
def test_the_receptive_field_is_where_the_gradient_is(layers: list[Layer]):
    field = receptive_field(layers)
    x = torch.zeros(1, 1, 3 * field.size + 100, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in layers:
        weight = torch.ones(1, 1, layer.kernel_size, dtype=torch.float64)
        y = F.conv1d(y, weight, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
    index = y.shape[2] // 2
    y[0, 0, index].backward()
    assert x.grad is not None
    reached = x.grad[0, 0].nonzero().flatten()
    assert (int(reached[0]), int(reached[-1])) == field.pixels(index)


def test_receptive_fields_in_print():
    assert receptive_field(LENET[:3]).size == published("lenet5.receptive_field_c3").value == 14
    assert receptive_field(ALEXNET[:7]).size == published("alexnet.receptive_field_conv5").value == 163
    assert receptive_field(ALEXNET[:8]).size == published("alexnet.receptive_field_pool5").value
    assert receptive_field(ALEXNET).size == published("alexnet.receptive_field_fc6").value
    assert receptive_field(VGG[:17]).size == published("vgg16.receptive_field_conv5_3").value == 196
    assert receptive_field(VGG).size == published("vgg16.receptive_field_fc6").value == 404
    pool5 = receptive_field(VGG[:18])
    assert pool5.size == published("vgg16.receptive_field_pool5").value
    assert pool5.jump == published("vgg16.receptive_field_jump_pool5").value
    assert pool5.padding == published("vgg16.receptive_field_padding_pool5").value


def test_all_of_a_net_step_by_step():
    assert [step.after.size for step in receptive_field_steps(LENET)] == [5, 6, 14, 16]
    assert [step.after.jump for step in receptive_field_steps(LENET)] == [1, 2, 2, 4]
    assert [step.after.size for step in receptive_field_steps(ALEXNET)] == [11, 19, 51, 67, 99, 131, 163, 195, 355]
    sizes = [step.after.size for step in receptive_field_steps(VGG)]
    assert sizes == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212, 404]
    assert str(receptive_field_steps([Layer(3, dilation=2)])[0]) == "1 + 2*(3 - 1)*1 = 5"


def test_neighbouring_fields_of_c2_overlap_by_12_and_the_last_starts_at_18():
    field = receptive_field(LENET[:3])
    assert (field.jump, field.overlap) == (2, 12)
    assert field.pixels(9) == (18, 31)  # 32 x 32 input, 10 x 10 nodes


def test_without_layers_one_sees_oneself():
    assert receptive_field([]) == ReceptiveField(size=1, jump=1, start=0)
    assert ReceptiveField(size=2, jump=5).overlap == 0


def wrong_field(layers: list[Layer], mistake: str) -> int:
    """The receptive field as students get it wrong, to see that the right one is none of these."""
    size, jump = (0 if mistake == "k for k - 1" else 1), 1
    if mistake == "sum of the kernels":
        return sum(layer.kernel_size for layer in layers)
    for layer in layers:
        k, s, p = layer.kernel_size, layer.stride, layer.padding
        pooling = s == k or (k, s) == (3, 2)
        if mistake == "stride before its kernel":
            size += (k - 1) * jump * s
        elif mistake == "strides ignored":
            size += k - 1
        elif mistake == "pooling without its window":
            size += 0 if pooling else (k - 1) * jump
        elif mistake == "pooling skipped":
            size += 0 if pooling else k - 1
        elif mistake == "k for k - 1":
            size += k * jump
        elif mistake == "padding counted":
            size += (k - 1) * jump + 2 * p * jump
        elif mistake == "product of the kernels":
            size *= k
        jump *= s
    return size


@pytest.mark.parametrize(
    ("mistake", "c2", "vgg"),
    [
        ("stride before its kernel", 15, 211),
        ("strides ignored", 10, 31),
        ("pooling without its window", 13, 181),
        ("pooling skipped", 9, 27),
        ("k for k - 1", 17, 300),
        ("padding counted", 14, 376),
        ("sum of the kernels", 12, 47),
        ("product of the kernels", 50, 25509168),
    ],
)
def test_usual_mistakes_give_other_numbers(mistake: str, c2: int, vgg: int):
    assert wrong_field(LENET[:3], mistake) == c2
    assert wrong_field(VGG[:17], mistake) == vgg != receptive_field(VGG[:17]).size


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_parameters_are_those_of_torchs_layers(C_in: int, C_out: int, K_h: int, K_w: int, groups: int, bias: bool):
    conv = nn.Conv2d(C_in * groups, C_out * groups, (K_h, K_w), groups=groups, bias=bias)
    counted = sum(weight.numel() for weight in conv.parameters())
    assert conv_parameters(C_in * groups, C_out * groups, (K_h, K_w), groups=groups, bias=bias) == counted
    dense = nn.Linear(C_in, C_out, bias=bias)
    assert dense_parameters(C_in, C_out, bias=bias) == sum(weight.numel() for weight in dense.parameters())


def test_macs_are_the_products_of_the_loops():
    products = 0
    for _ in oracles.places(2, 3 * 4, 2 // 2, 3 * 1):  # channels out, outputs, channels in of a group, taps
        products += 1
    assert conv_macs(2, 2, (3, 1), (3, 4), groups=2) == products


def test_parameters_in_print():
    assert conv_parameters(1, 6, 5) == published("lenet5.c1_parameters").value
    assert conv_parameters(1, 6, 5) * 28 * 28 == published("lenet5.c1_connections").value
    c3 = sum(conv_parameters(maps, 1, 5) for maps in 6 * [3] + 9 * [4] + [6])
    assert c3 == published("lenet5.c3_parameters").value
    assert c3 * 10 * 10 == published("lenet5.c3_connections").value
    assert conv_parameters(16, 120, 5) == published("lenet5.c5_parameters").value
    assert dense_parameters(120, 84) == published("lenet5.f6_parameters").value
    assert 156 + 12 + c3 + 32 + 48120 + 10164 == published("lenet5.parameters").value
    assert conv_parameters(48, 128, 5, bias=False) == published("alexnet.conv2_weights_half").value
    assert dense_parameters(7 * 7 * 512, 4096) == published("vgg16.fc6_parameters").value
    assert conv_parameters(512, 4096, 7) == published("vgg16.fc6_parameters").value


def test_alexnet_and_vgg_in_print():
    alexnet = (
        conv_parameters(3, 96, 11)
        + conv_parameters(96, 256, 5, groups=2)
        + conv_parameters(256, 384, 3)
        + conv_parameters(384, 384, 3, groups=2)
        + conv_parameters(384, 256, 3, groups=2)
        + dense_parameters(6 * 6 * 256, 4096)
        + dense_parameters(4096, 4096)
        + dense_parameters(4096, 1000)
    )
    assert alexnet == published("alexnet.parameters_bvlc").value
    assert published("alexnet.parameters").agrees(alexnet)
    convs = sum(conv_parameters(*channels, 3) for channels in VGG_CHANNELS)
    assert convs == published("vgg16.conv_parameters_exact").value
    assert published("vgg16.conv_parameters").agrees(convs)
    to_fc7 = convs + dense_parameters(25088, 4096) + dense_parameters(4096, 4096)
    assert published("vgg16.parameters_to_fc7").agrees(to_fc7)
    total = to_fc7 + dense_parameters(4096, 1000)
    assert total == published("vgg16.parameters_torchvision").value
    assert published("vgg16.parameters").agrees(total)


def test_vggs_convolutions_hold_a_ninth_of_the_parameters_and_do_nearly_all_the_work():
    macs = sum(conv_macs(*channels, 3, side) for channels, side in zip(VGG_CHANNELS, VGG_SIDES, strict=True))
    assert macs == published("vgg16.conv_macs").value
    dense = dense_parameters(25088, 4096, bias=False) + dense_parameters(4096, 4096, bias=False)
    assert round(100 * macs / (macs + dense), 2) == 99.23


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
        (lambda: conv_parameters(0, 1, 1), OptionError, "in_channels: expected an integer of at least 1, got 0"),
        (lambda: conv_parameters(1, 0, 1), OptionError, "out_channels: expected an integer of at least 1, got 0"),
        (
            lambda: conv_parameters(3, 4, 1, groups=2),
            OptionError,
            "in_channels: expected a multiple of groups = 2, got 3",
        ),
        (lambda: conv_parameters(4, 3, 1, groups=2), OptionError, "out_channels: expected a multiple of groups = 2"),
        (lambda: conv_parameters(1, 1, (1, 0)), OptionError, "kernel_size: expected an integer of at least 1, got 0"),
        (lambda: conv_macs(1, 1, 1, 0), OptionError, "output_sides: expected an integer of at least 1, got 0"),
        (lambda: dense_parameters(1, 0), OptionError, "out_features: expected an integer of at least 1, got 0"),
        (lambda: pair("stride", (1, 2, 3), 1), OptionError, r"stride: expected an integer or \(vertical, horizontal\)"),  # type: ignore[arg-type]
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
