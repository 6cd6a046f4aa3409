"""R-CNN (Girshick, Donahue, Darrell and Malik, CVPR 2014): a convolutional net for every region, then SVMs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.layers.box import clip_boxes, decode_boxes
from reference.models.alexnet import SIDES, AlexNet
from reference.models.detection.fast_rcnn import check_proposals
from reference.models.detection.result import LOG_LIMIT, Detections, select_detections
from reference.models.detection.warp import warp_regions

SIDE = SIDES[0]  # 227
LENGTH = 20.0  # mean length of features to which all numbers of the release refer


class RegionFeatures(NamedTuple):
    """What the net says about regions.

    Shape:
        pool5: (R, 9216)   256 x 6 x 6, channel by channel
        fc7:   (R, 4096)
    """

    pool5: Tensor
    fc7: Tensor


class SVMOutput(NamedTuple):
    """What R-CNN says about regions.

    Shape:
        scores:  (R, K)      of one SVM a class: no probabilities; K classes *without* the background
        offsets: (R, K, 4)   from region to object, of one regressor a class
    """

    scores: Tensor
    offsets: Tensor


class RCNN(nn.Module):
    """Warp every given region to 227 x 227, run AlexNet on each, score with an SVM a class, correct the box.

    2000 regions mean 2000 passes of the net, however much they overlap: nothing
    is shared, which is what Fast R-CNN changes.  The parts are trained apart, see
    `rcnn_training`:

        cnn        AlexNet, fine-tuned with a soft-max over classes and background
        svms       linear, on fc7; the soft-max is thrown away
        regressors linear, on pool5; four for each class

    The SVMs' scores decide, not the soft-max.  Boxes have inclusive corners.

    Shape:
        x:         (N, in_channels, H, W), the mean of the images subtracted
        proposals: for each image (R, 4); from selective search in the paper, about 2000
        return:    `SVMOutput` for all regions of the batch

    Args:
        in_channels: Channels of the image.
        num_classes: Classes with the background, which is class 0 of the soft-max and has no SVM.
        width: Channels of conv1; 96 in the paper.  A multiple of 6.
        context: Pixels of the warped region around the box.
        batch: Regions that run through the net at once.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x or proposals do not fit.

    Example:
        >>> net = RCNN(num_classes=4, width=6).eval()
        >>> net(torch.zeros(1, 3, 40, 60), [torch.tensor([[3.0, 4.0, 30.0, 20.0]])]).scores.shape
        torch.Size([1, 3])

    Source:
        Girshick, Donahue, Darrell and Malik, "Rich feature hierarchies for accurate object detection and
        semantic segmentation", CVPR 2014, arXiv:1311.2524, section 2 and appendices A and C.  AlexNet in
        caffe's order, pooling before normalisation, as in its release.
    """

    fc7_factor: Tensor
    pool5_factor: Tensor

    def __init__(
        self, in_channels: int = 3, num_classes: int = 21, width: int = 96, *, context: int = 16, batch: int = 256
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 2, "the background counts as one")
        require_at_least("context", context, 0)
        require_at_least("batch", batch, 1)
        self.num_classes, self.context, self.batch = num_classes, context, batch
        self.cnn = AlexNet(in_channels, num_classes, width, pools_first=True, initial_bias=0.1)
        classes = num_classes - 1
        fc6, fc8 = (cast(nn.Linear, self.cnn.classifier[place]) for place in (0, -1))
        self.svms = nn.Linear(fc8.in_features, classes)
        self.regressors = nn.Linear(fc6.in_features, 4 * classes)
        for layer in (self.svms, self.regressors):  # solved in closed form or in the dual, never by descent
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
            layer.requires_grad_(False)
        # what brings features to a mean length of 20, measured when SVMs and regressors are trained
        self.register_buffer("fc7_factor", torch.ones(()))
        self.register_buffer("pool5_factor", torch.ones(()))

    def warp(self, x: Tensor, proposals: Sequence[Tensor]) -> Tensor:
        """Warp the regions of a batch, image by image: (R, in_channels, 227, 227)."""
        check_proposals(proposals, len(x))
        return torch.cat(
            [warp_regions(image, boxes, SIDE, context=self.context) for image, boxes in zip(x, proposals, strict=True)]
        )

    def features(self, regions: Tensor) -> RegionFeatures:
        """Run the net once for every warped region."""
        pool5, fc7 = [], []
        for part in torch.split(regions, self.batch):
            pooled = self.cnn.features(part).flatten(1)
            pool5.append(pooled)
            fc7.append(self.cnn.classifier[:-1](pooled))  # fc8 is the soft-max of the fine-tuning
        return RegionFeatures(torch.cat(pool5), torch.cat(fc7))

    def forward(self, x: Tensor, proposals: Sequence[Tensor]) -> SVMOutput:
        """Score regions of a batch."""
        pool5, fc7 = self.features(self.warp(x, proposals))
        offsets = self.regressors(pool5 * self.pool5_factor).unflatten(1, (-1, 4))
        return SVMOutput(self.svms(fc7 * self.fc7_factor), offsets)

    @torch.no_grad()
    def detect(
        self,
        x: Tensor,
        proposals: Sequence[Tensor],
        *,
        score_threshold: float = -1.0,
        nms_threshold: float = 0.3,
        before_nms: int = 100,
        limit: int | None = None,
    ) -> list[Detections]:
        """Find objects in a batch, given its regions: score, correct, cut at the image, suppress per class.

        Args:
            x: The images.
            proposals: The regions of each image.
            score_threshold: SVM scores of at most that are dropped.
            nms_threshold: IoU from which on two boxes of one class are one.
            before_nms: Boxes that each class keeps before it suppresses.
            limit: Most detections of an image; None for all.

        Source:
            Girshick et al., CVPR 2014, section 2.2; numbers: its release.
        """
        output = self(x, proposals)
        counts = [len(boxes) for boxes in proposals]
        found = []
        parts = zip(proposals, torch.split(output.scores, counts), torch.split(output.offsets, counts), strict=True)
        for boxes, scores, offsets in parts:
            given = boxes[:, None].to(offsets)
            moved = decode_boxes(offsets, given, inclusive=True, log_limit=LOG_LIMIT)
            moved = clip_boxes(moved, (x.shape[2], x.shape[3]), inclusive=True)
            background = torch.full_like(scores[:, :1], -torch.inf)  # it has no SVM: class 0 never scores
            found.append(
                select_detections(
                    torch.cat([background, scores], 1),
                    torch.cat([given, moved], 1),
                    score_threshold=score_threshold,
                    nms_threshold=nms_threshold,
                    before_nms=before_nms,
                    limit=limit,
                    inclusive=True,
                )
            )
        return found
