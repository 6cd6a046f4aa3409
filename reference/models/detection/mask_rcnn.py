"""Mask R-CNN (He, Gkioxari, Dollar and Girshick, ICCV 2017): Faster R-CNN on a pyramid, RoIAlign, and a mask branch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from reference.errors import OptionError, require_at_least
from reference.layers.box import SSD as DEVIATIONS
from reference.models.detection.backbone import ResNetBackbone
from reference.models.detection.fast_rcnn import decode_regions, join_samples
from reference.models.detection.faster_rcnn import ProposalOptions
from reference.models.detection.fpn import STRIDES, FeaturePyramid, pyramid_align, pyramid_anchors
from reference.models.detection.loss import RegionLoss, region_loss
from reference.models.detection.mask import POOLED as MASK_POOLED
from reference.models.detection.mask import MaskHead, class_masks, mask_loss, mask_targets, paste_masks
from reference.models.detection.matching import Sample, sample_regions
from reference.models.detection.result import Detections, GroundTruth, check_truth, number_boxes
from reference.models.detection.rpn import AnchorOutput, RegionProposalNetwork, join_levels, propose, rpn_loss
from reference.models.detection.trunk import POOLED, RegionHead, RegionOutput

# a box needs a pixel, so that offsets from it are defined; the releases drop only empty ones
TESTING = ProposalOptions(before_nms=1000, after_nms=1000, least_side=1.0)
TRAINING = ProposalOptions(before_nms=2000, after_nms=2000, least_side=1.0)
RPN_BETA = 1 / 9
RPN_COUNT = 256


class MaskOutput(NamedTuple):
    """Everything that one pass computes.

    Shape:
        anchors:   `AnchorOutput` of all levels, the finest first
        proposals: for each image (P, 4), corners as points
        regions:   `RegionOutput` for all proposals of the batch
        masks:     (R, K, 28, 28) for the same proposals, before the sigmoid
    """

    anchors: AnchorOutput
    proposals: list[Tensor]
    regions: RegionOutput
    masks: Tensor


class MaskRCNNLoss(NamedTuple):
    """The five parts of the loss."""

    anchors: RegionLoss
    regions: RegionLoss
    masks: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum: what is trained."""
        return self.anchors.total + self.regions.total + self.masks


class MaskRCNN(nn.Module):
    """Detect objects and mark their pixels: a third branch, beside class and box, predicts a mask for each region.

    A ResNet, a feature pyramid, a region proposal network over all levels (one score
    an anchor), and for every region two branches side by side:

        7 x 7    by RoIAlign, two dense layers: classes, and four offsets for each class
        14 x 14  by RoIAlign, convolutions: one mask of 28 x 28 for each class

    Training computes the masks of regions that are objects; `detect` those of the
    final boxes, as the paper does, with the mask of the class that the box branch names.

    Boxes have corners as points.  Whether RoIAlign shifts by half a cell is open in
    the paper: its first release does not (aligned=False), Detectron2 does.

    Shape:
        x:      (N, 3, H, W)
        return: `MaskOutput`

    Args:
        num_classes: Classes with the background, which is class 0; masks have one less.
        width: Channels of conv1; 64 in the paper.  The pyramid and the mask branch have 4 times, the two
            dense layers 16 times as many: 256 and 1024.
        depth: Of the ResNet: 50 or 101 in the paper; 18 is small.
        version: Of the ResNet: "v1", the authors', or "v1.5", torchvision's.
        freeze_norm: Whether the ResNet's normalisation is fixed.
        aligned: Whether RoIAlign shifts by half a cell.
        testing: How proposals are chosen in `eval` mode; `before_nms` counts for each level.
        training: How proposals are chosen in `train` mode.

    Raises:
        OptionError: An option is of no use.

    Source:
        He, Gkioxari, Dollar and Girshick, "Mask R-CNN", ICCV 2017, arXiv:1703.06870; numbers of proposals
        and of drawn boxes: Detectron, its release.
    """

    def __init__(
        self,
        num_classes: int = 81,
        width: int = 64,
        *,
        depth: int = 50,
        version: str = "v1",
        freeze_norm: bool = True,
        aligned: bool = True,
        testing: ProposalOptions = TESTING,
        training: ProposalOptions = TRAINING,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 2, "the background counts as one")
        channels, hidden = 4 * width, 16 * width
        self.backbone = ResNetBackbone(depth, width, version=version, freeze_norm=freeze_norm)
        self.pyramid = FeaturePyramid(self.backbone.channels, channels)
        with torch.device("cpu"):  # a table of numbers, wherever the weights are made
            anchors = pyramid_anchors()
        self.rpn = RegionProposalNetwork(channels, channels, torch.stack(anchors), pairs=False)
        self.box_head = RegionHead(channels, hidden, num_classes, dropout=0.0)
        self.mask_head: nn.Module = MaskHead(num_classes - 1, channels, channels)
        self.num_classes, self.aligned = num_classes, aligned
        self.options = {True: training, False: testing}
        self.masked_classes: Sequence[int] = range(1, num_classes)

    def forward(self, x: Tensor) -> MaskOutput:
        """Propose regions, then score them and predict their masks, side by side."""
        levels, anchors = self.look(x)
        proposals = self.choose(anchors, (x.shape[2], x.shape[3]))
        rois = number_boxes(proposals)
        return MaskOutput(join_levels(anchors), proposals, self.score(levels, rois), self.masks(levels, rois))

    def look(self, x: Tensor) -> tuple[tuple[Tensor, ...], list[AnchorOutput]]:
        """Compute the levels P2 to P6 and what the proposal network says about each."""
        levels = self.pyramid(self.backbone(x))
        return levels, [
            self.rpn(level, stride, base) for level, stride, base in zip(levels, STRIDES, self.rpn.anchors, strict=True)
        ]

    def choose(self, anchors: Sequence[AnchorOutput], sides: tuple[int, int]) -> list[Tensor]:
        """Choose the proposals of every image: level by level, then the best of all."""
        options = self.options[self.training]
        chosen = []
        for n in range(len(anchors[0].logits)):
            found = [
                propose(level.logits[n], level.offsets[n], level.anchors, sides, **options._asdict(), inclusive=False)
                for level in anchors
            ]
            boxes, logits = (torch.cat(parts) for parts in zip(*found, strict=True))
            chosen.append(boxes[logits.argsort(descending=True, stable=True)[: options.after_nms]])
        return chosen

    def score(self, levels: Sequence[Tensor], rois: Tensor) -> RegionOutput:
        """Run the box branch."""
        output: RegionOutput = self.box_head(pyramid_align(levels[:4], rois, POOLED, aligned=self.aligned))
        return output

    def masks(self, levels: Sequence[Tensor], rois: Tensor) -> Tensor:
        """Run the mask branch: (R, K, 28, 28)."""
        logits: Tensor = self.mask_head(pyramid_align(levels[:4], rois, MASK_POOLED, aligned=self.aligned))
        return logits

    @torch.no_grad()
    def detect(
        self, x: Tensor, *, score_threshold: float = 0.05, nms_threshold: float = 0.5, limit: int = 100
    ) -> list[Detections]:
        """Find objects in a batch, with their masks in the image.

        Args:
            x: The images, (N, 3, H, W).
            score_threshold: Probabilities of at most that are dropped.
            nms_threshold: IoU from which on two boxes of one class are one.
            limit: Most detections of an image; only these get masks.

        Source:
            He et al., ICCV 2017, section 3.1, "Inference".
        """
        sides = x.shape[2], x.shape[3]
        levels, anchors = self.look(x)
        proposals = self.choose(anchors, sides)
        found = decode_regions(
            self.score(levels, number_boxes(proposals)),
            proposals,
            sides,
            score_threshold,
            nms_threshold,
            limit,
            inclusive=False,
        )
        labels = torch.cat([one.labels for one in found])
        grids = class_masks(self.masks(levels, number_boxes([one.boxes for one in found])), labels)
        parts = torch.split(grids, [len(one.labels) for one in found])
        return [one._replace(masks=paste_masks(own, one.boxes, sides)) for one, own in zip(found, parts, strict=True)]

    def loss(
        self,
        x: Tensor,
        truth: Sequence[GroundTruth],
        *,
        count: int = 512,
        generator: torch.Generator | None = None,
    ) -> MaskRCNNLoss:
        """Compute all five losses of one pass: L = L_cls + L_box + L_mask for regions, and two for anchors.

        Args:
            x: The images.
            truth: Their objects, with masks.
            count: Regions drawn of each image, at most a quarter of them objects; the mask branch sees these.
            generator: What draws.

        Raises:
            OptionError: An image has no masks.

        Source:
            He et al., ICCV 2017, sections 3 and 3.1, "Training".
        """
        check_truth(truth, len(x), self.num_classes)
        sides = x.shape[2], x.shape[3]
        levels, anchors = self.look(x)
        anchor_loss = rpn_loss(
            join_levels(anchors),
            truth,
            sides,
            balance=1.0,
            locations=RPN_COUNT,
            beta=RPN_BETA,
            inclusive=False,
            generator=generator,
        )
        samples = [
            sample_regions(
                boxes.to(x.dtype),
                objects,
                count=count,
                background=(0.0, 0.5),
                variances=DEVIATIONS,
                generator=generator,
            )
            for boxes, objects in zip(self.choose(anchors, sides), truth, strict=True)
        ]
        scores, offsets = self.score(levels, number_boxes([sample.boxes for sample in samples]))
        drawn = join_samples(samples)
        regions = region_loss(scores, offsets, drawn.labels, drawn.targets)
        return MaskRCNNLoss(anchor_loss, regions, self._mask_loss(levels, samples, truth))

    def _mask_loss(self, levels: Sequence[Tensor], samples: Sequence[Sample], truth: Sequence[GroundTruth]) -> Tensor:
        boxes, labels, targets = [], [], []
        for sample, objects in zip(samples, truth, strict=True):
            if objects.masks is None:
                raise OptionError("truth", "masks for every image", "None", "give the masks (K, H, W) of its objects")
            with_mask = torch.isin(sample.labels, torch.tensor(self.masked_classes, device=sample.labels.device))
            boxes.append(sample.boxes[with_mask])
            labels.append(sample.labels[with_mask])
            targets.append(mask_targets(objects.masks, sample.objects[with_mask], boxes[-1]))
        return mask_loss(self.masks(levels, number_boxes(boxes)), torch.cat(labels), torch.cat(targets))
