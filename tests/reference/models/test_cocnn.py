"""Co-CNN: four contexts, each of which can be switched off alone, and a second output with its own loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.layers import correlate2d, max_pool2d, relu, resize_bilinear2d, superpixel_smooth2d, superpixel_vote2d
from reference.models import CoCNN, Parsed, cocnn_loss, parameter_count
from tests.smoke import DEVICES, assert_learns

CONTEXTS = ("cross_layer", "image_level", "within_superpixel", "cross_superpixel")
ALL_OFF = dict.fromkeys(CONTEXTS, False)


def small(**options: Any) -> CoCNN:
    return CoCNN(**({"num_classes": 4, "width": 1} | options)).double()


def blocks(H: int, W: int, side: int) -> Tensor:
    """Super-pixels that are squares."""
    rows, columns = torch.arange(H) // side, torch.arange(W) // side
    return (rows[:, None] * (int(columns.max()) + 1) + columns)[None]


X = torch.randn(1, 3, 25, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
REGIONS = blocks(25, 18, 6)


def test_150_by_100_is_seen_at_18_by_12_in_the_middle_and_comes_back():
    net, seen = small(width=1), []
    for stage in net.encoder:
        stage.register_forward_hook(lambda _, __, y: seen.append(tuple(y.shape[1:])))
    scores, labels = net(X.new_zeros(1, 3, 150, 100), blocks(150, 100, 10))
    assert seen == [(2, 150, 100), (3, 75, 50), (3, 37, 25), (3, 18, 12)]  # 128 and 192 at width 64
    assert scores.shape == (1, 4, 150, 100)
    assert labels is not None
    assert labels.shape == (1, 4)


def conv(layer: Any, x: Tensor) -> Tensor:
    return correlate2d(x, layer.weight, layer.bias, padding=layer.kernel_size[0] // 2)


def work_out(net: CoCNN, x: Tensor, contexts: dict[str, bool]) -> tuple[Tensor, Tensor | None]:
    """The net from written-out layers, each context where the paper has it."""
    maps = []
    y = x
    for number, stage in enumerate(net.encoder):
        y = max_pool2d(y, 3, stride=2, ceil_mode=True).y if number else y
        y = relu(conv(stage[2], relu(conv(stage[0], y))))
        maps.append(y)
    labels = None
    if contexts["image_level"]:
        labels = y.mean((2, 3)) @ net.labels.weight.T + net.labels.bias

    def told(y: Tensor) -> Tensor:
        if labels is None:
            return y
        planes = [torch.full_like(y[:, :1], p.item()) for p in torch.sigmoid(labels)[0]]
        return torch.cat([y, *planes], 1)

    y = relu(conv(net.decoder[0][0], told(y)))
    for stage, encoded in zip(net.decoder[1:], maps[-2::-1], strict=True):
        y = relu(conv(stage[0], told(resize_bilinear2d(y, tuple(encoded.shape[2:])))))
        y = y + encoded if contexts["cross_layer"] else y
    scores = conv(net.score, told(y))
    if contexts["within_superpixel"]:
        scores = superpixel_smooth2d(scores, REGIONS)
    if contexts["cross_superpixel"]:
        scores = superpixel_vote2d(scores, REGIONS, x)
    return scores, labels


@pytest.mark.parametrize("off", [None, *CONTEXTS])
def test_the_net_is_built_of_the_reference_layers_with_each_context_off(off: str | None):
    contexts = {name: name != off for name in CONTEXTS}
    net = small(**contexts)
    got, (scores, labels) = net(X, REGIONS), work_out(net, X, contexts)
    torch.testing.assert_close(got.scores, scores)
    assert (got.labels is None) == (off == "image_level")
    if labels is not None:
        torch.testing.assert_close(got.labels, labels)


@pytest.mark.parametrize("context", [name for name in CONTEXTS if name != "image_level"])
def test_a_context_without_weights_changes_what_the_same_weights_say(context: str):
    plain, with_it = small(**ALL_OFF), small(**(ALL_OFF | {context: True}))
    with_it.load_state_dict(plain.state_dict())  # fits: an added map has no weights, a concatenated one would
    assert not torch.allclose(plain(X).scores, with_it(X, REGIONS).scores, atol=1e-6)


def test_the_labels_of_the_image_are_told_to_every_later_convolution():
    net = small(image_level=True)
    encoder = [layer.in_channels for layer in net.encoder.modules() if isinstance(layer, nn.Conv2d)]
    later = [layer.in_channels for layer in (*(stage[0] for stage in net.decoder), net.score)]
    assert encoder == [3, 2, 2, 3, 3, 3, 3, 3]
    assert later == [3 + 4, 3 + 4, 3 + 4, 3 + 4, 2 + 4]
    assert [small(**ALL_OFF).score.in_channels, small(**ALL_OFF).labels] == [2, None]
    before = net(X, REGIONS).scores
    nn.init.constant_(net.labels.bias, 3.0)
    assert not torch.allclose(net(X, REGIONS).scores, before, atol=1e-6)


def test_smoothed_scores_are_the_mean_inside_a_region():
    plain, smooth = small(**ALL_OFF), small(**(ALL_OFF | {"within_superpixel": True}))
    smooth.load_state_dict(plain.state_dict())
    scores, got = plain(X).scores, smooth(X, REGIONS).scores
    for region in REGIONS.unique():
        inside = REGIONS[0] == region
        want = scores[0][:, inside].mean(1, keepdim=True)
        torch.testing.assert_close(got[0][:, inside], want.expand(-1, int(inside.sum())))


@pytest.mark.parametrize("training", [True, False])
def test_super_pixels_work_in_training_and_in_testing(training: bool):
    net = small().train(training)
    torch.testing.assert_close(net(X, REGIONS).scores, net.train(not training)(X, REGIONS).scores)


def test_without_super_pixels_regions_are_not_needed():
    assert small(within_superpixel=False, cross_superpixel=False)(X).scores.shape == (1, 4, 25, 18)


def test_the_loss_of_the_image_is_a_second_one():
    scores, logits = torch.randn(2, 3, 2, 2), torch.randn(2, 3)
    labels = torch.tensor([[[0, 0], [2, 255]], [[1, 1], [1, 1]]])
    present = torch.tensor([[1.0, 0, 1], [0, 1, 0]])  # an ignored pixel is not there
    pixels = F.cross_entropy(scores, labels, ignore_index=255)
    image = -(present * F.logsigmoid(logits) + (1 - present) * F.logsigmoid(-logits)).mean()
    torch.testing.assert_close(cocnn_loss(Parsed(scores, logits), labels, image_weight=0.5), pixels + 0.5 * image)
    torch.testing.assert_close(cocnn_loss(Parsed(scores, None), labels), pixels)


def test_the_loss_of_the_image_reaches_the_encoder_but_not_the_pixels_scores():
    net = small()
    parsed = net(X, REGIONS)
    loss = cocnn_loss(parsed, torch.zeros(1, 25, 18).long()) - cocnn_loss(
        Parsed(parsed.scores, None), torch.zeros(1, 25, 18).long()
    )
    grads = torch.autograd.grad(
        loss, [net.encoder[0][0].weight, net.labels.weight, net.score.weight], allow_unused=True
    )
    assert all(bool(grad.any()) for grad in grads[:2])
    assert grads[2] is None or not bool(grads[2].abs().max() > 1e-12)


@pytest.mark.parametrize("sides", [(12, 12), (13, 40), (37, 25)])
def test_scores_have_the_size_of_the_image(sides: tuple[int, int]):
    assert small()(X.new_zeros(1, 3, *sides), blocks(*sides, 5)).scores.shape == (1, 4, *sides)


def test_the_count_is_that_of_our_table():
    L = 18
    convs = [(3, 128), (128, 128), (128, 192), *5 * [(192, 192)], *3 * [(192 + L, 192)], (192 + L, 128)]
    count = sum(25 * inputs * outputs + outputs for inputs, outputs in convs) + (192 * L + L) + ((128 + L) * L + L)
    with torch.device("meta"):
        assert parameter_count(CoCNN()) == count  # the paper prints none


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_the_pixels_of_shapes(device: str):
    data = shapes(2, 24)
    net = CoCNN(num_classes=4, width=2).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    regions = blocks(24, 24, 4).expand(2, -1, -1).to(device)
    assert_learns(lambda: cocnn_loss(net(images, regions), labels), net.parameters(), lr=0.1)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net = small()
    want = net(X, REGIONS)
    got = net.cuda()(X.cuda(), REGIONS.cuda())
    for part, wanted in zip(got, want, strict=True):
        torch.testing.assert_close(part.cpu(), wanted)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small()(X[:, :2], REGIONS), r"x: expected \(N, 3, H, W\), got \(1, 2, 25, 18\)"),
        (
            lambda: small()(X[:, :, :11], REGIONS),
            r"x: .* H and W of at least 12, got \(1, 3, 11, 18\); the nearest size that works is 12 x 18",
        ),
        (
            lambda: small()(X),
            r"regions: expected the super-pixels of x, \(N, H, W\) int64, got None; switch off within",
        ),
        (lambda: small()(X, REGIONS[:, :, :17]), r"regions: expected \(1, 25, 18\), one super-pixel for every pixel"),
        (lambda: cocnn_loss(small()(X, REGIONS), REGIONS[:, 1:]), r"labels: expected \(1, 25, 18\), one label where"),
    ],
)
def test_images_and_regions_that_do_not_fit_are_named(call: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        CoCNN(**{name: 0})


@pytest.mark.parametrize(("name", "value"), [("share", 2), ("share", -1), ("bandwidth", 0), ("bandwidth", -1)])
def test_numbers_of_no_use_are_named(name: str, value: float):
    with pytest.raises(OptionError, match=f"{name}: expected a number"):
        CoCNN(**{name: value})
