"""A^2-Net: two soft-maxes over their own axes, blocks that start as identities, five of them in a ResNet-50."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import digits
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import cross_entropy, double_attention_block
from reference.models import A2Net, DoubleAttention, ResNet, attention_macs, parameter_count
from tests.smoke import DEVICES, assert_learns

ORDERS = pytest.mark.parametrize("order", ["gather", "affinity"])


def on_meta(kind: Any = A2Net, **options: Any) -> Any:
    with torch.device("meta"):
        return kind(**options)


def small(**options: Any) -> A2Net:
    return A2Net(**({"num_classes": 3, "width": 1} | options)).double()


def learned(C: int = 6, C_m: int = 3, C_n: int = 2, **options: Any) -> DoubleAttention:
    """A block whose last weight is no longer zero."""
    block = DoubleAttention(C, C_m, C_n, **options).double()
    nn.init.normal_(block.restore.weight)
    return block


def test_the_count_and_the_work_of_a_block_of_1024_channels():
    block = on_meta(DoubleAttention, channels=1024)
    assert parameter_count(block) == published("a2net.block_parameters").value == 1_048_576
    convs = [row for row in survey(block, (1, 1024, 14, 14)).layers if row.operation == "convolution"]
    assert sum(row.macs for row in convs) == published("a2net.block_conv_macs").value == 205_520_896
    assert [row.output_shape[1] for row in convs] == [256, 256, 256, 1024]
    assert attention_macs(256, 256, 196) == published("a2net.attention_macs").value
    assert attention_macs(256, 256, 196, order="affinity") == published("a2net.affinity_macs").value


@ORDERS
def test_the_products_cost_what_is_said(order: str):
    C_m, C_n, P = 3, 2, 35
    left, right = ((C_m, P, C_n), (C_m, C_n, P)) if order == "gather" else ((C_n, P, P), (C_m, P, P))
    steps = [a * b * c for a, b, c in (left, right)]
    assert attention_macs(C_m, C_n, P, order=order) == sum(steps)


def test_gathering_grows_with_the_positions_and_affinity_with_their_square():
    small, large = ([attention_macs(8, 8, P, order=order) for order in ("gather", "affinity")] for P in (100, 400))
    assert [b // a for a, b in zip(small, large, strict=True)] == [4, 16]


@ORDERS
def test_a_block_is_its_formula_position_by_position(order: str):
    block, x = learned(order=order), torch.randn(2, 6, 3, 4, dtype=torch.float64)
    phi, theta, rho, back = (layer.weight[:, :, 0, 0] for layer in (block.phi, block.theta, block.rho, block.restore))
    got = block(x)
    for n in range(2):
        columns = x[n].flatten(1)  # (C, P)
        A, scores, wishes = phi @ columns, theta @ columns, rho @ columns
        B = scores.exp() / scores.exp().sum(1, keepdim=True)  # each row over positions
        V = wishes.exp() / wishes.exp().sum(0, keepdim=True)  # each column over features
        want = columns + back @ (A @ B.T @ V)
        torch.testing.assert_close(got[n].flatten(1), want)
        wrong = wishes.exp() / wishes.exp().sum(1, keepdim=True)  # the usual mistake: over positions again
        assert not torch.allclose(got[n].flatten(1), columns + back @ (A @ B.T @ wrong), atol=1e-4)
    torch.testing.assert_close(got, double_attention_block(x, phi, theta, rho, back))


def test_moving_positions_around_moves_the_result_around():
    block, x = learned(), torch.randn(1, 6, 3, 4, dtype=torch.float64)
    places = torch.randperm(12)

    def move(y: Tensor) -> Tensor:
        return y.flatten(2)[:, :, places].reshape(y.shape)

    torch.testing.assert_close(block(move(x)), move(block(x)))


def test_every_position_sees_the_whole_image():
    block, x = learned(), torch.randn(1, 6, 3, 4, dtype=torch.float64).requires_grad_()
    (grad,) = torch.autograd.grad(block(x)[0, 0, 0, 0], x)
    assert (grad.abs().amax(1) > 0).all()


def test_a_new_block_is_the_identity_and_its_last_weight_learns_first():
    block, x = DoubleAttention(8), torch.randn(2, 8, 3, 4)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.restore.weight.grad.any()
    assert not any(layer.weight.grad.any() for layer in (block.phi, block.theta, block.rho))


def test_a_new_net_gives_the_answers_of_the_resnet_it_started_from():
    resnet = ResNet(50, num_classes=3, width=1).double().eval()
    net = small().eval()
    missing, unexpected = net.load_state_dict(resnet.state_dict(), strict=False)
    assert unexpected == []
    assert len(missing) == 5 * 4
    assert all(".attention" in name for name in missing)
    x = torch.randn(2, 3, 64, 48, dtype=torch.float64)
    assert torch.equal(net(x), resnet(x))
    for block in net.modules():
        if isinstance(block, DoubleAttention):
            nn.init.normal_(block.restore.weight)
    assert not torch.allclose(net(x), resnet(x))


def test_five_blocks_stand_in_res3_and_res4():
    net = on_meta()
    names = [name for name, block in net.named_modules() if isinstance(block, DoubleAttention)]
    assert names == [f"res3.attention{i}" for i in (1, 3)] + [f"res4.attention{i}" for i in (1, 3, 5)]
    assert [name for name, _ in net.res3.named_children()] == ["0", "1", "attention1", "2", "3", "attention3"]
    assert {net.get_submodule(name).channels for name in names} == {512, 1024}


def test_the_net_has_over_40_percent_fewer_parameters_and_less_work_than_resnet_152():
    net, plain, deep = on_meta(), on_meta(ResNet, depth=50), on_meta(ResNet, depth=152)
    assert parameter_count(net) - parameter_count(plain) == 2 * 4 * 512 * 128 + 3 * 1_048_576
    assert parameter_count(net) == 29_227_048
    fewer = published("a2net.fewer_parameters_than_resnet152_percent").value
    assert parameter_count(net) < (1 - fewer / 100) * parameter_count(deep)
    convs = [survey(one, (1, 3, 224, 224)).macs for one in (net, plain, deep)]
    # 28 x 28 positions of 512 channels cost what 14 x 14 of 1024 do
    assert convs[0] - convs[1] == 5 * published("a2net.block_conv_macs").value
    products = 2 * attention_macs(128, 128, 28 * 28) + 3 * attention_macs(256, 256, 14 * 14)
    assert convs[0] + products < convs[2]


def test_places_are_options_for_every_depth():
    net = small(depth=18, places={2: (0,), 5: (0, 1)})
    names = [name for name, block in net.named_modules() if isinstance(block, DoubleAttention)]
    assert names == ["res2.attention0", "res5.attention0", "res5.attention1"]
    assert [net.get_submodule(name).channels for name in names] == [1, 8, 8]
    assert net.eval()(torch.zeros(1, 3, 40, 33).double()).shape == (1, 3)


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_digits(device: str):
    data = digits(8, 32)
    net = A2Net(in_channels=1, num_classes=10, width=2).to(device)
    images, labels = data.images.to(device), data.labels.to(device)
    assert_learns(lambda: cross_entropy(net(images), labels), net.parameters(), lr=0.05)
    assert all(block.restore.weight.any() for block in net.modules() if isinstance(block, DoubleAttention))


@pytest.mark.gpu
@ORDERS
def test_the_device_does_not_matter(order: str):
    block, x = learned(order=order), torch.randn(2, 6, 3, 4, dtype=torch.float64)
    want = block(x)
    torch.testing.assert_close(block.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: learned()(torch.zeros(6, 3, 4)), ShapeError, r"x: expected \(N, 6, H, W\) .* got \(6, 3, 4\)"),
        (lambda: learned()(torch.zeros(1, 5, 3, 4)), ShapeError, r"x: expected \(N, 6, H, W\) .* got \(1, 5, 3, 4\)"),
        (lambda: small()(torch.zeros(1, 1, 64, 64)), ShapeError, r"x: expected \(N, 3, H, W\) .* got \(1, 1, 64, 64\)"),
        (lambda: DoubleAttention(0), OptionError, "channels: expected an integer of at least 1, got 0"),
        (lambda: DoubleAttention(4, 0), OptionError, "feature_channels: expected an integer of at least 1, got 0"),
        (lambda: DoubleAttention(4, 1, 0), OptionError, "attention_channels: expected an integer of at least 1, got 0"),
        (lambda: DoubleAttention(4, order="both"), OptionError, "order: expected 'gather' or 'affinity', got 'both'"),
        (lambda: small(depth=20), OptionError, "depth: expected 18, 34, 50, 101 or 152, got 20"),
        (lambda: small(places={1: (0,)}), OptionError, "places: expected stages from 2 to 5, got 1"),
        (lambda: small(places={3: (4,)}), OptionError, "places: expected blocks of stage 3 from 0 to 3, got 4"),
        (lambda: small(depth=18), OptionError, "places: expected blocks of stage 3 from 0 to 1, got 3"),
        (lambda: attention_macs(1, 1, 0), OptionError, "positions: expected an integer of at least 1, got 0"),
        (lambda: attention_macs(1, 1, 1, order="x"), OptionError, "order: expected 'gather' or 'affinity', got 'x'"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
