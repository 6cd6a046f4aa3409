"""SegNet-Basic: its count, a decoder without ReLU, switches of the matching poolings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import (
    batch_norm2d,
    correlate2d,
    cross_entropy,
    local_response_norm,
    max_pool2d,
    max_unpool2d,
    relu,
)
from reference.models import SegNetBasic, median_frequency_weights, parameter_count
from tests.smoke import DEVICES, assert_learns


def on_meta(**options: Any) -> SegNetBasic:
    with torch.device("meta"):
        return SegNetBasic(**options)


def test_the_counts_are_those_of_the_release():
    net = on_meta()
    assert parameter_count(net, batch_norm=False) == published("segnet_basic.parameters_11").value
    assert parameter_count(net) - parameter_count(net, batch_norm=False) == published("segnet_basic.batch_norm").value
    text = parameter_count(on_meta(decoder_bias=False), batch_norm=False)
    assert text == published("segnet_basic.parameters_11").value - 4 * 64


def test_the_work_is_that_of_the_release():
    costs = survey(on_meta(ceil_mode=True), (1, 3, 360, 480))
    assert costs.macs == published("segnet_basic.macs").value
    fields = {layer.name: layer.field for layer in costs.layers}
    assert [fields[f"encoder.conv{stage}.conv"].size for stage in (1, 2, 3, 4)] == [7, 20, 46, 98]


def test_eight_layers_of_7x7_and_no_relu_on_the_way_up():
    net = SegNetBasic(width=1)
    kernels = [layer.kernel_size for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == 8 * [(7, 7)] + [(1, 1)]
    assert sum(isinstance(layer, nn.ReLU) for layer in net.encoder.modules()) == 4
    assert not [layer for layer in net.decoder.modules() if isinstance(layer, nn.ReLU | nn.ConvTranspose2d)]
    assert all(block[0].bias is None for block in SegNetBasic(width=1, decoder_bias=False).decoder.values())


@pytest.mark.parametrize("ceil_mode", [True, False])
def test_the_net_is_built_of_the_reference_layers(ceil_mode: bool):
    net = SegNetBasic(num_classes=3, width=2, ceil_mode=ceil_mode).double()
    x = 100 * torch.randn(2, 3, 45, 18, dtype=torch.float64)
    want = net(x)
    y = local_response_norm(x, 5, alpha=1e-4 / 5, beta=0.75, k=1.0)  # caffe and torch divide alpha by n
    saved = []
    for block in net.encoder.values():
        y = correlate2d(y, block.conv.weight, block.conv.bias, padding=3)
        y = relu(batch_norm2d(y, block.norm.weight, block.norm.bias, training=True).y)
        side = tuple(y.shape[2:])
        y, indices = max_pool2d(y, 2, ceil_mode=ceil_mode)
        saved.append((indices, side))
    for conv, norm in net.decoder.values():
        indices, side = saved.pop()
        y = correlate2d(max_unpool2d(y, indices, 2, output_size=side), conv.weight, conv.bias, padding=3)
        y = batch_norm2d(y, norm.weight, norm.bias, training=True).y
    torch.testing.assert_close(want, correlate2d(y, net.score.weight, net.score.bias))


@pytest.mark.parametrize(("ceil_mode", "rows"), [(True, 23), (False, 22)])
def test_camvids_45_rows_are_23_with_the_releases_rounding(ceil_mode: bool, rows: int, monkeypatch: pytest.MonkeyPatch):
    unpool, seen = F.max_unpool2d, []
    monkeypatch.setattr(F, "max_unpool2d", lambda y, *rest, **size: seen.append(y.shape[2]) or unpool(y, *rest, **size))
    net = on_meta(ceil_mode=ceil_mode)
    assert net(torch.zeros(1, 3, 360, 480, device="meta")).shape == (1, 11, 360, 480)
    assert seen == [rows, 45, 90, 180]


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch_with_its_class_weights(device: str):
    data = shapes(2, 32)
    net = SegNetBasic(num_classes=4, width=4).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    weight = median_frequency_weights(labels, 4)
    assert_learns(lambda: cross_entropy(net(images), labels, weight=weight), net.parameters(), lr=0.05)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = SegNetBasic(width=1).double().eval(), torch.randn(1, 3, 45, 50, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


def test_sizes_that_do_not_fit_are_named_with_the_nearest_that_works():
    with pytest.raises(ShapeError, match=r"H and W of at least 16, got \(1, 3, 9, 40\); .* works is 16 x 40$"):
        SegNetBasic(width=1)(torch.zeros(1, 3, 9, 40))


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), got"):
        SegNetBasic(width=1)(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        SegNetBasic(**{name: 0})
