"""DecoupledNet: two nets that are counted, trained and run apart, and what goes over the bridge."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import conv_macs, survey
from reference.layers import batch_norm2d, conv_transpose2d, correlate2d, cross_entropy, max_unpool2d, relu
from reference.models import DecoupledNet, classification_loss, figure_labels, parameter_count
from reference.models.deconvnet import DECONVNET_DECODER
from reference.models.decouplednet import FIGURE, GROUND
from reference.models.plan import Conv
from tests.smoke import DEVICES, assert_learns


def small(**options: Any) -> DecoupledNet:
    return DecoupledNet(**({"num_classes": 3, "width": 1, "fc_kernel_size": 2} | options))


def test_the_counts_are_those_of_the_release():
    with torch.device("meta"):
        net = DecoupledNet()
    parts = {"classification": net.classification, "segmentation": net.segmentation, "": net}
    for name, part in parts.items():
        key = f"decouplednet.parameters_{name}" if name else "decouplednet.parameters"
        assert parameter_count(part, batch_norm=False) == published(key).value
    assert parameter_count(net) - parameter_count(net, batch_norm=False) == published("decouplednet.batch_norm").value
    assert parameter_count(net.classification) == parameter_count(net.classification, batch_norm=False)


def test_sizes_at_320_pixels_are_those_of_the_release():
    with torch.device("meta"):
        net = DecoupledNet()
        seen = net.classification(torch.zeros(1, 3, 320, 320))
    assert seen.pooled.shape == (1, 512, 10, 10)
    assert seen.fc7.shape == (1, 4096, 4, 4)
    assert seen.scores.shape == (1, 20)
    assert net.segmentation.middle.fc6.conv.weight.shape == (2048, 1024, 7, 7)
    of_class = net.classification.trace_back(seen, seen.scores)
    assert net.segmentation(seen.pooled, of_class, seen.switches, seen.sides).shape == (1, 2, 320, 320)


def test_the_work_is_that_of_the_release_and_the_way_back_costs_what_the_way_there_does():
    with torch.device("meta"):
        net = DecoupledNet()
        costs = survey(net, (1, 3, 320, 320), torch.ones(1, dtype=torch.int64))
    dense = sum(conv_macs(*channels, 4) for channels in ((512, 4096, 7), (4096, 4096, 1), (4096, 20, 1)))
    assert costs.macs - dense == published("decouplednet.macs").value


@pytest.mark.parametrize("chosen", [0, 2])
def test_what_goes_back_is_the_derivative_of_the_score(chosen: int):
    net = small().double().classification
    x = torch.randn(2, 3, 96, 128, dtype=torch.float64)
    seen = net(x)
    pooled = seen.pooled.detach().requires_grad_()
    best = net.score(net.fc7(net.fc6(pooled))).amax((2, 3))  # autograd's own way
    (want,) = torch.autograd.grad(best[:, chosen].sum(), pooled)
    got = net.trace_back(seen, F.one_hot(torch.tensor([chosen, chosen]), 3).double())
    torch.testing.assert_close(got, want)
    assert want.any()
    assert not got.requires_grad


def test_signals_of_several_classes_add_up_and_those_of_two_classes_differ():
    net = small().double().classification
    seen = net(torch.randn(2, 3, 96, 96, dtype=torch.float64))
    one, other = net.trace_back(seen, torch.eye(3)[:2].double()), net.trace_back(seen, torch.eye(3)[1:].double())
    assert not torch.allclose(one, other)
    both = net.trace_back(seen, 2 * torch.eye(3)[:2].double() - 3 * torch.eye(3)[1:].double())
    torch.testing.assert_close(both, 2 * one - 3 * other)


def test_the_net_sends_the_probability_of_the_class():
    net = small(width=4).double()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    seen = net.classification(x)
    signal = torch.zeros(2, 3).double()
    signal[0, 2], signal[1, 0] = seen.scores[0, 2].sigmoid(), seen.scores[1, 0].sigmoid()
    of_class = net.classification.trace_back(seen, signal)
    want = net.segmentation(seen.pooled, of_class, seen.switches, seen.sides)
    torch.testing.assert_close(net(x, torch.tensor([3, 1])), want)
    assert not torch.allclose(net(x, torch.tensor([1, 2])), want)


def _block(block: Any, x: Tensor, padding: int) -> Tensor:
    layer = conv_transpose2d if isinstance(block.conv, nn.ConvTranspose2d) else correlate2d
    y = layer(x, block.conv.weight, block.conv.bias, padding=padding)
    return relu(batch_norm2d(y, block.norm.weight, block.norm.bias, training=True).y)


def test_the_segmentation_net_is_built_of_the_reference_layers():
    net = small().double()
    seen = net.classification(torch.randn(2, 3, 64, 96, dtype=torch.float64))
    of_class = net.classification.trace_back(seen, torch.rand(2, 3).double())
    part = net.segmentation
    want = part(seen.pooled, of_class, seen.switches, seen.sides)
    norms = ((part.norm_spatial, seen.pooled), (part.norm_class, of_class))
    y = torch.cat([batch_norm2d(x, norm.weight, norm.bias, training=True).y for norm, x in norms], 1)
    for block in part.middle:
        y = _block(block, y, 0)
    for row in DECONVNET_DECODER:
        if isinstance(row, Conv):
            y = _block(part.decoder[row.name], y, 1)
        else:
            y = max_unpool2d(y, seen.switches[row.stage - 1], 2, output_size=seen.sides[row.stage - 1])
    torch.testing.assert_close(want, correlate2d(y, part.score.weight, part.score.bias))


def test_the_segmentation_net_knows_no_classes():
    with torch.device("meta"):
        few, many = DecoupledNet(num_classes=3, width=1), DecoupledNet(num_classes=20, width=1)
    assert parameter_count(few.segmentation) == parameter_count(many.segmentation)
    assert parameter_count(few.classification) < parameter_count(many.classification)


def test_the_segmentation_loss_leaves_the_classification_net_alone():
    net = small()
    labels = torch.randint(4, (2, 64, 64))
    classes = torch.tensor([1, 3])
    cross_entropy(net(torch.randn(2, 3, 64, 64), classes), figure_labels(labels, classes)).backward()
    assert all(parameter.grad is None for parameter in net.classification.parameters())
    assert all(parameter.grad is not None for parameter in net.segmentation.parameters())


def test_an_image_is_labelled_by_one_run_a_class_and_one_for_the_background():
    net = small(width=4).double().eval()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        net.segmentation.norm_class.weight.mul_(1e7)  # what comes over the bridge of an untrained net is faint
        net.classification.score.bias.copy_(torch.tensor([9.0, -9.0, 9.0]))  # classes 1 and 3 are found
    runs: list[Tensor] = []
    net.segmentation.register_forward_hook(lambda _, __, y: runs.append(y.softmax(1)))
    got = net.segment(x)
    assert len(runs) == 3
    seen = net.classification(x)
    probability = seen.scores.sigmoid() * torch.tensor([1.0, 0.0, 1.0])
    for got_run, classes in zip(runs[:3], ([1, 1, 1], [1, 0, 0], [0, 0, 1]), strict=True):
        of_class = net.classification.trace_back(seen, probability * torch.tensor(classes))
        want_run = net.segmentation(seen.pooled, of_class, seen.switches, seen.sides).softmax(1)
        torch.testing.assert_close(got_run, want_run)
    assert min((runs[0] - runs[1]).abs().max(), (runs[1] - runs[2]).abs().max()) > 1e-5
    maps = torch.stack([runs[0][:, GROUND], runs[1][:, FIGURE], torch.zeros(2, 64, 64).double(), runs[2][:, FIGURE]], 1)
    torch.testing.assert_close(got, maps / maps.sum(1, keepdim=True))
    assert not net.segment(x, threshold=1.0)[:, 1:].any()  # nothing is found: all is background
    assert torch.equal(net.segment(x, threshold=1.0)[:, 0], torch.ones(2, 64, 64).double())


def test_a_class_is_scored_at_its_best_place():
    net = small().double().classification
    seen = net(torch.randn(1, 3, 96, 128, dtype=torch.float64))
    places = net.score(seen.fc7)
    assert places.shape == (1, 3, 2, 3)
    torch.testing.assert_close(seen.scores, places.amax((2, 3)))


def test_labels_of_one_class_are_figure_and_ground():
    labels = torch.tensor([[[0, 2], [255, 1]], [[1, 1], [0, 255]]])
    assert figure_labels(labels, torch.tensor([2, 1])).tolist() == [[[0, 1], [255, 0]], [[1, 1], [0, 255]]]


def test_classes_are_charged_one_by_one():
    scores = torch.tensor([[2.0, -1.0]])
    want = -(torch.tensor(2.0).sigmoid().log() + (1 - torch.tensor(-1.0).sigmoid()).log()) / 2
    torch.testing.assert_close(classification_loss(scores, torch.tensor([[True, False]])), want)


@pytest.mark.parametrize("device", DEVICES)
def test_both_nets_learn_a_tiny_batch(device: str):
    data = shapes(4, 64)
    net = DecoupledNet(num_classes=3, width=2, fc_kernel_size=2).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    shown = torch.stack([(F.one_hot(classes, 4).sum(0) > 0)[1:] for classes in data.classes]).to(device)
    assert_learns(
        lambda: classification_loss(net.classification(images).scores, shown),
        net.classification.parameters(),
        lr=0.5,
    )
    classes = torch.stack([classes[0] for classes in data.classes]).to(device)
    wanted = figure_labels(labels, classes)
    assert_learns(lambda: cross_entropy(net(images, classes), wanted), net.segmentation.parameters(), lr=0.05)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(2, 3, 64, 96, dtype=torch.float64)
    classes = torch.tensor([1, 2])
    want, whole = net(x, classes), net.segment(x)
    net.cuda()
    torch.testing.assert_close(net(x.cuda(), classes.cuda()).cpu(), want)
    torch.testing.assert_close(net.segment(x.cuda()).cpu(), whole)


X = torch.zeros(2, 3, 64, 64)


@pytest.mark.parametrize(
    ("x", "classes", "error", "message"),
    [
        (X, [1], ShapeError, r"classes: expected \(2,\) int64, one an image, got \(1,\)"),
        (X, [0, 1], OptionError, "classes: expected 1 to 3, got 0 to 1; the background has no run of its own"),
        (X, [4, 1], OptionError, "classes: expected 1 to 3, got 1 to 4"),
        (X[:, :1], [1, 1], ShapeError, r"x: expected \(N, 3, H, W\), got"),
        (
            X[:, :, :33],
            [1, 1],
            ShapeError,
            r"multiples of 32, at least 64, got .*; the nearest size that works is 64 x 64",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named(x: Tensor, classes: list[int], error: Any, message: str):
    with pytest.raises(error, match=message):
        small()(x, torch.tensor(classes))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width", "fc_kernel_size"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        small(**{name: 0})
