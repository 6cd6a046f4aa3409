"""VGG-16's encoder: its table, its counts, and that its layers are the reference's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import batch_norm2d, correlate2d, max_pool2d, relu
from reference.models import VGG16Features, parameter_count
from reference.models.plan import Conv
from reference.models.vgg import VGG16_TABLE


def test_the_table_is_configuration_d():
    convs = [row for row in VGG16_TABLE if isinstance(row, Conv)]
    assert [row.channels for row in convs] == [1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8]
    assert {(row.kernel_size, row.padding) for row in convs} == {(3, 1)}
    assert [index for index, row in enumerate(VGG16_TABLE) if not isinstance(row, Conv)] == [2, 5, 9, 13, 17]


def test_the_counts_are_those_in_print():
    with torch.device("meta"):
        net, plain = VGG16Features(), VGG16Features(batch_norm=False)
    assert parameter_count(plain) == published("vgg16.conv_parameters_exact").value
    assert parameter_count(net, batch_norm=False) == published("vgg16.conv_parameters_exact").value
    assert parameter_count(net) == published("vgg16.conv_parameters_exact").value + 2 * 4224  # channels of all convs


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("ceil_mode", [True, False])
def test_the_encoder_is_built_of_the_reference_layers(batch_norm: bool, ceil_mode: bool):
    net = VGG16Features(2, 1, batch_norm=batch_norm, ceil_mode=ceil_mode).double()
    x = torch.randn(2, 2, 45, 50, dtype=torch.float64)
    y, switches, sides = net(x)
    want_switches, want_sides = [], []
    for row in VGG16_TABLE:
        if isinstance(row, Conv):
            block = net.layers[row.name]
            x = correlate2d(x, block.conv.weight, block.conv.bias, padding=1)
            if batch_norm:
                x = batch_norm2d(x, block.norm.weight, block.norm.bias, training=True).y
            x = relu(x)
        else:
            want_sides.append(tuple(x.shape[2:]))
            x, indices = max_pool2d(x, 2, ceil_mode=ceil_mode)
            want_switches.append(indices)
    torch.testing.assert_close(y, x)
    assert all(torch.equal(*both) for both in zip(switches, want_switches, strict=True))
    assert list(sides) == want_sides


def test_the_least_image_ends_in_one_pixel():
    assert VGG16Features(width=1).eval()(torch.zeros(1, 3, 32, 63)).y.shape == (1, 8, 1, 1)


def test_every_convolution_has_a_bias_and_a_normalisation():
    net = VGG16Features(width=1)
    kinds = [type(layer) for layer in net.modules() if not list(layer.children())]
    assert kinds == 13 * [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert all(layer.bias is not None for layer in net.modules() if isinstance(layer, nn.Conv2d))


@pytest.mark.parametrize("shape", [(1, 3, 31, 64), (1, 3, 64, 31), (1, 4, 64, 64), (3, 64, 64)])
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(
        ShapeError, match=r"x: expected \(N, 3, H, W\) with H and W of at least 32, got .*; five poolings"
    ):
        VGG16Features(width=1)(torch.zeros(shape))


@pytest.mark.parametrize("options", [{"in_channels": 0}, {"width": 0}, {"width": 1.5}])
def test_options_of_no_use_are_named(options: Any):
    (name,) = options
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got"):
        VGG16Features(**options)
