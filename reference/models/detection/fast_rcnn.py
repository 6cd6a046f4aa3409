"""Fast R-CNN (Girshick, ICCV 2015): one convolutional pass for the image, a pooled grid for every region."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers.box import SSD as DEVIATIONS
from reference.layers.box import clip_boxes, decode_boxes
from reference.layers.roi import roi_pool2d
from reference.models.detection.loss import RegionLoss, region_loss
from reference.models.detection.matching import Sample, sample_regions
from reference.models.detection.result import (
    LOG_LIMIT,
    Detections,
    GroundTruth,
    check_truth,
    number_boxes,
    select_detections,
)
from reference.models.detection.trunk import POOLED, STRIDE, Conv5Trunk, RegionHead, RegionOutput


class FastRCNN(nn.Module):
    """Classify given regions of an image and move their borders, sharing all convolutions between them.

    VGG-16 to conv5_3 on the whole image; RoI max pooling of every region to 7 x 7
    at 1/16; fc6, fc7; a soft-max over classes and background, and four offsets
    for *each class*.  The regions come from outside, from selective search: what
    became faster than R-CNN is the shared convolution, not the search.

    The parameters, 134,690,729 at full width with 21 classes, include no fc8.
    Boxes have inclusive corners, as in the release.

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 16
        rois:   (R, 5)   image, x1, y1, x2, y2 in pixels of x
        return: `RegionOutput`: scores (R, L) and offsets (R, L, 4)

    Args:
        in_channels: Channels of the image.
        num_classes: Classes with the background, which is class 0.
        width: Channels of the first stage; 64 in the paper.  fc6 and fc7 have 64 times as many.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x or rois does not fit.

    Example:
        >>> net = FastRCNN(num_classes=4, width=1).eval()
        >>> scores, offsets = net(torch.zeros(1, 3, 64, 96), torch.tensor([[0.0, 8.0, 8.0, 40.0, 50.0]]))
        >>> scores.shape, offsets.shape
        (torch.Size([1, 4]), torch.Size([1, 4, 4]))

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 2.  On VOC 2007, 66.9 % mAP belongs to 0.32 s an image;
        the 0.22 s of the truncated net to 66.6 %.
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 21, width: int = 64) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.trunk = Conv5Trunk(in_channels, width)
        self.head = RegionHead(self.trunk.out_channels, 64 * width, num_classes)

    def forward(self, x: Tensor, rois: Tensor) -> RegionOutput:
        """Score regions of a batch of images."""
        return self.score(self.trunk(x), rois)

    def score(self, features: Tensor, rois: Tensor) -> RegionOutput:
        """Score regions on features that are already computed."""
        output: RegionOutput = self.head(roi_pool2d(features, rois, POOLED, spatial_scale=1 / STRIDE).y)
        return output

    @torch.no_grad()
    def detect(
        self,
        x: Tensor,
        proposals: Sequence[Tensor],
        *,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.3,
        limit: int = 100,
    ) -> list[Detections]:
        """Find objects in a batch, given its regions.

        Shape:
            x:         (N, in_channels, H, W)
            proposals: for each image (K, 4), inclusive corners

        Args:
            score_threshold: Probabilities of at most that are dropped.
            nms_threshold: IoU from which on two boxes of one class are one.
            limit: Most detections of an image.

        Raises:
            ShapeError: There is not one set of proposals an image.
        """
        check_proposals(proposals, len(x))
        output = self(x, number_boxes(proposals))
        sides = x.shape[2], x.shape[3]
        return decode_regions(output, proposals, sides, score_threshold, nms_threshold, limit)

    def loss(
        self,
        x: Tensor,
        proposals: Sequence[Tensor],
        truth: Sequence[GroundTruth],
        *,
        count: int = 64,
        generator: torch.Generator | None = None,
    ) -> RegionLoss:
        """Draw regions of every image and compute the multi-task loss, all layers trained at once.

        Args:
            x: The batch: two images in the paper.
            proposals: The regions of each image.
            truth: The objects of each image.
            count: Regions drawn of each image: 64, so that two images give 128.
            generator: What draws.

        Source:
            Girshick, "Fast R-CNN", ICCV 2015, section 2.3.
        """
        check_proposals(proposals, len(x))
        check_truth(truth, len(x), self.num_classes)
        return self.loss_on(self.trunk(x), proposals, truth, count=count, generator=generator)

    def loss_on(
        self,
        features: Tensor,
        proposals: Sequence[Tensor],
        truth: Sequence[GroundTruth],
        *,
        count: int = 64,
        background: tuple[float, float] = (0.1, 0.5),
        generator: torch.Generator | None = None,
    ) -> RegionLoss:
        """Compute the loss on features that are already computed."""
        samples = [
            sample_regions(
                boxes.to(features.dtype),
                objects,
                count=count,
                background=background,
                variances=DEVIATIONS,
                inclusive=True,
                generator=generator,
            )
            for boxes, objects in zip(proposals, truth, strict=True)
        ]
        scores, offsets = self.score(features, number_boxes([sample.boxes for sample in samples]))
        drawn = join_samples(samples)
        return region_loss(scores, offsets, drawn.labels, drawn.targets)


def decode_regions(
    output: RegionOutput,
    proposals: Sequence[Tensor],
    sides: tuple[int, int],
    score_threshold: float,
    nms_threshold: float,
    limit: int,
    *,
    inclusive: bool = True,
) -> list[Detections]:
    """Turn the output for the regions of a batch into detections, image by image.

    Every class moves the region by its own offsets (times 0.1, 0.1, 0.2, 0.2, by
    which targets were divided), the boxes are cut at the image, and each class
    suppresses its own.
    """
    counts = [len(boxes) for boxes in proposals]
    found = []
    for boxes, scores, offsets in zip(
        proposals, torch.split(output.scores, counts), torch.split(output.offsets, counts), strict=True
    ):
        moved = decode_boxes(
            offsets, boxes[:, None].to(offsets.dtype), variances=DEVIATIONS, inclusive=inclusive, log_limit=LOG_LIMIT
        )
        found.append(
            select_detections(
                F.softmax(scores, dim=1),
                clip_boxes(moved, sides, inclusive=inclusive),
                score_threshold=score_threshold,
                nms_threshold=nms_threshold,
                limit=limit,
                inclusive=inclusive,
            )
        )
    return found


def join_samples(samples: Sequence[Sample]) -> Sample:
    """Put the samples of all images under each other."""
    return Sample(*(torch.cat(list(parts)) for parts in zip(*samples, strict=True)))


def check_proposals(proposals: Sequence[Tensor], images: int) -> None:
    """Demand one set of regions an image.

    Raises:
        ShapeError: The number or a shape is another.
    """
    if len(proposals) != images or any(boxes.ndim != 2 or boxes.shape[1] != 4 for boxes in proposals):
        raise ShapeError(
            "proposals",
            f"boxes (K, 4) for each of {images} images",
            ", ".join(str(tuple(boxes.shape)) for boxes in proposals) or "none",
            "a batch of one image has a list of one tensor",
        )


def truncate_svd(layer: nn.Linear, rank: int) -> nn.Sequential:
    """Replace a dense layer by two thin ones, the best of their rank.

        W ~ U diag(s) V^T, the largest `rank` singular values;   first layer diag(s) V^T without bias, second U

    `rank*(in + out)` weights instead of `in*out`, nothing between the two layers.

    Args:
        layer: The dense layer; it stays as it is.
        rank: Singular values that are kept.

    Raises:
        OptionError: rank is no integer from 1 to the smaller side of the layer.

    Example:
        >>> thin = truncate_svd(nn.Linear(12, 8), 2)
        >>> thin(torch.zeros(1, 12)).shape, sum(weight.numel() for weight in thin.parameters())
        (torch.Size([1, 8]), 48)

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 3.1, equation 5.
    """
    require_at_least("rank", rank, 1)
    full = min(layer.in_features, layer.out_features)
    if rank > full:
        raise OptionError("rank", f"at most {full}, the smaller side of the layer", str(rank))
    weight = layer.weight.detach()
    left, values, right = torch.linalg.svd(weight, full_matrices=False)
    options = {"device": weight.device, "dtype": weight.dtype}
    narrow = nn.Linear(layer.in_features, rank, bias=False, **options)
    widen = nn.Linear(rank, layer.out_features, bias=layer.bias is not None, **options)
    narrow.weight = nn.Parameter(values[:rank, None] * right[:rank])
    widen.weight = nn.Parameter(left[:, :rank].contiguous())
    if layer.bias is not None:
        widen.bias = nn.Parameter(layer.bias.detach().clone())
    return nn.Sequential(narrow, widen)


def compress(net: FastRCNN, *, fc6_rank: int = 1024, fc7_rank: int = 256) -> FastRCNN:
    """Copy a trained net with truncated fc6 and fc7: 119,545,856 parameters become 31,989,760.

    Dense layers take almost half of the time of a detection, as there are
    thousands of regions and one image.  No further training follows.

    Args:
        net: The net; it stays as it is.
        fc6_rank: Singular values of fc6 that are kept.
        fc7_rank: Singular values of fc7 that are kept.

    Raises:
        OptionError: The net is compressed already, or a rank does not fit.

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 4.4: 1024 and 256 singular values for VGG-16.
    """
    thin = copy.deepcopy(net)
    for name, rank in (("fc6", fc6_rank), ("fc7", fc7_rank)):
        layer = getattr(thin.head, name)
        if not isinstance(layer, nn.Linear):
            raise OptionError("net", f"a dense {name}", type(layer).__name__, "it is compressed already")
        setattr(thin.head, name, truncate_svd(layer, rank))
    return thin
