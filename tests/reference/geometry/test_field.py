"""Receptive fields of layer lists: by walking down, by gradients, and against print."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError
from reference.facts import published
from reference.geometry import Layer, ReceptiveField, TransposedLayer, receptive_field, receptive_field_steps
from tests import oracles

LAYERS = st.lists(
    st.builds(Layer, st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)), max_size=4
)

LENET = [Layer(5), Layer(2, 2), Layer(5), Layer(2, 2)]
ALEXNET = [Layer(11, 4), Layer(3, 2), Layer(5, 1, 2), Layer(3, 2), *[Layer(3, 1, 1)] * 3, Layer(3, 2), Layer(6)]
VGG = [layer for convs in (2, 2, 3, 3, 3) for layer in [*[Layer(3, 1, 1)] * convs, Layer(2, 2)]] + [Layer(7)]


@given(LAYERS, st.integers(0, 3))
def test_the_receptive_field_is_what_one_finds_walking_down(layers: list[Layer], index: int):
    field = receptive_field(layers)
    rows = [(layer.kernel_size, layer.stride, layer.padding, layer.dilation) for layer in layers]
    first, last = oracles.seen_pixels(rows, index)
    assert field.pixels(index) == (first, last)
    assert field.size == last - first + 1
    assert oracles.seen_pixels(rows, index + 1)[0] - first == field.jump


@given(LAYERS)
def test_the_receptive_field_is_where_the_gradient_is(layers: list[Layer]):
    field = receptive_field(layers)
    x = torch.zeros(1, 1, 3 * field.size + 100, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in layers:
        weight = torch.ones(1, 1, layer.kernel_size, dtype=torch.float64)
        y = F.conv1d(y, weight, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
    index = y.shape[2] // 2
    y[0, 0, index].backward()
    assert x.grad is not None
    reached = x.grad[0, 0].nonzero().flatten()
    assert (int(reached[0]), int(reached[-1])) == field.pixels(index)


def test_receptive_fields_in_print():
    assert receptive_field(LENET[:3]).size == published("lenet5.receptive_field_c3").value == 14
    assert receptive_field(ALEXNET[:7]).size == published("alexnet.receptive_field_conv5").value == 163
    assert receptive_field(ALEXNET[:8]).size == published("alexnet.receptive_field_pool5").value
    assert receptive_field(ALEXNET).size == published("alexnet.receptive_field_fc6").value
    assert receptive_field(VGG[:17]).size == published("vgg16.receptive_field_conv5_3").value == 196
    assert receptive_field(VGG).size == published("vgg16.receptive_field_fc6").value == 404
    pool5 = receptive_field(VGG[:18])
    assert pool5.size == published("vgg16.receptive_field_pool5").value
    assert pool5.jump == published("vgg16.receptive_field_jump_pool5").value
    assert pool5.padding == published("vgg16.receptive_field_padding_pool5").value


def test_all_of_a_net_step_by_step():
    assert [step.after.size for step in receptive_field_steps(LENET)] == [5, 6, 14, 16]
    assert [step.after.jump for step in receptive_field_steps(LENET)] == [1, 2, 2, 4]
    assert [step.after.size for step in receptive_field_steps(ALEXNET)] == [11, 19, 51, 67, 99, 131, 163, 195, 355]
    sizes = [step.after.size for step in receptive_field_steps(VGG)]
    assert sizes == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212, 404]
    assert str(receptive_field_steps([Layer(3, dilation=2)])[0]) == "1 + 2*(3 - 1)*1 = 5"


def test_neighbouring_fields_of_c2_overlap_by_12_and_the_last_starts_at_18():
    field = receptive_field(LENET[:3])
    assert (field.jump, field.overlap) == (2, 12)
    assert field.pixels(9) == (18, 31)  # 32 x 32 input, 10 x 10 nodes


def test_enlarged_images_are_followed_position_by_position():
    pooled_and_back = [Layer(3), Layer(4, 4), TransposedLayer(4, 4)]
    field = receptive_field(pooled_and_back)
    assert [field.pixels(index) for index in range(3, 6)] == [(0, 5), (4, 9), (4, 9)]
    assert (field.size, field.jump, field.period, field.sizes) == (6, 1, 4, (6,))
    wider = receptive_field([*pooled_and_back, Layer(3, padding=1)])
    assert wider.sizes == (6, 10)  # inside one block, and across the border of two
    assert (wider.size, wider.overlap, wider.padding) == (10, 9, 4)
    steps = receptive_field_steps(pooled_and_back)
    assert str(steps[-1]) == "6 -> 6 at most, jump 1"


def test_a_stride_that_picks_every_block_once_makes_fields_alike_again():
    assert receptive_field([Layer(2, 2), TransposedLayer(2, 2), Layer(1, 2)]) == ReceptiveField(size=2, jump=2, start=0)


def test_a_gap_of_a_transposed_convolution_sees_nothing():
    field = receptive_field([TransposedLayer(1, 2)])
    assert (field.pixels(2), field.span(3), field.sizes) == ((1, 1), None, (0, 1))
    with pytest.raises(OptionError, match="index: expected an output that sees the input, got 3; its neighbours do"):
        field.pixels(3)


def test_branches_are_seen_together_unless_they_drift_apart():
    small, large = receptive_field([Layer(3, 2, 1)]), receptive_field([Layer(3, 1, 1), Layer(3, 2, 1)])
    assert small.united(large) == large.united(small) == large
    assert small.united(receptive_field([Layer(3, padding=1)])) is None


def test_without_layers_one_sees_oneself():
    assert receptive_field([]) == ReceptiveField(size=1, jump=1, start=0)
    assert ReceptiveField(size=2, jump=5).overlap == 0


def wrong_field(layers: list[Layer], mistake: str) -> int:
    """The receptive field as students get it wrong, to see that the right one is none of these."""
    size, jump = (0 if mistake == "k for k - 1" else 1), 1
    if mistake == "sum of the kernels":
        return sum(layer.kernel_size for layer in layers)
    for layer in layers:
        k, s, p = layer.kernel_size, layer.stride, layer.padding
        pooling = s == k or (k, s) == (3, 2)
        if mistake == "stride before its kernel":
            size += (k - 1) * jump * s
        elif mistake == "strides ignored":
            size += k - 1
        elif mistake == "pooling without its window":
            size += 0 if pooling else (k - 1) * jump
        elif mistake == "pooling skipped":
            size += 0 if pooling else k - 1
        elif mistake == "k for k - 1":
            size += k * jump
        elif mistake == "padding counted":
            size += (k - 1) * jump + 2 * p * jump
        elif mistake == "product of the kernels":
            size *= k
        jump *= s
    return size


@pytest.mark.parametrize(
    ("mistake", "c2", "vgg"),
    [
        ("stride before its kernel", 15, 211),
        ("strides ignored", 10, 31),
        ("pooling without its window", 13, 181),
        ("pooling skipped", 9, 27),
        ("k for k - 1", 17, 300),
        ("padding counted", 14, 376),
        ("sum of the kernels", 12, 47),
        ("product of the kernels", 50, 25509168),
    ],
)
def test_usual_mistakes_give_other_numbers(mistake: str, c2: int, vgg: int):
    assert wrong_field(LENET[:3], mistake) == c2
    assert wrong_field(VGG[:17], mistake) == vgg != receptive_field(VGG[:17]).size
