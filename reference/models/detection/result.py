"""What goes into a detector's training and what comes out of a detector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers.suppression import nms_per_class

LOG_LIMIT = math.log(1000 / 16)
"""Detectron's limit on the growth of a decoded box; an untrained net can ask for an infinite one."""


class GroundTruth(NamedTuple):
    """The objects of one image.

    Shape:
        boxes:  (K, 4)      float dtype, (x1, y1, x2, y2) in pixels of the image, corners as the model counts
                            them: pixels for R-CNN, Fast and Faster R-CNN, points for SSD and Mask R-CNN
        labels: (K,) int64  from 1 on; 0 is the background, which is no object
        masks:  (K, H, W)   bool; None where a model needs none
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor | None = None


class Detections(NamedTuple):
    """What a detector found in one image, the best score first.

    Shape:
        boxes:  (K, 4)      (x1, y1, x2, y2) in pixels of the image
        labels: (K,) int64  from 1 on
        scores: (K,)
        masks:  (K, H, W)   bool, of the size of the image; None from models without masks
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor | None = None


def select_detections(
    scores: Tensor,
    boxes: Tensor,
    *,
    score_threshold: float,
    nms_threshold: float,
    limit: int | None = 100,
    before_nms: int | None = None,
    inclusive: bool = False,
) -> Detections:
    """Turn the scores of every region for every class into detections: threshold, suppress per class, keep the best.

    Class 0, the background, is never detected.  One region may become several
    detections, of different classes and, with class-specific boxes, at different places.

    Shape:
        scores: (R, L)      L classes, the background first
        boxes:  (R, L, 4)   one box a class, or (R, 1, 4) one for all

    Args:
        score_threshold: Scores of at most that are dropped.
        nms_threshold: IoU from which on two boxes of *one class* are the same object.
        limit: Largest number of detections; None for all.
        before_nms: Candidates that each class keeps before it suppresses, its best; None for all.
        inclusive: Whether corners are pixels, see `reference.layers.box`.

    Raises:
        ShapeError: The two do not fit.

    Example:
        >>> scores = torch.tensor([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0]])
        >>> boxes = torch.tensor([[[0.0, 0.0, 8.0, 8.0]], [[0.0, 0.0, 8.0, 7.0]]])
        >>> found = select_detections(scores, boxes, score_threshold=0.05, nms_threshold=0.5)
        >>> found.labels.tolist(), found.boxes.tolist()
        ([1], [[0.0, 0.0, 8.0, 8.0]])
    """
    R, L = scores.shape
    if boxes.shape not in ((R, L, 4), (R, 1, 4)):
        raise ShapeError("boxes", f"{(R, L, 4)} or {(R, 1, 4)} to match scores", repr(tuple(boxes.shape)))
    wanted = scores > score_threshold
    if before_nms is not None and before_nms < R:
        best = scores.topk(before_nms, dim=0).indices  # (before_nms, L)
        wanted &= torch.zeros_like(wanted).scatter(0, best, True)
    region, label = wanted[:, 1:].nonzero(as_tuple=True)
    label = label + 1
    chosen = boxes.expand(R, L, 4)[region, label]  # (candidates, 4)
    values = scores[region, label]
    kept = nms_per_class(chosen, values, label, nms_threshold, inclusive=inclusive, limit=limit)
    return Detections(chosen[kept], label[kept], values[kept])


def check_truth(truth: Sequence[GroundTruth], images: int, num_classes: int) -> None:
    """Demand one record of objects an image, with labels that are classes.

    Raises:
        ShapeError: There are not as many records as images, or boxes and labels do not fit.
        OptionError: A label is the background or no class.
    """
    if len(truth) != images:
        raise ShapeError("truth", f"one record for each of {images} images", str(len(truth)))
    for boxes, labels, _ in truth:
        if boxes.ndim != 2 or boxes.shape[1] != 4 or labels.shape != boxes.shape[:1]:
            raise ShapeError("truth", "boxes (K, 4) and labels (K,)", f"{tuple(boxes.shape)} and {tuple(labels.shape)}")
        if labels.numel() and not 1 <= int(labels.min()) <= int(labels.max()) < num_classes:
            raise OptionError(
                "truth",
                f"labels from 1 to {num_classes - 1}",
                f"{int(labels.min())} to {int(labels.max())}",
                "class 0 is the background: count objects from 1",
            )


def number_boxes(boxes: Sequence[Tensor]) -> Tensor:
    """Write the number of its image before every box: the form that RoI layers read.

    Shape:
        boxes:  for each image (K, 4)
        return: (sum of K, 5)

    Example:
        >>> number_boxes([torch.zeros(1, 4), torch.ones(1, 4)]).tolist()
        [[0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0]]
    """
    return torch.cat([torch.cat([own.new_full((len(own), 1), n), own], dim=1) for n, own in enumerate(boxes)])
