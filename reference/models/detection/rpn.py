"""The region proposal network of Faster R-CNN (Ren et al., NIPS 2015): object or not, nine anchors a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.layers.anchor import grid_anchors
from reference.layers.box import clip_boxes, decode_boxes, encode_boxes
from reference.layers.suppression import nms
from reference.models.detection.loss import RegionLoss, smooth_l1
from reference.models.detection.matching import draw_sample, match_boxes
from reference.models.detection.result import LOG_LIMIT, GroundTruth


class AnchorOutput(NamedTuple):
    """What a region proposal network says about the anchors of a batch.

    Shape:
        logits:  (N, K)      object against background: the probability of an object is sigmoid(logit)
        offsets: (N, K, 4)   from anchor to object
        anchors: (K, 4)      cell by cell along rows, all of a cell together
    """

    logits: Tensor
    offsets: Tensor
    anchors: Tensor


def join_levels(levels: Sequence[AnchorOutput]) -> AnchorOutput:
    """Put the anchors of all levels of a pyramid after each other."""
    logits, offsets, anchors = zip(*levels, strict=True)
    return AnchorOutput(torch.cat(logits, 1), torch.cat(offsets, 1), torch.cat(anchors))


class RegionProposalNetwork(nn.Module):
    """Slide a small net over a feature map that says, for each anchor, whether it is an object and where exactly.

    A 3x3 convolution (padding 1) with ReLU, then two 1x1 convolutions: scores and
    offsets.  It knows no classes: with `pairs`, as in the paper, every anchor has
    two scores (2 x 9 = 18 channels, first all backgrounds, then all objects) under
    a soft-max; without, as with feature pyramids, one under a sigmoid.  The
    soft-max of a pair is the sigmoid of its difference, so one logit comes out of both.

    On VGG-16's conv5_3: 2,387,510 parameters, of which 27,648 weights in the output
    layers; its window sees 228 pixels.

    Shape:
        features: (N, in_channels, H, W)
        return:   `AnchorOutput` with K = H*W*A

    Args:
        in_channels: Channels of the features.
        channels: Channels of the 3x3 convolution: 512 for VGG-16, 256 for ZF and pyramids.
        anchors: The boxes of the first cell, (A, 4), as of `base_anchors`; (levels, A, 4) for a pyramid.
        stride: Pixels of the image between two cells, unless the call says another.
        pairs: Two scores an anchor, or one.

    Source:
        Ren, He, Girshick and Sun, "Faster R-CNN", NIPS 2015, section 3.1; order of the channels: its Python release.
    """

    anchors: Tensor

    def __init__(
        self, in_channels: int, channels: int, anchors: Tensor, *, stride: int = 16, pairs: bool = True
    ) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("channels", channels, 1)
        self.stride, self.pairs = stride, pairs
        # float64 counts exactly; the forward pass casts to the dtype of the features
        self.register_buffer("anchors", anchors, persistent=False)
        A = anchors.shape[-2]
        self.conv = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.cls_score = nn.Conv2d(channels, 2 * A if pairs else A, 1)
        self.bbox_pred = nn.Conv2d(channels, 4 * A, 1)
        for layer in (self.conv, self.cls_score, self.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, stride: int | None = None, anchors: Tensor | None = None) -> AnchorOutput:
        """Score the anchors of a map; a pyramid gives the stride and the anchors of its level."""
        base = (self.anchors if anchors is None else anchors).to(features)
        H, W = features.shape[2:]
        y = F.relu(self.conv(features))
        scores = self.cls_score(y)  # (N, 2*A, H, W)
        if self.pairs:
            background, objects = scores.chunk(2, dim=1)
            scores = objects - background  # (N, A, H, W)
        logits = scores.permute(0, 2, 3, 1).flatten(1)  # (N, H*W*A)
        offsets = self.bbox_pred(y).unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).flatten(1, 3)  # (N, H*W*A, 4)
        return AnchorOutput(logits, offsets, grid_anchors(base, (H, W), stride or self.stride))


def propose(
    logits: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    sides: tuple[int, int],
    *,
    before_nms: int = 6000,
    after_nms: int = 300,
    nms_threshold: float = 0.7,
    least_side: float = 16,
    inclusive: bool = True,
) -> tuple[Tensor, Tensor]:
    """Turn the scores of one image's anchors into proposals.

    In this order: move the anchors, cut them at the image, drop what is narrower
    or lower than `least_side`, keep the best `before_nms`, suppress, keep the best
    `after_nms`.  The proposals are fixed numbers: no gradient flows into them.

    Shape:
        logits:  (K,)
        offsets: (K, 4)
        anchors: (K, 4)
        return:  boxes (P, 4) and logits (P,), the best first

    Args:
        sides: H and W of the image.
        before_nms: 12000 in training, 6000 at test.
        after_nms: 2000 in training, 300 at test.
        nms_threshold: IoU from which on two proposals are one.
        least_side: In pixels of the image as it is fed.
        inclusive: Whether corners are pixels.

    Source:
        Ren et al., "Faster R-CNN", NIPS 2015, section 3.3; order and numbers: the layer of its Python release.
        There, before clipping, boxes are one pixel too large (see `decode_boxes`); nothing limits their growth.
    """
    boxes = decode_boxes(offsets.detach(), anchors, inclusive=inclusive, log_limit=LOG_LIMIT)
    boxes = clip_boxes(boxes, sides, inclusive=inclusive)
    extent = boxes[:, 2:] - boxes[:, :2] + int(inclusive)
    large = (extent >= least_side).all(1).nonzero()[:, 0]
    ranked = large[logits.detach()[large].argsort(descending=True, stable=True)[:before_nms]]
    kept = ranked[nms(boxes[ranked], logits[ranked], nms_threshold, inclusive=inclusive, limit=after_nms)]
    return boxes[kept], logits.detach()[kept]


def rpn_loss(
    output: AnchorOutput,
    truth: Sequence[GroundTruth],
    sides: tuple[int, int],
    *,
    count: int = 256,
    fraction: float = 0.5,
    foreground: float = 0.7,
    background: float = 0.3,
    balance: float = 10.0,
    locations: int,
    beta: float = 1.0,
    inclusive: bool = True,
    generator: torch.Generator | None = None,
) -> RegionLoss:
    """Train the anchors of a batch: object or background for a sample of them, offsets for the objects.

        L = 1/N_cls * sum of log losses + balance * 1/N_reg * sum over objects of smooth_l1(t - t*)

    An anchor is an object with IoU >= 0.7 to one, or if no anchor has more with that
    object; background below 0.3 with all; between, and wherever it crosses the
    border of the image, it says nothing.  Of each image 256 are drawn, at most half
    of them objects.  N_cls is what was drawn; N_reg the number of cells.  With the
    paper's 2400 cells and balance 10 the two parts weigh about the same; the
    Python release divides both by the drawn anchors instead (balance 1, locations=256,
    beta 1/9).  The loss is the mean over the images.

    Args:
        output: What the network said.
        truth: The objects of each image; their classes do not matter.
        sides: H and W of the images.
        count: Anchors drawn of each image.
        fraction: Largest share of objects.
        foreground: Least IoU of an object.
        background: IoU that background stays below.
        balance: The paper's lambda.
        locations: N_reg: cells of the feature map, or what the sum over the objects is to be divided by.
        beta: Of `smooth_l1`.
        inclusive: Whether corners are pixels.
        generator: What draws.

    Source:
        Ren et al., "Faster R-CNN", NIPS 2015, section 3.1.2, equations 1 and 2.
    """
    logits, offsets, anchors = output
    H, W = sides[0] - int(inclusive), sides[1] - int(inclusive)
    inside = ((anchors[:, :2] >= 0).all(1) & (anchors[:, 2] <= W) & (anchors[:, 3] <= H)).nonzero()[:, 0]
    class_loss = box_loss = logits.sum() * 0 + offsets.sum() * 0  # a batch without a drawn anchor still has a gradient
    for n, objects in enumerate(truth):
        boxes = objects.boxes.to(anchors.dtype)
        matches = match_boxes(
            anchors[inside],
            boxes,
            foreground=foreground,
            background=(0.0, background),
            keep_best=True,
            inclusive=inclusive,
        )
        positive, negative = draw_sample(matches.roles, count, fraction, generator)
        drawn = inside[torch.cat([positive, negative])]
        if not len(drawn):
            continue
        wanted = torch.zeros_like(logits[n, drawn])
        wanted[: len(positive)] = 1
        class_loss = class_loss + F.binary_cross_entropy_with_logits(logits[n, drawn], wanted)
        if len(positive):
            mine = inside[positive]
            targets = encode_boxes(boxes[matches.objects[positive]], anchors[mine], inclusive=inclusive)
            box_loss = box_loss + balance * smooth_l1(offsets[n, mine] - targets, beta=beta).sum() / locations
    return RegionLoss(class_loss / len(truth), box_loss / len(truth))
