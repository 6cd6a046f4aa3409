"""Learned numbers and work of layers: against torch, by counting, and against print."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from torch import nn

from reference.errors import OptionError
from reference.facts import published
from reference.geometry import (
    Layer,
    TransposedLayer,
    conv_macs,
    conv_parameters,
    dense_parameters,
    layer_costs,
    survey,
)
from tests import oracles

VGG_CHANNELS = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)] + 5 * [
    (512, 512)
]
VGG_SIDES = [224] * 2 + [112] * 2 + [56] * 3 + [28] * 3 + [14] * 3


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


CONVS = st.builds(
    Layer,
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(0, 1),
    st.integers(1, 2),
    channels=st.sampled_from([2, 4, 6]),
    groups=st.integers(1, 2),
    bias=st.booleans(),
)
SPREADING = st.builds(
    TransposedLayer, st.integers(2, 3), st.just(2), st.integers(0, 1), channels=st.sampled_from([2, 4]),
    output_padding=st.integers(0, 1),
)  # fmt: skip
POOLS = st.builds(Layer, st.integers(2, 3), st.integers(1, 3), st.integers(0, 1), ceil_mode=st.booleans())


def module_of(layer: Layer, in_channels: int) -> nn.Module:
    k, s, p = layer.kernel_size, layer.stride, layer.padding
    if layer.channels is None:
        return nn.MaxPool2d(k, s, p, ceil_mode=layer.ceil_mode)
    options: Any = {"dilation": layer.dilation, "groups": layer.groups, "bias": layer.bias}
    if isinstance(layer, TransposedLayer):
        return nn.ConvTranspose2d(in_channels, layer.channels, k, s, p, layer.output_padding, **options)
    return nn.Conv2d(in_channels, layer.channels, k, s, p, **options)


@given(st.lists(st.one_of(CONVS, SPREADING, POOLS), min_size=1, max_size=5))
def test_a_layer_list_costs_what_the_survey_of_its_modules_finds(layers: list[Layer]):
    channels, modules = 2, []
    for layer in layers:
        modules.append(module_of(layer, channels))
        channels = layer.channels or channels
    rows = survey(nn.Sequential(*modules).to("meta"), (1, 2, 64, 49)).layers
    costs = layer_costs(layers, 2, (64, 49))
    assert [(1, cost.channels, *cost.sides) for cost in costs] == [row.output_shape for row in rows]
    for name in ("parameters", "macs", "activations"):
        assert [getattr(cost, name) for cost in costs] == [getattr(row, name) for row in rows], name


def test_lenets_list_costs_what_the_paper_says():
    layers = [Layer(5, channels=6), Layer(2, 2), Layer(5, channels=16), Layer(2, 2), Layer(5, channels=120)]
    costs = layer_costs(layers, 1, 32)
    assert costs[0].parameters == published("lenet5.c1_parameters").value
    assert costs[0].parameters * 28 * 28 == published("lenet5.c1_connections").value
    assert costs[4].parameters == published("lenet5.c5_parameters").value
    assert [cost.sides for cost in costs] == [(28, 28), (14, 14), (10, 10), (5, 5), (1, 1)]
    assert (costs[0].memory(), costs[0].memory(bytes_each=2)) == (4 * 6 * 28 * 28, 2 * 6 * 28 * 28)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
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
        (lambda: layer_costs([Layer(1, channels=0)], 1, 1), OptionError, "channels: expected an integer of at least 1"),
        (lambda: layer_costs([Layer(1, groups=0)], 1, 1), OptionError, "groups: expected an integer of at least 1"),
        (lambda: layer_costs([], 1, 0), OptionError, "sides: expected an integer of at least 1, got 0"),
        (lambda: dense_parameters(1, 0), OptionError, "out_features: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
