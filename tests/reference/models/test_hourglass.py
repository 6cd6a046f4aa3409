"""Stacked Hourglass: counts in print, residuals that normalise first, branches that add, supervision everywhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import probe_field, survey
from reference.layers import batch_norm2d, correlate2d, max_pool2d, relu, resize_nearest2d
from reference.models import StackedHourglass, gaussian_heatmaps, hourglass_loss, parameter_count
from reference.models.hourglass import Hourglass, PreactResidual
from tests.smoke import DEVICES, assert_learns


def on_meta(**options: Any) -> StackedHourglass:
    with torch.device("meta"):
        return StackedHourglass(**options)


def small(**options: Any) -> StackedHourglass:
    return StackedHourglass(**({"stacks": 2, "width": 1, "num_key_points": 3} | options))


@pytest.mark.parametrize("stacks", [1, 2, 8])
def test_the_counts_are_those_of_the_released_definition(stacks: int):
    assert parameter_count(on_meta(stacks=stacks)) == published(f"hourglass.parameters_{stacks}_batch_norm").value


def test_the_counts_of_its_parts():
    net = on_meta()
    stem = parameter_count(net.stem, batch_norm=False), parameter_count(net.stem)
    assert stem == (350_848, 350_848 + 1_792)
    parts = [(parameter_count(stack, batch_norm=False), parameter_count(stack)) for stack in net.stacks]
    assert parts == 7 * [(3_129_104, 3_129_104 + 14_848)] + [(3_058_960, 3_058_960 + 14_848)]
    residual = PreactResidual(256, 256)
    assert (parameter_count(residual, batch_norm=False), parameter_count(residual)) == (213_504, 213_504 + 1_024)


@pytest.mark.parametrize("stacks", [1, 8])
def test_the_work_is_that_of_the_released_definition(stacks: int):
    work = survey(on_meta(stacks=stacks), (1, 3, 256, 256))
    assert work.macs == published(f"hourglass.macs_{stacks}").value
    assert work.activations == published(f"hourglass.activations_{stacks}").value


def test_the_stem_sees_29_pixels_in_steps_of_4():
    (last,) = [row for row in survey(on_meta(stacks=1), (1, 3, 256, 256)).layers if row.name == "stem.6"]
    assert last.field is not None
    assert (last.field.size, last.field.jump, last.field.start) == (29, 4, -13)
    assert last.output_shape == (1, 256, 64, 64)


def test_the_field_is_measured_too_and_depends_on_the_position():
    class FirstMaps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = small(stacks=1, order=2).eval()

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)[0]

    net, shape = FirstMaps(), (1, 3, 320, 320)
    field = survey(net, shape).field
    measured = [probe_field(net, shape, (place, place)).size for place in range(36, 40)]
    assert measured == [169, 185, 185, 169]  # four positions share a pixel of the waist, and stand elsewhere in it
    assert field is not None
    assert (field.size, field.sizes, field.jump) == (185, (169, 185), 4)


def test_256_pixels_give_eight_times_sixteen_maps_of_64():
    heatmaps = StackedHourglass(width=1).eval()(torch.zeros(1, 3, 256, 256))
    assert [maps.shape for maps in heatmaps] == 8 * [(1, 16, 64, 64)]


def test_the_waist_is_4_by_4():
    net, shapes_seen = small(stacks=1).eval(), []
    waist = net.stacks[0].hourglass.inner.inner.inner.inner
    waist.register_forward_hook(lambda _, __, y: shapes_seen.append(tuple(y.shape)))
    net(torch.zeros(1, 3, 256, 256))
    assert shapes_seen == [(1, 4, 4, 4)]


def residual(block: PreactResidual, x: Tensor) -> Tensor:
    """Work it out from the written-out layers: normalise, rectify, convolve, three times, and add."""
    y = x
    for norm, conv in (
        (block.branch[0], block.branch[2]),
        (block.branch[3], block.branch[5]),
        (block.branch[6], block.branch[8]),
    ):
        y = relu(batch_norm2d(y, norm.weight, norm.bias, training=True).y)
        y = correlate2d(y, conv.weight, conv.bias, padding=conv.kernel_size[0] // 2)
    skip = x if isinstance(block.skip, nn.Identity) else correlate2d(x, block.skip.weight, block.skip.bias)
    return skip + y


def hourglass(glass: Hourglass, x: Tensor) -> Tensor:
    """Work it out from the written-out layers."""
    low = residual(glass.lower[0], max_pool2d(x, 2).y)
    low = hourglass(glass.inner, low) if isinstance(glass.inner, Hourglass) else residual(glass.inner[0], low)
    low = residual(glass.after[0], low)
    return residual(glass.upper[0], x) + resize_nearest2d(low, (x.shape[2], x.shape[3]))


def test_the_net_is_built_of_the_reference_layers():
    net, x = small().double(), torch.randn(2, 3, 64, 128, dtype=torch.float64)
    conv, norm = net.stem[0], net.stem[1]
    y = correlate2d(x, conv.weight, conv.bias, stride=2, padding=3)
    y = residual(net.stem[3], relu(batch_norm2d(y, norm.weight, norm.bias, training=True).y))
    y = residual(net.stem[6], residual(net.stem[5], max_pool2d(y, 2).y))
    want = []
    for stack in net.stacks:
        features = residual(stack.features[0][0], hourglass(stack.hourglass, y))
        features = correlate2d(features, stack.features[1].weight, stack.features[1].bias)
        features = relu(batch_norm2d(features, stack.features[2].weight, stack.features[2].bias, training=True).y)
        want.append(correlate2d(features, stack.heatmaps.weight, stack.heatmaps.bias))
        if stack.features_back is not None:
            y = y + correlate2d(features, stack.features_back.weight, stack.features_back.bias)
            y = y + correlate2d(want[-1], stack.heatmaps_back.weight, stack.heatmaps_back.bias)
    got = net(x)
    for maps, wanted in zip(got, want, strict=True):
        torch.testing.assert_close(maps, wanted)


def test_a_residual_can_be_negative_and_passes_its_input_on():
    block = PreactResidual(4, 4)
    x = torch.randn(2, 4, 3, 5)
    assert (block(x) < 0).any()  # a ReLU after the addition would leave none
    nn.init.zeros_(block.branch[-1].weight)
    nn.init.zeros_(block.branch[-1].bias)
    assert torch.equal(block(x), x)
    assert [type(layer) for layer in block.branch] == 3 * [nn.BatchNorm2d, nn.ReLU, nn.Conv2d]
    assert all(layer.bias is not None for layer in block.branch if isinstance(layer, nn.Conv2d))


def test_coming_back_up_has_no_weights_and_the_skips_add():
    net = small()
    assert not [layer for layer in net.modules() if isinstance(layer, nn.ConvTranspose2d)]
    glass = net.stacks[0].hourglass.eval()
    x = torch.randn(1, 4, 16, 16)
    for part in (glass.upper, glass.after):  # silence both branches: only their identities are left
        for weight in part[0].branch[-1].parameters():
            nn.init.zeros_(weight)
    low = glass.inner(glass.lower(max_pool2d(x, 2).y))
    torch.testing.assert_close(glass(x), x + low.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_stacks_share_no_weights_and_see_what_the_one_before_believes():
    net = small().eval()
    weights = [{id(weight) for weight in stack.parameters()} for stack in net.stacks]
    assert not weights[0] & weights[1]
    x = torch.randn(1, 3, 64, 64)
    before = net(x)
    nn.init.constant_(net.stacks[0].heatmaps.bias, 5.0)  # another belief of the first stack
    after = net(x)
    assert not torch.allclose(before[1], after[1], atol=1e-4)
    assert net.stacks[-1].features_back is net.stacks[-1].heatmaps_back is None


def test_every_stack_is_supervised():
    net = small()
    heatmaps = net(torch.randn(2, 3, 64, 64))
    first = list(net.stacks[0].parameters())
    hourglass_loss([heatmaps[0].detach(), heatmaps[1]], torch.zeros_like(heatmaps[0])).backward(retain_graph=True)
    without = [None if weight.grad is None else weight.grad.clone() for weight in first]
    net.zero_grad()
    hourglass_loss(heatmaps, torch.zeros_like(heatmaps[0])).backward()
    assert all(grad is not None and weight.grad is not None for grad, weight in zip(without, first, strict=True))
    assert any(not torch.allclose(grad, weight.grad) for grad, weight in zip(without, first, strict=True))


def test_order_and_modules_are_options():
    assert small(order=2)(torch.zeros(2, 3, 16, 48))[0].shape == (2, 3, 4, 12)
    residuals = sum(isinstance(layer, PreactResidual) for layer in small(modules=2, order=3).modules())
    assert residuals == 3 + 2 * 2 * (3 * 3 + 1 + 1)  # stem; stacks * modules * (three a level, the waist, the last)


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_the_key_points_of_shapes(device: str):
    net = small(num_key_points=5, width=2).to(device)
    data = shapes(2, 64)
    targets = gaussian_heatmaps(data.key_points / 4, 16).to(device)
    images = data.images.to(device)
    assert_learns(lambda: hourglass_loss(net(images), targets), net.parameters(), lr=0.1)


def test_it_is_the_same_twice_in_eval_and_keeps_the_dtype():
    net, x = small().double().eval(), torch.randn(1, 3, 64, 64, dtype=torch.float64)
    assert all(torch.equal(*pair) for pair in zip(net(x), net(x), strict=True))
    assert {maps.dtype for maps in net(x)} == {torch.float64}


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(1, 3, 64, 128, dtype=torch.float64)
    want = net(x)
    for maps, wanted in zip(net.cuda()(x.cuda()), want, strict=True):
        torch.testing.assert_close(maps.cpu(), wanted)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 224, 224), r"multiples of 64, got \(1, 3, 224, 224\); the nearest size that works is 256 x 256"),
        ((1, 3, 256, 250), r"x: expected \(N, 3, H, W\) with H and W .* the nearest size that works is 256 x 256"),
        ((1, 1, 64, 64), r"x: expected \(N, 3, H, W\), got \(1, 1, 64, 64\)"),
        ((3, 64, 64), r"x: expected \(N, 3, H, W\), got \(3, 64, 64\)"),
    ],
)
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...], message: str):
    with pytest.raises(ShapeError, match=message):
        small()(torch.zeros(shape))


@pytest.mark.parametrize("name", ["in_channels", "num_key_points", "stacks", "width", "order", "modules"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        StackedHourglass(**{name: 0})
