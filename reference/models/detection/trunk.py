"""What VGG-16 detectors are built on: its convolutions to conv5_3, and its dense layers for one region."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least, require_one_of
from reference.models.block import ConvBlock
from reference.models.plan import Conv
from reference.models.side import ENDLESS, require_sides
from reference.models.vgg import VGG16_TABLE

TRUNK_TABLE = VGG16_TABLE[:-1]  # pool5 gives way to the RoI pooling
STRIDE = 16  # pixels of the image between two cells of conv5_3
POOLED = 7  # side of a region's features, that of VGG-16's pool5


class Conv5Trunk(nn.Module):
    """The 13 convolutions of VGG-16 with the four poolings between them, to conv5_3.

    The poolings round odd sides up, as caffe does: 600 x 1000 ends in 38 x 63
    (Faster R-CNN's paper counts 40 x 60 cells, roughly).

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 16
        return: (N, 8*width, ceil(H/16), ceil(W/16))   halved and rounded four times

    Args:
        in_channels: Channels of the image.
        width: Channels of the first stage; 64 in the paper.
        ceil_mode: Whether poolings round up.

    Raises:
        OptionError: `in_channels` or `width` is no integer of at least 1.
        ShapeError: From calling it: x is no such batch.

    Source:
        Simonyan and Zisserman, arXiv:1409.1556, table 1, column D; as a trunk: Girshick, "Fast R-CNN", ICCV 2015,
        section 2.2.
    """

    def __init__(self, in_channels: int = 3, width: int = 64, *, ceil_mode: bool = True) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("width", width, 1)
        self.in_channels, self.out_channels, self.ceil_mode = in_channels, 8 * width, ceil_mode
        self.layers = nn.ModuleDict()
        channels = in_channels
        for row in TRUNK_TABLE:
            if isinstance(row, Conv):
                self.layers[row.name] = ConvBlock(row, channels, width, batch_norm=False)
                channels = row.channels * width

    def forward(self, x: Tensor) -> Tensor:
        """Compute conv5_3 of a batch."""
        require_sides(x, self.in_channels, range(STRIDE, ENDLESS), "four poolings halve them")
        return self.run(x, "conv1_1", "conv5_3")

    def freeze(self, last: str = "conv2_2") -> None:
        """Train no convolution up to this one: general features, which fine-tuning changes little and at high cost.

        Source:
            Girshick, "Fast R-CNN", ICCV 2015, section 4.5: conv3_1 and up are learned in VGG-16.
        """
        require_one_of("last", last, tuple(self.layers))
        for name, layer in self.layers.items():
            layer.requires_grad_(False)
            if name == last:
                return

    def run(self, x: Tensor, first: str, last: str) -> Tensor:
        """Run the rows of the table from one name to another, both included."""
        names = [row.name for row in TRUNK_TABLE]
        for row in TRUNK_TABLE[names.index(first) : names.index(last) + 1]:
            x = self.layers[row.name](x) if isinstance(row, Conv) else F.max_pool2d(x, 2, ceil_mode=self.ceil_mode)
        return x


class RegionOutput(NamedTuple):
    """What a detector says about regions.

    Shape:
        scores:  (R, L)      before the soft-max; class 0 is the background
        offsets: (R, L, 4)   four for every class
    """

    scores: Tensor
    offsets: Tensor


class RegionHead(nn.Module):
    """Two dense layers for every region, fc6 and fc7 in VGG-16, then two sibling layers: classes, and four offsets for each class.

    Each dense layer is followed by ReLU and, in training, dropout.
    With 21 classes the siblings have 21 and 84 outputs.  They start as the paper
    says: Gaussians of deviation 0.01 and 0.001, biases 0.

    Shape:
        pooled: (R, channels, 7, 7)
        return: `RegionOutput`

    Args:
        channels: Channels of the features: 512.
        hidden: Outputs of fc6 and fc7: 4096.
        num_classes: Classes with the background: 21 for VOC.
        dropout: Probability to drop in training; 0 with feature pyramids.

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, sections 2.1 to 2.3.
    """

    def __init__(self, channels: int, hidden: int, num_classes: int, *, dropout: float = 0.5) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 2, "the background counts as one")
        self.channels, self.num_classes = channels, num_classes
        self.fc6: nn.Module = nn.Linear(channels * POOLED**2, hidden)
        self.fc7: nn.Module = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.cls_score = nn.Linear(hidden, num_classes)
        self.bbox_pred = nn.Linear(hidden, 4 * num_classes)
        for layer, deviation in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: Tensor) -> RegionOutput:
        """Score regions."""
        if pooled.ndim != 4 or pooled.shape[1:] != (self.channels, POOLED, POOLED):
            raise ShapeError("pooled", f"(R, {self.channels}, {POOLED}, {POOLED})", repr(tuple(pooled.shape)))
        y = self.dropout(F.relu(self.fc6(pooled.flatten(1))))  # channel-major: (R, channels*49) to (R, hidden)
        y = self.dropout(F.relu(self.fc7(y)))
        return RegionOutput(self.cls_score(y), self.bbox_pred(y).unflatten(1, (self.num_classes, 4)))
