"""Today's LeNets: told apart from the original by their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.data import digits
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import correlate2d, max_pool2d, relu
from reference.models import CaffeLeNet, LeNet5Modern, parameter_count
from tests.smoke import DEVICES, assert_learns

KINDS = ((LeNet5Modern, 32), (CaffeLeNet, 28))


@pytest.mark.parametrize(
    ("kind", "side", "topic", "fields"),
    [(LeNet5Modern, 32, "modern", [5, 6, 14, 16, 32]), (CaffeLeNet, 28, "caffe", [5, 6, 14, 16])],
)
def test_counts_work_and_fields(kind: Any, side: int, topic: str, fields: list[int]):
    net = kind()
    found = survey(net, (1, 1, side, side))
    assert parameter_count(net) == published(f"lenet5.parameters_{topic}").value
    assert found.macs == published(f"lenet5.macs_{topic}").value
    windows = [row.field.size for row in found.layers if row.field and row.operation in ("convolution", "max pooling")]
    assert windows == fields


def test_what_was_simplified_makes_the_difference():
    net = LeNet5Modern()
    assert parameter_count(net) == 60_000 + (2_416 - 1_516) - (12 + 32) + 850 == 61_706
    assert parameter_count(net.C3) == published("lenet5.c3_parameters_full").value == 2_416


def test_the_modern_net_is_built_of_the_reference_layers():
    net, x = LeNet5Modern(2, 3).double(), torch.randn(2, 2, 32, 32, dtype=torch.float64)
    y = max_pool2d(relu(correlate2d(x, net.C1.weight, net.C1.bias)), 2).y
    y = max_pool2d(relu(correlate2d(y, net.C3.weight, net.C3.bias)), 2).y
    y = relu(correlate2d(y, net.C5.weight, net.C5.bias)).flatten(1)
    y = relu(y @ net.F6.weight.T + net.F6.bias)
    torch.testing.assert_close(net(x), y @ net.out.weight.T + net.out.bias)


def test_caffes_net_has_one_relu():
    net, x = CaffeLeNet().double(), torch.randn(2, 1, 28, 28, dtype=torch.float64)
    assert sum(isinstance(layer, nn.ReLU) for layer in net) == 1
    y = max_pool2d(correlate2d(x, net.conv1.weight, net.conv1.bias), 2).y
    y = max_pool2d(correlate2d(y, net.conv2.weight, net.conv2.bias), 2).y.flatten(1)
    y = relu(y @ net.ip1.weight.T + net.ip1.bias)
    torch.testing.assert_close(net(x), y @ net.ip2.weight.T + net.ip2.bias)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("kind", "side"), KINDS)
def test_they_learn_a_tiny_batch(kind: Any, side: int, device: str):
    net, batch = kind().to(device), digits(10, side)
    x, labels = batch.levels.to(device), batch.labels.to(device)
    assert_learns(lambda: F.cross_entropy(net(x), labels), net.parameters(), steps=40, lr=0.1)


@pytest.mark.parametrize(("kind", "side"), KINDS)
def test_sizes_that_do_not_fit_are_named(kind: Any, side: int):
    with pytest.raises(ShapeError, match=rf"x: expected \(N, 1, {side}, {side}\), as .* works is {side} x {side}$"):
        kind()(torch.zeros(1, 1, 30, 30))
    with pytest.raises(ShapeError, match=rf"x: expected \(N, 1, {side}, {side}\), got \(1, 3, {side}, {side}\)"):
        kind()(torch.zeros(1, 3, side, side))


@pytest.mark.parametrize("kind", [LeNet5Modern, CaffeLeNet])
@pytest.mark.parametrize("name", ["in_channels", "num_classes"])
def test_options_of_no_use_are_named(kind: Any, name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        kind(**{name: 0})
