"""Losses that detectors share: how far a box is off, and the multi-task loss of a region."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.errors import ShapeError


class RegionLoss(NamedTuple):
    """The two parts of a loss, scalars: of the classes and of the boxes."""

    classes: Tensor
    boxes: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum: what is trained."""
        return self.classes + self.boxes


def smooth_l1(x: Tensor, *, beta: float = 1.0) -> Tensor:
    """Charge small errors quadratically and large ones linearly.

        y = x^2 / (2*beta)     where |x| < beta
            |x| - beta/2       elsewhere

    The slope never exceeds 1: a target far off does not throw the training.

    Shape:
        x:      any shape
        return: shape of x

    Args:
        beta: Where the two pieces meet: 1 in Fast R-CNN; the releases use 1/9 in the region proposal network.

    Example:
        >>> smooth_l1(torch.tensor([-3.0, -1.0, 0.5])).tolist()
        [2.5, 0.5, 0.125]

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, equation 3.
    """
    size = x.abs()
    return torch.where(size < beta, x.square() / (2 * beta), size - beta / 2)


def region_loss(
    scores: Tensor, offsets: Tensor, labels: Tensor, targets: Tensor, *, balance: float = 1.0
) -> RegionLoss:
    """Train a region's class and, if it is an object, the offsets of its own class.

        L = -log p_u + balance * [u >= 1] * sum over x, y, w, h of smooth_l1(t^u - v),    mean over the regions

    u is the true class, p the soft-max of the scores, t^u the four offsets that
    belong to class u: those of other classes get no gradient.  The background
    (u = 0) has no box.  Both parts are divided by all regions, not by the objects.

    Shape:
        scores:  (R, L)
        offsets: (R, L, 4)
        labels:  (R,) int64
        targets: (R, 4)

    Args:
        balance: The paper's lambda.

    Raises:
        ShapeError: The four do not fit, or there is no region.

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, equations 1 and 2.
    """
    R, L = scores.shape
    if not R or offsets.shape != (R, L, 4) or labels.shape != (R,) or targets.shape != (R, 4):
        raise ShapeError(
            "scores",
            "(R, L) with R >= 1, offsets (R, L, 4), labels (R,) and targets (R, 4)",
            ", ".join(str(tuple(tensor.shape)) for tensor in (scores, offsets, labels, targets)),
        )
    positive = labels >= 1
    own = offsets[positive, labels[positive]]  # (objects, 4)
    box_loss = smooth_l1(own - targets[positive]).sum() / R
    return RegionLoss(F.cross_entropy(scores, labels), balance * box_loss)
