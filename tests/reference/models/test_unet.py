"""U-Net: counts and sizes in print, crops from the middle, skips beside and first."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import Layer, probe_field, receptive_field, survey
from reference.layers import conv_transpose2d, correlate2d, cross_entropy, max_pool2d, relu
from reference.models import UNet, parameter_count
from reference.models.unet import centre_crop, nearest_side
from tests.smoke import DEVICES, assert_learns


def on_meta(**options: Any) -> UNet:
    with torch.device("meta"):
        return UNet(**options)


def small(**options: Any) -> UNet:
    return UNet(**({"width": 1, "dropout": 0} | options))


@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (1, 2), (3, 1), (3, 2), (3, 21)])
def test_the_counts_are_those_of_the_table(channels: int, classes: int):
    net = on_meta(in_channels=channels, num_classes=classes)
    assert parameter_count(net) == published(f"unet.parameters_{channels}_{classes}").value
    assert parameter_count(on_meta(padded=True)) == published("unet.parameters_1_2").value
    normalised = on_meta(batch_norm=True)
    assert parameter_count(normalised) - parameter_count(normalised, batch_norm=False) == 11_776


@pytest.mark.parametrize(("suffix", "channels", "side"), [("", 1, 572), ("_padded", 3, 512)])
def test_work_and_memory_are_those_of_the_table(suffix: str, channels: int, side: int):
    costs = survey(on_meta(in_channels=channels, padded=bool(suffix)), (1, channels, side, side))
    assert costs.macs == published(f"unet.macs{suffix}").value
    assert costs.activations == published(f"unet.activations{suffix}").value


def test_there_are_23_convolutions():
    layers = [layer for layer in on_meta().modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(layers) == published("unet.convolutions").value
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in layers) == 4  # 19 without these
    assert {layer.kernel_size for layer in layers} == {(1, 1), (2, 2), (3, 3)}
    assert {layer.padding for layer in layers} == {(0, 0)}
    assert not [layer for layer in on_meta().modules() if isinstance(layer, nn.BatchNorm2d | nn.Upsample)]


def test_572_pixels_give_388_by_the_sizes_of_figure_1():
    net, sizes = on_meta(), []
    for block in (*net.down, *net.decode):
        block.register_forward_hook(lambda _, args, y: sizes.append((args[0].shape[1:3], y.shape[1:3])))
    assert net(torch.zeros(1, 1, 572, 572, device="meta")).shape == (1, 2, *2 * (published("unet.output_side").value,))
    assert [y[1] for _, y in sizes] == [568, 280, 136, 64, 28, 52, 100, 196, 388]
    # twice the channels: the skip is put beside, not added
    assert [tuple(x) for x, _ in sizes[5:]] == [(1024, 56), (512, 104), (256, 200), (128, 392)]


def test_sides_that_work_are_12_more_than_multiples_of_16():
    taken = []
    for side in range(1, 640):
        shrunk = _walk(side)
        assert (shrunk is not None) == (nearest_side(side) == side)
        if shrunk is not None:
            taken.append(side)
            assert side - shrunk == published("unet.input_side").value - published("unet.output_side").value
    assert taken[:3] == [188, 204, 220]
    assert on_meta()(torch.zeros(1, 1, 188, 204, device="meta")).shape == (1, 2, 4, 20)


def _walk(side: int) -> int | None:
    """Follow a side through the unpadded net; None where a pooling sees an odd one or nothing is left."""
    for _ in range(4):
        side -= 4
        if side <= 0 or side % 2:
            return None
        side //= 2
    side -= 4
    for _ in range(4):
        side = 2 * side - 4
    return side if side > 0 else None


def test_the_net_is_built_of_the_reference_layers_with_centred_skips_before_the_pooling():
    net = small().double().eval()
    x = torch.randn(1, 1, 188, 204, dtype=torch.float64)
    want, skips = net(x), []
    for level, block in enumerate(net.down):
        if level:
            skips.append(x)
            x = max_pool2d(x, 2).y
        x = _two(block, x)
    for up, block, margin in zip(net.up, net.decode, (4, 16, 40, 88), strict=True):
        x = conv_transpose2d(x, up.weight, up.bias, stride=2)
        skip = skips.pop()[:, :, margin:-margin, margin:-margin]  # as much on every side
        x = _two(block, torch.cat([skip, x], 1))
    torch.testing.assert_close(want, correlate2d(x, net.score.weight, net.score.bias))


def _two(blocks: Any, x: Tensor) -> Tensor:
    for block in blocks:
        x = relu(correlate2d(x, block.conv.weight, block.conv.bias))
    return x


def test_the_padded_net_gives_the_same_in_the_middle_and_shows_that_nothing_is_shifted():
    plain, padded = small().double().eval(), small(padded=True).double().eval()
    padded.load_state_dict(plain.state_dict())
    x = torch.rand(1, 1, 236, 220, dtype=torch.float64)
    # Two more pixels on each side put the windows of both nets' poolings on one grid.
    y = padded(F.pad(x, (2, 2, 2, 2)))
    assert y.shape == (1, 2, 240, 224)
    torch.testing.assert_close(y[:, :, 94:-94, 94:-94], plain(x))


def test_the_fields_are_those_of_the_layers():
    two = 2 * [Layer(3)]
    deepest = receptive_field(4 * [*two, Layer(2, 2)] + two)
    assert deepest.size == published("unet.receptive_field_bottleneck").value
    want = {published(f"unet.receptive_field_output_{which}").value for which in ("least", "most")}
    field = survey(on_meta(), (1, 1, 572, 572)).field
    assert field is not None
    assert set(field.sizes) == want
    assert {probe_field(small(), (1, 1, 236, 236), (row, 20)).height for row in range(16, 32, 3)} == want  # measured


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("padded", [True, False])
def test_it_learns_a_tiny_batch(padded: bool, device: str):
    side = 32 if padded else 188
    data = shapes(2, side)
    net = UNet(3, 4, width=2, padded=padded, dropout=0).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    wanted = labels if padded else centre_crop(labels, (4, 4))
    assert_learns(lambda: cross_entropy(net(images), wanted), net.parameters(), lr=0.05)


def test_dropout_falls_on_the_deepest_map_in_training_only():
    net = UNet(width=1).double()
    x = torch.randn(1, 1, 188, 188, dtype=torch.float64)
    assert torch.equal(net.eval()(x), net(x))
    deepest: list[Tensor] = []
    net.up[0].register_forward_pre_hook(lambda _, args: deepest.append(args[0]))
    net.train()(x)
    net.eval()(x)
    assert (deepest[0] == 0).float().mean() > (deepest[1] == 0).float().mean()


def test_weights_start_with_the_papers_variance():
    net = UNet(width=16)
    first, up = net.decode[0][0].conv.weight, net.up[0].weight
    assert first.std().item() == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.05)
    assert up.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.05)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 1, 188, 204, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize(
    ("padded", "sides", "nearest"),
    [
        (False, (187, 572), "188 x 572"),
        (False, (512, 140), "508 x 188"),
        (True, (33, 1), "32 x 16"),
        (True, (40, 64), "48 x 64"),
    ],
)
def test_sizes_that_do_not_fit_are_named_with_the_nearest_that_works(padded: bool, sides: Any, nearest: str):
    wanted = "multiples of 16" if padded else "12 more than a multiple of 16, at least 188"
    with pytest.raises(ShapeError, match=rf"x: expected .* H and W {wanted}, got .*; .* works is {nearest}: every"):
        small(padded=padded)(torch.zeros(1, 1, *sides))


@pytest.mark.parametrize("shape", [(1, 3, 188, 188), (1, 188, 188)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, H, W\), got"):
        small()(torch.zeros(shape))


def test_a_middle_that_is_too_large_is_named():
    with pytest.raises(ShapeError, match="sides: expected at most 4 x 5, those of x, got 4 x 6"):
        centre_crop(torch.zeros(1, 4, 5), (4, 6))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        UNet(**{name: 0})
