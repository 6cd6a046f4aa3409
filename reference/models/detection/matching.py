"""Training targets: which box learns which object, and which boxes learn at all."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from reference.layers.box import PLAIN, Variances, box_iou, encode_boxes
from reference.models.detection.result import GroundTruth


class Matches(NamedTuple):
    """What each box is to learn.

    Shape:
        roles:   (K,) int64  1 an object, 0 the background, -1 nothing
        objects: (K,) int64  the object that it overlaps most; 0 where there is none
    """

    roles: Tensor
    objects: Tensor


class Sample(NamedTuple):
    """The boxes of one image that take part in a training step, objects first.

    Shape:
        boxes:   (S, 4)
        labels:  (S,) int64  class, 0 for the background
        targets: (S, 4)      offsets from box to object; 0 for the background
        objects: (S,) int64  number of the object
    """

    boxes: Tensor
    labels: Tensor
    targets: Tensor
    objects: Tensor


def match_boxes(
    boxes: Tensor,
    truth: Tensor,
    *,
    foreground: float,
    background: tuple[float, float],
    keep_best: bool = False,
    inclusive: bool = False,
) -> Matches:
    """Compare boxes with the objects of their image by IoU.

        role = 1    where the largest IoU >= foreground
        role = 0    where background[0] <= largest IoU < background[1]
        role = -1   elsewhere
        with keep_best also 1 for every box that no other exceeds in IoU with some object

    Shape:
        boxes: (K, 4)
        truth: (M, 4)

    Args:
        foreground: 0.5 for regions (Fast R-CNN), 0.7 for anchors (Faster R-CNN).
        background: (0.1, 0.5) for regions, (0, 0.3) for anchors.
        keep_best: Whether an object that nothing reaches still gets its best boxes, ties included (anchors).
        inclusive: Whether corners are pixels.

    Example:
        >>> boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 1.0], [9.0, 9.0, 10.0, 10.0]])
        >>> match_boxes(boxes, boxes[:1], foreground=0.5, background=(0.1, 0.5)).roles.tolist()
        [1, 0, -1]

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 2.3; Ren et al., "Faster R-CNN", NIPS 2015, section 3.1.2.
    """
    if not len(truth):
        best, objects = boxes.new_zeros(len(boxes)), torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device)
    else:
        overlaps = box_iou(boxes, truth.to(boxes.dtype), inclusive=inclusive)  # (K, M)
        best, objects = overlaps.max(1)
    roles = torch.full_like(objects, -1)
    roles[(best >= background[0]) & (best < background[1])] = 0
    if keep_best and len(truth) and len(boxes):
        top = overlaps.amax(0)  # (M,)
        roles[((overlaps == top) & (top > 0)).any(1)] = 1
    roles[best >= foreground] = 1
    return Matches(roles, objects)


def draw_sample(
    roles: Tensor, count: int, fraction: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw boxes for a training step: objects up to a share, then background up to the count.

    Where objects are rare the background fills their places; where the background
    is rare the sample is smaller.

    Shape:
        roles:  (K,) int64          as of `match_boxes`
        return: two (S,) int64      positions of objects and of background

    Args:
        count: Size of the sample: 64 regions an image (Fast R-CNN), 256 anchors (RPN).
        fraction: Largest share of objects: 1/4 and 1/2.
        generator: What draws; None takes torch's own.  It lives on the CPU.
    """
    objects, background = (_draw(roles == role, generator) for role in (1, 0))
    objects = objects[: round(count * fraction)]
    return objects, background[: count - len(objects)]


def sample_regions(
    proposals: Tensor,
    truth: GroundTruth,
    *,
    count: int = 64,
    fraction: float = 0.25,
    foreground: float = 0.5,
    background: tuple[float, float] = (0.1, 0.5),
    variances: Variances = PLAIN,
    inclusive: bool = False,
    generator: torch.Generator | None = None,
) -> Sample:
    """Choose the regions of one image that a region classifier learns from, and what they are to say.

    The true boxes themselves join the proposals: an object that no proposal hits
    is still learned.

    Shape:
        proposals: (K, 4)

    Args:
        count: Regions of this image.
        fraction: Largest share of objects.
        foreground: Least IoU of an object.
        background: From which IoU on and up to which a region is background; below 0.1 it is too easy.
        variances: What the offsets are divided by.
        inclusive: Whether corners are pixels.
        generator: What draws.

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 2.3, mini-batch sampling; true boxes as regions: its release.
    """
    true_boxes = truth.boxes.to(proposals.dtype)
    boxes = torch.cat([proposals, true_boxes])
    roles, objects = match_boxes(boxes, true_boxes, foreground=foreground, background=background, inclusive=inclusive)
    positive, negative = draw_sample(roles, count, fraction, generator)
    chosen = torch.cat([positive, negative])
    boxes, objects = boxes[chosen], objects[chosen]
    labels = torch.zeros_like(objects)
    targets = torch.zeros_like(boxes)
    if len(positive):
        mine = objects[: len(positive)]
        labels[: len(positive)] = truth.labels[mine]
        targets[: len(positive)] = encode_boxes(
            true_boxes[mine], boxes[: len(positive)], variances=variances, inclusive=inclusive
        )
    return Sample(boxes, labels, targets, objects)


def _draw(chosen: Tensor, generator: torch.Generator | None) -> Tensor:
    """Positions of what is chosen, in random order."""
    positions = chosen.nonzero()[:, 0]
    return positions[torch.randperm(len(positions), generator=generator).to(positions.device)]
