"""DeconvNet (Noh, Hong and Han, ICCV 2015): VGG-16 with its dense layers, and a mirror of deconvolutions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.plan import Conv, Deconv, Unpool
from reference.models.vgg import VGG16Features

# The three layers that SegNet does without; their kernel and channels are options.
MIDDLE = ("fc6", "fc7", "deconv_fc6")

DECONVNET_DECODER: tuple[Conv | Unpool, ...] = (
    Unpool("unpool5", 5),
    Deconv("deconv5_1", 8),
    Deconv("deconv5_2", 8),
    Deconv("deconv5_3", 8),
    Unpool("unpool4", 4),
    Deconv("deconv4_1", 8),
    Deconv("deconv4_2", 8),
    Deconv("deconv4_3", 4),
    Unpool("unpool3", 3),
    Deconv("deconv3_1", 4),
    Deconv("deconv3_2", 4),
    Deconv("deconv3_3", 2),
    Unpool("unpool2", 2),
    Deconv("deconv2_1", 2),
    Deconv("deconv2_2", 1),
    Unpool("unpool1", 1),
    Deconv("deconv1_1", 1),
    Deconv("deconv1_2", 1),
)
STRIDE = 32  # of the five poolings together


class DeconvNet(nn.Module):
    """Label every pixel: VGG-16 down to one vector, and a mirror of unpoolings and deconvolutions up.

    Encoder: VGG-16's 13 convolutions.  Middle: its dense layers as convolutions,
    fc6 7x7 without padding and fc7 1x1, then a 7x7 deconvolution back.  Decoder:
    five unpoolings over the encoder's switches, each followed by 3x3
    deconvolutions with stride 1.  All of them have batch normalisation and ReLU;
    the last layer, a 1x1 convolution, has neither and gives one score a class.

    Shape:
        x:      (N, in_channels, H, W), sides multiples of 32 and at least 32*fc_kernel_size: 224, 256, ...
        return: (N, num_classes, H, W) class scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes, background among them; 21 for PASCAL VOC.
        width: Channels of the first stage; 64 in the paper.
        fc_width: Channels of fc6 and fc7; None means 64*width, the paper's 4096.
        fc_kernel_size: Side of fc6 and of its deconvolution; 7 in the paper, whose input of 224 they
            turn into one position.  2 makes do with 64 x 64 inputs.  With one image whose fc6 is one
            position, batch statistics are undefined: train on two or more, or call `eval()`.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> net = DeconvNet(width=2, fc_kernel_size=2).eval()
        >>> net(torch.zeros(1, 3, 64, 96)).shape
        torch.Size([1, 21, 64, 96])

    Source:
        Noh, Hong and Han, "Learning Deconvolution Network for Semantic
        Segmentation", arXiv:1505.04366; layer table of the supplement and of the
        authors' published network definition.  Weights start as torch starts
        them; the paper uses ImageNet weights in the encoder.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        width: int = 64,
        fc_width: int | None = None,
        *,
        fc_kernel_size: int = 7,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        require_at_least("fc_kernel_size", fc_kernel_size, 1)
        self.encoder = VGG16Features(in_channels, width)
        dense = 64 * width if fc_width is None else fc_width
        require_at_least("fc_width", dense, 1)
        self.least_side = STRIDE * fc_kernel_size
        channels = self.encoder.out_channels
        fc6, fc7, deconv_fc6 = MIDDLE
        self.middle = nn.Sequential()
        self.middle.add_module(fc6, ConvBlock(Conv(fc6, dense, fc_kernel_size, 0), channels, 1))
        self.middle.add_module(fc7, ConvBlock(Conv(fc7, dense, 1, 0), dense, 1))
        self.middle.add_module(deconv_fc6, ConvBlock(Deconv(deconv_fc6, channels, fc_kernel_size, 0), dense, 1))
        self.decoder = nn.ModuleDict()
        for row in DECONVNET_DECODER:
            if isinstance(row, Conv):
                self.decoder[row.name] = ConvBlock(row, channels, width)
                channels = row.channels * width
        self.score = nn.Conv2d(channels, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel."""
        self._check(x)
        y, switches, sides = self.encoder(x)
        y = self.middle(y)
        for row in DECONVNET_DECODER:
            if isinstance(row, Unpool):
                y = F.max_unpool2d(y, switches[row.stage - 1], [2, 2], output_size=list(sides[row.stage - 1]))
            else:
                y = self.decoder[row.name](y)
        scores: Tensor = self.score(y)
        return scores

    def _check(self, x: Tensor) -> None:
        C = self.encoder.in_channels
        if x.ndim != 4 or x.shape[1] != C:
            raise ShapeError("x", f"(N, {C}, H, W)", repr(tuple(x.shape)))
        nearest = tuple(self._nearest(side) for side in x.shape[2:])
        if nearest != tuple(x.shape[2:]):
            raise ShapeError(
                "x",
                f"(N, {C}, H, W) with H and W multiples of {STRIDE}, at least {self.least_side}",
                repr(tuple(x.shape)),
                f"the nearest size that works is {nearest[0]} x {nearest[1]}",
            )

    def _nearest(self, side: int) -> int:
        return max(self.least_side, (side + STRIDE // 2) // STRIDE * STRIDE)
