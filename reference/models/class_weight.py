"""Weights of classes that are rare and of classes that are everywhere, as SegNet is trained with them."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least


def median_frequency_weights(labels: Tensor, num_classes: int, *, ignore_label: int = 255) -> Tensor:
    """Weight each class by the median of all frequencies divided by its own.

        freq(c)   = pixels of class c / pixels of all images in which class c appears
        weight[c] = median of freq / freq(c)

    Rare classes count more than 1, frequent ones less.  Only images that show a
    class count in its denominator, and there all pixels but ignored ones.  A class
    that no image shows has weight 0.  Of an even number of classes the median is
    the mean of the middle two.

    Shape:
        labels: (N, H, W)      int64
        return: (num_classes,)        float32, for `weight` of `cross_entropy`

    Args:
        num_classes: Classes.
        ignore_label: Pixels that count nowhere: the void.

    Raises:
        ShapeError: labels are no batch of planes.
        OptionError: labels are no int64, a label is no class, or `num_classes` is no integer of at least 1.

    Example:
        >>> labels = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 2, 2]]])  # 5/8, 1/4 and 2/4
        >>> median_frequency_weights(labels, 3).tolist()
        [0.800000011920929, 2.0, 1.0]

    Source:
        Badrinarayanan et al., arXiv:1511.00561, section 4; Eigen and Fergus, "Predicting Depth, Surface
        Normals and Semantic Labels", ICCV 2015, section 6.3.2.  SegNet's release weights its loss
        so; the paper's table that compares it with other nets does not.
    """
    require_at_least("num_classes", num_classes, 1)
    if labels.ndim != 3:
        raise ShapeError("labels", "(N, H, W)", repr(tuple(labels.shape)))
    if labels.dtype != torch.int64:
        raise OptionError("labels", "torch.int64", str(labels.dtype), "labels.long() converts them")
    counted = labels != ignore_label
    classes = labels[counted]
    if classes.numel() and not 0 <= int(classes.min()) <= int(classes.max()) < num_classes:
        found = f"{int(classes.min())} to {int(classes.max())}"
        raise OptionError("labels", f"0 to {num_classes - 1}, or {ignore_label} to ignore", found)
    each = torch.stack([(labels == c).flatten(1).sum(1) for c in range(num_classes)], dim=1)  # (N, classes)
    shown = counted.flatten(1).sum(1)[:, None] * (each > 0)
    pixels, room = each.sum(0).double(), shown.sum(0).double()
    seen = pixels > 0
    if not seen.any():
        return torch.zeros(num_classes, device=labels.device)
    frequency = pixels[seen] / room[seen]
    weights = torch.zeros(num_classes, dtype=torch.float64, device=labels.device)
    weights[seen] = torch.quantile(frequency, 0.5) / frequency
    return weights.float()
