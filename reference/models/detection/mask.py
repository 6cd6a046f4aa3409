"""Masks of Mask R-CNN: predicted on a grid of 28 x 28, learned there, and pasted into the image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.layers.roi import roi_align2d

POOLED = 14  # side of a region's features
MASK_SIDE = 28  # side of a mask


class MaskFeatures(nn.Module):
    """Four 3x3 convolutions and a 2x2 transposed convolution with stride 2, each with ReLU: 14 x 14 to 28 x 28.

    Shape:
        pooled: (R, in_channels, 14, 14)
        return: (R, channels, 28, 28)

    Args:
        in_channels: Channels of the pooled features: 256.
        channels: Channels of every layer: 256.

    Source:
        He, Gkioxari, Dollar and Girshick, "Mask R-CNN", ICCV 2017, figure 4, right.
    """

    def __init__(self, in_channels: int = 256, channels: int = 256) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("channels", channels, 1)
        seen = (in_channels, channels, channels, channels)
        self.convs = nn.ModuleList(nn.Conv2d(before, channels, 3, padding=1) for before in seen)
        self.deconv = nn.ConvTranspose2d(channels, channels, 2, stride=2)
        for layer in (*self.convs, self.deconv):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """Compute the features that masks are read from."""
        for conv in self.convs:
            pooled = F.relu(conv(pooled))
        return F.relu(self.deconv(pooled))


class MaskHead(MaskFeatures):
    """`MaskFeatures` and a 1x1 convolution that gives one mask for each class; 2,643,280 parameters for 80 classes.

    The masks of all classes are computed; which one counts is decided by the box
    branch.  No soft-max over classes: each mask says "this class or not" by itself.

    Shape:
        pooled: (R, in_channels, 14, 14)
        return: (R, num_masks, 28, 28), before the sigmoid

    Args:
        num_masks: Classes *without* the background, which has no mask: 80 for COCO.
        in_channels: Channels of the pooled features: 256.
        channels: Channels of every layer: 256.

    Source:
        He et al., "Mask R-CNN", ICCV 2017, section 3, "Mask Representation", and figure 4, right.
    """

    def __init__(self, num_masks: int = 80, in_channels: int = 256, channels: int = 256) -> None:
        super().__init__(in_channels, channels)
        require_at_least("num_masks", num_masks, 1)
        self.predictor = nn.Conv2d(channels, num_masks, 1)
        nn.init.kaiming_normal_(self.predictor.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.predictor.bias)  # type: ignore[arg-type]

    def forward(self, pooled: Tensor) -> Tensor:
        """Compute the masks of every class."""
        logits: Tensor = self.predictor(super().forward(pooled))
        return logits


def mask_targets(masks: Tensor, objects: Tensor, boxes: Tensor) -> Tensor:
    """Cut the true mask of its object out along every box, on a grid of 28 x 28.

    What lies in the box counts, wherever the object ends: the target is the
    intersection of region and mask.

    Shape:
        masks:   (M, H, W) bool
        objects: (P,) int64   number of the mask of each box
        boxes:   (P, 4)       corners as points
        return:  (P, 28, 28)  0 or 1, dtype of boxes

    Source:
        He et al., "Mask R-CNN", ICCV 2017, section 3.1, "Training"; the mean of samples cut at one half:
        Detectron2, for masks of pixels.
    """
    rois = torch.cat([objects[:, None].to(boxes.dtype), boxes], dim=1)
    cut = roi_align2d(
        masks[:, None].to(boxes.dtype), rois, MASK_SIDE, spatial_scale=1.0, sampling_ratio=0, aligned=True
    )
    return (cut[:, 0] >= 0.5).to(boxes.dtype)


def mask_loss(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Charge the mean binary cross entropy of the mask of the *true class*; the masks of other classes play no part.

        L_mask = mean over regions and cells of  -[m log sigmoid(z_k) + (1 - m) log(1 - sigmoid(z_k))],   k the true class

    So classes do not compete for a pixel: mask and class are predicted apart.

    Shape:
        logits:  (P, K, m, m)   regions that are objects; K classes without the background
        labels:  (P,) int64     1 to K; class c has mask c - 1
        targets: (P, m, m)      0 or 1
        return:  ()             0 where P is 0

    Raises:
        ShapeError: The three do not fit.

    Source:
        He et al., "Mask R-CNN", ICCV 2017, section 3, L_mask.
    """
    P = len(logits)
    if labels.shape != (P,) or targets.shape != (P, *logits.shape[2:]):
        raise ShapeError(
            "targets",
            f"({P}, {logits.shape[2]}, {logits.shape[3]}) and labels ({P},) to match the logits",
            f"{tuple(targets.shape)} and {tuple(labels.shape)}",
        )
    if not P:
        return logits.sum() * 0
    own = logits[torch.arange(P, device=logits.device), labels - 1]  # (P, m, m)
    return F.binary_cross_entropy_with_logits(own, targets.to(own.dtype))


def paste_masks(masks: Tensor, boxes: Tensor, sides: tuple[int, int], *, threshold: float = 0.5) -> Tensor:
    """Enlarge every mask to its box, put it there, and cut at a threshold.

    Pixel (i, j) has its centre at (j + 1/2, i + 1/2).  Centres inside the box read
    the mask by bilinear interpolation between the centres of its cells; outside
    all is empty.

    Shape:
        masks:  (K, m, m)       probabilities
        boxes:  (K, 4)          corners as points
        return: (K, H, W) bool  sides = (H, W)

    Args:
        sides: Of the image.
        threshold: Probability from which on a pixel belongs to the object.

    Example:
        >>> paste_masks(torch.ones(1, 28, 28), torch.tensor([[1.0, 0.0, 3.0, 2.0]]), (2, 4)).int().tolist()
        [[[0, 1, 1, 0], [0, 1, 1, 0]]]

    Source:
        He et al., "Mask R-CNN", ICCV 2017, section 3.1, "Inference": resized to the RoI, binarized at 0.5.
    """
    H, W = sides
    rows = _spread(boxes[:, 1], boxes[:, 3], H, masks.shape[1])  # (K, H, m)
    columns = _spread(boxes[:, 0], boxes[:, 2], W, masks.shape[2])
    y = torch.einsum("kim,kmn,kjn->kij", rows.to(masks.dtype), masks, columns.to(masks.dtype))
    # where the box is not, rows or columns are all 0, and 0 is no object at any threshold
    inside = (rows.sum(2) > 0)[:, :, None] & (columns.sum(2) > 0)[:, None, :]
    return (y >= threshold) & inside


def class_masks(logits: Tensor, labels: Tensor) -> Tensor:
    """Take the mask of each region's own class as probabilities.

    Shape:
        logits: (R, K, m, m)
        labels: (R,) int64   1 to K
        return: (R, m, m)
    """
    return logits[torch.arange(len(labels), device=logits.device), labels - 1].sigmoid()


def _spread(first: Tensor, last: Tensor, size: int, cells: int) -> Tensor:
    """How much every cell of the mask has in every pixel of the axis: (K, size, cells)."""
    centres = torch.arange(size, dtype=first.dtype, device=first.device) + 0.5
    within = (centres - first[:, None]) / (last - first).clamp(min=1e-6)[:, None]  # (K, size): 0 to 1 in the box
    place = (within * cells - 0.5).clamp(0, cells - 1)
    cell = torch.arange(cells, dtype=first.dtype, device=first.device)
    hat = (1 - (place[..., None] - cell).abs()).clamp(min=0)
    return hat * ((within >= 0) & (within <= 1))[..., None]
