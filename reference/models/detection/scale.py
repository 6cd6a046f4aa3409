"""The size at which a detector looks at an image, and boxes between the two sizes."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.models.detection.result import Detections, GroundTruth


class Scaled(NamedTuple):
    """Images of another size, and how many of its pixels one pixel of the old size is.

    Shape:
        x: (N, C, H', W')
    """

    x: Tensor
    scale: float

    def enlarge(self, boxes: Tensor) -> Tensor:
        """Take boxes from the old size to the new one."""
        return boxes * self.scale

    def enlarge_truth(self, truth: GroundTruth) -> GroundTruth:
        """Take the boxes of objects to the new size; masks are not resized."""
        return truth._replace(boxes=self.enlarge(truth.boxes))

    def restore(self, found: Detections) -> Detections:
        """Take the boxes of detections back to the old size."""
        return found._replace(boxes=found.boxes / self.scale)


def scale_images(x: Tensor, *, short_side: int = 600, longest: int = 1000) -> Scaled:
    """Resize a batch bilinearly so that its short side has a given length, unless the long one grew too long.

        scale = short_side / min(H, W),   but longest / max(H, W) if max(H, W) would exceed `longest`

    Fast and Faster R-CNN see objects at one scale only; small images are enlarged,
    VOC's 500 x 375 to 800 x 600.

    Shape:
        x: (N, C, H, W)

    Args:
        short_side: Length of the short side: 600; 800 in Mask R-CNN.
        longest: Most that the long side may have: 1000; 1333 in Mask R-CNN.

    Raises:
        ShapeError: x is no batch of images.
        OptionError: `short_side` is no integer of at least 1, or `longest` is below it.

    Example:
        >>> import torch
        >>> scaled = scale_images(torch.zeros(1, 3, 375, 500))
        >>> scaled.x.shape, scaled.scale
        (torch.Size([1, 3, 600, 800]), 1.6)

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 5.2: s = 600, the longest side capped at 1000.
    """
    if x.ndim != 4 or 0 in x.shape[2:]:
        raise ShapeError("x", "(N, C, H, W), no side empty", repr(tuple(x.shape)))
    require_at_least("short_side", short_side, 1)
    if longest < short_side:
        raise OptionError("longest", f"at least short_side, {short_side}", repr(longest))
    H, W = x.shape[2:]
    scale = min(short_side / min(H, W), longest / max(H, W))
    sides = round(H * scale), round(W * scale)
    return Scaled(F.interpolate(x, size=sides, mode="bilinear", align_corners=False), scale)
