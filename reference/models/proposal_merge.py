"""How DeconvNet labels an image: proposal by proposal, and the largest score counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers import softmax


def segment_proposals(
    net: Callable[[Tensor], Tensor], image: Tensor, boxes: Tensor, *, side: int = 224, batch: int = 8
) -> Tensor:
    """Label an image through windows around its objects, each enlarged or shrunk to the net's own size.

    A net with one size sees a small object in a small window large, and a large
    one in a large window whole.  Windows are cut out of the image (beyond it lies
    0), resized to side x side, labelled, resized back, and merged by `merge_scores`.
    The paper takes the best 50 of about 2000 edge boxes, its release none below 112 pixels.

    Shape:
        image:  (C, H, W)
        boxes:  (K, 4)     int64  x1, y1, x2, y2 in pixels, the last not included; they may leave the image
        return: (L, H, W)  merged scores, L the net's classes

    Args:
        net: Takes (N, C, side, side) to (N, L, side, side), in `eval()`.
        side: What the windows are resized to.
        batch: Windows that the net gets at once.

    Raises:
        ShapeError: image is none, or boxes are not (K, 4) with one box or more.
        OptionError: boxes are no int64, a box is empty, or a number is no integer of at least 1.

    Example:
        >>> brightness = lambda x: torch.cat([1 - x, x], dim=1)
        >>> image = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
        >>> segment_proposals(brightness, image, torch.tensor([[2, 0, 4, 1]]), side=2).tolist()
        [[[0.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]]

    Source:
        Noh, Hong and Han, "Learning Deconvolution Network for Semantic Segmentation",
        arXiv:1505.04366, the section on inference, and its release (github.com/HyeonwooNoh/DeconvNet).
    """
    if image.ndim != 3 or 0 in image.shape:
        raise ShapeError("image", "(C, H, W), one image, no axis empty", repr(tuple(image.shape)))
    require_at_least("side", side, 1)
    require_at_least("batch", batch, 1)
    _check_boxes(boxes)
    scores: list[Tensor] = []
    for first in range(0, len(boxes), batch):
        places = boxes[first : first + batch].tolist()
        windows = [_resized(_window(image, *place), (side, side)) for place in places]
        for (x1, y1, x2, y2), y in zip(places, net(torch.stack(windows)), strict=True):
            scores.append(_resized(y, (y2 - y1, x2 - x1)))
    return merge_scores(scores, boxes, (image.shape[1], image.shape[2]))


def merge_scores(scores: Sequence[Tensor], boxes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Lay the scores of all proposals on the image, with 0 around each, and keep the largest of each pixel and class.

        P[l, y, x] = max over proposals i of G_i[l, y, x],   G_i = 0 outside proposal i

    The maximum lets a proposal that sees an object well override those that see
    a part of it: noise of others does not average it away.  Where a proposal does
    not reach, its 0 takes part: a pixel that only one of several proposals covers
    has no score below 0, and one that none covers has 0 for all classes.

    Shape:
        scores: K times (L, y2 - y1, x2 - x1)
        boxes:  (K, 4)  int64  as in `segment_proposals`
        return: (L, *sides)

    Raises:
        ShapeError: Scores and boxes do not fit.
        OptionError: boxes are no int64, or a box is empty.

    Example:
        >>> one, other = torch.full((1, 1, 2), -3.0), torch.full((1, 1, 2), 5.0)
        >>> merge_scores([one, other], torch.tensor([[0, 0, 2, 1], [1, 0, 3, 1]]), (1, 4)).tolist()
        [[[0.0, 5.0, 5.0, 0.0]]]

    Source:
        Noh et al., arXiv:1505.04366, equation 1.
    """
    _check_boxes(boxes)
    if len(scores) != len(boxes):
        raise ShapeError("scores", f"{len(boxes)} maps, one a box", f"{len(scores)}")
    H, W = sides
    laid = []
    for y, (x1, y1, x2, y2) in zip(scores, boxes.tolist(), strict=True):
        if y.ndim != 3 or y.shape[1:] != (y2 - y1, x2 - x1):
            raise ShapeError("scores", f"(L, {y2 - y1}, {x2 - x1}), the size of its box", repr(tuple(y.shape)))
        laid.append(_window(y, -x1, -y1, W - x1, H - y1))  # the image, as a window of its proposal's map
    return reduce(torch.maximum, laid)


def ensemble_probabilities(scores: Tensor, others: Tensor) -> Tensor:
    """Average what two nets think of each pixel: EDeconvNet, which is DeconvNet with FCN-8s.

        P = (softmax(scores) + softmax(others)) / 2

    One net sees objects in detail, the other the whole image; their errors differ.
    That is the paper's text; the release multiplies scores that are cut at 0 instead.

    Shape:
        scores, others: (L, H, W)
        return:         (L, H, W)

    Raises:
        ShapeError: The two differ in shape.

    Source:
        Noh et al., arXiv:1505.04366, the section on the ensemble with FCN.
    """
    if scores.shape != others.shape:
        raise ShapeError("others", f"the shape of scores, {tuple(scores.shape)}", repr(tuple(others.shape)))
    return (softmax(scores, -3) + softmax(others, -3)) / 2


def _check_boxes(boxes: Tensor) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise ShapeError("boxes", "(K, 4), one box or more", repr(tuple(boxes.shape)))
    if boxes.dtype != torch.int64:
        raise OptionError("boxes", "torch.int64", str(boxes.dtype), "boxes.round().long() converts them")
    empty = (boxes[:, 2:] <= boxes[:, :2]).any(1)
    if empty.any():
        worst = boxes[int(empty.nonzero()[0])].tolist()
        raise OptionError("boxes", "x1 below x2 and y1 below y2", str(worst))


def _window(image: Tensor, x1: int, y1: int, x2: int, y2: int) -> Tensor:
    """Cut a window that may leave the image, even wholly; beyond it lies 0."""
    H, W = image.shape[1:]
    inside = image[:, max(0, y1) : max(0, min(H, y2)), max(0, x1) : max(0, min(W, x2))]
    if not inside.numel():
        return image.new_zeros(len(image), y2 - y1, x2 - x1)
    return F.pad(inside, (max(0, -x1), max(0, x2 - W), max(0, -y1), max(0, y2 - H)))


def _resized(y: Tensor, sides: tuple[int, int]) -> Tensor:
    if tuple(y.shape[1:]) == sides:
        return y
    return F.interpolate(y[None], size=sides, mode="bilinear", align_corners=False)[0]
