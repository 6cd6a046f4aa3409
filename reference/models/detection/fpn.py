"""Feature pyramid (Lin et al., CVPR 2017): maps of one depth at every scale, and the level that fits a box."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.layers.anchor import base_anchors
from reference.layers.roi import roi_align2d

STRIDES = (4, 8, 16, 32, 64)  # of P2 to P6, in pixels of the image
CANONICAL_SIDE, CANONICAL_LEVEL = 224, 4  # a box of ImageNet's size belongs to P4, as a ResNet's conv4 is pooled


class FeaturePyramid(nn.Module):
    """Carry what deep maps know down to the fine ones.

        P5 = out5(lateral5(C5)),   P_l = out_l(lateral_l(C_l) + twice as large(sum of the level above))
        P6 = every second cell of P5, for anchors only

    Lateral layers are 1x1, output layers 3x3, all with bias and without ReLU;
    enlarging repeats each cell (nearest neighbour).

    Shape:
        maps:   four of (N, C_l, H/2^l, W/2^l), l = 2 to 5
        return: five of (N, channels, H/2^l, W/2^l), l = 2 to 6

    Args:
        in_channels: Channels of the four maps: 256, 512, 1024, 2048 for ResNet-50.
        channels: Channels of every level: 256.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: there are not as many maps as channels.

    Source:
        Lin, Dollar, Girshick, He, Hariharan and Belongie, "Feature Pyramid Networks for Object Detection",
        CVPR 2017, arXiv:1612.03144, section 3 and figure 3; P6: section 4.1.
    """

    def __init__(self, in_channels: Sequence[int], channels: int = 256) -> None:
        super().__init__()
        require_at_least("channels", channels, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(seen, channels, 1) for seen in in_channels)
        self.output = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Build the pyramid of a batch."""
        if len(maps) != len(self.lateral):
            raise ShapeError("maps", f"{len(self.lateral)} maps, the finest first", str(len(maps)))
        levels: list[Tensor] = []
        above: Tensor | None = None
        for y, lateral, output in reversed(list(zip(maps, self.lateral, self.output, strict=True))):
            merged = lateral(y)
            if above is not None:
                merged = merged + F.interpolate(above, size=merged.shape[2:], mode="nearest")
            levels.insert(0, output(merged))
            above = merged
        return (*levels, levels[-1][:, :, ::2, ::2])


def pyramid_anchors(strides: Sequence[int] = STRIDES) -> tuple[Tensor, ...]:
    """Make the boxes of the first cell of every level: one area a level, three ratios.

    Sides of 32, 64, ..., 512 pixels, eight cells of the level; corners as points,
    centred at half a stride.

    Shape:
        return: for each level (3, 4) float64

    Example:
        >>> pyramid_anchors()[0].tolist()[1]  # the square of the finest level
        [-14.0, -14.0, 18.0, 18.0]

    Source:
        Lin et al., CVPR 2017, section 4.1.
    """
    # base_anchors counts corners as pixels; as points the last pixel ends one further on
    last = torch.tensor([0, 0, 1, 1], dtype=torch.float64)
    return tuple(base_anchors(stride, scales=(8,)) + last for stride in strides)


def pyramid_level(boxes: Tensor, least: int = 2, most: int = 5) -> Tensor:
    """Choose the level that boxes are pooled from: the larger a box, the coarser.

        level = floor(4 + log2(sqrt(w*h) / 224)),   not below `least`, not above `most`

    Shape:
        boxes:  (K, 4)
        return: (K,) int64

    Example:
        >>> pyramid_level(torch.tensor([[0.0, 0.0, 224.0, 224.0], [0.0, 0.0, 111.0, 111.0], [0.0, 0.0, 9.0, 9.0]])).tolist()
        [4, 2, 2]

    Source:
        Lin et al., CVPR 2017, equation 1.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0)
    side = (sides[:, 0] * sides[:, 1]).sqrt().clamp(min=1e-6)
    return (CANONICAL_LEVEL + torch.log2(side / CANONICAL_SIDE)).floor().clamp(least, most).long()


def pyramid_align(
    levels: Sequence[Tensor], rois: Tensor, output_size: int, *, sampling_ratio: int = 2, aligned: bool = True
) -> Tensor:
    """Pool every box with RoIAlign from its own level.

    Shape:
        levels: P2 to P5, (N, C, H_l, W_l)
        rois:   (R, 5)   image, x1, y1, x2, y2 in pixels of the image
        return: (R, C, output_size, output_size)

    Args:
        output_size: 7 for boxes, 14 for masks.
        sampling_ratio: Samples of a bin along each axis.
        aligned: See `roi_align2d`.
    """
    level = pyramid_level(rois[:, 1:])
    y = levels[0].new_zeros(len(rois), levels[0].shape[1], output_size, output_size)
    for number, features in enumerate(levels, 2):
        mine = (level == number).nonzero()[:, 0]
        if len(mine):
            pooled = roi_align2d(
                features,
                rois[mine],
                output_size,
                spatial_scale=1 / STRIDES[number - 2],
                sampling_ratio=sampling_ratio,
                aligned=aligned,
            )
            y = y.index_copy(0, mine, pooled)
    return y
