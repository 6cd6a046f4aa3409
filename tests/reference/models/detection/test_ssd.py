"""SSD300: 8,732 boxes on six maps, counts in print, dilation, a learned length, boxes by decoding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import correlate2d, decode_boxes, l2_normalize2d, max_pool2d, relu
from reference.layers.box import SSD
from reference.models import parameter_count
from reference.models.detection.ssd import EXTRAS, SOURCES, SSD300, ssd300_priors
from tests.scenes import awaken, scenes, to_device
from tests.smoke import DEVICES, assert_learns

SIDES = [38, 19, 10, 5, 3, 1]


def small(**options: Any) -> SSD300:
    return SSD300(**({"num_classes": 4, "width": 1} | options))


def on_meta(**options: Any) -> SSD300:
    with torch.device("meta"):
        return SSD300(**options)


def test_the_counts_are_those_in_print():
    assert parameter_count(on_meta()) == published("ssd300.parameters_21").value == 26_285_486
    assert parameter_count(on_meta(num_classes=91)) == published("ssd300.parameters_91").value == 35_641_826


def test_work_is_that_in_print():
    with torch.device("meta"):
        coco, voc = survey(SSD300(num_classes=91), (1, 3, 300, 300)), survey(SSD300(), (1, 3, 300, 300))
    assert coco.macs == 34_858_153_472
    assert published("ssd300.macs_91").agrees(coco.macs)
    assert voc.macs == 31_373_537_792


def test_fields_of_view_grow_from_92_to_772_and_dilation_is_what_widens_fc7():
    with torch.device("meta"):
        rows = {row.name: row for row in survey(SSD300(), (1, 3, 300, 300)).layers if row.operation == "convolution"}
    names = ["trunk.layers.conv4_3.conv", "fc7", *(f"extras.{row.name}_2" for row in EXTRAS)]
    fields = [rows[name].field for name in names]
    assert all(field is not None for field in fields)
    assert [(field.size, field.jump) for field in fields if field] == [
        (92, 8),
        (420, 16),  # 260 without dilation
        (452, 32),
        (516, 64),
        (644, 64),
        (772, 64),
    ]


def test_there_are_8732_default_boxes():
    maps = small().maps(torch.zeros(1, 3, 300, 300))
    assert [y.shape[2] for y in maps.values()] == SIDES == [source.side for source in SOURCES]
    counts = [y.shape[2] * y.shape[3] * source.boxes for y, source in zip(maps.values(), SOURCES, strict=True)]
    assert counts == [5776, 2166, 600, 150, 36, 4]
    assert sum(counts) == len(ssd300_priors()) == published("ssd300.boxes").value == 8732


def test_rounding_down_in_pool3_would_leave_8096():
    net = small()
    net.trunk.ceil_mode = False
    maps = net.maps(torch.zeros(1, 3, 300, 300))
    assert maps["conv4_3"].shape[2] == 37
    assert sum(y.shape[2] ** 2 * source.boxes for y, source in zip(maps.values(), SOURCES, strict=True)) == 8096


def test_the_net_is_built_of_the_reference_layers():
    net = small(num_classes=3).double().eval()
    with torch.no_grad():
        net.scale.copy_(torch.rand(8).double() * 20)
    x = torch.randn(1, 3, 300, 300, dtype=torch.float64)

    def conv(y: torch.Tensor, layer: nn.Conv2d, **options: Any) -> torch.Tensor:
        return correlate2d(y, layer.weight, layer.bias, **options)

    conv4_3 = net.trunk.run(x, "conv1_1", "conv4_3")
    y = max_pool2d(net.trunk.run(conv4_3, "pool4", "conv5_3"), 3, stride=1, padding=1).y
    y = relu(conv(relu(conv(y, net.fc6, padding=6, dilation=6)), net.fc7))
    maps = [l2_normalize2d(conv4_3, net.scale), y]
    for row in EXTRAS:
        y = relu(conv(y, net.extras[f"{row.name}_1"]))
        y = relu(conv(y, net.extras[f"{row.name}_2"], stride=row.stride, padding=row.padding))
        maps.append(y)
    for got, want in zip(net.maps(x).values(), maps, strict=True):
        torch.testing.assert_close(got, want)
    scores, offsets = net(x)
    at, step = 5776 + 7 * 6 + 4, (0, 7)  # fc7: cell (0, 7), box 4
    want = conv(maps[1], net.confidence["fc7"], padding=1)[0, :, step[0], step[1]].reshape(6, 3)[4]
    torch.testing.assert_close(scores[0, at], want)
    want = conv(maps[1], net.location["fc7"], padding=1)[0, :, step[0], step[1]].reshape(6, 4)[4]
    torch.testing.assert_close(offsets[0, at], want)


def test_conv4_3_has_a_learned_length_that_begins_at_20():
    net, x = small(), torch.rand(1, 3, 300, 300)
    length = net.maps(x)["conv4_3"].square().sum(1).sqrt()
    torch.testing.assert_close(length, torch.full_like(length, 20.0), rtol=1e-3, atol=1e-3)
    doubled = net.maps(x)["conv4_3"]
    net.trunk.layers["conv4_3"].conv.weight.data *= 2
    net.trunk.layers["conv4_3"].conv.bias.data *= 2
    torch.testing.assert_close(net.maps(x)["conv4_3"], doubled, rtol=1e-3, atol=1e-3)
    assert net.scale.requires_grad
    assert net.scale.shape == (8,)


def test_fc7_and_the_extras_are_not_normalised():
    net, x = small().double(), torch.rand(1, 3, 300, 300).double()
    before = net.maps(x)["fc7"]
    with torch.no_grad():
        net.fc7.weight.mul_(2)
    torch.testing.assert_close(net.maps(x)["fc7"], 2 * before)


def test_there_is_no_second_stage():
    net, seen = small().eval(), []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, args, __: seen.append(args[0].shape[0]))
    net.detect(torch.zeros(2, 3, 300, 300))
    assert seen == 35 * [2]  # 13 of VGG-16, fc6, fc7, 8 extras, 12 predictors: once for each image, never a region
    assert not [layer for layer in net.modules() if isinstance(layer, nn.Linear)]


def test_offsets_are_decoded_with_variances():
    net = small()
    output = net(torch.zeros(1, 3, 300, 300))
    place = 5776 + 19 * 10 * 6 + 10 * 6  # the first box of the middle cell of fc7: 60 pixels square
    offsets = torch.zeros_like(output.offsets)
    offsets[0, place] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    scores = torch.zeros_like(output.scores)
    scores[:, :, 0] = 20.0
    scores[0, place, 2] = 30.0
    net.forward = lambda _: type(output)(scores, offsets)  # type: ignore[method-assign]
    (found,) = net.detect(torch.zeros(1, 3, 300, 300))
    assert found.labels.tolist() == [2]
    centre = 10.5 * 16
    moved = centre + 0.1 * 60  # without variances it would be 60 pixels
    want = [moved - 30, centre - 30, moved + 30, centre + 30]
    assert found.boxes[0].tolist() == pytest.approx(want, abs=1e-3)


def test_detections_are_soft_max_threshold_and_suppression():
    net = small().eval()
    x, _ = scenes(1, 300)
    (found,) = net.detect(x)
    assert len(found.labels) <= 200
    assert set(found.labels.tolist()) <= {1, 2, 3}
    assert (found.boxes >= 0).all()
    assert (found.boxes <= 300).all()
    output = net(x)
    boxes = decode_boxes(output.offsets[0], net.priors.float(), variances=SSD).clamp(0, 300)
    probabilities = F.softmax(output.scores[0], 1)
    torch.testing.assert_close(found.scores[0], probabilities[:, 1:].max().detach())
    best = int(probabilities[:, int(found.labels[0])].argmax())
    torch.testing.assert_close(found.boxes[0], boxes[best].detach())


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_picture(device: str):
    net = small().to(device)
    awaken(net.trunk)
    x, truth = scenes(1, 300)
    x, truth = x.to(device), to_device(truth, device)
    assert_learns(lambda: net.loss(x, truth).total, net.parameters(), steps=6, lr=0.002)


def test_the_priors_are_no_weights():
    net = small()
    assert "priors" not in net.state_dict()
    assert net.priors.dtype == torch.float64
    assert on_meta().priors.device.type == "cpu"  # numbers, even where the weights have none


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 300, 300).double()
    want = net(x)
    got = net.cuda()(x.cuda())
    torch.testing.assert_close(got.scores.cpu(), want.scores)
    assert net.detect(x.cuda())[0].boxes.is_cuda


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small()(torch.zeros(1, 3, 299, 300)), ShapeError, "the nearest size that works is 300 x 300"),
        (lambda: small()(torch.zeros(1, 1, 300, 300)), ShapeError, r"x: expected \(N, 3, 300, 300\)"),
        (lambda: small(num_classes=1), OptionError, "num_classes: .* the background counts as one"),
        (lambda: small(width=0), OptionError, "width: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
