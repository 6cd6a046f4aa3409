"""Receptive fields in pictures: what is marked is what the arithmetic says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import Layer, receptive_field
from reference.models.projection import vgg16_layers
from reference.viz import field_on_image, field_rows
from reference.viz.style import PALE, TINTS

LAYERS = [Layer(3, padding=1), Layer(2, stride=2), Layer(3, padding=1), Layer(3, dilation=2)]


def units(figure: Figure, level: int) -> dict[int, str]:
    """Fill of every drawn unit of a row."""
    found = {}
    for patch in figure.axes[0].patches:
        row, unit = patch.get_gid().removeprefix("unit ").split(",")
        if int(row) == level:
            found[int(unit)] = to_hex(patch.get_facecolor())
    return found


def texts(axes) -> dict[str, str]:
    return {text.get_gid(): text.get_text() for text in axes.texts if text.get_gid()}


@settings(max_examples=25)
@given(
    layers=st.lists(
        st.builds(Layer, st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.integers(1, 3)),
        min_size=1,
        max_size=3,
    ),
    data=st.data(),
)
def test_marked_pixels_are_those_with_a_gradient_and_lie_in_the_field(layers: list[Layer], data: st.DataObject):
    x = torch.zeros(1, 1, 12, requires_grad=True)
    y = x
    for layer in layers:
        if y.shape[2] + 2 * layer.padding < layer.extent:
            return
        options = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        y = torch.nn.functional.conv1d(y, torch.ones(1, 1, layer.kernel_size), **options)
    index = data.draw(st.integers(0, y.shape[2] - 1))
    if y.requires_grad:
        y[0, 0, index].backward()
    wanted = set(torch.nonzero(x.grad[0, 0]).flatten().tolist())
    figure = field_rows(layers, 12, index, language="en")
    pixels = units(figure, 0)
    assert {unit for unit, fill in pixels.items() if fill == TINTS[1]} == wanted
    first, last = receptive_field(layers).pixels(index)
    marked = {unit for unit, fill in pixels.items() if fill in (TINTS[1], PALE)}
    assert all(first <= unit <= last for unit in marked)
    assert all(fill == PALE for unit, fill in pixels.items() if not 0 <= unit < 12)
    assert [unit for unit, fill in units(figure, len(layers)).items() if fill == TINTS[1]] == [index]


def test_inside_the_image_the_marked_pixels_reach_both_ends_of_the_field():
    pixels = units(field_rows(LAYERS, 40, 7, language="en"), 0)
    marked = [unit for unit, fill in pixels.items() if fill == TINTS[1]]
    assert (min(marked), max(marked)) == receptive_field(LAYERS).pixels(7)
    assert len(marked) == receptive_field(LAYERS).size == 16


def test_padding_sees_nothing():
    # Through the padding of the second layer a tap would lie on pixel 2; it does not count.
    pixels = units(field_rows([Layer(2, padding=1, dilation=3), Layer(2, padding=1)], 6, 0, language="en"), 0)
    assert {unit for unit, fill in pixels.items() if fill in (TINTS[1], PALE)} == {-1, 2}


def test_each_layer_is_named_with_its_numbers_and_its_growth():
    written = texts(field_rows(LAYERS, 16, names=["conv1", "pool1", "conv2", "conv3"], language="en").axes[0])
    assert written["name 0"] == "image"
    assert written["name 2"] == "pool1"
    assert written["layer 2"] == "kernel 2, stride 2"
    assert written["layer 4"] == "kernel 3, dilation 2"
    assert written["growth 1"] == "1 + (3 \u2212 1)·1 = 3"
    assert written["growth 4"] == "8 + 2·(3 \u2212 1)·2 = 16"


def test_lines_lead_from_each_marked_unit_to_its_taps():
    figure = field_rows([Layer(3), Layer(2, stride=2)], 8, 0, language="en")
    assert len(figure.axes[0].lines) == 2 * 3 + 2


def test_squares_on_the_image_are_the_fields_of_vgg16():
    names = [f"layer {n}" for n in range(18)]
    figure = field_on_image(vgg16_layers("pool5"), np.zeros((224, 224)), (3, 3), names=names, language="en")
    squares = {
        patch.get_gid(): patch for patch in figure.axes[0].patches if (patch.get_gid() or "").startswith("field")
    }
    widths = [squares[f"field {n}"].get_width() for n in range(1, 19)]
    assert widths == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212]
    first, last = receptive_field(vgg16_layers("pool5")).pixels(3)
    assert (squares["field 18"].get_x(), squares["field 18"].get_x() + 212) == (first, last + 1)
    middle = (first + last + 1) / 2
    for number, patch in squares.items():
        off = abs(patch.get_x() + patch.get_width() / 2 - middle)
        assert off <= receptive_field(vgg16_layers("pool5")).jump / 2, number
    assert texts(figure.axes[1])["size 18"] == "layer 17:  212 × 212"


def test_rows_and_columns_of_the_position_are_not_mixed_up():
    figure = field_on_image([Layer(3), Layer(2, stride=2)], np.zeros((3, 12, 30)), (0, 9), language="en")
    [square] = [patch for patch in figure.axes[0].patches if patch.get_gid() == "field 2"]
    assert (square.get_x(), square.get_y(), square.get_width()) == (18, 0, 4)


def test_the_image_is_drawn_as_it_is():
    image = torch.rand(3, 8, 9)
    figure = field_on_image([Layer(3)], image, language="en")
    [drawn] = figure.axes[0].images
    np.testing.assert_allclose(drawn.get_array(), image.permute(1, 2, 0).numpy())
    assert drawn.get_extent() == [0, 9, 8, 0]


@pytest.mark.parametrize("size", [5, 64])
def test_nothing_is_cut_off(size: int):
    for figure in (
        field_rows([Layer(3, padding=1)] * 3, size, 0, names=["a_rather_long_name", "b", "c"], language="en"),
        field_on_image([Layer(3, padding=1)] * 20, np.zeros((size, size)), language="en"),
    ):
        figure.canvas.draw()
        for axes in figure.axes:
            for text in axes.texts:
                box = text.get_window_extent(figure.canvas.get_renderer())
                assert figure.bbox.x0 <= box.x0, text
                assert box.x1 <= figure.bbox.x1, text


def test_what_cannot_be_drawn_is_named():
    for call, error, message in (
        (lambda: field_rows([], 8), OptionError, "layers: expected at least one layer, got none"),
        (lambda: field_rows([Layer(3)], 65), ShapeError, "size: expected at most 64, got 65; draw a smaller image; the fields are the same"),
        (lambda: field_rows([Layer(3)], 8, 6), OptionError, "index: expected 0 to 5, the units of the top row, got 6"),
        (lambda: field_rows([Layer(3)], 8, names=["a", "b"]), OptionError, "names: expected one a layer, 1, got 2"),
        (lambda: field_on_image([Layer(3)], np.zeros((8, 8)), (6, 0)), OptionError, "position: expected a row below 6 and a column below 6, got (6, 0)"),
        (
            lambda: field_on_image([Layer(3)], np.zeros((2, 8, 8))),
            ShapeError,
            "image: expected (H, W), (1, H, W) or (3, H, W), got (2, 8, 8); draw one image at a time",
        ),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value) == message
    with pytest.raises(ShapeError, match="size: expected at least 3"):
        field_rows([Layer(3)], 2)


def test_the_layers_of_vgg16_have_the_published_fields():
    assert receptive_field(vgg16_layers("pool5")).size == published("vgg16.receptive_field_pool5").value
    assert receptive_field(vgg16_layers("conv5_3")).size == published("vgg16.receptive_field_conv5_3").value
    with pytest.raises(OptionError, match="layer: expected 'conv1_1' or"):
        vgg16_layers("conv6_1")
