"""AlexNet: three variants told apart by their counts, halves, normalisation, overlapping windows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import probe_field, survey
from reference.layers import correlate2d, local_response_norm, max_pool2d, relu
from reference.models import AlexNet, AlexNetTower, parameter_count
from reference.models.alexnet import ALEXNET_TABLE, ResponseNorm
from tests.smoke import DEVICES, assert_learns

CONVS = ("conv1", "conv2", "conv3", "conv4", "conv5")


def on_meta(kind: type[nn.Module] = AlexNet, **options: Any) -> Any:
    with torch.device("meta"):
        return kind(**options)


def small(**options: Any) -> AlexNet:
    return AlexNet(**({"num_classes": 3, "width": 6, "fc_width": 8} | options))


def output_shapes(net: Any, side: int) -> dict[str, tuple[int, ...]]:
    """What every layer of the features gives for one image."""
    shapes, y = {}, torch.zeros(1, 3, side, side, device="meta")
    for name, layer in net.features.named_children():
        y = layer(y)
        shapes[name] = tuple(y.shape[1:])
    return shapes


def test_the_variants_are_told_apart_by_their_parameters():
    assert parameter_count(on_meta()) == published("alexnet.parameters_bvlc").value == 60_965_224
    assert published("alexnet.parameters").agrees(parameter_count(on_meta()))
    assert parameter_count(on_meta(groups=1)) == published("alexnet.parameters_ungrouped").value == 62_378_344
    tower = parameter_count(on_meta(AlexNetTower))
    assert tower == published("alexnet.parameters_torchvision").value == 61_100_840


def test_parameters_layer_by_layer():
    net = on_meta()
    layers = (*net.features.named_children(), *net.classifier.named_children())
    counts = {name: parameter_count(layer) for name, layer in layers if parameter_count(layer)}
    assert counts == {
        "conv1": 34_944,
        "conv2": 307_456,
        "conv3": 885_120,
        "conv4": 663_936,
        "conv5": 442_624,
        "fc6": 37_752_832,
        "fc7": 16_781_312,
        "fc8": 4_097_000,
    }
    assert net.features.conv2.weight[:128].numel() == published("alexnet.conv2_weights_half").value == 153_600


@pytest.mark.parametrize(("net", "side"), [("two", 227), ("tower", 224)])
def test_maps_are_55_27_13_6(net: str, side: int):
    shapes = output_shapes(on_meta(AlexNet if net == "two" else AlexNetTower), side)
    sides = [shapes[name][1:] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")]
    assert sides == [(n, n) for n in (55, 27, 27, 13, 13, 13, 13, 6)]
    assert shapes["conv1"][1] == published("alexnet.conv1_side").value


def test_neurons_are_those_in_print_but_for_the_slip_in_the_first_layer():
    shapes = output_shapes(on_meta(), 227)
    neurons = [torch.Size(shapes[name]).numel() for name in CONVS]
    assert neurons[1:] == [published(f"alexnet.neurons_{name}").value for name in CONVS[1:]]
    printed = published("alexnet.neurons_conv1").value
    assert neurons[0] == 290_400
    assert printed == 253_440 == 55 * 96 * 48  # half of the maps, too many columns
    assert sum(neurons) + 4096 + 4096 + 1000 == 659_272
    assert published("alexnet.neurons").agrees(659_272)


@pytest.mark.parametrize(
    ("kind", "options", "side", "fact"),
    [
        (AlexNet, {}, 227, "macs_bvlc"),
        (AlexNet, {"groups": 1}, 227, "macs_ungrouped"),
        (AlexNetTower, {}, 224, "macs_torchvision"),
    ],
)
def test_work_and_fields(kind: Any, options: Any, side: int, fact: str):
    found = survey(on_meta(kind, **options), (1, 3, side, side))
    assert published(f"alexnet.{fact}").agrees(found.macs)
    names = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    fields: Any = [found.layer(f"features.{name}").field for name in names]
    sizes = [field.size for field in fields]
    assert sizes == [11, 19, 51, 67, 99, 131, 163, 195]
    assert sizes[6] == published("alexnet.receptive_field_conv5").value
    assert sizes[7] == published("alexnet.receptive_field_pool5").value
    assert (fields[7].jump, fields[7].start) == (32, -66 if kind is AlexNetTower else -64)
    assert found.field is not None
    assert found.field.size == published("alexnet.receptive_field_fc6").value == 355


def test_the_field_is_measured_too():
    assert probe_field(small().features, (1, 3, 227, 227), (2, 2)).size == 195


def test_activations_and_the_exact_work_of_the_tower():
    assert survey(on_meta(), (1, 3, 227, 227)).activations == published("alexnet.activations").value == 781_736
    found = survey(on_meta(AlexNetTower), (1, 3, 224, 224))
    assert (found.macs, found.activations) == (714_188_480, 582_504)


def test_each_half_of_conv2_4_and_5_sees_half_of_the_channels_and_conv3_sees_all():
    net = on_meta()
    assert net.features.conv2.weight.shape == (256, 48, 5, 5)
    assert [net.features.get_submodule(name).groups for name in CONVS] == [1, 2, 1, 2, 2]
    assert [layer.groups for layer in on_meta(groups=1).features if isinstance(layer, nn.Conv2d)] == 5 * [1]


@pytest.mark.parametrize(("name", "crosses"), [("conv2", False), ("conv3", True), ("conv4", False), ("conv5", False)])
def test_only_conv3_mixes_the_halves(name: str, crosses: bool):
    layer = small().features.get_submodule(name)
    x = torch.randn(1, layer.in_channels, 5, 5)
    other = x.clone()
    other[:, x.shape[1] // 2 :] += 1  # the second half changes
    first = slice(0, layer.out_channels // 2)
    assert torch.equal(layer(x)[:, first], layer(other)[:, first]) == (not crosses)


def test_normalisation_is_the_papers_and_not_that_of_alpha_over_n():
    x = 100 * torch.randn(2, 7, 2, 3)
    for norm in (small().features.norm1, small().features.norm2):
        torch.testing.assert_close(norm(x), local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=2))
        for wrong in ({"convention": "caffe"}, {"k": 1.0}, {"convention": "caffe", "k": 1.0}):
            assert not torch.allclose(norm(x), local_response_norm(x, **wrong), rtol=0.05)


def test_order_is_convolution_relu_normalisation_pooling():
    names = [name for name, _ in small().features.named_children()]
    assert names[:8] == ["conv1", "relu1", "norm1", "pool1", "conv2", "relu2", "norm2", "pool2"]
    assert names[8:] == ["conv3", "relu3", "conv4", "relu4", "conv5", "relu5", "pool5"]
    caffenet = [name for name, _ in small(pools_first=True).features.named_children()]
    assert caffenet[:8] == ["conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2", "norm2"]
    assert not [layer for layer in on_meta(AlexNetTower).modules() if isinstance(layer, ResponseNorm)]


def test_the_windows_of_poolings_overlap():
    for net in (small(), AlexNetTower(width=1, fc_width=2)):
        pools = [layer for layer in net.features if isinstance(layer, nn.MaxPool2d)]
        assert [(pool.kernel_size, pool.stride, pool.ceil_mode) for pool in pools] == 3 * [(3, 2, False)]


def test_the_features_are_built_of_the_reference_layers():
    net = small().double()
    for layer in net.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight)  # large enough that normalisation counts
    x = torch.randn(1, 3, 67, 71, dtype=torch.float64)
    want = net.features(x)
    for name, stage in ALEXNET_TABLE.items():
        layer = net.features.get_submodule(name)
        groups = 2 if stage.is_split else 1
        x = relu(correlate2d(x, layer.weight, layer.bias, stride=stage.stride, padding=stage.padding, groups=groups))
        x = local_response_norm(x) if name in ("conv1", "conv2") else x
        x = max_pool2d(x, 3, stride=2).y if name in ("conv1", "conv2", "conv5") else x
    assert want.shape == (1, 16, 1, 1)
    torch.testing.assert_close(want, x)


def test_dense_layers_follow_and_dropout_is_on_two_of_them_in_training_alone():
    net, x = small(dropout=0.9).eval(), torch.randn(2, 3, 227, 240)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.1)  # the paper's 0.01 would leave nothing to compare
    y = net.features(x).flatten(1)
    for name in ("fc6", "fc7"):
        y = F.relu(F.linear(y, net.classifier.get_submodule(name).weight, net.classifier.get_submodule(name).bias))
    torch.testing.assert_close(net(x), F.linear(y, net.classifier.fc8.weight, net.classifier.fc8.bias))
    names = [name for name, _ in net.classifier.named_children()]
    assert names == ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"]
    tower = [name for name, _ in on_meta(AlexNetTower).classifier.named_children()]
    assert tower == ["drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "fc8"]
    assert not torch.equal(net.train()(x), net.eval()(x))


def test_some_biases_start_at_1_and_weights_are_small():
    net = AlexNet(width=48, fc_width=64, num_classes=5)
    layers = dict((*net.features.named_children(), *net.classifier.named_children()))
    starts = {name: layers[name].bias.unique().tolist() for name in (*CONVS, "fc6", "fc7", "fc8")}
    awake = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    assert starts == {name: [1.0] if name in awake else [0.0] for name in starts}
    assert layers["conv3"].weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert small(initial_bias=0.1).features.conv2.bias.unique().tolist() == pytest.approx([0.1])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", [AlexNet, AlexNetTower])
def test_it_learns_a_tiny_batch(kind: Any, device: str):
    net = kind(num_classes=2, width=6, fc_width=16, dropout=0.0).to(device)
    side = 227 if kind is AlexNet else 224
    x, labels = torch.randn(2, 3, side, side, device=device), torch.tensor([0, 1], device=device)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)  # the paper's 0.01 is for 96 channels and more
    assert_learns(lambda: F.cross_entropy(net(x), labels), net.parameters(), lr=0.005)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_is_kept(dtype: torch.dtype):
    x = torch.randn(1, 3, 227, 227, dtype=dtype)
    assert small().to(dtype).eval()(x).dtype == dtype
    large = torch.full((1, 5, 1, 1), 300.0, dtype=dtype)  # its square overflows float16
    assert ResponseNorm()(large).min() > 0


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 227, 227, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize(
    ("kind", "sides", "text"),
    [
        (AlexNet, (224, 224), r"H and W from 227 to 258, as fc6 sees 6 x 6, got .*; .* works is 227 x 227$"),
        (AlexNet, (240, 259), r"the nearest size that works is 240 x 258$"),
        (AlexNetTower, (222, 300), r"H and W from 223 to 254, as fc6 sees 6 x 6, got .*; .* works is 223 x 254$"),
    ],
)
def test_sizes_that_do_not_fit_are_named_with_the_nearest_that_works(kind: Any, sides: tuple[int, int], text: str):
    with pytest.raises(ShapeError, match=text):
        on_meta(kind)(torch.zeros(1, 3, *sides, device="meta"))


@pytest.mark.parametrize(("kind", "sides"), [(AlexNet, range(227, 259)), (AlexNetTower, range(223, 255))])
def test_all_sizes_that_are_let_in_end_in_6(kind: Any, sides: range):
    net = kind(width=6, fc_width=2)
    ends = {side: output_shapes(net.to("meta"), side)["pool5"][1] for side in (sides[0] - 1, *sides, sides[-1] + 1)}
    assert [ends.pop(sides[0] - 1), ends.pop(sides[-1] + 1)] == [5, 7]
    assert set(ends.values()) == {6}


@pytest.mark.parametrize("shape", [(1, 1, 227, 227), (3, 227, 227)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\), got"):
        small()(torch.zeros(shape))


@pytest.mark.parametrize("kind", [AlexNet, AlexNetTower])
@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width", "fc_width"])
def test_options_of_no_use_are_named(kind: Any, name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        kind(**({"width": 6} | {name: 0}))


def test_widths_that_do_not_divide_are_named():
    with pytest.raises(OptionError, match=r"width: expected a multiple of 6, got 64; the nearest is 66"):
        AlexNet(width=64)
    with pytest.raises(OptionError, match=r"width: expected a multiple of 3, got 2; the nearest is 3"):
        AlexNet(width=2, groups=1)
    with pytest.raises(OptionError, match=r"groups: expected 1 or 2, got 3; the paper has two GPUs"):
        AlexNet(groups=3)
