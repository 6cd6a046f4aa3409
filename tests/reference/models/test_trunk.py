"""VGG-16 as a trunk: the same weights as the encoder, rebuilt borders, poolings and dilation."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import Layer
from reference.layers import correlate2d, max_pool2d, relu
from reference.models import VGG16Features, VGG16Trunk, parameter_count


@pytest.mark.parametrize("ceil_mode", [True, False])
def test_it_takes_the_encoders_weights_and_gives_its_maps(ceil_mode: bool):
    encoder = VGG16Features(width=1, batch_norm=False, ceil_mode=ceil_mode).double()
    trunk = VGG16Trunk(width=1, ceil_mode=ceil_mode).double()
    trunk.load_state_dict(encoder.state_dict())
    x = torch.randn(1, 3, 45, 67, dtype=torch.float64)
    torch.testing.assert_close(trunk(x)[-1], encoder(x).y)


def test_the_count_is_vggs():
    with torch.device("meta"):
        assert parameter_count(VGG16Trunk()) == published("vgg16.conv_parameters_exact").value


def test_rebuilt_layers_are_the_reference_layers():
    pooling = (*3 * (Layer(3, 2, 1),), *2 * (Layer(3, 1, 1),))
    trunk = VGG16Trunk(2, 1, first_padding=4, pooling=pooling, last_dilation=2).double()
    x = torch.randn(1, 2, 9, 12, dtype=torch.float64)
    got = trunk(x)
    for stage, pool in enumerate(pooling, 1):
        for name, block in trunk.layers.items():
            if name.startswith(f"conv{stage}"):
                spread = 2 if stage == 5 else 1
                padding = 4 if name == "conv1_1" else spread
                x = relu(correlate2d(x, block.conv.weight, block.conv.bias, padding=padding, dilation=spread))
        x = max_pool2d(x, 3, stride=pool.stride, padding=1, ceil_mode=True).y
        torch.testing.assert_close(got[stage - 1], x)
        assert trunk.channels(stage) == x.shape[1]


def test_fields_are_those_in_print():
    field = VGG16Trunk(width=1).field()
    assert field.size == published("vgg16.receptive_field_pool5").value
    assert field.jump == published("vgg16.receptive_field_jump_pool5").value
    assert field.padding == published("vgg16.receptive_field_padding_pool5").value
    assert VGG16Trunk(width=1, first_padding=100).field().padding == field.padding + 99


@pytest.mark.parametrize("shape", [(1, 2, 8, 8), (3, 8, 8), (1, 3, 8, 0)])
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), no side empty, got"):
        VGG16Trunk(width=1)(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "width", "first_padding", "last_dilation"])
def test_options_of_no_use_are_named(name: str):
    options: dict[str, Any] = {"width": 1, name: 0}
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        VGG16Trunk(**options)


def test_five_poolings_are_demanded():
    with pytest.raises(OptionError, match="pooling: expected five layers, one a stage, got 4"):
        VGG16Trunk(width=1, pooling=4 * (Layer(2, 2),))
