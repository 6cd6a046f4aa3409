"""SDN: units in a row, connections that concatenate inside and between them, scores and losses at every block up."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.geometry import survey
from reference.layers import batch_norm2d, conv_transpose2d, correlate2d, max_pool2d, relu, resize_bilinear2d
from reference.models import SDN, SDNBlock, sdn_loss
from tests.smoke import DEVICES, assert_learns


def small(**options: Any) -> SDN:
    return SDN(**({"num_classes": 4, "width": 1, "blocks": (1, 1, 1), "units": 2} | options))


X = torch.randn(2, 3, 32, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def layer(block: nn.Sequential, x: Tensor) -> Tensor:
    """A convolution or deconvolution, normalised and rectified, from the written-out layers."""
    conv, norm, _ = block
    if isinstance(conv, nn.ConvTranspose2d):
        y = conv_transpose2d(x, conv.weight, conv.bias, stride=2, padding=1)
    else:
        y = correlate2d(x, conv.weight, conv.bias, padding=1)
    return relu(batch_norm2d(y, norm.weight, norm.bias, training=True).y)


def scaled(block: SDNBlock, x: Tensor, others: list[Tensor], dense: bool) -> Tensor:
    y = max_pool2d(x, 2).y if isinstance(block.scale, nn.MaxPool2d) else layer(block.scale, x)
    seen = [torch.cat([y, *others], 1)]
    for conv in block.layers:
        seen.append(layer(conv, torch.cat(seen, 1) if dense else seen[-1]))
    return layer(block.compress, torch.cat(seen, 1) if dense else seen[-1])


@pytest.mark.parametrize("intra_unit", [True, False])
@pytest.mark.parametrize("inter_unit", [True, False])
def test_the_net_is_built_of_the_reference_layers(intra_unit: bool, inter_unit: bool):
    net = small(intra_unit=intra_unit, inter_unit=inter_unit).double()
    quarter, eighth, sixteenth = net.encoder(X)
    got = net(X)

    def given(*maps: Tensor) -> list[Tensor]:
        return list(maps) if inter_unit else []

    first, second = net.units
    low1 = layer(net.compress, sixteenth)
    mid1 = scaled(first.up[0], low1, given(eighth), intra_unit)
    top1 = scaled(first.up[1], mid1, given(quarter), intra_unit)
    down8 = scaled(second.down[0], top1, given(mid1), intra_unit)
    low2 = scaled(second.down[1], down8, given(low1), intra_unit)
    mid2 = scaled(second.up[0], low2, given(eighth), intra_unit)
    top2 = scaled(second.up[1], mid2, given(quarter), intra_unit)
    scores = [(first.score[0], mid1), (first.score[1], top1), (second.score[0], mid2), (second.score[1], top2)]
    for maps, (score, y) in zip(got, scores, strict=True):
        want = resize_bilinear2d(correlate2d(y, score.weight, score.bias, padding=1), (32, 48))
        torch.testing.assert_close(maps, want)


def test_the_papers_size_has_three_units_and_six_score_maps_of_the_images_size():
    with torch.device("meta"):
        net = SDN()
        scores = net(torch.zeros(1, 3, 320, 320))
    assert [maps.shape for maps in scores] == 6 * [(1, 21, 320, 320)]
    assert [len(block) for block in net.encoder.blocks] == [6, 12, 36]  # DenseNet-161 as far as 1/16
    assert net.encoder.out_channels == (384, 768, 2112)


def test_a_unit_goes_from_a_quarter_to_a_sixteenth_and_back():
    with torch.device("meta"):
        net = small(units=3)
    sides = {row.name: row.output_shape[2:] for row in survey(net, (1, 3, 64, 96)).layers}
    assert sides["compress.0"] == (4, 6)
    for unit in range(3):
        assert sides[f"units.{unit}.score.0"] == (8, 12)
        assert sides[f"units.{unit}.score.1"] == (16, 24)
    for unit in (1, 2):
        assert sides[f"units.{unit}.down.0.compress.0"] == (8, 12)
        assert sides[f"units.{unit}.down.1.compress.0"] == (4, 6)


def test_connections_inside_a_block_concatenate():
    dense, plain = (SDNBlock(4, 3, 5, 2, up=False, layers=3, dense=dense) for dense in (True, False))
    assert [layers[0].in_channels for layers in dense.layers] == [7, 9, 11]
    assert [layers[0].in_channels for layers in plain.layers] == [7, 2, 2]
    assert (dense.compress[0].in_channels, plain.compress[0].in_channels) == (13, 2)
    assert dense.compress[0].kernel_size == (3, 3)
    assert isinstance(SDNBlock(4, 0, 5, 2, up=True).scale[0], nn.ConvTranspose2d)


def test_connections_between_units_concatenate():
    joined, apart = small(), small(inter_unit=False)
    fine, middle, _ = joined.encoder.out_channels
    ups = [[block.layers[0][0].in_channels for block in unit.up] for unit in joined.units]
    assert ups == 2 * [[8 + middle, 8 + fine]]
    assert [block.layers[0][0].in_channels for block in joined.units[1].down] == [8 + 8, 8 + 8]
    assert [block.layers[0][0].in_channels for unit in apart.units for block in unit.up] == 4 * [8]
    assert [block.layers[0][0].in_channels for block in apart.units[1].down] == [8, 8]


def test_the_loss_is_the_sum_over_every_block_up():
    scores = [torch.randn(2, 3, 4, 5) for _ in range(4)]
    labels = torch.randint(0, 3, (2, 4, 5))
    labels[0, 0, 0] = 255
    want = sum(F.cross_entropy(maps, labels, ignore_index=255) for maps in scores)
    torch.testing.assert_close(sdn_loss(scores, labels), want)


def test_supervision_reaches_every_block_up_directly():
    net = small()
    scores = net(X.float())
    for number, maps in enumerate(scores):
        score = net.units[number // 2].score[number % 2]
        (grad,) = torch.autograd.grad(
            sdn_loss([maps], torch.zeros(2, 32, 48).long()), [score.weight], retain_graph=True
        )
        assert grad.any()


def test_units_share_no_weights():
    net = small(units=3)
    names = [{id(weight) for weight in unit.parameters()} for unit in net.units]
    assert sum(map(len, names)) == len(set().union(*names))


def test_one_unit_is_an_encoder_and_a_decoder():
    net = small(units=1)
    assert len(net.units[0].down) == 0
    assert [maps.shape for maps in net(X.float())] == 2 * [(2, 4, 32, 48)]


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_the_pixels_of_shapes(device: str):
    data = shapes(2, 32)
    net = small().to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    assert_learns(lambda: sdn_loss(net(images), labels), net.parameters(), lr=0.1)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net = small().double().eval()
    want = net(X)
    for maps, wanted in zip(net.cuda()(X.cuda()), want, strict=True):
        torch.testing.assert_close(maps.cpu(), wanted)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small()(X[:, :1]), r"x: expected \(N, 3, H, W\), got \(2, 1, 32, 48\)"),
        (
            lambda: small()(X[..., :41]),
            r"H and W multiples of 16, got \(2, 3, 32, 41\); the nearest size that works is 32 x 48",
        ),
        (lambda: sdn_loss([], torch.zeros(1, 2, 2).long()), "scores: expected one score map or more, got none"),
        (
            lambda: sdn_loss([torch.zeros(1, 2, 3, 3)], torch.zeros(1, 2, 2).long()),
            r"labels: expected \(1, 3, 3\), one",
        ),
    ],
)
def test_images_and_labels_that_do_not_fit_are_named(call: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "units", "width", "layers"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        SDN(**{name: 0})


def test_blocks_of_no_use_are_named():
    with pytest.raises(OptionError, match=r"blocks: expected 3 numbers, for 1/4, 1/8 and 1/16, got \(6, 12\)"):
        SDN(blocks=(6, 12))
