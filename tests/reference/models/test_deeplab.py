"""DeepLab: the four rows of its table, dilation that costs nothing, scores centred at every eighth pixel."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import conv_parameters, survey
from reference.layers import correlate2d, cross_entropy, resize_bilinear2d
from reference.models import DeepLab, coarse_cross_entropy, parameter_count
from reference.models.deeplab import DEEPLAB_VARIANTS
from tests.smoke import DEVICES, assert_learns

TABLE = ("7x7", "4x4", "4x4_wide", "large_fov")


def on_meta(variant: str) -> DeepLab:
    with torch.device("meta"):
        return DeepLab(variant=variant)


def small(variant: str = "large_fov", **options: Any) -> DeepLab:
    return DeepLab(**({"width": 1, "num_classes": 3, "variant": variant} | options))


@pytest.mark.parametrize("variant", TABLE)
def test_the_counts_are_those_in_print(variant: str):
    count = parameter_count(on_meta(variant))
    assert count == published(f"deeplab.parameters_{variant}_exact").value
    assert published(f"deeplab.parameters_{variant}").agrees(count)


@pytest.mark.parametrize("variant", TABLE)
def test_work_memory_and_fields_are_those_of_the_table(variant: str):
    net = on_meta(variant)
    costs = survey(net, (1, 3, 321, 321))
    assert costs.macs == published(f"deeplab.macs_{variant}").value
    fine = 21 * 321 * 321  # the interpolated scores
    assert costs.activations - fine == published(f"deeplab.activations_{variant}").value
    assert net.field in [layer.field for layer in costs.layers]


@pytest.mark.parametrize("variant", TABLE)
def test_the_printed_field_is_fc6s_window_and_the_field_on_the_image_is_larger(variant: str):
    row = DEEPLAB_VARIANTS[variant]
    window = 8 * ((row.kernel_size - 1) * row.dilations[0] + 4)
    assert window == published(f"deeplab.window_{variant}").value
    field = small(variant).field
    assert (
        field.size == published("deeplab.receptive_field_4x4" if variant == "4x4" else "deeplab.receptive_field").value
    )
    assert (field.jump, field.start + (field.size - 1) / 2) == (8, 0)  # score i is centred at pixel 8*i


def test_aspp_is_four_branches_and_their_sum():
    net = on_meta("aspp")
    branch = conv_parameters(512, 1024, 3) + conv_parameters(1024, 1024, 1) + conv_parameters(1024, 21, 1)
    assert parameter_count(net) == published("vgg16.conv_parameters_exact").value + 4 * branch
    assert [part.fc6.conv.dilation[0] for part in net.branches] == [6, 12, 18, 24]
    few = small("aspp").double().eval()
    x = torch.randn(1, 3, 33, 41, dtype=torch.float64)
    y = few.trunk(x)[-1]
    torch.testing.assert_close(few.coarse(x), sum(branch(y) for branch in few.branches))


@pytest.mark.parametrize("variant", list(DEEPLAB_VARIANTS))
def test_321_pixels_have_41_scores(variant: str):
    x = torch.zeros(1, 3, 321, 321, device="meta")
    net = on_meta(variant)
    assert net.coarse(x).shape == (1, 21, *2 * (published("deeplab.side_score").value,))
    assert net(x).shape == (1, 21, 321, 321)


@pytest.mark.parametrize("sides", [(1, 1), (8, 9), (33, 50), (64, 57)])
def test_any_size_comes_back(sides: tuple[int, int]):
    net = small(in_channels=2)
    coarse = net.coarse(torch.randn(1, 2, *sides))
    assert coarse.shape[2:] == tuple(-(-(side - 1) // 8) + 1 for side in sides)
    assert net(torch.randn(1, 2, *sides)).shape == (1, 3, *sides)


def test_a_dilated_filter_has_as_many_weights_and_a_spread_of_its_own():
    fc6 = small().branches[0].fc6.conv
    assert (fc6.dilation, fc6.padding, fc6.kernel_size) == ((12, 12), (12, 12), (3, 3))
    x = torch.zeros(1, 8, 41, 41)
    x[0, :, 20, 20] = 1
    rows = (fc6(x) - fc6(0 * x)).abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.tolist() == [8, 20, 32]  # with the dilation forgotten: 19, 20, 21
    fifth = [small().trunk.layers[f"conv5_{i}"].conv.dilation for i in (1, 2, 3)]
    assert fifth == 3 * [(2, 2)]


def test_with_dilation_1_the_layer_is_a_plain_convolution():
    fc6 = small().branches[0].fc6.conv
    x = torch.randn(1, 8, 9, 9)
    plain = nn.Conv2d(8, 16, 3, padding=1)
    plain.load_state_dict(fc6.state_dict())
    fc6.dilation, fc6.padding = (1, 1), (1, 1)
    torch.testing.assert_close(fc6(x), plain(x))


@pytest.mark.parametrize("variant", ["4x4", "large_fov"])
def test_the_net_is_built_of_the_reference_layers(variant: str):
    net = small(variant).double().eval()
    x = torch.randn(1, 3, 33, 49, dtype=torch.float64)
    y = net.trunk(x)[-1]
    (branch,) = net.branches
    for block in (branch.fc6, branch.fc7):
        conv = block.conv
        y = correlate2d(y, conv.weight, conv.bias, padding=conv.padding, dilation=conv.dilation).clamp(min=0)
    y = correlate2d(y, branch.fc8.weight, branch.fc8.bias)
    torch.testing.assert_close(net(x), resize_bilinear2d(y, (33, 49), align_corners=True))


def test_scores_stand_at_every_eighth_pixel_also_where_the_image_ends_between():
    net = small().double().eval()
    for sides in ((33, 49), (30, 44)):
        x = torch.randn(1, 3, *sides, dtype=torch.float64)
        coarse = net.coarse(x)[:, :, : -(-sides[0] // 8), : -(-sides[1] // 8)]
        torch.testing.assert_close(net(x)[:, :, ::8, ::8], coarse)


def test_the_loss_takes_the_labels_at_the_centres():
    scores = torch.randn(2, 3, 5, 4)
    labels = torch.full((2, 33, 25), 255)
    labels[:, ::8, ::8] = torch.randint(3, (2, 5, 4))  # all others count nothing
    torch.testing.assert_close(coarse_cross_entropy(scores, labels), cross_entropy(scores, labels[:, ::8, ::8]))
    torch.testing.assert_close(
        coarse_cross_entropy(scores, labels[:, :30, :20]), cross_entropy(scores[:, :, :4, :3], labels[:, :30:8, :20:8])
    )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("variant", ["large_fov", "aspp"])
def test_it_learns_a_tiny_batch(variant: str, device: str):
    data = shapes(2, 32)
    net = DeepLab(width=2, num_classes=4, variant=variant, dropout=0).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    assert_learns(lambda: coarse_cross_entropy(net.coarse(images), labels), net.parameters(), lr=0.2)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 45, 50, dtype=torch.float64)
    want: Tensor = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), no side empty, got"):
        small()(torch.zeros(shape))


def test_options_of_no_use_are_named():
    with pytest.raises(
        OptionError, match="variant: expected '7x7' or '4x4' or '4x4_wide' or 'large_fov' or 'aspp', got '5x5'"
    ):
        small("5x5")
    with pytest.raises(OptionError, match="num_classes: expected an integer of at least 1, got 0"):
        small(num_classes=0)
