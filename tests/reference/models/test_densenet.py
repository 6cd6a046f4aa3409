"""DenseNet: the count of DenseNet-161, and layers that keep all that was there."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.errors import OptionError
from reference.facts import published
from reference.layers import avg_pool2d, batch_norm2d, correlate2d, max_pool2d, relu
from reference.models import DenseNetFeatures, parameter_count
from reference.models.densenet import DenseLayer


def test_with_its_last_normalisation_and_dense_layer_the_count_is_that_of_densenet_161():
    with torch.device("meta"):
        net = DenseNetFeatures()
    assert net.out_channels == (384, 768, 2112, 2208)
    head = 2 * 2208 + 2208 * 1000 + 1000
    assert parameter_count(net) + head == published("densenet161.parameters").value == 28_681_000


def pre(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    return relu(batch_norm2d(x, norm.weight, norm.bias, training=True).y)


def test_the_net_is_built_of_the_reference_layers():
    net, x = DenseNetFeatures(2, 2, (1, 2)).double(), torch.randn(2, 2, 32, 48, dtype=torch.float64)
    y = correlate2d(x, net.stem[0].weight, stride=2, padding=3)
    y = max_pool2d(pre(net.stem[1], y), 3, stride=2, padding=1).y
    want = []
    for number, block in enumerate(net.blocks):
        if number:
            norm, _, conv, _ = net.transitions[number - 1]
            y = avg_pool2d(correlate2d(pre(norm, y), conv.weight), 2)
        for layer in block:
            norm1, _, conv1, norm2, _, conv2 = layer.branch
            new = correlate2d(pre(norm2, correlate2d(pre(norm1, y), conv1.weight)), conv2.weight, padding=1)
            y = torch.cat([y, new], 1)
        want.append(y)
    got = net(x)
    for maps, wanted in zip(got, want, strict=True):
        torch.testing.assert_close(maps, wanted)


def test_a_layer_keeps_what_it_was_given():
    layer, x = DenseLayer(3, 2), torch.randn(2, 3, 4, 5)
    y = layer(x)
    assert y.shape == (2, 5, 4, 5)
    assert torch.equal(y[:, :3], x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels: expected an integer of at least 1, got 0"),
        ({"growth": 0}, "growth: expected an integer of at least 1, got 0"),
        ({"blocks": ()}, r"blocks: expected the layers of one block or more, got \(\)"),
        ({"blocks": (2, 0)}, r"blocks\[1\]: expected an integer of at least 1, got 0"),
    ],
)
def test_options_of_no_use_are_named(options: Any, message: str):
    with pytest.raises(OptionError, match=message):
        DenseNetFeatures(**options)
