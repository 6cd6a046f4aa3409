"""What SSD learns from: default boxes matched with objects, and three hard negatives for each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.layers.box import SSD as VARIANCES
from reference.layers.box import box_iou, encode_boxes
from reference.models.detection.loss import RegionLoss, smooth_l1
from reference.models.detection.result import GroundTruth


def match_priors(priors: Tensor, truth: Tensor, *, threshold: float = 0.5) -> Tensor:
    """Give every object its best default box, and every other box the object that it overlaps enough.

    First, object by object in the order of their overlaps, each takes the best
    box that is still free: two objects never share one.  Then every free box with
    an IoU above the threshold takes the object that it overlaps most; one object may
    thus have many boxes.

    Shape:
        priors: (K, 4)
        truth:  (M, 4)
        return: (K,) int64   number of the object, -1 for none

    Args:
        threshold: IoU that a box must exceed.

    Source:
        Liu et al., "SSD", ECCV 2016, section 2.2, "Matching strategy".
    """
    objects = torch.full((len(priors),), -1, device=priors.device)
    if not len(truth):
        return objects
    overlaps = box_iou(priors, truth.to(priors.dtype))  # (K, M)
    best, nearest = overlaps.max(1)
    objects = torch.where(best > threshold, nearest, objects)
    free = overlaps.clone()
    for _ in range(min(len(truth), len(priors))):
        place = int(free.argmax())
        prior, which = place // len(truth), place % len(truth)
        objects[prior] = which
        free[prior], free[:, which] = -1.0, -1.0
    return objects


def hard_negatives(losses: Tensor, positive: Tensor, *, ratio: int = 3) -> Tensor:
    """Choose the boxes without an object that are mistaken most: `ratio` for every one with an object.

    Shape:
        losses:   (N, K)        loss of each box if it is background
        positive: (N, K) bool   where an object is
        return:   (N, K) bool   chosen, image by image

    Args:
        ratio: Negatives for one positive; all others learn nothing.

    Example:
        >>> losses, positive = torch.tensor([[9.0, 1.0, 3.0, 2.0, 0.0]]), torch.tensor([[True] + 4 * [False]])
        >>> hard_negatives(losses, positive, ratio=2).tolist()
        [[False, False, True, True, False]]

    Source:
        Liu et al., "SSD", ECCV 2016, section 2.2, "Hard negative mining": sorted by the confidence loss.
        The release sorts by the largest probability of a class that is none of background.
    """
    ranked = losses.masked_fill(positive, -torch.inf).argsort(dim=1, descending=True, stable=True)
    rank = ranked.argsort(dim=1)  # of every box among those of its image
    return (rank < ratio * positive.sum(1, keepdim=True)) & ~positive


def multibox_loss(
    scores: Tensor, offsets: Tensor, priors: Tensor, truth: Sequence[GroundTruth], *, ratio: int = 3
) -> RegionLoss:
    """Train the matched boxes on class and place, and the hardest of the others on the background.

        L = 1/N * (L_conf + L_loc),    N = matched boxes of the batch; 0 without any
        L_conf = -sum over matched of log p_class - sum over hard negatives of log p_background
        L_loc  = sum over matched of smooth_l1(offsets - encode(object, box) / (0.1, 0.1, 0.2, 0.2))

    Shape:
        scores:  (N, K, L)   class 0 is the background
        offsets: (N, K, 4)
        priors:  (K, 4)

    Args:
        truth: The objects of each image.
        ratio: Hard negatives for one matched box.

    Source:
        Liu et al., "SSD", ECCV 2016, equations 1 to 3, alpha = 1; the variances: its release.
    """
    boxes = priors.to(offsets)
    labels = torch.zeros(scores.shape[:2], dtype=torch.int64, device=scores.device)
    box_loss = offsets.sum() * 0
    for n, objects in enumerate(truth):
        matched = match_priors(boxes, objects.boxes)
        positive = matched >= 0
        if not bool(positive.any()):
            continue
        labels[n, positive] = objects.labels[matched[positive]]
        targets = encode_boxes(objects.boxes.to(boxes.dtype)[matched[positive]], boxes[positive], variances=VARIANCES)
        box_loss = box_loss + smooth_l1(offsets[n, positive] - targets).sum()
    positive = labels > 0
    losses = F.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none").reshape(labels.shape)
    chosen = positive | hard_negatives(losses.detach(), positive, ratio=ratio)
    count = positive.sum().clamp(min=1)
    class_loss = torch.where(chosen, losses, torch.zeros_like(losses)).sum()
    return RegionLoss(class_loss / count, box_loss / count)
