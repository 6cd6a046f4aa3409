"""Faster R-CNN (Ren, He, Girshick and Sun, NIPS 2015): Fast R-CNN whose regions come from its own features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.layers.anchor import base_anchors
from reference.models.detection.fast_rcnn import FastRCNN, decode_regions
from reference.models.detection.loss import RegionLoss
from reference.models.detection.result import Detections, GroundTruth, check_truth, number_boxes
from reference.models.detection.rpn import AnchorOutput, RegionProposalNetwork, propose, rpn_loss
from reference.models.detection.trunk import STRIDE, RegionOutput


class ProposalOptions(NamedTuple):
    """How many proposals an image has, and how they are chosen; see `propose`."""

    before_nms: int = 6000
    after_nms: int = 300
    nms_threshold: float = 0.7
    least_side: float = 16.0


TESTING = ProposalOptions()
TRAINING = ProposalOptions(before_nms=12000, after_nms=2000)


class FasterOutput(NamedTuple):
    """Everything that one pass computes.

    Shape:
        anchors:   `AnchorOutput` of the region proposal network
        proposals: for each image (P, 4), inclusive corners
        regions:   `RegionOutput` for all proposals of the batch
    """

    anchors: AnchorOutput
    proposals: list[Tensor]
    regions: RegionOutput


class JointLoss(NamedTuple):
    """The four parts of the loss when everything is trained at once."""

    anchors: RegionLoss
    regions: RegionLoss

    @property
    def total(self) -> Tensor:
        """Their sum: what is trained."""
        return self.anchors.total + self.regions.total


class FasterRCNN(nn.Module):
    """Propose regions with a small net on conv5_3, then classify them with Fast R-CNN, on the same features.

    137,078,239 parameters at full width with 21 classes: those of the detector, a
    `FastRCNN`, and the 2,387,510 of the region proposal network.  The detector
    knows classes, the proposals do not.

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 16
        return: `FasterOutput`

    Args:
        in_channels: Channels of the image.
        num_classes: Classes with the background, which is class 0.
        width: Channels of the first stage; 64 in the paper.
        scales: Sides of the anchors in cells of 16 pixels; (8, 16, 32) are 128, 256 and 512 pixels.
        testing: How proposals are chosen in `eval` mode.
        training: How proposals are chosen in `train` mode.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> net = FasterRCNN(num_classes=4, width=1).eval()
        >>> net(torch.zeros(1, 3, 64, 96)).anchors.logits.shape  # 4 x 6 cells with 9 anchors
        torch.Size([1, 216])

    Source:
        Ren, He, Girshick and Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal
        Networks", NIPS 2015, arXiv:1506.01497; numbers of proposals: its Python release.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        width: int = 64,
        *,
        scales: Sequence[float] = (8, 16, 32),
        testing: ProposalOptions = TESTING,
        training: ProposalOptions = TRAINING,
    ) -> None:
        super().__init__()
        for options in (testing, training):
            require_at_least("before_nms", options.before_nms, 1)
            require_at_least("after_nms", options.after_nms, 1)
        self.detector = FastRCNN(in_channels, num_classes, width)
        with torch.device("cpu"):  # a table of numbers, wherever the weights are made
            anchors = base_anchors(STRIDE, scales=scales)
        channels = self.detector.trunk.out_channels
        self.rpn = RegionProposalNetwork(channels, channels, anchors, stride=STRIDE)
        self.num_classes = num_classes
        self.options = {True: training, False: testing}

    def forward(self, x: Tensor) -> FasterOutput:
        """Propose regions and score them; the convolutions run once."""
        features = self.detector.trunk(x)
        anchors = self.rpn(features)
        proposals = self.choose(anchors, (x.shape[2], x.shape[3]))
        return FasterOutput(anchors, proposals, self.detector.score(features, number_boxes(proposals)))

    def choose(self, output: AnchorOutput, sides: tuple[int, int]) -> list[Tensor]:
        """Choose the proposals of every image: many in `train` mode, few in `eval` mode."""
        options = self.options[self.training]
        return [
            propose(logits, offsets, output.anchors, sides, **options._asdict())[0]
            for logits, offsets in zip(output.logits, output.offsets, strict=True)
        ]

    @torch.no_grad()
    def detect(
        self, x: Tensor, *, score_threshold: float = 0.05, nms_threshold: float = 0.3, limit: int = 100
    ) -> list[Detections]:
        """Find objects in a batch.

        Args:
            x: The images, (N, in_channels, H, W).
            score_threshold: Probabilities of at most that are dropped.
            nms_threshold: IoU from which on two boxes of one class are one.
            limit: Most detections of an image.
        """
        output, sides = self(x), (x.shape[2], x.shape[3])
        return decode_regions(output.regions, output.proposals, sides, score_threshold, nms_threshold, limit)

    def anchor_loss(
        self, x: Tensor, truth: Sequence[GroundTruth], *, generator: torch.Generator | None = None
    ) -> RegionLoss:
        """Compute the loss of the region proposal network alone, see `rpn_loss`."""
        check_truth(truth, len(x), self.num_classes)
        features = self.detector.trunk(x)
        return self._anchor_loss(self.rpn(features), features, x, truth, generator)

    def loss(
        self,
        x: Tensor,
        truth: Sequence[GroundTruth],
        *,
        count: int = 128,
        generator: torch.Generator | None = None,
    ) -> JointLoss:
        """Compute all four losses of one pass: the approximate joint training.

        Approximate, as the regions' loss is not differentiated with respect to the
        corners of the proposals; these count as given.

        Args:
            x: The images; one in the release.
            truth: Their objects.
            count: Regions drawn of each image.
            generator: What draws.

        Source:
            Ren et al., arXiv:1506.01497v3, section 3.2, "Approximate joint training".
        """
        check_truth(truth, len(x), self.num_classes)
        features = self.detector.trunk(x)
        anchors = self.rpn(features)
        proposals = self.choose(anchors, (x.shape[2], x.shape[3]))
        return JointLoss(
            self._anchor_loss(anchors, features, x, truth, generator),
            # from 0 on: a new net's proposals may all be far from the objects
            self.detector.loss_on(features, proposals, truth, count=count, background=(0.0, 0.5), generator=generator),
        )

    def _anchor_loss(
        self,
        output: AnchorOutput,
        features: Tensor,
        x: Tensor,
        truth: Sequence[GroundTruth],
        generator: torch.Generator | None,
    ) -> RegionLoss:
        cells = features.shape[2] * features.shape[3]
        return rpn_loss(output, truth, (x.shape[2], x.shape[3]), locations=cells, generator=generator)
