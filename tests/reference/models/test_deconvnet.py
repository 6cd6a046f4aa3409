"""DeconvNet: counts in print, the middle that SegNet lacks, switches in their places."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import batch_norm2d, conv_transpose2d, correlate2d, cross_entropy, max_unpool2d, relu
from reference.models import DeconvNet, SegNet, parameter_count
from reference.models.deconvnet import DECONVNET_DECODER, MIDDLE
from reference.models.plan import Conv
from tests.smoke import DEVICES, assert_learns


def on_meta(**options: Any) -> DeconvNet:
    with torch.device("meta"):
        return DeconvNet(**options)


def small(**options: Any) -> DeconvNet:
    return DeconvNet(**({"width": 1, "fc_width": 6, "fc_kernel_size": 2} | options))


def test_the_counts_are_those_in_print():
    net = on_meta()
    plain = parameter_count(net, batch_norm=False)
    assert plain == published("deconvnet.parameters_exact").value == 251_772_245
    assert published("deconvnet.parameters").agrees(plain)
    assert parameter_count(net) - plain == published("deconvnet.batch_norm_parameters").value == 33_408


def test_work_and_memory_are_those_of_the_table():
    costs = survey(on_meta(), (1, 3, 224, 224))
    assert costs.macs == published("deconvnet.macs").value
    assert costs.activations == published("deconvnet.activations").value


def test_the_middle_holds_most_parameters_and_without_it_about_a_segnet_is_left():
    net = on_meta()
    middle = {name: parameter_count(block, batch_norm=False) for name, block in net.middle.named_children()}
    assert middle == {"fc6": 102_764_544, "fc7": 16_781_312, "deconv_fc6": 102_760_960}
    rest = parameter_count(net, batch_norm=False) - sum(middle.values())
    assert rest == 29_465_429
    with torch.device("meta"):
        segnet = parameter_count(SegNet(), batch_norm=False)
    assert abs(rest - segnet) < 0.002 * segnet
    assert round(parameter_count(net, batch_norm=False) / segnet, 2) == 8.55


def test_the_middle_is_as_wide_as_asked():
    assert on_meta().middle.fc6.conv.out_channels == 4096
    assert on_meta(width=2).middle.fc6.conv.out_channels == 128
    assert on_meta(fc_width=1024).middle.fc7.conv.weight.shape == (1024, 1024, 1, 1)


def test_the_decoder_deconvolves():
    net = small()
    deconvs = [layer for layer in net.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert len(deconvs) == 14
    assert {layer.stride for layer in deconvs} == {(1, 1)}
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules()) == 13 + 3 + 13
    assert net.score.kernel_size == (1, 1)
    widths = [row.channels for row in DECONVNET_DECODER if isinstance(row, Conv)]
    assert widths == [8, 8, 8, 8, 8, 4, 4, 4, 2, 2, 1, 1, 1]


def test_224_pixels_end_in_one_vector_and_come_back():
    net = DeconvNet(width=1).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for name, block in net.middle.named_children():
        block.register_forward_hook(lambda _, __, y, name=name: shapes.update({name: tuple(y.shape)}))
    assert net(torch.zeros(1, 3, 224, 224)).shape == (1, 21, 224, 224)
    assert shapes == {"fc6": (1, 64, 1, 1), "fc7": (1, 64, 1, 1), "deconv_fc6": (1, 8, 7, 7)}


@pytest.mark.parametrize("sides", [(64, 64), (64, 96), (128, 64)])
def test_scores_have_the_size_of_the_image(sides: tuple[int, int]):
    assert small(in_channels=1, num_classes=4)(torch.randn(2, 1, *sides)).shape == (2, 4, *sides)


def test_the_net_is_built_of_the_reference_layers():
    net = small().double()
    x = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    want = net(x)
    y, switches, sides = net.encoder(x)
    for name in MIDDLE:
        y = _block(net.middle.get_submodule(name), y, 0)
    for row in DECONVNET_DECODER:
        if isinstance(row, Conv):
            y = _block(net.decoder[row.name], y, 1)
        else:
            y = max_unpool2d(y, switches[row.stage - 1], 2, output_size=sides[row.stage - 1])
    torch.testing.assert_close(want, correlate2d(y, net.score.weight, net.score.bias))


def _block(block: Any, x: Tensor, padding: int) -> Tensor:
    layer = conv_transpose2d if isinstance(block.conv, nn.ConvTranspose2d) else correlate2d
    y = layer(x, block.conv.weight, block.conv.bias, padding=padding)
    return relu(batch_norm2d(y, block.norm.weight, block.norm.bias, training=True).y)


def test_unpooled_maps_are_zero_but_at_the_switches_of_their_own_pooling():
    net = small().eval()
    seen: dict[int, Tensor] = {}
    for stage, name in enumerate(["deconv1_1", "deconv2_1", "deconv3_1", "deconv4_1", "deconv5_1"]):
        net.decoder[name].register_forward_pre_hook(lambda _, args, stage=stage: seen.update({stage: args[0]}))
    x = torch.randn(1, 3, 64, 96)
    switches = net.encoder(x).switches
    net(x)
    for stage, unpooled in seen.items():
        assert not unpooled.flatten(2).scatter(2, switches[stage].flatten(2), 0.0).any()
    assert len(seen) == 5


def test_every_parameter_takes_part():
    net = small()
    net(torch.randn(2, 3, 64, 64)).square().sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch(device: str):
    data = shapes(2, 64)
    net = small(num_classes=4, width=2).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    assert_learns(lambda: cross_entropy(net(images), labels), net.parameters(), lr=0.05)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 64, 96, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize(
    ("sides", "least", "nearest"),
    [
        ((65, 64), 64, "64 x 64"),
        ((64, 95), 64, "64 x 96"),
        ((32, 80), 64, "64 x 96"),
        ((1, 1), 64, "64 x 64"),
        ((100, 111), 64, "96 x 96"),
    ],
)
def test_sizes_that_do_not_fit_are_named_with_the_nearest_that_works(sides: Any, least: int, nearest: str):
    message = (
        rf"H and W multiples of 32, at least {least}, got \(1, 3, {sides[0]}, {sides[1]}\); .* works is {nearest}$"
    )
    with pytest.raises(ShapeError, match=message):
        small()(torch.zeros(1, 3, *sides))


def test_the_papers_net_needs_224():
    with pytest.raises(
        ShapeError, match=r"multiples of 32, at least 224, got .* the nearest size that works is 224 x 256"
    ):
        on_meta()(torch.zeros(1, 3, 192, 250, device="meta"))


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), got"):
        small()(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width", "fc_width", "fc_kernel_size"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        small(**{name: 0})
