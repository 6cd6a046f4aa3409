"""Pictures of projections: image, map, field and projection belong together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from reference.errors import OptionError, ShapeError
from reference.geometry import receptive_field
from reference.models import VGG16Features
from reference.models.projection import project_feature, vgg16_layers
from reference.viz import projections


@pytest.fixture(scope="module")
def encoder() -> VGG16Features:
    torch.manual_seed(1)
    return VGG16Features(width=2).eval()


def images(figure: Figure) -> dict:
    return {image.get_gid(): image for axes in figure.axes for image in axes.images}


def test_the_panels_hold_what_project_feature_returns(encoder: VGG16Features):
    x = torch.rand(1, 3, 48, 64)
    figure = projections(encoder, x, [("conv2_2", 1), ("conv3_1", 3)], language="en")
    drawn = images(figure)
    for row, (layer, channel) in enumerate((("conv2_2", 1), ("conv3_1", 3))):
        want = project_feature(encoder, x, layer, channel)
        np.testing.assert_allclose(drawn[f"map {row}"].get_array(), want.features[0].numpy(), rtol=1e-6)
        np.testing.assert_allclose(drawn[f"image {row}"].get_array(), x[0].permute(1, 2, 0).numpy())
        signal = want.image[0].permute(1, 2, 0).numpy()
        shown = drawn[f"projection {row}"].get_array()
        np.testing.assert_allclose((shown - 0.5) * 2 * np.abs(signal).max(), signal, atol=1e-5)


def test_the_field_and_the_unit_are_marked_where_they_are(encoder: VGG16Features):
    x = torch.rand(1, 3, 48, 64)
    figure = projections(encoder, x, [("conv3_1", 3)], language="en")
    marks = {patch.get_gid(): patch for axes in figure.axes for patch in axes.patches}
    row, column = project_feature(encoder, x, "conv3_1", 3).positions[0].tolist()
    assert marks["unit 0"].get_xy() == (column - 0.5, row - 0.5)
    field = receptive_field(vgg16_layers("conv3_1"))
    assert marks["field 0"].get_xy() == (field.pixels(column)[0], field.pixels(row)[0])
    assert marks["field 0"].get_width() == marks["field 0"].get_height() == field.size == 24


def test_the_projection_is_cut_to_the_field_and_nothing_of_it_is_lost(encoder: VGG16Features):
    x = torch.rand(1, 3, 64, 64)
    figure = projections(encoder, x, [("conv2_1", 0)], language="en")
    image = images(figure)["projection 0"]
    (left, right), (bottom, top) = image.axes.get_xlim(), image.axes.get_ylim()
    shown = np.asarray(image.get_array())
    outside = np.ones(shown.shape[:2], bool)
    outside[int(top) : int(bottom), int(left) : int(right)] = False
    assert np.all(shown[outside] == 0.5)
    assert images(figure)["patch 0"].axes.get_xlim() == (left, right)


def test_each_row_says_layer_feature_and_size_of_the_field(encoder: VGG16Features):
    figure = projections(encoder, torch.rand(1, 3, 32, 32), [("pool2", 2)], language="en")
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert words == ["pool2\nfeature 2", "16 × 16"]
    assert [axes.get_title() for axes in figure.axes] == ["image", "feature map", "receptive field", "projection"]


def test_what_cannot_be_drawn_is_named(encoder: VGG16Features):
    for x, features, error, message in (
        (torch.rand(2, 3, 32, 32), [("conv1_1", 0)], ShapeError, "x: expected (1, C, H, W), got (2, 3, 32, 32); draw one image at a time"),
        (torch.rand(1, 3, 32, 32), [], OptionError, "features: expected at least one (layer, channel), got none"),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            projections(encoder, x, features, language="en")
        assert str(caught.value) == message
