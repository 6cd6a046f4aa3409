"""DeepLab (Chen et al., ICLR 2015): VGG-16 that stops halving and spreads its filters instead; ASPP of its second version."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least, require_one_of
from reference.geometry import Layer, ReceptiveField, receptive_field
from reference.layers import cross_entropy
from reference.models.block import ConvBlock
from reference.models.plan import Conv
from reference.models.trunk import VGG16Trunk

# Poolings over 3x3; the last two no longer halve, and conv5 is dilated by 2 in return.
DEEPLAB_POOLING = (*3 * (Layer(3, 2, 1),), *2 * (Layer(3, 1, 1),))
STRIDE = 8  # pixels between two scores


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the paper's table of nets: how fc6 looks.

    Args:
        kernel_size: Side of fc6's filter.
        dilations: Its dilation, called "input stride" or hole in the paper; ASPP has one branch for each.
        channels: Channels of fc6 and fc7, in widths of the net: 64 are 4096 at width 64.
    """

    kernel_size: int
    dilations: tuple[int, ...]
    channels: int


DEEPLAB_VARIANTS = {
    "7x7": Variant(7, (4,), 64),
    "4x4": Variant(4, (4,), 64),  # the paper's plain DeepLab-CRF
    "4x4_wide": Variant(4, (8,), 64),  # its DeepLab-CRF-4x4
    "large_fov": Variant(3, (12,), 16),
    "aspp": Variant(3, (6, 12, 18, 24), 16),
}


class DeepLab(nn.Module):
    """Score every eighth pixel with dilated ("atrous") convolutions, and interpolate.

    The trunk is VGG-16 with 3x3 poolings; pool4 and pool5 have stride 1, the
    convolutions of the fifth stage dilation 2, so that the scores stay at one
    eighth of the image.  fc6 is a dilated convolution, fc7 and fc8 are 1x1.  A
    dilated filter has the parameters of a plain one and sees farther; with
    dilation 1 it is one.  "aspp" sums the scores of four branches fc6-fc7-fc8.

    Score i is centred at pixel 8*i, on both axes.  Scores are therefore
    interpolated between these pixels, and what lies beyond the image is cut.

    The paper's column "receptive field" of 224 or 128 is the window of fc6 in
    pixels, 8*((kernel_size - 1)*dilation + 4); on the image fc6 sees 419 or 323 (`field`).
    Releases of the first version may differ from this trunk by one more 3x3 average
    pooling before fc6, which would add 16 pixels.

    Shape:
        x:      (N, in_channels, H, W), any size
        return: (N, num_classes, H, W) class scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes, background first; 21 for PASCAL VOC.
        width: Channels of the first stage; 64 in the paper.
        variant: A row of `DEEPLAB_VARIANTS`.
        dropout: Part of fc6's and fc7's outputs that is dropped in training.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> net = DeepLab(width=4).eval()
        >>> net.coarse(torch.zeros(1, 3, 65, 90)).shape, net(torch.zeros(1, 3, 65, 90)).shape
        (torch.Size([1, 21, 9, 13]), torch.Size([1, 21, 65, 90]))

    Source:
        Chen, Papandreou, Kokkinos, Murphy and Yuille, "Semantic Image
        Segmentation with Deep Convolutional Nets and Fully Connected CRFs",
        arXiv:1412.7062, sections 3.1 and 3.2 and table 2 (the four variants);
        "aspp": the same authors, arXiv:1606.00915, figure 7.  The trunk is the one of the
        authors' second release.  The random field comes after, trained apart: `MeanFieldRNN`
        and `reference.layers.mean_field`.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        width: int = 64,
        *,
        variant: str = "large_fov",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        require_one_of("variant", variant, tuple(DEEPLAB_VARIANTS))
        self.variant = DEEPLAB_VARIANTS[variant]
        self.trunk = VGG16Trunk(in_channels, width, pooling=DEEPLAB_POOLING, last_dilation=2)
        k, dense = self.variant.kernel_size, self.variant.channels
        self.branches = nn.ModuleList()
        for dilation in self.variant.dilations:
            fc6 = Conv("fc6", dense, k, dilation * (k - 1) // 2, dilation)
            branch = nn.Sequential()
            branch.add_module("fc6", ConvBlock(fc6, self.trunk.out_channels, width, batch_norm=False))
            branch.add_module("drop6", nn.Dropout(dropout))
            branch.add_module("fc7", ConvBlock(Conv("fc7", dense, 1, 0), dense * width, width, batch_norm=False))
            branch.add_module("drop7", nn.Dropout(dropout))
            branch.add_module("fc8", nn.Conv2d(dense * width, num_classes, 1))
            self.branches.append(branch)

    @property
    def field(self) -> ReceptiveField:
        """What one score sees of the image, through the branch that sees most."""
        k, dilation = self.variant.kernel_size, max(self.variant.dilations)
        fc6 = Layer(k, 1, dilation * (k - 1) // 2, dilation)
        return receptive_field([*self.trunk.geometry(), fc6])

    def coarse(self, x: Tensor) -> Tensor:
        """Score every eighth pixel: (N, num_classes, ceil((H - 1)/8) + 1, ceil((W - 1)/8) + 1)."""
        y = self.trunk(x)[-1]
        return torch.stack([branch(y) for branch in self.branches]).sum(0)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel."""
        scores = self.coarse(x)
        sides = [STRIDE * (side - 1) + 1 for side in scores.shape[2:]]  # from the first centre to the last
        fine = F.interpolate(scores, size=sides, mode="bilinear", align_corners=True)
        return fine[:, :, : x.shape[2], : x.shape[3]]


def coarse_cross_entropy(scores: Tensor, labels: Tensor, *, ignore_label: int = 255) -> Tensor:
    """Train the coarse scores: each is held against the label of the pixel that it is centred at.

        loss = mean over i, j of cross_entropy(scores[:, :, i, j], labels[:, 8*i, 8*j])

    Labels are *taken*, not averaged.  Scores that are centred beyond the image have no label.

    Shape:
        scores: (N, L, H_c, W_c)       of `DeepLab.coarse`
        labels: (N, H, W)       int64  of the image; ignore_label counts nothing
        return: ()

    Source:
        Chen et al., arXiv:1412.7062, section 3.1: targets are the labels subsampled by 8.
    """
    targets = labels[:, ::STRIDE, ::STRIDE]
    H, W = targets.shape[1:]
    return cross_entropy(scores[:, :, :H, :W], targets, ignore_label=ignore_label)
