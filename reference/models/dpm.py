"""DeepPyramid DPM (Girshick, Iandola, Darrell and Malik, CVPR 2015): a deformable part model on a pyramid of conv5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.geometry import Pair
from reference.layers import nms
from reference.layers.operand import widen
from reference.models.alexnet import AlexNet
from reference.models.detection.result import Detections
from reference.models.part_model import Component, Level, PartModel

# The release takes the sides from the boxes of each class and the anchors from where the root has learned most.
DPM_COMPONENTS = (
    Component((8, 8), ((1, 1), (1, 4), (4, 1), (4, 4))),
    Component((6, 10), ((0, 1), (0, 6), (3, 1), (3, 6))),
    Component((10, 6), ((1, 0), (1, 3), (6, 0), (6, 3))),
)


class FrontEnd(nn.Module):
    """What makes features of images, and where in the image a feature is.

    Cell (i, j) of the features looks at the pixels around (centre + stride*i, centre + stride*j).

    Args:
        layers: (N, in_channels, H, W) -> (N, channels, H', W').
        channels: Channels of the features.
        in_channels: Channels of the image.
        stride: Pixels between two cells.
        centre: The pixel in the middle of what the first cell sees.
        least_side: The smallest side of an image that gives a cell.
    """

    def __init__(
        self, layers: nn.Module, channels: int, *, in_channels: int, stride: int, centre: float, least_side: int
    ) -> None:
        super().__init__()
        self.layers = layers
        self.channels = channels
        self.in_channels = in_channels
        self.stride = stride
        self.centre = centre
        self.least_side = least_side

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers."""
        features: Tensor = self.layers(x)
        return features


def alexnet_conv5(width: int = 96, *, max5: bool = False) -> FrontEnd:
    """Take AlexNet to conv5 and its ReLU: 256 channels, one cell for 16 pixels, each of which sees 163.

    Args:
        width: Channels of conv1; 96 in the paper.
        max5: Whether 3x3 max pooling with stride 1 follows.  As far as we remember, the paper's better variant has it;
            its release stops at conv5.

    Raises:
        OptionError: `width` is no multiple of 6.
    """
    layers = AlexNet(width=width, fc_width=1, num_classes=1).features[:-1]  # without pool5
    if max5:
        layers.add_module("max5", nn.MaxPool2d(3, 1, padding=1))
    channels = width * 256 // 96
    return FrontEnd(layers, channels, in_channels=3, stride=16, centre=17.0, least_side=35)


class Pyramid(NamedTuple):
    """The features of an image at several sizes, the finest first.

    Shape:
        maps:   for each level (N, channels, H, W)
        scales: for each level (vertical, horizontal) size of the level's image in sizes of the image
    """

    maps: list[Tensor]
    scales: list[tuple[float, float]]


class DeepPyramidDPM(nn.Module):
    """Find objects of one class: a feature pyramid, and a deformable part model on it, all of it layers.

    The image is scaled so that its longer side has 1713 pixels, and six times
    smaller by sqrt(2) each.  A CNN turns each size into features; the part model
    (`PartModel`) scores every place of every level; `detect` turns the best places
    into boxes.  No regions are proposed: this is a sliding window, whose window has
    parts.  The paper trains one model a class by a latent SVM (`latent_svm_loss`) on
    the features of a CNN that stays as it is; here gradients reach the CNN as well.

    Shape:
        x:      (N, in_channels, H, W), any sides
        return: a `Level` for each size at which a component fits

    Args:
        front: What makes the features; None for `alexnet_conv5(width)`.
        components: The aspects of an object.
        width: Of AlexNet's conv1, where `front` is None; 96 in the paper.
        levels: Sizes in the pyramid; 7 in the paper's release.
        levels_per_octave: Levels from one size to half of it.
        longest_side: Pixels of the longer side at the finest level.
        part_size: Rows and columns of a part filter.
        part_octaves: 0 finds parts on the root's level, 1 at twice the resolution; see `PartModel`.
        reach: Farthest that a part may stray, in cells; None for no bound but the price.
        padding: Cells of zeros around the features, for objects at the border.
        feature_scale: What features are multiplied by; 1/50 in the release.

    Raises:
        OptionError: A number is no integer of its range, or a component is of no use.
        ShapeError: From calling it: x is no such batch, or no component fits on any level.

    Example:
        >>> component = Component((3, 3), ((0, 0), (0, 1)))
        >>> net = DeepPyramidDPM(width=6, components=(component,), part_size=(2, 2), levels=3, longest_side=200)
        >>> [tuple(level.scores.shape) for level in net(torch.zeros(1, 3, 50, 40))]
        [(1, 9, 6), (1, 5, 3), (1, 3, 1)]

    Source:
        Girshick, Iandola, Darrell and Malik, "Deformable Part Models are Convolutional Neural Networks",
        CVPR 2015, arXiv:1409.5403, section 2; levels, sizes, the scale of features, parts of 3 x 3 on the
        root's level and the first prices from github.com/rbgirshick/dp-dpm.
    """

    def __init__(
        self,
        front: FrontEnd | None = None,
        components: Sequence[Component] = DPM_COMPONENTS,
        *,
        width: int = 96,
        levels: int = 7,
        levels_per_octave: int = 2,
        longest_side: int = 1713,
        part_size: tuple[int, int] = (3, 3),
        part_octaves: int = 0,
        reach: Pair | None = None,
        padding: int = 0,
        feature_scale: float = 1 / 50,
    ) -> None:
        super().__init__()
        require_at_least("levels", levels, 1)
        require_at_least("longest_side", longest_side, 1)
        self.front = alexnet_conv5(width) if front is None else front
        self.model = PartModel(
            self.front.channels,
            components,
            part_size=part_size,
            part_octaves=part_octaves,
            levels_per_octave=levels_per_octave,
            reach=reach,
            padding=padding,
        )
        self.levels = levels
        self.levels_per_octave = levels_per_octave
        self.longest_side = longest_side
        self.padding = padding
        self.feature_scale = feature_scale

    def pyramid(self, x: Tensor) -> Pyramid:
        """Make features of every size that the CNN can take.

        Raises:
            ShapeError: x is no batch of images, or even the finest level is too small for the CNN.
        """
        if x.ndim != 4 or x.shape[1] != self.front.in_channels or 0 in x.shape[2:]:
            raise ShapeError(
                "x", f"(N, {self.front.in_channels}, H, W) with H and W of at least 1", repr(tuple(x.shape))
            )
        H, W = x.shape[2:]
        found = Pyramid([], [])
        for level in range(self.levels):
            scale = self.longest_side / max(H, W) / 2 ** (level / self.levels_per_octave)
            sides = [max(1, round(side * scale)) for side in (H, W)]
            if min(sides) < self.front.least_side:
                break
            resized = F.interpolate(widen(x), sides, mode="bilinear", antialias=True).to(x.dtype)
            features = self.front(resized)
            found.maps.append(F.pad(features * self.feature_scale, 4 * (self.padding,)))
            found.scales.append((sides[0] / H, sides[1] / W))
        if not found.maps:
            longer = -(-self.front.least_side * max(H, W) // min(H, W))
            raise ShapeError(
                "x",
                f"a shorter side of at least {self.front.least_side} at the finest level",
                f"{min(H, W)} x {max(H, W)} scaled to {round(min(H, W) * self.longest_side / max(H, W))} x "
                f"{self.longest_side}",
                f"use longest_side={longer}",
            )
        return found

    def forward(self, x: Tensor) -> list[Level]:
        """Score every place of every level."""
        levels: list[Level] = self.model(self.pyramid(x).maps)
        return levels

    @torch.no_grad()
    def detect(
        self, x: Tensor, *, score_threshold: float = 0.0, nms_threshold: float = 0.5, limit: int | None = 100
    ) -> list[Detections]:
        """Give the boxes of what scores well, one record an image; labels are all 1.

        A box is what the root filter covers, in pixels of the image and clipped to it.

        Args:
            score_threshold: Scores of at most that are dropped.
            nms_threshold: IoU from which on two boxes are the same object.
            limit: Most boxes an image; None for all.
        """
        pyramid = self.pyramid(x)
        places = [self._places(level, pyramid.scales[level.number], x) for level in self.model(pyramid.maps)]
        boxes, scores = torch.cat([b for b, _ in places], dim=1), torch.cat([s for _, s in places], dim=1)
        found = []
        for own, values in zip(boxes, scores, strict=True):
            wanted = values > score_threshold
            own, values = own[wanted], values[wanted]
            kept = nms(own, values, nms_threshold, limit=limit)
            found.append(Detections(own[kept], torch.ones_like(kept), values[kept]))
        return found

    def _places(self, level: Level, scale: tuple[float, float], x: Tensor) -> tuple[Tensor, Tensor]:
        """The root's box for every place of a level, (N, H*W, 4), and its score, (N, H*W)."""
        N, rows, columns = level.scores.shape
        scores = widen(level.scores)  # half precision has no room for the pixels of a box
        size = torch.tensor(self.model.roots, device=x.device, dtype=scores.dtype)[level.components]
        first = self.front.centre + 0.5 - self.front.stride / 2 - self.front.stride * self.padding  # edge of cell 0
        corners = []
        for axis, (count, side) in enumerate(((rows, x.shape[2]), (columns, x.shape[3]))):
            place = torch.arange(count, device=x.device, dtype=scores.dtype)
            place = place[:, None] if axis == 0 else place
            start = (first + self.front.stride * place).expand(N, rows, columns)
            end = start + self.front.stride * size[..., axis]
            corners.append([(edge / scale[axis]).clamp(0, side) for edge in (start, end)])
        (top, bottom), (left, right) = corners
        boxes = torch.stack([left, top, right, bottom], dim=-1)  # (N, rows, columns, 4)
        return boxes.flatten(1, 2), scores.flatten(1)
