"""What made a feature fire: the image, the feature map, and the feature projected back to the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import receptive_field
from reference.models.projection import Projection, project_feature, vgg16_layers
from reference.models.vgg import VGG16Features
from reference.viz.feature import POSITIVE, Array
from reference.viz.field import image_array
from reference.viz.style import BLUE, INK, VERMILION, Voice, new_figure, size_text

SIDE = 1.75  # of a panel, in inches


def projections(
    encoder: VGG16Features, x: Tensor, features: Sequence[tuple[str, int]], *, language: str = "auto"
) -> Figure:
    """Draw features of a VGG-16 encoder projected back to the image, as Zeiler and Fergus do, one row a feature.

    Four panels: the image with the receptive field of the feature's strongest
    unit; the feature map with that unit; the part of the image in the receptive
    field; and there, the projection, grey where it is 0, on a scale of its own.

    Shape:
        x: (1, 3, H, W) or (1, 1, H, W), H and W of at least 32

    Args:
        encoder: The network, in eval mode.
        features: Rows of `VGG16_TABLE` and channels, such as ("conv3_2", 5).
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        OptionError: There is no such feature, or none is asked for, or the encoder is in training mode.
        ShapeError: x is not one image, or the encoder cannot take it.

    Source:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, figure 2.
    """
    say = Voice(language)
    if x.ndim != 4 or x.shape[0] != 1:
        raise ShapeError("x", "(1, C, H, W)", repr(tuple(x.shape)), "draw one image at a time")
    if not features:
        raise OptionError("features", "at least one (layer, channel)", "none")
    picture = image_array(x[0])
    width, height = 1.35 + 4 * (SIDE + 0.15), 0.45 + len(features) * (SIDE + 0.15)
    figure = new_figure(width, height)
    titles = [
        say("image", "图像"),
        say("feature map", "特征图"),
        say("receptive field", "感受野"),
        say("projection", "投影"),
    ]
    for row, (layer, channel) in enumerate(features):
        projection = project_feature(encoder, x, layer, channel)
        y = height - 0.4 - (row + 1) * SIDE - row * 0.15
        panels = [
            figure.add_axes(((1.3 + column * (SIDE + 0.15)) / width, y / height, SIDE / width, SIDE / height))
            for column in range(4)
        ]
        for axes, title in zip(panels, titles, strict=True):
            axes.set_axis_off()
            if row == 0:
                axes.set_title(title, fontsize=9.5, color=INK)
        size = receptive_field(vgg16_layers(layer)).size
        _label(panels[0], f"{layer}\n" + say(f"feature {channel}", f"特征 {channel}"), size_text((size, size)))
        _draw(panels, picture, projection, layer, row)
    return say.dress(figure)


def _draw(panels: list[Axes], picture: Array, projection: Projection, layer: str, row: int) -> None:
    H, W = picture.shape[:2]
    field = receptive_field(vgg16_layers(layer))
    unit_row, unit_column = projection.positions[0].tolist()
    (top, bottom), (left, right) = field.pixels(unit_row), field.pixels(unit_column)
    options: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1, "extent": (0, W, H, 0), "interpolation": "nearest"}
    panels[0].imshow(picture, **options, gid=f"image {row}")
    panels[1].imshow(
        projection.features[0].cpu().numpy(), cmap=POSITIVE, vmin=0, interpolation="nearest", gid=f"map {row}"
    )
    unit = Rectangle((unit_column - 0.5, unit_row - 0.5), 1, 1, fill=False, edgecolor=VERMILION, lw=1.6)
    unit.set_gid(f"unit {row}")
    panels[1].add_patch(unit)
    signal = projection.image[0].cpu().numpy()  # (C, H, W)
    largest = max(float(np.abs(signal).max()), 1e-12)
    shown = (signal / largest / 2 + 0.5).transpose(1, 2, 0).squeeze()
    panels[2].imshow(picture, **options, gid=f"patch {row}")
    panels[3].imshow(shown, **options, gid=f"projection {row}")
    box = Rectangle((left, top), right - left + 1, bottom - top + 1, fill=False, edgecolor=VERMILION, lw=1.4)
    box.set_path_effects([withStroke(linewidth=2.6, foreground="white")])
    box.set_gid(f"field {row}")
    panels[0].add_patch(box)
    panels[0].set_xlim(0, W)
    panels[0].set_ylim(H, 0)
    for axes in panels[2:]:  # what of the field lies inside the image
        axes.set_xlim(max(0, left), min(W, right + 1))
        axes.set_ylim(min(H, bottom + 1), max(0, top))


def _label(axes: Axes, text: str, size: str) -> None:
    axes.text(-0.06, 0.6, text, fontsize=9, color=INK, ha="right", va="center", transform=axes.transAxes)
    axes.text(-0.06, 0.35, size, fontsize=8, color=BLUE, ha="right", va="center", transform=axes.transAxes)
