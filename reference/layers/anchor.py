"""Anchors: the boxes of fixed shape from which detectors count, at every place of a feature map."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Pair, pair
from reference.layers.operand import require_number


def base_anchors(
    base: int = 16, *, ratios: Sequence[float] = (0.5, 1, 2), scales: Sequence[float] = (8, 16, 32)
) -> Tensor:
    """Make the boxes around the first cell: every ratio with every scale.

        w = round(sqrt(base^2 / ratio)),   h = round(w * ratio);   then both times scale

    The cell is the box (0, 0, base - 1, base - 1) with inclusive corners, its
    centre (base - 1)/2, which is 7.5 and not 8.  Rounding comes *before* scaling:
    the first shape is 184 x 96; without rounding it would be 181 x 91, which is
    another detector.  A ratio is height over width.

    Shape:
        return: (ratios*scales, 4)   float64, inclusive corners, ratio by ratio

    Args:
        base: Side of a cell in pixels of the image: the stride of the feature map.
        ratios: Height over width of the boxes.
        scales: Sides of the boxes in cells.

    Raises:
        OptionError: A number is not above 0, or there is none.

    Example:
        >>> base_anchors()[0].tolist(), base_anchors()[-1].tolist()
        ([-84.0, -40.0, 99.0, 55.0], [-168.0, -344.0, 183.0, 359.0])

    Source:
        Ren, He, Girshick and Sun, "Faster R-CNN", NIPS 2015, section 3.1; the table of nine boxes stands
        in its release (in the MATLAB one all corners are larger by 1, as pixels count from 1 there).
    """
    require_at_least("base", base, 1)
    _require_sizes("ratios", ratios)
    _require_sizes("scales", scales)
    centre = (base - 1) / 2
    boxes = []
    for ratio, scale in itertools.product(ratios, scales):
        width = round(math.sqrt(base * base / ratio))
        w, h = width * scale, round(width * ratio) * scale
        boxes.append([centre - (w - 1) / 2, centre - (h - 1) / 2, centre + (w - 1) / 2, centre + (h - 1) / 2])
    return torch.tensor(boxes, dtype=torch.float64)


def grid_anchors(anchors: Tensor, output_size: Pair, stride: int) -> Tensor:
    """Put the boxes of the first cell at every cell of a feature map.

        return[(i*W + j)*A + a] = anchors[a] + stride*(j, i, j, i)

    Cell by cell along a row, row by row; all anchors of a cell together.  That is
    the order of a score map (N, A, H, W) after permute(0, 2, 3, 1).  Boxes that
    reach over the border are kept.

    Shape:
        anchors: (A, 4)
        return:  (H*W*A, 4)   dtype of anchors

    Args:
        anchors: The boxes of cell (0, 0), as of `base_anchors`.
        output_size: H and W of the feature map.
        stride: Pixels of the image between two cells.

    Raises:
        ShapeError: anchors is not (A, 4).
        OptionError: A size or the stride is no integer of at least 1.

    Example:
        >>> grid_anchors(base_anchors(), (37, 62), 16).shape
        torch.Size([20646, 4])
    """
    if anchors.ndim != 2 or anchors.shape[1] != 4:
        raise ShapeError("anchors", "(A, 4)", repr(tuple(anchors.shape)))
    require_at_least("stride", stride, 1)
    H, W = pair("output_size", output_size, 1)
    y = torch.arange(H, dtype=anchors.dtype, device=anchors.device)[:, None].expand(H, W) * stride
    x = torch.arange(W, dtype=anchors.dtype, device=anchors.device).expand(H, W) * stride
    corners = torch.stack([x, y, x, y], dim=-1)  # (H, W, 4)
    return (corners[:, :, None] + anchors).reshape(-1, 4)


def prior_boxes(
    output_size: Pair, image_size: Pair, *, stride: int, least: float, most: float, ratios: Sequence[float]
) -> Tensor:
    """Make SSD's default boxes for one feature map: two squares and two oblongs a ratio at every cell.

        sides of a cell's boxes, w x h, in this order:
            least x least,   sqrt(least*most) x sqrt(least*most),
            and for each ratio r:   least*sqrt(r) x least/sqrt(r),   least/sqrt(r) x least*sqrt(r)
        centre: ((j + 1/2)*stride, (i + 1/2)*stride)

    Here a ratio is width over height.  The second square is the box that is
    easily forgotten: without it SSD300 has 6,792 boxes instead of 8,732.

    Shape:
        return: (H*W*(2 + 2*ratios), 4)   float64, corners as points in pixels of the image

    Args:
        output_size: H and W of the feature map.
        image_size: H and W of the image; boxes are cut off there.
        stride: Pixels of the image between two cells.
        least: Side of the small square.
        most: Side whose geometric mean with `least` is that of the large square: the next map's `least`.
        ratios: Width over height of the oblongs, their inverses not counted: (2,) or (2, 3).

    Raises:
        OptionError: A number is not above 0.

    Example:
        >>> prior_boxes(1, 300, stride=300, least=264, most=315, ratios=(2,)).shape
        torch.Size([4, 4])

    Source:
        Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016, section 2.2, and the
        layer PriorBox of its release.
    """
    H_image, W_image = pair("image_size", image_size, 1)
    require_number("least", least, 1e-9)
    require_number("most", most, 1e-9)
    sides = [(least, least), (math.sqrt(least * most),) * 2]
    for ratio in ratios:
        require_number("ratios", ratio, 1e-9)
        root = math.sqrt(ratio)
        sides += [(least * root, least / root), (least / root, least * root)]
    half = stride / 2
    first = [[half - w / 2, half - h / 2, half + w / 2, half + h / 2] for w, h in sides]
    boxes = grid_anchors(torch.tensor(first, dtype=torch.float64), output_size, stride)
    limits = boxes.new_tensor([W_image, H_image, W_image, H_image])
    return boxes.clamp(min=0).minimum(limits)


def _require_sizes(argument: str, values: Sequence[float]) -> None:
    if not values:
        raise OptionError(argument, "one number or more", repr(tuple(values)))
    for value in values:
        require_number(argument, value, 1e-9)
