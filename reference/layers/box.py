"""Boxes: overlap, coding relative to other boxes, and cutting at the image's border.

A box is (x1, y1, x2, y2), x to the right and y down.  Two conventions are in use
and every function takes `inclusive` to say which:

    inclusive=False   corners are points; the width is x2 - x1            (Detectron, SSD, torchvision)
    inclusive=True    corners are pixels, both in; the width is x2 - x1 + 1   (R-CNN, Fast, Faster, VOC)
"""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers.operand import require_float, require_number

Variances = tuple[float, float, float, float]

PLAIN: Variances = (1.0, 1.0, 1.0, 1.0)
SSD: Variances = (0.1, 0.1, 0.2, 0.2)
"""SSD's variances, and the standard deviations by which Fast R-CNN divides its targets."""


def box_area(boxes: Tensor, *, inclusive: bool = False) -> Tensor:
    """Multiply width and height; a box turned inside out has area 0.

    Shape:
        boxes:  (..., 4)   any dtype
        return: (...)      dtype of boxes

    Example:
        >>> box = torch.tensor([[0, 0, 15, 15]])
        >>> box_area(box).item(), box_area(box, inclusive=True).item()
        (225, 256)
    """
    _check("boxes", boxes)
    sides = (boxes[..., 2:] - boxes[..., :2] + int(inclusive)).clamp(min=0)
    return sides[..., 0] * sides[..., 1]


def box_iou(boxes: Tensor, others: Tensor, *, inclusive: bool = False) -> Tensor:
    """Divide the area that two boxes share by the area that they cover together.

        iou = |A and B| / (|A| + |B| - |A and B|)

    1 for equal boxes, 0 for boxes that do not meet; 0 also where both are empty.

    Shape:
        boxes:  (K, 4)   float dtype
        others: (M, 4)   dtype of boxes
        return: (K, M)   dtype of boxes

    Raises:
        ShapeError: Not (K, 4) and (M, 4).
        OptionError: The boxes hold integers.

    Example:
        >>> a, b = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> round(box_iou(a, b).item(), 4), box_iou(a, b, inclusive=True).item()
        (0.3333, 0.5)

    Source:
        Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", IJCV 2010, equation 3.
    """
    for name, value in (("boxes", boxes), ("others", others)):
        _check(name, value, rank=2)
        require_float(name, value)
    first = torch.maximum(boxes[:, None, :2], others[None, :, :2])  # (K, M, 2)
    last = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = (last - first + int(inclusive)).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]  # (K, M)
    together = box_area(boxes, inclusive=inclusive)[:, None] + box_area(others, inclusive=inclusive) - shared
    return torch.where(together > 0, shared / torch.where(together > 0, together, 1), 0)


def encode_boxes(boxes: Tensor, anchors: Tensor, *, variances: Variances = PLAIN, inclusive: bool = False) -> Tensor:
    """Say where boxes lie as seen from anchors: shift of the centre in anchor sizes, logarithm of the growth.

        t_x = (x - x_a)/w_a / v_0      t_w = log(w/w_a) / v_2
        t_y = (y - y_a)/h_a / v_1      t_h = log(h/h_a) / v_3

    x, y are centres, w, h sides.  Scaling box and anchor together changes
    nothing; an anchor as seen from itself is (0, 0, 0, 0).  The logarithm makes
    twice as large and half as large equally far.

    Shape:
        boxes:   (..., 4)   float dtype
        anchors: (..., 4)   dtype of boxes, or fewer axes that fit by broadcasting
        return:  (..., 4)   (t_x, t_y, t_w, t_h)

    Args:
        variances: What the four numbers are divided by, so that they are of one size;
            `SSD` is (0.1, 0.1, 0.2, 0.2).
        inclusive: Whether corners are pixels.

    Raises:
        ShapeError: The last axis is not 4.
        OptionError: A dtype is no float, a variance is not above 0, or a box or anchor has no
            width or height, of which there is no logarithm.

    Example:
        >>> anchor, box = torch.tensor([0.0, 0.0, 10.0, 10.0]), torch.tensor([5.0, 0.0, 15.0, 20.0])
        >>> [round(value, 4) for value in encode_boxes(box, anchor).tolist()]
        [0.5, 0.5, 0.0, 0.6931]

    Source:
        Girshick et al., "Rich feature hierarchies", CVPR 2014, appendix C, equations 6-9; the
        variances: Liu et al., "SSD", ECCV 2016, its release.
    """
    _check_variances(variances)
    (x, y, w, h), (x_a, y_a, w_a, h_a) = _centres("boxes", boxes, inclusive), _centres("anchors", anchors, inclusive)
    return torch.stack(
        [
            (x - x_a) / w_a / variances[0],
            (y - y_a) / h_a / variances[1],
            torch.log(w / w_a) / variances[2],
            torch.log(h / h_a) / variances[3],
        ],
        dim=-1,
    )


def decode_boxes(
    offsets: Tensor,
    anchors: Tensor,
    *,
    variances: Variances = PLAIN,
    inclusive: bool = False,
    log_limit: float | None = None,
) -> Tensor:
    """Find the boxes that offsets mean as seen from anchors: the inverse of `encode_boxes`.

        x = x_a + v_0*t_x*w_a      w = w_a * exp(v_2*t_w)
        y = y_a + v_1*t_y*h_a      h = h_a * exp(v_3*t_h)

    With inclusive corners x2 = x + w/2 - 1, so that coding and decoding give the
    box back; the Python release of Faster R-CNN leaves the -1 out and returns
    boxes that are one pixel too large.

    Shape:
        offsets: (..., 4)   float dtype
        anchors: (..., 4)   dtype of offsets, or fewer axes that fit by broadcasting
        return:  (..., 4)   (x1, y1, x2, y2)

    Args:
        variances: Those of the coding.
        inclusive: That of the coding.
        log_limit: Largest v*t_w and v*t_h before exp; None for no limit.  Detectron takes
            log(1000/16), as an untrained network can ask for a box of infinite size.

    Raises:
        ShapeError: The last axis is not 4.
        OptionError: A dtype is no float, a variance is not above 0, or an anchor has no size.

    Example:
        >>> anchor = torch.tensor([0.0, 0.0, 10.0, 10.0])
        >>> decode_boxes(torch.tensor([5.0, 0.0, 0.0, 0.0]), anchor, variances=SSD).tolist()
        [5.0, 0.0, 15.0, 10.0]
    """
    _check("offsets", offsets)
    require_float("offsets", offsets)
    _check_variances(variances)
    x_a, y_a, w_a, h_a = _centres("anchors", anchors, inclusive)
    scaled = offsets * offsets.new_tensor(variances)
    grown = scaled[..., 2:] if log_limit is None else scaled[..., 2:].clamp(max=log_limit)
    x, y = x_a + scaled[..., 0] * w_a, y_a + scaled[..., 1] * h_a
    w, h = w_a * grown[..., 0].exp(), h_a * grown[..., 1].exp()
    last = int(inclusive)
    return torch.stack([x - w / 2, y - h / 2, x + w / 2 - last, y + h / 2 - last], dim=-1)


def clip_boxes(boxes: Tensor, sides: tuple[int, int], *, inclusive: bool = False) -> Tensor:
    """Cut boxes off at the border of an image.

    Corners end up in 0 to W and 0 to H; with `inclusive`, in 0 to W - 1 and 0 to
    H - 1, the last pixel.  A box wholly outside becomes a line or a point on the border.

    Shape:
        boxes:  (..., 4)   any dtype
        return: (..., 4)   dtype of boxes

    Args:
        sides: H and W of the image, in this order.
        inclusive: Whether corners are pixels.

    Raises:
        ShapeError: The last axis is not 4.
        OptionError: A side is no integer of at least 1.

    Example:
        >>> clip_boxes(torch.tensor([[-5, 3, 99, 99]]), (20, 30)).tolist()
        [[0, 3, 30, 20]]
    """
    _check("boxes", boxes)
    for name, side in zip(("H", "W"), sides, strict=True):
        require_at_least(f"sides, {name}", side, 1)
    H, W = (side - int(inclusive) for side in sides)
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, W), y1.clamp(0, H), x2.clamp(0, W), y2.clamp(0, H)], dim=-1)


def _check(argument: str, boxes: Tensor, rank: int | None = None) -> None:
    if boxes.ndim < 1 or boxes.shape[-1] != 4 or (rank is not None and boxes.ndim != rank):
        raise ShapeError(argument, "(K, 4)" if rank else "(..., 4)", repr(tuple(boxes.shape)))


def _check_variances(variances: Variances) -> None:
    if len(variances) != 4:
        raise ShapeError("variances", "four numbers, for x, y, width and height", repr(variances))
    for value in variances:
        require_number("variances", value, 1e-30)


def _centres(argument: str, boxes: Tensor, inclusive: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Centre and sides."""
    _check(argument, boxes)
    require_float(argument, boxes)
    x1, y1, x2, y2 = boxes.unbind(-1)
    w, h = x2 - x1 + int(inclusive), y2 - y1 + int(inclusive)
    smallest = torch.stack([w, h]).detach().reshape(2, -1).amin(1).tolist() if boxes.numel() else [1, 1]
    if not min(smallest) > 0:  # NaN is not above 0 either
        raise OptionError(
            argument,
            "a width and a height above 0",
            f"the smallest are {smallest[0]:g} and {smallest[1]:g}",
            "drop such boxes first, or say inclusive=True if corners are pixels",
        )
    return x1 + w / 2, y1 + h / 2, w, h
