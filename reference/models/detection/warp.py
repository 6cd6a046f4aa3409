"""Regions of any shape as images of one size: R-CNN's warping, with some of what lies around."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least


def warp_regions(image: Tensor, boxes: Tensor, side: int = 227, *, context: int = 16) -> Tensor:
    """Stretch every region, with a border of context, to a square, whatever its proportions.

        grown  = the box about its centre, sides times side / (side - 2*context)
        pixel (i, j) = image at grown's top + (i + 1/2)*height/side, left + (j + 1/2)*width/side

    So exactly `context` pixels of the square lie around the box on each side.
    Nothing is cropped away and no proportion is kept: a lying box becomes a square.
    Between pixels the image is read bilinearly; beyond its border it is 0, the mean
    of images from which the mean was subtracted.

    Shape:
        image:  (C, H, W)
        boxes:  (R, 4)   inclusive corners
        return: (R, C, side, side)   dtype of image

    Args:
        side: Of the square: what the net takes.
        context: Pixels of the square around the box.

    Raises:
        ShapeError: image is no single image, or boxes is not (R, 4).
        OptionError: A number is no integer, `context` leaves nothing of the square, or a box is turned inside out.

    Example:
        >>> image = torch.arange(16.0).reshape(1, 4, 4)
        >>> warp_regions(image, torch.tensor([[1.0, 1.0, 2.0, 2.0]]), 2, context=0).tolist()
        [[[[5.0, 6.0], [9.0, 10.0]]]]

    Source:
        Girshick, Donahue, Darrell and Malik, "Rich feature hierarchies for accurate object detection and
        semantic segmentation", CVPR 2014, appendix A: warping with context padding p = 16.  The release
        also rounds the grown box to whole pixels.
    """
    if image.ndim != 3:
        raise ShapeError("image", "(C, H, W), one image", repr(tuple(image.shape)))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError("boxes", "(R, 4)", repr(tuple(boxes.shape)))
    require_at_least("side", side, 1)
    require_at_least("context", context, 0)
    if 2 * context >= side:
        raise OptionError("context", f"less than half of side {side}", str(context))
    corners = boxes.to(image)
    sides = corners[:, 2:] - corners[:, :2] + 1  # width, height
    if len(boxes) and float(sides.min()) <= 0:
        raise OptionError("boxes", "x1 <= x2 and y1 <= y2", "a box turned inside out", "order the corners")
    centre = corners[:, :2] + sides / 2  # as points: pixel j reaches from j to j + 1
    grown = sides * side / (side - 2 * context)
    share = (torch.arange(side, dtype=image.dtype, device=image.device) + 0.5) / side
    places = (centre - grown / 2)[:, None] + grown[:, None] * share[:, None]  # (R, side, 2): x and y as points
    extent = places.new_tensor([image.shape[2], image.shape[1]])
    x, y = (2 * places / extent - 1).unbind(2)  # grid_sample counts from -1 to 1, border to border
    grid = torch.stack([x[:, None].expand(-1, side, -1), y[:, :, None].expand(-1, -1, side)], dim=3)
    return F.grid_sample(image.expand(len(boxes), -1, -1, -1), grid, align_corners=False)
