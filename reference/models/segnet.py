"""SegNet (Badrinarayanan, Kendall and Cipolla, PAMI 2017): an encoder, and the same backwards."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.models.block import ConvBlock
from reference.models.plan import Conv, Unpool
from reference.models.vgg import VGG16Features

# The last convolution of a stage already has the next stage's channels.
# conv1_1_D is not here: it gives the classes, and has no width.
SEGNET_DECODER: tuple[Conv | Unpool, ...] = (
    Unpool("unpool5", 5),
    Conv("conv5_3_D", 8),
    Conv("conv5_2_D", 8),
    Conv("conv5_1_D", 8),
    Unpool("unpool4", 4),
    Conv("conv4_3_D", 8),
    Conv("conv4_2_D", 8),
    Conv("conv4_1_D", 4),
    Unpool("unpool3", 3),
    Conv("conv3_3_D", 4),
    Conv("conv3_2_D", 4),
    Conv("conv3_1_D", 2),
    Unpool("unpool2", 2),
    Conv("conv2_2_D", 2),
    Conv("conv2_1_D", 1),
    Unpool("unpool1", 1),
    Conv("conv1_2_D", 1),
)


class SegNet(nn.Module):
    """Label every pixel: VGG-16's convolutions down, and up again over their own switches.

    Encoder: VGG-16 without its dense layers.  Decoder: five unpoolings, each
    followed by ordinary 3x3 convolutions with batch normalisation and ReLU.  The
    last layer, a 3x3 convolution without either, gives one score a class; the
    paper's soft-max belongs to the loss (`cross_entropy`).

    Any size of at least 32 works, odd ones too: poolings round down (up with
    `ceil_mode`), and every unpooling is told the size its pooling had, so that
    the scores have the size of the image.  An image of 32 x 32 ends in one pixel,
    whose batch statistics need at least two images in training.

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 32
        return: (N, num_classes, H, W) class scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes; 11 for CamVid.
        width: Channels of the first stage; 64 in the paper.
        ceil_mode: Round up when pooling, as the released model does: 360 x 480 ends in
            23 x 30 and 12 x 15 instead of 22 x 30 and 11 x 15.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch, or an image side is below 32.

    Example:
        >>> import torch
        >>> SegNet(width=2).eval()(torch.zeros(1, 3, 33, 50)).shape
        torch.Size([1, 11, 33, 50])

    Source:
        Badrinarayanan, Kendall and Cipolla, "SegNet: A Deep Convolutional
        Encoder-Decoder Architecture for Image Segmentation", arXiv:1511.00561.
        Weights start as torch starts them; the paper uses He's initialisation
        and ImageNet weights in the encoder.
    """

    def __init__(
        self, in_channels: int = 3, num_classes: int = 11, width: int = 64, *, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        self.encoder = VGG16Features(in_channels, width, ceil_mode=ceil_mode)
        self.decoder = nn.ModuleDict()
        channels = self.encoder.out_channels
        for row in SEGNET_DECODER:
            if isinstance(row, Conv):
                self.decoder[row.name] = ConvBlock(row, channels, width)
                channels = row.channels * width
        self.score = nn.Conv2d(channels, num_classes, 3, padding=1)  # conv1_1_D

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel."""
        y, switches, sides = self.encoder(x)
        for row in SEGNET_DECODER:
            if isinstance(row, Unpool):
                y = F.max_unpool2d(y, switches[row.stage - 1], [2, 2], output_size=list(sides[row.stage - 1]))
            else:
                y = self.decoder[row.name](y)
        scores: Tensor = self.score(y)
        return scores
