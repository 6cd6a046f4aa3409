"""SSD300 (Liu et al., ECCV 2016): every cell of six feature maps says at once what is there, and where exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.layers.anchor import prior_boxes
from reference.layers.box import SSD as VARIANCES
from reference.layers.box import clip_boxes, decode_boxes
from reference.layers.l2_norm import l2_normalize2d
from reference.models.detection.loss import RegionLoss
from reference.models.detection.result import Detections, GroundTruth, check_truth, select_detections
from reference.models.detection.ssd_loss import multibox_loss
from reference.models.detection.trunk import Conv5Trunk
from reference.models.side import require_sides

SIDE = 300


@dataclass(frozen=True, slots=True)
class Source:
    """A feature map that predicts boxes, and the default boxes of its cells; pixels are those of a 300 x 300 image.

    Args:
        name: As in the paper.
        channels: Of the map, in widths of the net.
        side: Cells along each axis.
        stride: Pixels between two cells, as the release sets it.
        least: Side of the small square box.
        most: The next map's `least`; the large square has the geometric mean as its side.
        ratios: Width over height of the oblong boxes, inverses not counted.
    """

    name: str
    channels: int
    side: int
    stride: int
    least: float
    most: float
    ratios: tuple[int, ...]

    @property
    def boxes(self) -> int:
        """Boxes of a cell: two squares and two oblongs a ratio."""
        return 2 + 2 * len(self.ratios)


SOURCES: tuple[Source, ...] = (
    Source("conv4_3", 8, 38, 8, 30, 60, (2,)),
    Source("fc7", 16, 19, 16, 60, 111, (2, 3)),
    Source("conv8_2", 8, 10, 32, 111, 162, (2, 3)),
    Source("conv9_2", 4, 5, 64, 162, 213, (2, 3)),
    Source("conv10_2", 4, 3, 100, 213, 264, (2,)),
    Source("conv11_2", 4, 1, 300, 264, 315, (2,)),
)


@dataclass(frozen=True, slots=True)
class Extra:
    """Two convolutions after fc7: 1x1, then 3x3, each with ReLU; channels in widths of the net."""

    name: str
    narrow: int
    channels: int
    stride: int
    padding: int


EXTRAS: tuple[Extra, ...] = (
    Extra("conv8", 4, 8, stride=2, padding=1),
    Extra("conv9", 2, 4, stride=2, padding=1),
    Extra("conv10", 2, 4, stride=1, padding=0),
    Extra("conv11", 2, 4, stride=1, padding=0),
)


class MultiBoxOutput(NamedTuple):
    """What SSD says about its default boxes.

    Shape:
        scores:  (N, 8732, L)   before the soft-max; class 0 is the background
        offsets: (N, 8732, 4)   from default box to object, one set for all classes
    """

    scores: Tensor
    offsets: Tensor


class SSD300(nn.Module):
    """Detect in one pass: 8,732 default boxes on six maps get a class and an offset each; there are no proposals.

    VGG-16 to conv5_3, pool3 rounding up (75 to 38: rounding down leaves 8,096
    boxes); pool5 3x3 with stride 1; fc6 a 3x3 convolution with dilation 6, fc7 1x1;
    four pairs of smaller convolutions.  conv4_3, whose numbers are larger than
    those of later maps, is brought to a learned length, 20 to begin with.  A 3x3
    convolution on each source predicts, for every box of a cell, a score for each
    class and four offsets.  No RoI layer, no second stage.

    26,285,486 parameters with 21 classes, 35,641,826 with 91.

    Shape:
        x:      (N, in_channels, 300, 300)
        return: `MultiBoxOutput`

    Args:
        in_channels: Channels of the image.
        num_classes: Classes with the background, which is class 0.
        width: Channels of the first stage; 64 in the paper.

    Raises:
        OptionError: A number is too small.
        ShapeError: From calling it: x is no batch of 300 x 300.

    Example:
        >>> scores, offsets = SSD300(num_classes=4, width=1)(torch.zeros(1, 3, 300, 300))
        >>> scores.shape, offsets.shape
        (torch.Size([1, 8732, 4]), torch.Size([1, 8732, 4]))

    Source:
        Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg, "SSD: Single Shot MultiBox Detector", ECCV 2016,
        arXiv:1512.02325, section 2.1, figure 2 and section 3.1; sizes and strides of the boxes: its release.
    """

    priors: Tensor

    def __init__(self, in_channels: int = 3, num_classes: int = 21, width: int = 64) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 2, "the background counts as one")
        self.in_channels, self.num_classes = in_channels, num_classes
        self.trunk = Conv5Trunk(in_channels, width)
        self.fc6 = nn.Conv2d(8 * width, 16 * width, 3, padding=6, dilation=6)
        self.fc7 = nn.Conv2d(16 * width, 16 * width, 1)
        self.extras = nn.ModuleDict()
        channels = 16 * width
        for row in EXTRAS:
            self.extras[f"{row.name}_1"] = nn.Conv2d(channels, row.narrow * width, 1)
            channels = row.channels * width
            self.extras[f"{row.name}_2"] = nn.Conv2d(
                row.narrow * width, channels, 3, stride=row.stride, padding=row.padding
            )
        self.scale = nn.Parameter(torch.full((8 * width,), 20.0))
        self.confidence, self.location = nn.ModuleDict(), nn.ModuleDict()
        for source in SOURCES:
            seen = source.channels * width
            self.confidence[source.name] = nn.Conv2d(seen, source.boxes * num_classes, 3, padding=1)
            self.location[source.name] = nn.Conv2d(seen, source.boxes * 4, 3, padding=1)
        with torch.device("cpu"):  # a table of numbers, wherever the weights are made
            self.register_buffer("priors", ssd300_priors(), persistent=False)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d) and not name.startswith("trunk."):  # the trunk comes pre-trained
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Compute the six sources by name, conv4_3 normalised."""
        require_sides(x, self.in_channels, range(SIDE, SIDE + 1), "the default boxes are made for them")
        conv4_3 = self.trunk.run(x, "conv1_1", "conv4_3")
        y = F.max_pool2d(self.trunk.run(conv4_3, "pool4", "conv5_3"), 3, stride=1, padding=1)
        y = F.relu(self.fc7(F.relu(self.fc6(y))))
        found = {"conv4_3": l2_normalize2d(conv4_3, self.scale), "fc7": y}
        for name, layer in self.extras.items():
            y = F.relu(layer(y))
            found[name] = y
        return {source.name: found[source.name] for source in SOURCES}

    def forward(self, x: Tensor) -> MultiBoxOutput:
        """Score every default box of a batch."""
        scores: list[Tensor] = []
        offsets: list[Tensor] = []
        for name, y in self.maps(x).items():
            for layers, size, parts in ((self.confidence, self.num_classes, scores), (self.location, 4, offsets)):
                cells = layers[name](y).permute(0, 2, 3, 1)  # (N, H, W, boxes*size)
                parts.append(cells.reshape(len(x), -1, size))
        return MultiBoxOutput(torch.cat(scores, 1), torch.cat(offsets, 1))

    @torch.no_grad()
    def detect(
        self,
        x: Tensor,
        *,
        score_threshold: float = 0.01,
        nms_threshold: float = 0.45,
        before_nms: int = 400,
        limit: int = 200,
    ) -> list[Detections]:
        """Find objects in a batch.

        Args:
            x: The images, (N, in_channels, 300, 300).
            score_threshold: Probabilities of at most that are dropped.
            nms_threshold: IoU from which on two boxes of one class are one.
            before_nms: Boxes that each class keeps before it suppresses.
            limit: Most detections of an image.

        Source:
            Liu et al., ECCV 2016, section 3.1 and "Inference time" (0.01, 0.45, 200); 400: its release.
        """
        output = self(x)
        priors = self.priors.to(output.offsets)
        boxes = clip_boxes(decode_boxes(output.offsets, priors, variances=VARIANCES), (SIDE, SIDE))
        return [
            select_detections(
                F.softmax(scores, dim=1),
                own[:, None],
                score_threshold=score_threshold,
                nms_threshold=nms_threshold,
                before_nms=before_nms,
                limit=limit,
            )
            for scores, own in zip(output.scores, boxes, strict=True)
        ]

    def loss(self, x: Tensor, truth: Sequence[GroundTruth]) -> RegionLoss:
        """Compute the loss of a batch, see `multibox_loss`."""
        check_truth(truth, len(x), self.num_classes)
        output = self(x)
        return multibox_loss(output.scores, output.offsets, self.priors, truth)


def ssd300_priors() -> Tensor:
    """Make the default boxes of SSD300, map by map, cell by cell along rows.

    Shape:
        return: (8732, 4) float64, corners as points in pixels, cut at the image

    Example:
        >>> ssd300_priors().shape
        torch.Size([8732, 4])

    Source:
        Liu et al., ECCV 2016, section 2.2, "Choosing scales and aspect ratios for default boxes".
    """
    return torch.cat(
        [
            prior_boxes(
                source.side, SIDE, stride=source.stride, least=source.least, most=source.most, ratios=source.ratios
            )
            for source in SOURCES
        ]
    )
