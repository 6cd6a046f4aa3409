"""The layer list, the survey and the probe: three ways to a receptive field that have to agree."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given
from torch import nn

from reference.errors import ShapeError
from reference.geometry import Layer, TransposedLayer, probe_field, receptive_field, survey

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
