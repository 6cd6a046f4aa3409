"""Each operator's rule, held against gradients at every place of a small net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.geometry import probe_field, survey
from reference.geometry.field import Span

Forward = Callable[["Net", Tensor], Any]


class Net(nn.Module):
    """Two convolutions and a function that uses them."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.stem = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.same = nn.Conv2d(4, 4, 3, padding=1)
        self.point = nn.Conv2d(4, 4, 1)
        self.up = nn.ConvTranspose2d(4, 4, 4, 2, 1)
        self.norm = nn.BatchNorm2d(4)
        self.dense = nn.Linear(4, 4)
        self.run = forward

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


def unpooled(net: Net, x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """Conv, pool, conv, unpool, conv."""
    y = net.conv(x)
    z, indices = F.max_pool2d(y, kernel, stride, padding, return_indices=True)
    return net.same(F.max_unpool2d(net.same(z), indices, kernel, stride, padding, list(y.shape[2:])))


def u_net(net: Net, x: Tensor) -> Tensor:
    """One level, skip cropped and concatenated."""
    skip = net.conv(x)
    y = net.up(net.same(F.max_pool2d(skip, 2)))
    return net.same(skip[:, :, 1:-1, 1:-1] + y[:, :, 1:-1, 1:-1])


def shuffled(net: Net, x: Tensor) -> Tensor:
    """Channel shuffle: views that keep height and width."""
    y = net.stem(x)
    N, C, H, W = y.shape
    return net.same(y.view(N, 2, C // 2, H, W).transpose(1, 2).reshape(N, C, H, W))


def by_positions(net: Net, x: Tensor) -> Tensor:
    """A dense layer at each position of the flattened map, and back."""
    y = net.stem(x)
    N, C, H, W = y.shape
    return net.dense(y.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(N, C, H, W)


def attention(net: Net, x: Tensor) -> Tensor:
    """All positions take from all positions."""
    y = net.stem(x)
    N, C, H, W = y.shape
    flat = y.view(N, C, H * W)
    weights = torch.softmax(flat.transpose(1, 2) @ flat, 2)
    return y + (flat @ weights.transpose(1, 2)).view(N, C, H, W)


def excited(net: Net, x: Tensor) -> Tensor:
    """Squeeze and excitation."""
    y = net.stem(x)
    return y * torch.sigmoid(net.dense(y.mean((2, 3))))[:, :, None, None]


def option_a(net: Net, x: Tensor) -> Tensor:
    """ResNet's shortcut without parameters: every second pixel, and channels of zeros."""
    y = net.conv(x)
    short = F.pad(y[:, :2, ::2, ::2], (0, 0, 0, 0, 1, 1))
    return short + net.stem(x)


def im2col(net: Net, x: Tensor) -> Tensor:
    """A convolution as torch's unfold along both axes."""
    y = F.pad(net.stem(x), (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)  # (N, C, H, W, 3, 3)
    return torch.einsum("nchwij,ocij->nohw", y, net.same.weight)


def affinity(net: Net, x: Tensor) -> Tensor:
    """Double attention's way: gather over all positions, distribute to each."""
    y = net.stem(x)
    flat = y.flatten(2)
    gathered = flat @ torch.softmax(net.point(y).flatten(2), 2).transpose(1, 2)  # (N, C, C)
    return y + (gathered @ torch.softmax(net.same(y).flatten(2), 1)).unflatten(2, y.shape[2:])


def weighted_mean(net: Net, x: Tensor) -> Tensor:
    """One vector for all places, by products of a matrix and a vector."""
    y = net.stem(x).flatten(2)[0]  # (C, H*W)
    weights = torch.softmax(y.T @ net.dense.bias + torch.zeros_like(y[0]), 0)
    return (y @ weights)[None]


def bordered(net: Net, x: Tensor) -> Tensor:
    """Padding by writing into a larger tensor, as one does without `pad`."""
    y = net.stem(x)
    z = y.new_zeros(1, 4, y.shape[2] + 2, y.shape[3] + 2)
    z[:, :, 1:-1, 1:-1] = y
    return net.same(z)


def filled(net: Net, x: Tensor) -> Tensor:
    """Concatenation by writing, and a part changed in place."""
    y = net.stem(x)
    z = torch.zeros(1, 8, *y.shape[2:], dtype=y.dtype)
    z[:, :4] = y
    z[:, 4:] = net.same(y)
    z[:, 2:6].relu_()
    return z


def levels(net: Net, x: Tensor) -> Tensor:
    """A coarse map enlarged onto a finer one, from a pool whose windows overlap."""
    fine = net.stem(x)
    coarse = net.same(F.max_pool2d(fine, 3, 2, 1))
    return net.same(fine + F.interpolate(coarse, size=fine.shape[2:]))


NETS: dict[str, Forward] = {
    "a residual block": lambda net, x: F.relu(net.norm(net.same(net.stem(x))) + net.point(net.stem(x))),
    "branches of unequal depth": lambda net, x: torch.cat([net.stem(x), net.same(net.same(net.stem(x)))], 1),
    "response normalisation": lambda net, x: F.local_response_norm(net.stem(x), 3),
    "average pooling": lambda net, x: F.avg_pool2d(net.conv(x), (3, 2), (2, 3)),
    "ceil mode": lambda net, x: F.max_pool2d(net.conv(x), 3, 2, ceil_mode=True),
    "nearest upsampling": lambda net, x: net.same(F.interpolate(net.stem(x), scale_factor=3)),
    "nearest to an odd size": lambda net, x: net.same(F.interpolate(net.stem(x), size=(21, 17))),
    "bilinear upsampling": lambda net, x: F.interpolate(net.stem(x), scale_factor=2, mode="bilinear"),
    "bilinear, corners aligned": lambda net, x: F.interpolate(
        net.stem(x), size=(19, 31), mode="bilinear", align_corners=True
    ),
    "transposed convolution": lambda net, x: net.same(net.up(net.stem(x))),
    "adaptive pooling": lambda net, x: F.adaptive_avg_pool2d(net.stem(x), (5, 3)),
    "adaptive max pooling": lambda net, x: F.adaptive_max_pool2d(net.stem(x), (4, 4)),
    "unpooling": lambda net, x: unpooled(net, x, 2, 2, 0),
    "overlapping unpooling": lambda net, x: unpooled(net, x, 3, 2, 1),
    "a skip connection": u_net,
    "a channel shuffle": shuffled,
    "a dense layer at each position": by_positions,
    "attention": attention,
    "double attention": affinity,
    "a weighted mean of places": weighted_mean,
    "a border written around": bordered,
    "channels written one after the other": filled,
    "a pyramid": levels,
    "squeeze and excitation": excited,
    "a shortcut without parameters": option_a,
    "unfolded windows": im2col,
    "softmax over the classes": lambda net, x: torch.softmax(net.stem(x), 1),
    "a reflected border": lambda net, x: F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), net.conv.weight),
    "split channels": lambda net, x: net.point(torch.cat(list(reversed(net.stem(x).chunk(2, 1))), 1)),
    "stacked scores": lambda net, x: torch.stack([net.stem(x), net.point(net.stem(x))]).amax(0),
    "one row": lambda net, x: net.conv(x)[:, :, 5:6, :],
    "a row selected": lambda net, x: net.conv(x).select(2, 5).unsqueeze(2),
    "a dense layer": lambda net, x: net.dense(net.stem(x).amax(2)[:, :, 3]),
    "a global pooling": lambda net, x: net.dense(F.adaptive_avg_pool2d(net.stem(x), 1).flatten(1)),
    "upsampled context": lambda net, x: (
        net.stem(x) + F.interpolate(F.adaptive_avg_pool2d(net.stem(x), 1), size=net.stem(x).shape[2:])
    ),
    "in place on a view": lambda net, x: net.stem(x).view(1, 4, -1).relu_().view(1, 4, 12, 10),
    "repeated": lambda net, x: net.stem(x).repeat(1, 2, 1, 1),
    "expanded": lambda net, x: net.stem(x).amax((2, 3), keepdim=True).expand(-1, -1, 3, 3),
}
SHAPE = (1, 2, 24, 20)


def cut(span: Span, side: int) -> tuple[int, int]:
    assert span is not None
    return max(0, span[0]), min(side - 1, span[1])


@pytest.mark.parametrize("name", NETS)
def test_what_a_rule_says_is_what_the_gradient_reaches(name: str):
    net = Net(NETS[name])
    found = survey(net, SHAPE)
    assert found.fields is not None
    height, width = (*found.output_shape, 1, 1)[2:4]
    middle = height // 2, width // 2
    for place in {(0, 0), middle, (middle[0], max(0, middle[1] - 1)), (height - 1, width - 1)}:
        region = probe_field(net, SHAPE, place)
        down, right = (field.span(index) for field, index in zip(found.fields, place, strict=True))
        assert (region.rows, region.columns) == (cut(down, 24), cut(right, 20)), place


UNSAID: dict[str, Forward] = {
    "two images beside each other": lambda net, x: torch.cat([net.conv(x), net.conv(x)], 2),
    "branches that drift apart": lambda net, x: net.conv(x)[:, :, :12, :10] + net.stem(x),
    "a pyramid of odd sides": lambda net, x: (
        net.stem(x) + F.interpolate(F.max_pool2d(net.stem(x), 5, 3, 2), size=(12, 10))
    ),
    "gathered by numbers": lambda net, x: net.conv(x).flatten(2).gather(2, torch.zeros(1, 4, 5, dtype=torch.int64)),
    "written with steps": lambda net, x: _written_into(net.conv(x)),
    "a kernel from the image": lambda net, x: F.conv2d(x, net.conv(x).mean((2, 3)).view(2, 2, 1, 1)),
    "flipped": lambda net, x: net.conv(x).flip(3),
    "repeated beside each other": lambda net, x: net.conv(x).repeat(1, 1, 2, 1),
    "split into halves of the image": lambda net, x: net.conv(x).chunk(2, 2)[0],
}


def _written_into(y: Tensor) -> Tensor:
    z = torch.zeros(1, 4, 48, 20)
    z[:, :, ::2] = y
    return z


@pytest.mark.parametrize("name", UNSAID)
def test_where_it_cannot_be_said_there_is_none(name: str):
    assert survey(Net(UNSAID[name]), SHAPE).fields is None


def test_a_field_ends_and_the_costs_go_on():
    def forward(net: Net, x: Tensor) -> Tensor:
        y = net.conv(x).index_select(2, torch.tensor([5, 1]))
        z: Tensor = net.dense(net.same(y).mean((2, 3)))
        return z

    found = survey(Net(forward), SHAPE)
    assert [(row.operation, row.fields is None) for row in found.layers] == [
        ("convolution", False), ("convolution", True), ("global pooling", True), ("dense", True)
    ]  # fmt: skip
    assert found.macs == 24 * 20 * 72 + 2 * 20 * 144 + 16


def test_a_u_nets_outputs_see_188_or_204_pixels():
    def forward(net: Net, x: Tensor) -> Tensor:
        down = []
        for _ in range(4):
            x = F.conv2d(F.conv2d(x, ones), ones)
            down.append(x)
            x = F.max_pool2d(x, 2)
        x = F.conv2d(F.conv2d(x, ones), ones)
        for skip in reversed(down):
            x = F.conv_transpose2d(x, ones[:, :, :2, :2], stride=2)
            crop = (skip.shape[2] - x.shape[2]) // 2
            x = F.conv2d(F.conv2d(x + skip[:, :, crop:-crop, crop:-crop], ones), ones)
        return x

    ones = torch.ones(1, 1, 3, 3, device="meta")
    found = survey(Net(forward).to("meta"), (1, 1, 572, 572))
    assert found.output_shape == (1, 1, 388, 388)
    assert found.field is not None
    assert found.field.sizes == (188, 204)  # by the phase of the poolings
    assert (found.field.period, found.field.jump) == (16, 1)
