"""VGG-16's convolutions as an encoder (Simonyan and Zisserman, ICLR 2015)."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.plan import Conv, Pool

# Configuration D of the paper's table 1; channels in widths of 64.
VGG16_TABLE: tuple[Conv | Pool, ...] = (
    Conv("conv1_1", 1),
    Conv("conv1_2", 1),
    Pool("pool1"),
    Conv("conv2_1", 2),
    Conv("conv2_2", 2),
    Pool("pool2"),
    Conv("conv3_1", 4),
    Conv("conv3_2", 4),
    Conv("conv3_3", 4),
    Pool("pool3"),
    Conv("conv4_1", 8),
    Conv("conv4_2", 8),
    Conv("conv4_3", 8),
    Pool("pool4"),
    Conv("conv5_1", 8),
    Conv("conv5_2", 8),
    Conv("conv5_3", 8),
    Pool("pool5"),
)
LEAST_SIDE = 32  # five poolings halve it to 1


class Encoded(NamedTuple):
    """What `VGG16Features` returns.

    Shape:
        y:        (N, 8*width, H/32, W/32)
        switches: five times (N, C, H_i/2, W_i/2) int64, first pooling first
        sides:    five times (H_i, W_i), the size before that pooling
    """

    y: Tensor
    switches: tuple[Tensor, ...]
    sides: tuple[tuple[int, int], ...]


class VGG16Features(nn.Module):
    """The 13 convolutions and five poolings of VGG-16, as the encoder of a segmentation net.

    Each convolution is 3x3 with padding 1 and bias, then batch normalisation (which
    the original lacks and DeconvNet and SegNet add), then ReLU.  The poolings keep
    their switches.

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 32
        return: `Encoded`; each pooling halves H and W and rounds down, or up with `ceil_mode`

    Args:
        in_channels: Channels of the image.
        width: Channels of the first stage; 64 in the paper.  Later stages have 2, 4, 8, 8 times as many.
        batch_norm: False gives the original layers: 14,714,688 parameters at width 64.
        ceil_mode: Round odd sides up when pooling, as caffe does.

    Raises:
        OptionError: `in_channels` or `width` is no integer of at least 1.
        ShapeError: From calling it: x is no such batch, or an image side is below 32.

    Example:
        >>> import torch
        >>> y, switches, sides = VGG16Features(width=2)(torch.zeros(1, 3, 64, 96))
        >>> y.shape, sides[-1]
        (torch.Size([1, 16, 2, 3]), (4, 6))

    Source:
        Simonyan and Zisserman, "Very Deep Convolutional Networks for
        Large-Scale Image Recognition", arXiv:1409.1556, table 1, column D.
    """

    def __init__(
        self, in_channels: int = 3, width: int = 64, *, batch_norm: bool = True, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("width", width, 1)
        self.in_channels = in_channels
        self.out_channels = 8 * width
        self.ceil_mode = ceil_mode
        self.layers = nn.ModuleDict()
        channels = in_channels
        for row in VGG16_TABLE:
            if isinstance(row, Conv):
                self.layers[row.name] = ConvBlock(row, channels, width, batch_norm=batch_norm)
                channels = row.channels * width

    def forward(self, x: Tensor) -> Encoded:
        """Encode a batch; the switches and sizes are for the decoder's unpoolings."""
        if x.ndim != 4 or x.shape[1] != self.in_channels or min(x.shape[2:]) < LEAST_SIDE:
            raise ShapeError(
                "x",
                f"(N, {self.in_channels}, H, W) with H and W of at least {LEAST_SIDE}",
                repr(tuple(x.shape)),
                "five poolings must leave a pixel: enlarge or pad the image",
            )
        switches, sides = [], []
        for row in VGG16_TABLE:
            if isinstance(row, Pool):
                sides.append((x.shape[2], x.shape[3]))
                x, indices = F.max_pool2d(x, 2, ceil_mode=self.ceil_mode, return_indices=True)
                switches.append(indices)
            else:
                x = self.layers[row.name](x)
        return Encoded(x, tuple(switches), tuple(sides))
