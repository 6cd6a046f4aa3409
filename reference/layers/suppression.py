"""Non-maximum suppression: of boxes that overlap, the one with the best score stays."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers.box import box_iou
from reference.layers.operand import require_float, require_number


def nms(
    boxes: Tensor, scores: Tensor, threshold: float, *, inclusive: bool = False, limit: int | None = None
) -> Tensor:
    """Choose boxes greedily: the best one, then the best of those that do not overlap it too much, and so on.

        while boxes are left:  keep the one with the largest score
                               drop every other with IoU > threshold to it

    A box that was dropped drops no others.  An IoU of exactly the threshold
    stays.  Of equal scores the first box comes first.  Choosing is no
    differentiable act: take boxes[kept] and the gradient flows through that.

    Shape:
        boxes:  (K, 4)          float dtype, (x1, y1, x2, y2)
        scores: (K,)            float dtype
        return: (kept,)  int64  positions in boxes, best score first, on the device of boxes

    Args:
        threshold: IoU from which on two boxes are one, in [0, 1]: 0.3 in R-CNN, 0.7 in Faster R-CNN's RPN.
        inclusive: Whether corners are pixels, see `box`.
        limit: Stop after so many; None for all.

    Raises:
        ShapeError: Not (K, 4) and (K,).
        OptionError: A dtype is no float, a score or a corner is NaN, or an option is of no use.

    Example:
        >>> boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0], [9.0, 9.0, 12.0, 12.0]])
        >>> nms(boxes, torch.tensor([0.8, 0.9, 0.1]), 0.5).tolist()
        [1, 2]

    Source:
        Felzenszwalb et al., "Object Detection with Discriminatively Trained Part Based Models",
        PAMI 2010, section 7.2; threshold on IoU: Girshick et al., CVPR 2014, section 2.2.
    """
    return _choose(boxes, scores, None, threshold, inclusive, limit)


def nms_per_class(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    threshold: float,
    *,
    inclusive: bool = False,
    limit: int | None = None,
) -> Tensor:
    """Suppress within each class only: a person does not drop the horse that he sits on.

    Shapes, options and errors are those of `nms`; besides

    Shape:
        labels: (K,)   integers; boxes of different labels leave each other alone
        return: (kept,)  int64  positions in boxes, best score of all classes first

    Example:
        >>> boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0], [0.0, 0.0, 4.0, 4.0]])
        >>> nms_per_class(boxes, torch.tensor([0.8, 0.9, 0.1]), torch.tensor([1, 1, 2]), 0.5).tolist()
        [1, 2]
    """
    if labels.shape != scores.shape or labels.is_floating_point():
        raise ShapeError(
            "labels", f"integers of the shape of scores, {tuple(scores.shape)}", f"{labels.dtype} {tuple(labels.shape)}"
        )
    return _choose(boxes, scores, labels, threshold, inclusive, limit)


def _choose(
    boxes: Tensor, scores: Tensor, labels: Tensor | None, threshold: float, inclusive: bool, limit: int | None
) -> Tensor:
    _check(boxes, scores, threshold, limit)
    # One choice depends on the one before: nothing is gained on a GPU, and each would wait for the other.
    left = scores.detach().cpu().argsort(descending=True, stable=True)  # (K,), best first
    corners = boxes.detach().cpu()
    classes = None if labels is None else labels.cpu()
    kept: list[Tensor] = []
    while left.numel() and (limit is None or len(kept) < limit):
        best, left = left[0], left[1:]
        kept.append(best)
        overlapping = box_iou(corners[best][None], corners[left], inclusive=inclusive)[0] > threshold
        if classes is not None:
            overlapping &= classes[left] == classes[best]
        left = left[~overlapping]
    return (torch.stack(kept) if kept else left[:0]).to(boxes.device)


def _check(boxes: Tensor, scores: Tensor, threshold: float, limit: int | None) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError("boxes", "(K, 4)", repr(tuple(boxes.shape)))
    if tuple(scores.shape) != tuple(boxes.shape[:1]):
        raise ShapeError("scores", f"({boxes.shape[0]},), one score a box", repr(tuple(scores.shape)))
    require_number("threshold", threshold, 0, 1)
    if limit is not None:
        require_at_least("limit", limit, 0)
    for name, values in (("boxes", boxes), ("scores", scores)):
        require_float(name, values)
        if bool(values.isnan().any()):
            raise OptionError(name, "numbers", "NaN", "look for what diverged before")
