"""VGG-16: its table, its counts, its layers those of the reference, dense and as convolutions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import probe_field, survey
from reference.layers import batch_norm2d, correlate2d, max_pool2d, relu
from reference.models import VGG16, VGG16Convolutional, VGG16Features, parameter_count
from reference.models.plan import Conv
from reference.models.vgg import VGG16_TABLE
from tests.smoke import DEVICES, assert_learns


def test_the_table_is_configuration_d():
    convs = [row for row in VGG16_TABLE if isinstance(row, Conv)]
    assert [row.channels for row in convs] == [1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8]
    assert {(row.kernel_size, row.padding) for row in convs} == {(3, 1)}
    assert [index for index, row in enumerate(VGG16_TABLE) if not isinstance(row, Conv)] == [2, 5, 9, 13, 17]


def test_the_counts_are_those_in_print():
    with torch.device("meta"):
        net, plain = VGG16Features(), VGG16Features(batch_norm=False)
    assert parameter_count(plain) == published("vgg16.conv_parameters_exact").value
    assert parameter_count(net, batch_norm=False) == published("vgg16.conv_parameters_exact").value
    assert parameter_count(net) == published("vgg16.conv_parameters_exact").value + 2 * 4224  # channels of all convs


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("ceil_mode", [True, False])
def test_the_encoder_is_built_of_the_reference_layers(batch_norm: bool, ceil_mode: bool):
    net = VGG16Features(2, 1, batch_norm=batch_norm, ceil_mode=ceil_mode).double()
    x = torch.randn(2, 2, 45, 50, dtype=torch.float64)
    y, switches, sides = net(x)
    want_switches, want_sides = [], []
    for row in VGG16_TABLE:
        if isinstance(row, Conv):
            block = net.layers[row.name]
            x = correlate2d(x, block.conv.weight, block.conv.bias, padding=1)
            if batch_norm:
                x = batch_norm2d(x, block.norm.weight, block.norm.bias, training=True).y
            x = relu(x)
        else:
            want_sides.append(tuple(x.shape[2:]))
            x, indices = max_pool2d(x, 2, ceil_mode=ceil_mode)
            want_switches.append(indices)
    torch.testing.assert_close(y, x)
    assert all(torch.equal(*both) for both in zip(switches, want_switches, strict=True))
    assert list(sides) == want_sides


def test_the_least_image_ends_in_one_pixel():
    assert VGG16Features(width=1).eval()(torch.zeros(1, 3, 32, 63)).y.shape == (1, 8, 1, 1)


def test_every_convolution_has_a_bias_and_a_normalisation():
    net = VGG16Features(width=1)
    kinds = [type(layer) for layer in net.modules() if not list(layer.children())]
    assert kinds == 13 * [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert all(layer.bias is not None for layer in net.modules() if isinstance(layer, nn.Conv2d))


@pytest.mark.parametrize("shape", [(1, 3, 31, 64), (1, 3, 64, 31), (1, 4, 64, 64), (3, 64, 64)])
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(
        ShapeError, match=r"x: expected \(N, 3, H, W\) with H and W of at least 32, got .*; five poolings"
    ):
        VGG16Features(width=1)(torch.zeros(shape))


@pytest.mark.parametrize("options", [{"in_channels": 0}, {"width": 0}, {"width": 1.5}])
def test_options_of_no_use_are_named(options: Any):
    (name,) = options
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got"):
        VGG16Features(**options)


def on_meta(**options: Any) -> VGG16:
    with torch.device("meta"):
        return VGG16(**options)


def small(**options: Any) -> VGG16:
    return VGG16(**({"num_classes": 3, "width": 1, "fc_width": 5, "fc_kernel_size": 2} | options))


def test_the_whole_net_has_the_parameters_in_print():
    net = on_meta()
    assert parameter_count(net) == published("vgg16.parameters_torchvision").value == 138_357_544
    assert published("vgg16.parameters").agrees(parameter_count(net))
    assert parameter_count(net.classifier.fc6) == published("vgg16.fc6_parameters").value == 102_764_544
    assert [parameter_count(net.classifier.get_submodule(name)) for name in ("fc7", "fc8")] == [16_781_312, 4_097_000]
    assert parameter_count(on_meta(batch_norm=True)) == published("vgg16.parameters_batch_norm").value == 138_365_992


def test_work_activations_and_fields_of_the_whole_net():
    found = survey(on_meta(), (1, 3, 224, 224))
    assert found.macs == published("vgg16.macs").value == 15_470_264_320
    assert published("vgg16.macs_torchvision").agrees(found.macs)
    assert found.activations == published("vgg16.activations").value == 15_087_080
    conv5_3 = found.layer("features.layers.conv5_3.conv").field
    assert conv5_3 is not None
    assert conv5_3.size == published("vgg16.receptive_field_conv5_3").value
    pool5: Any = [row.field for row in found.layers if row.operation == "max pooling"][-1]
    assert pool5.size == published("vgg16.receptive_field_pool5").value
    assert pool5.jump == published("vgg16.receptive_field_jump_pool5").value
    assert -pool5.start == published("vgg16.receptive_field_padding_pool5").value
    fc6: Any = found.layer("classifier.fc6").field
    assert fc6.size == published("vgg16.receptive_field_fc6").value == 404
    convolutions = [row.macs for row in found.layers if row.operation == "convolution"]
    assert sum(convolutions) == published("vgg16.conv_macs").value
    to_fc7 = survey(on_meta().to_convolutional(to_fc7=True), (1, 3, 224, 224))
    assert to_fc7.macs == published("vgg16.macs_to_fc7").value
    assert to_fc7.field is not None
    assert to_fc7.field.size == 404


def test_the_field_is_measured_too():
    assert probe_field(VGG16Features(width=1, batch_norm=False), (1, 3, 224, 224), (3, 3)).size == 212


def test_to_fc7_it_is_the_encoder_of_the_segmentation_nets():
    net = on_meta().to_convolutional(to_fc7=True)
    assert parameter_count(net) == published("vgg16.parameters_to_fc7_exact").value == 134_260_544
    assert published("vgg16.parameters_to_fc7").agrees(parameter_count(net))
    assert net.classifier.fc6.weight.shape == (4096, 512, 7, 7)
    assert net.classifier.fc7.weight.shape == (4096, 4096, 1, 1)
    assert net(torch.zeros(1, 3, 224, 224, device="meta")).shape == (1, 4096, 1, 1)
    assert not hasattr(net.classifier, "fc8")


def test_it_has_neither_normalisation_nor_other_kernels_and_dropout_on_two_dense_layers():
    net = on_meta()
    assert not [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d | nn.LocalResponseNorm)]
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert {(layer.kernel_size, layer.stride, layer.padding) for layer in convolutions} == {((3, 3), (1, 1), (1, 1))}
    assert len(convolutions) == 13
    names = [name for name, _ in net.classifier.named_children()]
    assert names == ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"]
    assert sum(isinstance(layer, nn.Dropout) for layer in net.modules()) == 2


def test_three_convolutions_see_7_with_27_weights_a_pair_of_channels_instead_of_49():
    stack = nn.Sequential(*(nn.Conv2d(4, 4, 3, bias=False) for _ in range(3)))
    assert stack(torch.zeros(1, 4, 7, 7)).shape == (1, 4, 1, 1)
    assert parameter_count(stack) == 27 * 4**2
    assert parameter_count(nn.Conv2d(4, 4, 7, bias=False)) == 49 * 4**2


def test_dense_layers_follow_the_encoder_channel_by_channel():
    net = small().eval()
    x = torch.randn(2, 3, 64, 70)
    y = net.features(x).y.flatten(1)
    for name in ("fc6", "fc7"):
        layer: Any = net.classifier.get_submodule(name)
        y = relu(y @ layer.weight.T + layer.bias)
    fc8: Any = net.classifier.fc8
    torch.testing.assert_close(net(x), y @ fc8.weight.T + fc8.bias)
    assert torch.equal(net(x), net(x))
    assert not torch.equal(net.train()(x), net(x))


@pytest.mark.parametrize("k", [1, 2, 7])
def test_as_convolutions_it_gives_the_same_scores(k: int):
    net = small(fc_kernel_size=k).double().eval()
    for layer in net.classifier:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.bias)
    convolutional = net.to_convolutional()
    x = torch.randn(2, 3, 32 * k, 32 * k, dtype=torch.float64)
    torch.testing.assert_close(convolutional(x)[:, :, 0, 0], net(x))
    assert isinstance(convolutional, VGG16Convolutional)
    assert not convolutional.training
    assert parameter_count(convolutional) == parameter_count(net)


def test_as_convolutions_it_slides_over_larger_images():
    net = small().double().eval()
    x = torch.randn(1, 3, 96, 128, dtype=torch.float64)
    scores = net.to_convolutional()(x)
    assert scores.shape == (1, 3, 2, 3)
    maps = net.features(x).y
    for i, j in [(0, 0), (1, 2)]:
        torch.testing.assert_close(scores[:, :, i, j], net.classifier(maps[:, :, i : i + 2, j : j + 2].flatten(1)))


def test_the_copy_has_its_own_weights_of_the_same_dtype():
    net = small().double()
    convolutional = net.to_convolutional()
    with torch.no_grad():
        for weight in convolutional.parameters():
            weight.zero_()
    assert all(weight.any() for name, weight in net.named_parameters() if name.endswith("weight"))
    assert {weight.dtype for weight in convolutional.parameters()} == {torch.float64}


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch(device: str):
    net = VGG16(num_classes=2, width=4, fc_width=16, fc_kernel_size=1, dropout=0.0).to(device)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)  # Glorot's rule loses half the signal at every ReLU: slow, not wrong
    x, labels = torch.randn(4, 3, 32, 32, device=device), torch.tensor([0, 1, 0, 1], device=device)
    assert_learns(lambda: F.cross_entropy(net(x), labels), net.parameters(), lr=0.01)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 64, 64, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)
    torch.testing.assert_close(net.to_convolutional()(x.cuda())[:, :, 0, 0].cpu(), want)


@pytest.mark.parametrize(
    ("sides", "text"),
    [
        ((223, 256), r"H and W from 224 to 255, as fc6 sees 7 x 7, got .*; .* works is 224 x 255$"),
        ((230, 300), r"the nearest size that works is 230 x 255$"),
    ],
)
def test_sizes_that_the_dense_layers_cannot_take_are_named(sides: tuple[int, int], text: str):
    with pytest.raises(ShapeError, match=text):
        on_meta()(torch.zeros(1, 3, *sides, device="meta"))


@pytest.mark.parametrize(
    ("shape", "nearest"), [((1, 3, 63, 99), "64 x 99"), ((1, 1, 64, 64), "64 x 64"), ((3, 64, 64), "64 x 64")]
)
def test_images_that_are_too_small_for_the_convolutions_are_named(shape: tuple[int, ...], nearest: str):
    with pytest.raises(
        ShapeError, match=rf"x: expected \(N, 3, H, W\) with .* at least 64, got .* works is {nearest}$"
    ):
        small().to_convolutional()(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width", "fc_width", "fc_kernel_size"])
def test_options_of_the_whole_net_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        small(**{name: 0})
