"""FCN: counts trained and stored, crops from centres, sums of skips, any size of image."""

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
from reference.layers import bilinear_kernel, conv_transpose2d, correlate2d, cross_entropy, max_pool2d, relu
from reference.models import FCN, VGG16, VGG16Trunk, parameter_count
from reference.models.fcn import BilinearUpsampling
from tests.smoke import DEVICES, assert_learns

STRIDES = (32, 16, 8)
OFFSETS = {32: ("crop",), 16: ("crop_pool4", "crop"), 8: ("crop_pool4", "crop_pool3", "crop")}


def on_meta(**options: Any) -> FCN:
    with torch.device("meta"):
        return FCN(**options)


def small(stride: int = 8, **options: Any) -> FCN:
    return FCN(**({"width": 1, "fc_width": 5, "num_classes": 3, "stride": stride} | options))


@pytest.mark.parametrize("stride", STRIDES)
def test_the_counts_are_those_of_the_release_trained_and_stored(stride: int):
    net = on_meta(stride=stride)
    trained = parameter_count(net)
    assert trained == published(f"fcn{stride}s.parameters").value
    fixed = sum(buffer.numel() for buffer in net.buffers())
    assert fixed == published(f"fcn{stride}s.upsampling_values").value
    assert published("fcn32s.parameters_rounded").agrees(trained)
    assert parameter_count(on_meta(stride=stride, learned_upsampling=True)) == trained + fixed


@pytest.mark.parametrize("stride", STRIDES)
def test_work_memory_and_fields_are_those_of_the_release(stride: int):
    costs = survey(on_meta(stride=stride), (1, 3, 500, 500))
    assert costs.macs == published(f"fcn{stride}s.macs").value
    assert costs.activations == published(f"fcn{stride}s.activations").value
    fields = {layer.name: layer.field for layer in costs.layers}
    fc7 = fields["score_fr"]
    assert fc7 is not None
    assert (fc7.size, fc7.jump, fc7.padding) == (published("vgg16.receptive_field_fc6").value, 32, 189)


@pytest.mark.parametrize("stride", STRIDES)
def test_the_crops_follow_from_the_fields_and_are_those_of_the_release(stride: int):
    want = tuple(published(f"fcn{stride}s.{name}").value for name in OFFSETS[stride])
    assert small(stride).crops == want


def test_sizes_at_500_pixels_are_those_of_the_release():
    sizes: dict[str, int] = {}
    net = on_meta(stride=8)
    watched = {"conv1_1": net.trunk.layers["conv1_1"], "fc6": net.fc6, "upscore2": net.upscores[0]}
    watched |= {"upscore_pool4": net.upscores[1], "upscore8": net.upscores[2]}
    for name, module in watched.items():
        module.register_forward_hook(lambda _, __, y, name=name: sizes.update({name: y.shape[2]}))
    x = torch.zeros(1, 3, 500, 500, device="meta")
    assert net(x).shape == (1, 21, 500, 500)
    assert sizes == {"conv1_1": 698, "fc6": 16, "upscore2": 34, "upscore_pool4": 70, "upscore8": 568}
    assert [y.shape[2] for y in net.trunk(x)] == [349, 175, 88, 44, 22]
    assert sizes["fc6"] == published("fcn32s.side_score").value
    for stride in (32, 16):
        big = on_meta(stride=stride)
        big.upscores[-1].register_forward_hook(lambda _, __, y, stride=stride: sizes.update({str(stride): y.shape[2]}))
        big(x)
    assert sizes["32"] == published("fcn32s.side_upsampled").value
    assert sizes["16"] == 560


def seen(side: int) -> dict[str, list[float]]:
    """Middle of the pixels that each position of pool3, pool4 and fc7 sees along one axis, by walking up window by window."""
    spans = [(pixel, pixel) for pixel in range(side)]
    middles: dict[str, list[float]] = {}
    for stage, convolutions in enumerate((2, 2, 3, 3, 3), 1):
        for number in range(convolutions):
            border = 100 if (stage, number) == (1, 0) else 1
            step = spans[1][0] - spans[0][0]
            before = [(spans[0][0] - step * k, spans[0][1] - step * k) for k in range(border, 0, -1)]
            after = [(spans[-1][0] + step * k, spans[-1][1] + step * k) for k in range(1, border + 1)]
            padded = before + spans + after
            spans = [(padded[i][0], padded[i + 2][1]) for i in range(len(padded) - 2)]
        step = spans[1][0] - spans[0][0]
        spans = [(spans[i][0], spans[i][1] + step) for i in range(0, len(spans), 2)]
        middles[f"pool{stage}"] = [(low + high) / 2 for low, high in spans]
    fc6 = [(spans[i][0], spans[i + 6][1]) for i in range(len(spans) - 6)]
    return middles | {"fc7": [(low + high) / 2 for low, high in fc6]}


@pytest.mark.parametrize("stride", STRIDES)
def test_every_enlarged_position_lies_where_it_is_added(stride: int):
    # A map that holds its own places stays one when it is enlarged linearly: after the crop it must hold
    # the places of the skip, and at last 0, 1, 2, ...  One pixel off in a crop fails.
    side, net = 500, small(stride, num_classes=1).double()
    places = seen(side)
    y = torch.tensor(places["fc7"]).double().expand(1, 1, len(places["fc7"]), -1)
    for stage, upscore, offset in zip(net.stages, net.upscores[:-1], net.crops[:-1], strict=True):
        y = upscore(y)
        skip = torch.tensor(places[f"pool{stage}"]).double()[offset : offset + y.shape[3]]
        torch.testing.assert_close(y[0, 0, 4, 2:-2], skip[2:-2])
        y = skip.expand(1, 1, y.shape[2], -1)
    pixels = net.upscores[-1](y)[0, 0, stride, net.crops[-1] : net.crops[-1] + side]
    torch.testing.assert_close(pixels[13:-32], torch.arange(13, side - 32).double())


@pytest.mark.parametrize("sides", [(1, 1), (5, 90), (33, 34)])
@pytest.mark.parametrize("stride", STRIDES)
def test_any_size_comes_back(stride: int, sides: tuple[int, int]):
    assert small(stride, in_channels=2)(torch.randn(1, 2, *sides)).shape == (1, 3, *sides)


def _convolved(block: Any, x: Tensor, padding: int) -> Tensor:
    return relu(correlate2d(x, block.conv.weight, block.conv.bias, padding=padding))


def test_the_net_is_built_of_the_reference_layers_and_skips_are_summed():
    net = small(width=4).double().eval()
    for score in net.skips.values():
        nn.init.normal_(score.weight)
        nn.init.normal_(score.bias)
    x = torch.randn(1, 3, 20, 37, dtype=torch.float64)
    want, pooled = net(x), []
    y = x
    for stage in range(1, 6):
        for name, block in net.trunk.layers.items():
            if name.startswith(f"conv{stage}"):
                y = _convolved(block, y, 100 if name == "conv1_1" else 1)
        y = max_pool2d(y, 2, ceil_mode=True).y
        pooled.append(y)
    y = _convolved(net.fc7, _convolved(net.fc6, y, 0), 0)
    y = correlate2d(y, net.score_fr.weight, net.score_fr.bias)
    for stage, offset in ((4, 5), (3, 9)):
        y = conv_transpose2d(y, bilinear_kernel(4, 3, dtype=torch.float64), stride=2)
        score = net.skips[f"score_pool{stage}"]
        skip = correlate2d(pooled[stage - 1], score.weight, score.bias)
        assert skip.std() > 0.1  # it is not the same everywhere: a wrong crop shows
        y = y + skip[:, :, offset : offset + y.shape[2], offset : offset + y.shape[3]]
    y = conv_transpose2d(y, bilinear_kernel(16, 3, dtype=torch.float64), stride=8)
    torch.testing.assert_close(want, y[:, :, 31 : 31 + 20, 31 : 31 + 37])


def test_skips_start_at_zero_and_leave_the_coarse_scores_alone():
    net, scores = small(8).double().eval(), []
    net.score_fr.register_forward_hook(lambda _, __, y: scores.append(y))
    x = torch.randn(1, 3, 40, 50, dtype=torch.float64)
    got, y = net(x), scores[0]
    for upscore in net.upscores:
        y = upscore(y)
    torch.testing.assert_close(got, y[:, :, 31 : 31 + 40, 31 : 31 + 50])


def test_shifting_the_image_by_32_pixels_shifts_the_coarse_scores_by_one():
    net, scores = small(32).double().eval(), []
    net.score_fr.register_forward_hook(lambda _, __, y: scores.append(y))
    x = torch.randn(1, 3, 96, 96, dtype=torch.float64)
    black = F.pad(x, (32, 32, 32, 32))  # the border stays black either way
    for shifted in (black, black.roll((32, 32), (2, 3))):
        net(shifted)
    torch.testing.assert_close(scores[1][:, :, 1:, 1:], scores[0][:, :, :-1, :-1])


def test_with_the_classifiers_weights_fc7_is_the_classifiers_at_224_pixels():
    classifier = VGG16(num_classes=4, width=2, fc_width=5).double().eval()
    slid, net, trunk = classifier.to_convolutional(), small(32, width=2).double().eval(), VGG16Trunk(width=2).double()
    net.fc6.conv.load_state_dict(slid.classifier.fc6.state_dict())
    net.fc7.conv.load_state_dict(slid.classifier.fc7.state_dict())
    net.trunk.load_state_dict(classifier.features.state_dict())
    trunk.load_state_dict(net.trunk.state_dict())  # FCN's, with VGG's own border
    x = 9 * torch.rand(2, 3, 224, 224, dtype=torch.float64)
    got = net.fc7(net.fc6(trunk(x)[-1]))
    fc7 = classifier.classifier[:-1](classifier.features(x).y.flatten(1))
    assert fc7.any()
    torch.testing.assert_close(got, fc7[:, :, None, None])


@pytest.mark.parametrize(("factor", "count"), [(32, 86_016), (16, 21_840), (8, 6_048)])
def test_a_grouped_filter_does_the_same_with_the_diagonal_alone(factor: int, count: int):
    upsampling = BilinearUpsampling(21, factor)
    x = torch.randn(1, 21, 2, 3)
    diagonal = upsampling.weight.diagonal().movedim(2, 0)[:, None]
    torch.testing.assert_close(upsampling(x), F.conv_transpose2d(x, diagonal, stride=factor, groups=21))
    others = {32: 0, 16: 21 * 16, 8: 2 * 21 * 16}[factor]  # of the filters before it in the net
    assert diagonal.numel() + others == count
    ones = upsampling(torch.ones(1, 21, 3, 3))
    torch.testing.assert_close(ones[:, :, factor:-factor, factor:-factor], torch.ones(1, 21, 2 * factor, 2 * factor))


def test_fixed_filters_stay_and_learned_ones_get_a_gradient():
    fixed, learned = small(), small(learned_upsampling=True)
    assert not [name for name, _ in fixed.named_parameters() if "upscores" in name]
    assert {name for name, _ in fixed.named_buffers()} == {f"upscores.{i}.weight" for i in range(3)}
    learned(torch.randn(1, 3, 9, 9)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in learned.parameters())


def test_without_its_border_a_small_image_has_no_scores():
    with pytest.raises(
        ShapeError,
        match=r"x: expected .* H and W of at least 33, got \(1, 3, 20, 60\); .* works is 33 x 60, or raise padding",
    ):
        small(padding=81)(torch.zeros(1, 3, 20, 60))
    assert small(padding=81)(torch.zeros(1, 3, 33, 60)).shape == (1, 3, 33, 60)
    assert published("fcn32s.least_side_unpadded").value == 195 - 2  # the same sum with VGG's own border


@pytest.mark.parametrize(("stride", "least"), [(32, 81), (16, 73), (8, 69)])
def test_a_border_that_is_too_small_to_reach_the_rim_is_named(stride: int, least: int):
    with pytest.raises(OptionError, match=f"padding: expected at least {least} for stride {stride}, got 1; the paper"):
        small(stride, padding=1)
    net = small(stride, padding=least)
    assert net.crops[-1] == 0
    assert net(torch.zeros(1, 3, 60, 75)).shape == (1, 3, 60, 75)


def test_a_smaller_border_moves_only_the_last_crop():
    assert small(8, padding=90).crops == (5, 9, 21)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("stride", STRIDES)
def test_it_learns_a_tiny_batch(stride: int, device: str):
    data = shapes(2, 24)
    net = FCN(width=2, num_classes=4, fc_width=8, stride=stride, dropout=0).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    assert_learns(lambda: cross_entropy(net(images), labels), net.parameters(), lr=0.2)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 45, 50, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), no side empty, got"):
        small()(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width", "fc_width"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        small(**{name: 0})


def test_strides_that_the_paper_lacks_are_named():
    with pytest.raises(OptionError, match="stride: expected 32 or 16 or 8, got 4"):
        small(4)
