"""ResNet: counts, work and fields of both versions, what a block adds, shortcuts with and without weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import probe_field, survey
from reference.layers import batch_norm2d, correlate2d, max_pool2d, relu
from reference.models import CifarResNet, ResNet, parameter_count
from reference.models.resnet import RESNET_TABLE, ResidualBlock, ZeroPadShortcut
from tests.smoke import DEVICES, assert_learns

DEPTHS = tuple(RESNET_TABLE)


def on_meta(depth: int = 50, kind: Any = ResNet, **options: Any) -> Any:
    with torch.device("meta"):
        return kind(depth, **options)


def small(depth: int = 50, **options: Any) -> ResNet:
    return ResNet(depth, **({"num_classes": 3, "width": 1} | options))


MAKERS = (
    lambda: small(18),
    lambda: small(50, version="v1.5"),
    lambda: CifarResNet(8, num_classes=3, width=2),
)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_counts_are_those_in_print(depth: int):
    net = on_meta(depth)
    assert parameter_count(net) == published(f"resnet.parameters_{depth}").value
    v15 = on_meta(depth, version="v1.5")
    assert {k: w.shape for k, w in net.state_dict().items()} == {k: w.shape for k, w in v15.state_dict().items()}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("version", ["v1", "v1.5"])
def test_the_versions_are_told_apart_by_work_and_field(depth: int, version: str):
    found = survey(on_meta(depth, version=version), (1, 3, 224, 224))
    suffix = "_v1" if version == "v1" and depth >= 50 else ""
    assert found.macs == published(f"resnet.macs_{depth}{suffix}").value
    assert published(f"resnet.macs_{depth}_torchvision").agrees(found.macs) == (not suffix)
    assert found.activations == published(f"resnet.activations_{depth}{suffix}").value
    fields = [found.layer(f"res{s}.{RESNET_TABLE[depth][s - 2] - 1}").field for s in (2, 3, 4, 5)]
    sizes = [field.size for field in fields if field]
    assert sizes == FIELDS[depth, version]
    assert sizes[3] == published(f"resnet.receptive_field_{depth}{suffix}").value
    assert [field.jump for field in fields if field] == [4, 8, 16, 32]


# After the last block of each stage: 11 after pool1, then 2*jump more for every 3x3.
FIELDS = {
    (18, "v1"): [43, 99, 211, 435],
    (34, "v1"): [59, 179, 547, 899],
    (50, "v1"): [35, 99, 291, 483],
    (101, "v1"): [35, 99, 835, 1027],
    (152, "v1"): [35, 163, 1315, 1507],
    (18, "v1.5"): [43, 99, 211, 435],
    (34, "v1.5"): [59, 179, 547, 899],
    (50, "v1.5"): [35, 91, 267, 427],
    (101, "v1.5"): [35, 91, 811, 971],
    (152, "v1.5"): [35, 155, 1291, 1451],
}


@pytest.mark.parametrize(("version", "side"), [("v1", 83), ("v1.5", 75)])
def test_the_field_is_measured_too(version: str, side: int):
    class FirstBlocks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            net = small(version=version)
            self.layers = nn.Sequential(net.stem, net.res2, net.res3[:3])

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.layers(x)
            return y

    assert probe_field(FirstBlocks(), (1, 3, 208, 208), (13, 13)).size == side


def test_parts_of_resnet50():
    net = on_meta(50)
    parts = {name: parameter_count(part) for name, part in net.named_children() if parameter_count(part)}
    assert parts == {
        "stem": 9_536,
        "res2": 215_808,
        "res3": 1_219_584,
        "res4": 7_098_368,
        "res5": 14_964_736,
        "fc": 2_049_000,
    }


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_depth_counts_the_layers_on_the_longest_way(depth: int):
    net = on_meta(depth)
    layers = [name for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len([name for name in layers if "shortcut" not in name]) == depth
    projections = [name.split(".shortcut")[0] for name in layers if "shortcut" in name]
    assert projections == [f"res{stage}.0" for stage in ((3, 4, 5) if depth < 50 else (2, 3, 4, 5))]


@pytest.mark.parametrize("depth", [18, 50])
def test_every_convolution_is_normalised_and_has_no_bias(depth: int):
    net = on_meta(depth)
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert all(layer.bias is None for layer in convolutions)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules()) == len(convolutions)
    assert net.fc.bias is not None


@pytest.mark.parametrize(("version", "strides"), [("v1", (2, 1, 1)), ("v1.5", (1, 2, 1))])
def test_where_the_stride_stands(version: str, strides: tuple[int, ...]):
    net = on_meta(50, version=version)
    for stage in (net.res3, net.res4, net.res5):
        body = stage[0].body
        assert (body.conv1.stride[0], body.conv2.stride[0], body.conv3.stride[0]) == strides
        assert {layer.stride for layer in stage[1:].modules() if isinstance(layer, nn.Conv2d)} == {(1, 1)}
        assert stage[0].shortcut.conv.stride == (2, 2)
    assert {layer.stride for layer in net.res2.modules() if isinstance(layer, nn.Conv2d)} == {(1, 1)}


def test_sides_are_56_28_14_7():
    shapes = [tuple(y.shape) for y in on_meta(50).stages(torch.zeros(1, 3, 224, 224, device="meta"))]
    assert shapes == [(1, 256, 56, 56), (1, 512, 28, 28), (1, 1024, 14, 14), (1, 2048, 7, 7)]
    basic = [tuple(y.shape) for y in on_meta(18).stages(torch.zeros(1, 3, 224, 224, device="meta"))]
    assert basic == [(1, 64, 56, 56), (1, 128, 28, 28), (1, 256, 14, 14), (1, 512, 7, 7)]


@pytest.mark.parametrize("depth", [18, 50])
def test_a_block_whose_last_scale_is_0_is_the_relu_of_its_shortcut(depth: int):
    net = small(depth, width=2)
    for stage in (net.res2, net.res3):
        for block in (stage[0], stage[1]):
            last = [layer for layer in block.body if isinstance(layer, nn.BatchNorm2d)][-1]
            nn.init.zeros_(last.weight)
            x = torch.randn(2, next(block.body.parameters()).shape[1], 6, 5)
            torch.testing.assert_close(block(x), relu(block.shortcut(x)))
    assert isinstance(net.res2[1].shortcut, nn.Identity)


def test_no_relu_stands_before_the_addition():
    block: Any = small().res2[1]
    nn.init.zeros_(block.body.norm3.weight)
    nn.init.constant_(block.body.norm3.bias, -1.0)  # the body takes 1 away
    x = 3 * torch.rand(2, 4, 5, 5)
    torch.testing.assert_close(block(x), relu(x - 1))


def test_the_gradient_reaches_the_input_through_all_identities():
    net = small(34).double()
    blocks: Any = nn.Sequential(*net.res4[1:])  # five blocks of one shape
    for block in blocks:
        nn.init.zeros_(block.body.norm2.weight)
    x = torch.rand(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    blocks(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones_like(x))


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("version", ["v1", "v1.5"])
def test_the_net_is_built_of_the_reference_layers(depth: int, version: str):
    net = small(depth, version=version).double()
    x = torch.randn(3, 3, 33, 20, dtype=torch.float64)
    got = net(x)
    y = max_pool2d(relu(normed(net.stem.conv1, net.stem.norm1, x)), 3, stride=2, padding=1).y
    for stage in (net.res2, net.res3, net.res4, net.res5):
        for block in stage:  # type: ignore[union-attr]
            z: Any = y
            last = 2 if depth == 18 else 3
            for number in range(1, last + 1):
                z = normed(getattr(block.body, f"conv{number}"), getattr(block.body, f"norm{number}"), z)
                z = relu(z) if number < last else z
            projected = not isinstance(block.shortcut, nn.Identity)
            y = relu(z + (normed(block.shortcut.conv, block.shortcut.norm, y) if projected else y))
    torch.testing.assert_close(got, y.mean((2, 3)) @ net.fc.weight.T + net.fc.bias)


def normed(convolution: Any, norm: Any, x: Tensor) -> Tensor:
    y = correlate2d(x, convolution.weight, stride=convolution.stride, padding=convolution.padding)
    return batch_norm2d(y, norm.weight, norm.bias, training=True).y


def test_weights_start_by_hes_rule():
    net = small(18, width=64)
    weight: Any = net.res3[0].body.conv2.weight  # type: ignore[index, union-attr]
    assert weight.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_cifar_nets_have_no_parameters_in_shortcuts(depth: int):
    net = on_meta(depth, CifarResNet)
    assert parameter_count(net) == published(f"resnet.parameters_cifar_{depth}").value
    layers = [name for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth
    assert survey(net, (1, 3, 32, 32)).macs == published(f"resnet.macs_cifar_{depth}").value


def test_the_deepest_cifar_net():
    assert parameter_count(on_meta(1202, CifarResNet)) == published("resnet.parameters_cifar_1202").value == 19_421_274


def test_cifar_nets_end_in_8_and_see_81_pixels():
    found = survey(on_meta(20, CifarResNet), (1, 3, 32, 32))
    assert found.layer("layers.stage3.2").output_shape == (1, 64, 8, 8)
    field = found.layer("layers.stage3.2").field
    assert field is not None
    assert (field.size, field.jump, field.start) == (81, 4, -40)


def test_option_a_thins_out_and_fills_up_with_zeros():
    x = torch.arange(1.0, 16.0).reshape(1, 1, 3, 5)
    y = ZeroPadShortcut(3, 2)(x)
    assert y[0, 0].tolist() == [[1, 3, 5], [11, 13, 15]]
    assert y.shape == (1, 3, 2, 3)
    assert not y[:, 1:].any()
    assert not list(ZeroPadShortcut(3, 2).parameters())


def test_the_cifar_net_is_built_of_the_reference_layers():
    net: Any = CifarResNet(8, num_classes=3, width=2).double()
    x = torch.randn(2, 3, 9, 11, dtype=torch.float64)
    y = relu(normed(net.layers.conv1, net.layers.norm1, x))
    for stage in (net.layers.stage1, net.layers.stage2, net.layers.stage3):
        body = stage[0].body
        z = normed(body.conv2, body.norm2, relu(normed(body.conv1, body.norm1, y)))
        if stage is not net.layers.stage1:
            y = torch.cat([y[:, :, ::2, ::2], torch.zeros_like(z[:, y.shape[1] :])], dim=1)
        y = relu(z + y)
    torch.testing.assert_close(net(x), y.mean((2, 3)) @ net.fc.weight.T + net.fc.bias)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("make", MAKERS)
def test_it_learns_a_tiny_batch(make: Any, device: str):
    net, x = make().to(device), torch.randn(3, 3, 33, 33, device=device)
    labels = torch.tensor([0, 1, 2], device=device)
    assert_learns(lambda: F.cross_entropy(net(x), labels), net.parameters())


@pytest.mark.gpu
@pytest.mark.parametrize("make", MAKERS)
def test_the_device_does_not_matter(make: Any):
    net, x = make().double().eval(), torch.randn(1, 3, 45, 50, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


def test_a_block_is_a_sum():
    block = ResidualBlock(nn.Sequential(nn.Identity()), nn.Identity())
    assert block(torch.tensor([-1.0, 2.0])).tolist() == [0, 4]


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64), (1, 3, 0, 64)])
@pytest.mark.parametrize("make", MAKERS)
def test_batches_that_do_not_fit_are_named(make: Any, shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\) with H and W of at least 1, got"):
        make()(torch.zeros(shape))


def test_depths_and_versions_that_are_none_are_named():
    with pytest.raises(OptionError, match=r"depth: expected 18, 34, 50, 101 or 152, got 51; other depths"):
        ResNet(51)
    with pytest.raises(OptionError, match=r"version: expected 'v1' or 'v1.5', got 'v2'"):
        ResNet(18, version="v2")
    with pytest.raises(OptionError, match=r"depth: expected 6n \+ 2: 20, 32, 44, ..., got 30; the nearest is 32"):
        CifarResNet(30)
    with pytest.raises(OptionError, match=r"depth: expected an integer of at least 8, got 2"):
        CifarResNet(2)


@pytest.mark.parametrize("kind", [ResNet, CifarResNet])
@pytest.mark.parametrize("name", ["in_channels", "num_classes", "width"])
def test_options_of_no_use_are_named(kind: Any, name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        kind(**{name: 0})
