"""Projection of a feature: by the layers of the reference, inside its field, and no gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.geometry import receptive_field
from reference.layers import conv_transpose2d, correlate2d, max_pool2d, max_unpool2d, relu
from reference.models import DeconvNet, VGG16Features
from reference.models.plan import Conv, Pool
from reference.models.projection import project_feature, vgg16_layers
from reference.models.vgg import VGG16_TABLE


def encoder(**options: object) -> VGG16Features:
    net = VGG16Features(**({"width": 2, "batch_norm": False} | options)).double()  # type: ignore[arg-type]
    # torch's start lets small deep nets die out; He's keeps their features alive.
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return net


def by_hand(
    net: VGG16Features, x: Tensor, layer: str, channel: int, place: tuple[int, int], *, rectified: bool = True
) -> Tensor:
    """The same from `reference.layers`, with nothing shared but the weights."""
    rows = VGG16_TABLE[: [row.name for row in VGG16_TABLE].index(layer) + 1]
    y, switches = x, []
    for row in rows:
        if isinstance(row, Pool):
            side = (y.shape[2], y.shape[3])
            y, indices = max_pool2d(y, 2)
            switches.append((indices, side))
        else:
            conv = net.layers[row.name].conv
            y = relu(correlate2d(y, conv.weight, conv.bias, padding=1))
    signal = torch.zeros_like(y)
    signal[:, channel, place[0], place[1]] = y[:, channel, place[0], place[1]]
    for row in reversed(rows):
        if isinstance(row, Pool):
            indices, side = switches.pop()
            signal = max_unpool2d(signal, indices, 2, output_size=side)
        else:
            signal = conv_transpose2d(
                relu(signal) if rectified else signal, net.layers[row.name].conv.weight, padding=1
            )
    return signal.detach()


@pytest.mark.parametrize("layer", ["conv1_1", "pool1", "conv2_2", "pool3", "conv4_1"])
def test_it_is_built_of_unpooling_rectifying_and_transposed_convolution(layer: str):
    net, x = encoder(), torch.rand(2, 3, 37, 45, dtype=torch.float64)
    got = project_feature(net, x, layer, 1, (2, 3))
    torch.testing.assert_close(got.image, by_hand(net, x, layer, 1, (2, 3)))
    assert torch.equal(got.positions, torch.tensor([[2, 3], [2, 3]]))


def test_the_returning_signal_is_rectified():
    # Without that it is another picture: the wrong variant must differ, or this tests nothing.
    net, x = encoder(), torch.rand(1, 3, 32, 32, dtype=torch.float64)
    got = project_feature(net, x, "conv3_1", 2)
    place = tuple(got.positions[0].tolist())
    linear = by_hand(net, x, "conv3_1", 2, place, rectified=False)
    assert got.activation[0] > 0
    assert (got.image - linear).abs().max() > 0.05 * got.image.abs().max()


def test_it_is_not_the_gradient_but_is_where_no_signal_is_negative():
    net, x = encoder(), torch.rand(1, 3, 32, 32, dtype=torch.float64)

    def gradient() -> Tensor:
        image = x.clone().requires_grad_()
        y = image
        for name in ("conv1_1", "conv1_2"):
            y = net.layers[name](y)
        y = torch.nn.functional.max_pool2d(y, 2)
        y = net.layers["conv2_1"](y)
        value = y[0, 1].max()
        value.backward()
        return image.grad * value.detach()

    got = project_feature(net, x, "conv2_1", 1).image
    assert (got - gradient()).abs().max() > 0.05 * got.abs().max()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()
    torch.testing.assert_close(project_feature(net, x, "conv2_1", 1).image, gradient())


@pytest.mark.parametrize(("layer", "place"), [("conv2_1", (0, 5)), ("conv3_2", (4, 9)), ("pool3", (3, 1))])
def test_all_energy_lies_in_the_units_receptive_field(layer: str, place: tuple[int, int]):
    net, x = encoder(), torch.rand(1, 3, 96, 80, dtype=torch.float64)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()  # every tap reaches the image
    image = project_feature(net, x, layer, 0, place).image[0].abs().sum(0)
    field = receptive_field(vgg16_layers(layer))
    inside = torch.zeros(96, 80, dtype=torch.bool)
    (top, bottom), (left, right) = (field.pixels(index) for index in place)
    inside[max(0, top) : bottom + 1, max(0, left) : right + 1] = True
    assert image[~inside].abs().max() == 0
    assert image[inside].max() > 0
    rows, columns = torch.nonzero(image, as_tuple=True)
    # Switches leave pixels out, but the signal gets within a pooling's step of the ends.
    assert int(rows.max()) >= min(95, bottom) - 8
    assert int(columns.max()) >= min(79, right) - 8


def test_the_strongest_unit_is_taken_in_each_image():
    net, x = encoder(), torch.rand(3, 3, 32, 40, dtype=torch.float64)
    got = project_feature(net, x, "conv2_2", 3)
    for number in range(3):
        row, column = got.positions[number].tolist()
        assert got.features[number, row, column] == got.features[number].max() == got.activation[number]
    alone = project_feature(net, x[1:2], "conv2_2", 3)
    torch.testing.assert_close(alone.image, got.image[1:2])


def test_normalisation_returns_its_scale():
    net = encoder(batch_norm=True).eval()
    for block in net.layers.values():
        nn.init.uniform_(block.norm.weight, 0.5, 2.0)
        nn.init.uniform_(block.norm.running_var, 0.5, 2.0)
    x = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    got = project_feature(net, x, "conv1_2", 1, (7, 9))
    folded = encoder()
    with torch.no_grad():
        for name in ("conv1_1", "conv1_2"):
            block, plain = net.layers[name], folded.layers[name].conv
            scale = block.norm.weight / torch.sqrt(block.norm.running_var + block.norm.eps)
            plain.weight.copy_(block.conv.weight * scale[:, None, None, None])
            plain.bias.copy_((block.conv.bias - block.norm.running_mean) * scale + block.norm.bias)
    torch.testing.assert_close(got.image, project_feature(folded, x, "conv1_2", 1, (7, 9)).image)


def test_the_encoder_of_deconvnet_can_be_asked_and_is_left_as_it_was():
    net = DeconvNet(width=1, fc_width=2, fc_kernel_size=2).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    got = project_feature(net.encoder, torch.rand(1, 3, 64, 64), "conv3_3", 0)
    assert got.image.shape == (1, 3, 64, 64)
    assert not got.image.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(block._forward_hooks for block in net.encoder.layers.values())


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = encoder(), torch.rand(1, 3, 32, 32, dtype=torch.float64)
    want = project_feature(net, x, "conv2_2", 0).image
    torch.testing.assert_close(project_feature(net.cuda(), x.cuda(), "conv2_2", 0).image.cpu(), want)


def test_the_table_has_only_rows_that_can_be_sent_back():
    assert {type(row) for row in VGG16_TABLE} == {Conv, Pool}
    assert {(row.kernel_size, row.padding) for row in VGG16_TABLE if isinstance(row, Conv)} == {(3, 1)}


def test_what_there_is_not_is_named():
    net, x = encoder(), torch.rand(1, 3, 32, 32, dtype=torch.float64)
    for options, message in (
        ({"channel": 4}, "channel: expected 0 to 3, the features of conv2_1, got 4"),
        ({"position": (16, 0)}, "position: expected a row below 16 and a column below 16, got (16, 0)"),
    ):
        with pytest.raises(OptionError) as error:
            project_feature(net, x, **({"layer": "conv2_1", "channel": 0} | options))  # type: ignore[arg-type]
        assert str(error.value) == message
    with pytest.raises(OptionError, match="layer: expected 'conv1_1' or .* got 'fc6'"):
        project_feature(net, x, "fc6", 0)
    with pytest.raises(OptionError) as error:
        project_feature(encoder(batch_norm=True), x, "conv2_1", 0)
    assert str(error.value) == "encoder: expected a network in eval mode, got one in training mode; call encoder.eval()"
    with pytest.raises(ShapeError, match="x: expected \\(N, 3, H, W\\) with H and W of at least 32"):
        project_feature(net, x[:, :, :20], "conv2_1", 0)
