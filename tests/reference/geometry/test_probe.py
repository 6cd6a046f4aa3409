"""The layer list, the survey and the probe: three ways to a receptive field that have to agree."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import assume, given
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import Layer, TransposedLayer, probe_field, receptive_field, survey
from reference.models import LeNet5Modern, SegNet, VGG16Features

WINDOWS = st.builds(Layer, st.integers(1, 3), st.integers(1, 2), st.integers(0, 1), st.integers(1, 2))
SPREADING = st.builds(TransposedLayer, st.integers(2, 4), st.integers(1, 2), st.integers(0, 1), st.integers(1, 2))
KINDS = st.sampled_from(["conv", "max", "average"])


def module_of(layer: Layer, kind: str) -> nn.Module:
    options: dict[str, Any] = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    if isinstance(layer, TransposedLayer):
        return nn.ConvTranspose2d(2, 2, layer.kernel_size, **options)
    if kind == "max" and 2 * layer.padding <= layer.kernel_size:
        return nn.MaxPool2d(layer.kernel_size, **options)
    if kind == "average" and layer.dilation == 1 and 2 * layer.padding <= layer.kernel_size:
        return nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding)
    return nn.Conv2d(2, 2, layer.kernel_size, groups=2, **options)


@given(st.lists(st.tuples(st.one_of(WINDOWS, SPREADING), KINDS), min_size=1, max_size=5))
def test_three_ways_agree_on_stacks_of_all_kinds(stack: list[tuple[Layer, str]]):
    net = nn.Sequential(*[nn.Sequential(module_of(*row), nn.ReLU()) for row in stack])
    found = survey(net, (1, 2, 96, 96))
    listed = receptive_field(layer for layer, _ in stack)
    assert found.field == listed
    middle = found.output_shape[2] // 2
    for position in range(middle, middle + min(3, listed.period)):
        span = listed.span(position)
        if span is None:
            with pytest.raises(ShapeError, match="position: expected an output that depends on the image"):
                probe_field(net, (1, 2, 96, 96), (position, position))
        else:
            assume(span[0] >= 0 and span[1] < 96)
            assert probe_field(net, (1, 2, 96, 96), (position, position)).rows == span


def test_a_max_pooling_is_seen_whole_and_a_relu_does_not_hide():
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.MaxPool2d(4))
    with torch.no_grad():
        net[0].weight.fill_(-1)  # every gradient of the model's own would be 0
    assert probe_field(net, (1, 1, 20, 20), (1, 1)).rows == (4, 9)


def test_what_cancels_is_still_seen():
    def forward(x: Tensor) -> Tensor:
        return torch.softmax(x, 1)  # whose sum over the classes never changes

    net = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1, bias=False))
    net.register_forward_hook(lambda module, args, y: forward(y))
    assert probe_field(net, (1, 1, 9, 9), (4, 4)).size == 5


def test_a_probe_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.MaxPool2d(2)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    probe_field(model, (2, 1, 9, 9))
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_middle_and_a_vector_need_no_position():
    net = nn.Conv2d(1, 1, (3, 5))
    region = probe_field(net, (1, 1, 11, 11))
    assert (region.rows, region.columns) == ((4, 6), (3, 7))
    assert (region.height, region.width) == (3, 5)
    assert probe_field(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), (1, 1, 3, 4)).columns == (0, 3)


@pytest.mark.gpu
def test_the_same_on_the_gpu():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.ConvTranspose2d(4, 2, 4, 2, 1)
    )
    here = survey(net, (1, 3, 64, 64)), probe_field(net, (1, 3, 64, 64))
    net.cuda()
    there = survey(net, (1, 3, 64, 64)), probe_field(net, (1, 3, 64, 64))
    assert [row.operation for row in here[0].layers] == [row.operation for row in there[0].layers]
    assert here == there


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: probe_field(nn.Conv2d(1, 1, 3, device="meta"), (1, 1, 9, 9)),
            OptionError,
            "model: expected a model with values, got one on the device meta; build a narrow one on the CPU",
        ),
        (
            lambda: probe_field(nn.Conv2d(1, 1, 3), (1, 1, 9, 9), (7, 0)),
            OptionError,
            r"position: expected a row below 7 and a column below 7, got \(7, 0\)",
        ),
        (
            lambda: probe_field(nn.Flatten(2), (1, 1, 9, 9)),
            ShapeError,
            r"model: expected a first output of \(N, C, H, W\) or \(N, C\), got \(1, 1, 81\)",
        ),
        (
            lambda: probe_field(nn.Conv2d(1, 1, (3, 5)), (1, 1, 9, 9)).size,
            ShapeError,
            "region: expected a square, got 3 x 5; ask for its height and width",
        ),
    ],
)
def test_probes_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()


LENET = [Layer(5), Layer(2, 2), Layer(5), Layer(2, 2), Layer(5)]


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3]), st.integers(1, 2), st.integers(1, 2)),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_branches_agree_in_residual_and_in_dense_stacks(blocks: list[tuple[int, int, int, int]], concatenate: bool):
    class Block(nn.Module):
        def __init__(self, first: int, second: int, stride: int, dilation: int) -> None:
            super().__init__()
            reach = dilation * (first - 1)
            self.body = nn.Sequential(
                nn.Conv2d(2, 2, first, stride, reach // 2, dilation), nn.ReLU(), nn.Conv2d(2, 2, second, 1, second // 2)
            )
            self.shortcut = nn.Conv2d(2, 2, 1, stride)
            self.joined = nn.Conv2d(4, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            y, short = self.body(x), self.shortcut(x)
            joined: Tensor = self.joined(torch.cat([y, short], 1)) if concatenate else torch.relu(y + short)
            return joined

    net = nn.Sequential(*[Block(*block) for block in blocks])
    field = survey(net, (1, 2, 96, 96)).field
    longest = [layer for k, m, s, d in blocks for layer in (Layer(k, s, d * (k - 1) // 2, d), Layer(m, 1, m // 2))]
    assert field == receptive_field(longest)
    middle = survey(net, (1, 2, 96, 96)).output_shape[2] // 2
    assert probe_field(net, (1, 2, 96, 96)).rows == field.pixels(middle)


def test_lenet_agrees_with_its_list():
    net = LeNet5Modern()
    field = survey(net, (1, 1, 32, 32)).layer("C5").field
    assert field == receptive_field(LENET)
    assert field is not None
    assert field.size == probe_field(net, (1, 1, 32, 32)).size == 32


def test_vggs_last_pooling_sees_212_pixels_each_way():
    net = VGG16Features(width=1, batch_norm=False)
    field = survey(net, (1, 3, 320, 320)).field
    assert field is not None
    region = probe_field(net, (1, 3, 320, 320), (5, 6))
    assert region.rows == field.pixels(5) == (70, 281)
    assert region.columns == (field.pixels(6)[0], 313)
    assert region.height == published("vgg16.receptive_field_pool5").value


def test_segnets_decoder_agrees_at_the_border():
    net = SegNet(width=1)
    field = survey(net, (1, 3, 64, 64)).field
    assert field is not None
    for index in (0, 63):
        first, last = field.pixels(index)
        assert probe_field(net, (1, 3, 64, 64), (index, index)).rows == (max(0, first), min(63, last))
