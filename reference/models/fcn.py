"""FCN-32s, FCN-16s and FCN-8s (Long, Shelhamer and Darrell, CVPR 2015): a classifier that slides, and sums with skips."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Layer, ReceptiveField, receptive_field
from reference.layers import bilinear_kernel
from reference.models.block import ConvBlock
from reference.models.plan import Conv
from reference.models.trunk import VGG16Trunk

FC6 = Conv("fc6", 1, 7, 0)  # "valid": it slides over the map where the classifier had one position
FC7 = Conv("fc7", 1, 1, 0)
SKIPS = (4, 3)  # stages whose poolings are scored too: the first for 16s, both for 8s
STRIDES = (32, 16, 8)


class Centres(NamedTuple):
    """Where the positions of a map lie in the image: position i is centred at pixel `first` + i*`jump`."""

    first: Fraction
    jump: Fraction

    @classmethod
    def of(cls, field: ReceptiveField) -> Centres:
        """Take the middle of each receptive field."""
        return cls(field.start + Fraction(field.size - 1, 2), Fraction(field.jump))

    def upsampled(self, factor: int) -> Centres:
        """Follow a transposed convolution with kernel 2*factor, stride factor and no padding.

        Position i stamps outputs i*factor to i*factor + 2*factor - 1, whose middle is its own place.
        """
        jump = self.jump / factor
        return Centres(self.first - jump * Fraction(2 * factor - 1, 2), jump)

    def offset(self, inner: Centres) -> int:
        """Count the positions of this map that come before the first one of `inner`, a map with the same jump."""
        return int((inner.first - self.first) / self.jump)


PIXELS = Centres(Fraction(0), Fraction(1))


class BilinearUpsampling(nn.Module):
    """Enlarge a map `factor` times by a transposed convolution that starts as linear interpolation.

    Kernel 2*factor, stride factor, no padding and no bias.  The definition of the
    release stores the whole tensor between all pairs of channels, zero between
    different ones, and keeps it fixed; so it is a buffer here.  Where it is
    learned (`learned`), it is a parameter, and channels may begin to mix.

    Shape:
        x:      (N, channels, H, W)
        return: (N, channels, (H + 1)*factor, (W + 1)*factor)

    Example:
        >>> BilinearUpsampling(1, 2)(torch.ones(1, 1, 1, 2))[0, 0, 1].tolist()
        [0.1875, 0.5625, 0.75, 0.75, 0.5625, 0.1875]

    Source:
        Long et al., CVPR 2015, section 3.3.
    """

    weight: Tensor

    def __init__(self, channels: int, factor: int, *, learned: bool = False) -> None:
        super().__init__()
        self.factor = factor
        kernel = bilinear_kernel(2 * factor, channels, dtype=torch.get_default_dtype())
        if learned:
            self.weight = nn.Parameter(kernel)
        else:
            self.register_buffer("weight", kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge."""
        return F.conv_transpose2d(x, self.weight, stride=self.factor)


class FCN(nn.Module):
    """Label every pixel of an image of any size: VGG-16 with its dense layers as convolutions.

    The trunk's first convolution is padded by 100, its poolings round up; fc6 is a
    7x7 convolution without padding, fc7 1x1, and score_fr gives a coarse map of
    class scores, one position every 32 pixels.  FCN-32s enlarges it 32 times.
    FCN-16s enlarges it twice, adds the scores of pool4, and enlarges 16 times;
    FCN-8s adds those of pool3 as well.  Skips are *summed*, not concatenated.

    A padded trunk looks beyond the image, and so every enlarged map is larger than
    what it is added to.  Where it is cut follows from the receptive fields:
    positions of two maps belong together when their fields have one centre.  With
    a border of 100 that gives the release's offsets 19; 5 and 27; 5, 9 and 31 (`crops`).
    Copies that keep the size and interpolate are another network near the rim.

    Shape:
        x:      (N, in_channels, H, W), any size with the paper's border
        return: (N, num_classes, H, W) class scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes, background first; 21 for PASCAL VOC.
        width: Channels of the first stage; 64 in the paper.
        fc_width: Channels of fc6 and fc7; None means 64*width, the paper's 4096.
        stride: 32, 16 or 8, the name of the net.
        padding: Border of the first convolution.  97 or more takes images of any size, less needs sides of
            195 - 2*padding.  Below 81 (73 for 16s, 69 for 8s) the scores would not reach the image's rim.
        dropout: Part of fc6's and fc7's outputs that is dropped in training.
        learned_upsampling: Whether the enlarging filters are trained; in the release they are fixed.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> net = FCN(width=1, stride=8).eval()
        >>> net.crops, net(torch.zeros(1, 3, 30, 47)).shape
        ((5, 9, 31), torch.Size([1, 21, 30, 47]))

    Source:
        Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic
        Segmentation", CVPR 2015, section 4 and figure 3; border, crops and fixed filters: the authors'
        network definitions voc-fcn32s, voc-fcn16s and voc-fcn8s (github.com/shelhamer/fcn.berkeleyvision.org).
        The loss is the cross entropy summed over the pixels without the void label 255:
        `cross_entropy(scores, labels, reduction="sum")`.  Skips start at zero; the trunk
        starts as torch starts it, in the paper with ImageNet's weights.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        width: int = 64,
        fc_width: int | None = None,
        *,
        stride: int = 32,
        padding: int = 100,
        dropout: float = 0.5,
        learned_upsampling: bool = False,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        if stride not in STRIDES:
            raise OptionError("stride", " or ".join(map(str, STRIDES)), repr(stride))
        self.trunk = VGG16Trunk(in_channels, width, first_padding=padding)
        dense = 64 * width if fc_width is None else fc_width
        require_at_least("fc_width", dense, 1)
        self.least_side = max(1, 195 - 2 * padding)  # the padded map of 193 pools to fc6's 7
        self.stages = SKIPS[: STRIDES.index(stride)]
        self.crops = self._crops(stride)
        if self.crops[-1] < 0:
            least = padding - self.crops[-1]
            raise OptionError("padding", f"at least {least} for stride {stride}", repr(padding), "the paper has 100")
        self.fc6 = ConvBlock(FC6, self.trunk.out_channels, dense, batch_norm=False)
        self.fc7 = ConvBlock(FC7, dense, dense, batch_norm=False)
        self.drop = nn.Dropout(dropout)
        self.score_fr = nn.Conv2d(dense, num_classes, 1)
        self.skips, self.upscores = nn.ModuleDict(), nn.ModuleList()
        for stage in self.stages:
            score = nn.Conv2d(self.trunk.channels(stage), num_classes, 1)
            for parameter in score.parameters():
                nn.init.zeros_(parameter)
            self.skips[f"score_pool{stage}"] = score
            self.upscores.append(BilinearUpsampling(num_classes, 2, learned=learned_upsampling))
        self.upscores.append(BilinearUpsampling(num_classes, stride, learned=learned_upsampling))

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel."""
        pooled = self.trunk(self._checked(x))
        y = self.score_fr(self.drop(self.fc7(self.drop(self.fc6(pooled[4])))))
        for stage, upscore, offset in zip(self.stages, self.upscores[:-1], self.crops[:-1], strict=True):
            y = upscore(y)
            skip = self.skips[f"score_pool{stage}"](pooled[stage - 1])
            y = y + _crop(skip, offset, y)
        return _crop(self.upscores[-1](y), self.crops[-1], x)

    def _crops(self, stride: int) -> tuple[int, ...]:
        """Offsets at which each skip, and at last the scores, are cut."""
        fc7 = [*self.trunk.geometry(), Layer(FC6.kernel_size)]
        centres = Centres.of(receptive_field(fc7))
        offsets = []
        for stage in self.stages:
            centres = centres.upsampled(2)
            offsets.append(Centres.of(self.trunk.field(stage)).offset(centres))
        return (*offsets, centres.upsampled(stride).offset(PIXELS))

    def _checked(self, x: Tensor) -> Tensor:
        if x.ndim == 4 and min(x.shape[2:]) < self.least_side:
            nearest = " x ".join(str(max(side, self.least_side)) for side in x.shape[2:])
            raise ShapeError(
                "x",
                f"(N, {self.trunk.in_channels}, H, W) with H and W of at least {self.least_side}",
                repr(tuple(x.shape)),
                f"fc6 needs 7 x 7 positions: the nearest size that works is {nearest}, or raise padding",
            )
        return x


def _crop(x: Tensor, offset: int, like: Tensor) -> Tensor:
    """Cut a window of another map's size."""
    H, W = like.shape[2:]
    return x[:, :, offset : offset + H, offset : offset + W]
