"""SegNet: counts in print, switches in their places, sizes odd and even."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import correlate2d, cross_entropy, max_unpool2d
from reference.models import SegNet, median_frequency_weights, parameter_count
from reference.models.plan import Conv
from reference.models.segnet import SEGNET_DECODER
from tests.smoke import DEVICES, assert_learns


def on_meta(**options: Any) -> SegNet:
    with torch.device("meta"):
        return SegNet(**options)


def test_the_counts_are_those_in_print():
    camvid = on_meta()
    assert parameter_count(camvid) == published("segnet.parameters_11_batch_norm").value == 29_449_355
    assert parameter_count(camvid, batch_norm=False) == published("segnet.parameters_11").value == 29_433_483
    assert parameter_count(on_meta(num_classes=21)) == published("segnet.parameters_21_batch_norm").value == 29_455_125
    assert published("segnet.parameters_37_batch_norm").agrees(parameter_count(on_meta(num_classes=37)))


def test_work_and_memory_are_those_of_the_table():
    costs = survey(on_meta(ceil_mode=True), (1, 3, 360, 480))
    assert costs.macs == published("segnet.macs").value
    assert costs.activations == published("segnet.activations").value


def test_the_decoder_mirrors_the_encoder_and_convolves():
    net = SegNet(width=1)
    assert not [layer for layer in net.modules() if isinstance(layer, (nn.ConvTranspose2d, nn.Linear, nn.Upsample))]
    assert sum(isinstance(layer, nn.Conv2d) for layer in net.modules()) == 26
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules()) == 25  # the scores have none
    assert [row.channels for row in SEGNET_DECODER if isinstance(row, Conv)] == [8, 8, 8, 8, 8, 4, 4, 4, 2, 2, 1, 1]
    assert net.score.bias is not None
    assert net.score.kernel_size == (3, 3)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("sides", [(32, 32), (33, 47), (64, 45), (63, 95)])
def test_scores_have_the_size_of_the_image(sides: tuple[int, int], ceil_mode: bool):
    net = SegNet(in_channels=2, num_classes=5, width=1, ceil_mode=ceil_mode)
    assert net(torch.randn(2, 2, *sides)).shape == (2, 5, *sides)


def test_camvids_sizes_are_those_of_the_released_model_with_ceil_mode():
    x = torch.zeros(1, 3, 360, 480)
    y, _, sides = SegNet(width=1, ceil_mode=True).encoder(x)
    assert sides == ((360, 480), (180, 240), (90, 120), (45, 60), (23, 30))
    assert sides[3][0] == published("segnet.side_pool3").value
    assert sides[4][0] == published("segnet.side_pool4").value
    assert y.shape[2:] == (12, 15)
    assert SegNet(width=1).encoder(x).y.shape[2:] == (11, 15)


def test_the_decoder_is_built_of_the_reference_layers():
    net = SegNet(num_classes=3, width=1).double().eval()
    x = torch.randn(1, 3, 45, 33, dtype=torch.float64)
    y, switches, sides = net.encoder(x)
    for row in SEGNET_DECODER:
        if isinstance(row, Conv):
            y = net.decoder[row.name](y)
        else:
            y = max_unpool2d(y, switches[row.stage - 1], 2, output_size=sides[row.stage - 1])
    torch.testing.assert_close(net(x), correlate2d(y, net.score.weight, net.score.bias, padding=1))


def test_unpooled_maps_are_zero_but_at_the_switches_of_their_own_pooling():
    net = SegNet(width=1).eval()
    seen: dict[str, Tensor] = {}
    firsts = {1: "conv1_2_D", 2: "conv2_2_D", 3: "conv3_3_D", 4: "conv4_3_D", 5: "conv5_3_D"}
    for name in firsts.values():
        net.decoder[name].register_forward_pre_hook(lambda _, args, name=name: seen.update({name: args[0]}))
    x = torch.randn(1, 3, 64, 96)
    _, switches, sides = net.encoder(x)
    net(x)
    for stage, name in firsts.items():
        unpooled = seen[name]
        assert unpooled.shape[2:] == sides[stage - 1]
        elsewhere = unpooled.flatten(2).scatter(2, switches[stage - 1].flatten(2), 0.0)
        assert not elsewhere.any()


def test_it_learns_a_picture_and_every_parameter_takes_part():
    net = SegNet(num_classes=2, width=2)
    x = torch.randn(2, 3, 32, 33)
    labels = (x.mean(1) > 0).long()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(weight.grad is not None for weight in net.parameters())


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch_with_its_class_weights(device: str):
    data = shapes(2, 32)
    net = SegNet(num_classes=4, width=4).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    weight = median_frequency_weights(labels, 4)
    assert_learns(lambda: cross_entropy(net(images), labels, weight=weight), net.parameters(), lr=0.3)


def test_it_is_the_same_twice_in_eval_and_keeps_the_dtype():
    net, x = SegNet(width=1).double().eval(), torch.randn(1, 3, 32, 40, dtype=torch.float64)
    assert torch.equal(net(x), net(x))
    assert net(x).dtype == torch.float64


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = SegNet(width=1).double().eval(), torch.randn(1, 3, 45, 50, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize("shape", [(1, 3, 31, 64), (1, 1, 64, 64), (3, 64, 64)])
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\) with H and W of at least 32, got"):
        SegNet(width=1)(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        SegNet(**{name: 0})
