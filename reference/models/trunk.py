"""VGG-16's convolutions as the trunk of a fully convolutional net: its borders, poolings and dilation are options."""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Layer, ReceptiveField, receptive_field
from reference.models.block import ConvBlock
from reference.models.plan import Conv
from reference.models.vgg import VGG16_TABLE

HALVING = Layer(2, stride=2)


class VGG16Trunk(nn.Module):
    """The 13 convolutions and five poolings of VGG-16, as other papers rebuilt them; what every pooling gives comes out.

    `VGG16Features` is the original with its switches.  FCN pads the first
    convolution by 100, DeepLab pools over 3x3, no longer halves from the fourth
    pooling on and spreads the filters of the fifth stage instead.  The weights
    are the same: `load_state_dict` takes those of `VGG16Features(batch_norm=False)`.

    Shape:
        x:      (N, in_channels, H, W)
        return: five times (N, C, H_i, W_i), after each pooling

    Args:
        in_channels: Channels of the image.
        width: Channels of the first stage; 64 in the paper.
        first_padding: Border of the first convolution; the others keep their size.
        pooling: The five poolings.
        last_dilation: Dilation of the fifth stage's convolutions.
        ceil_mode: Round up when pooling, as caffe does.

    Raises:
        OptionError: A number is no integer of at least 1, or there are not five poolings.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> import torch
        >>> [tuple(y.shape[1:]) for y in VGG16Trunk(width=1)(torch.zeros(1, 3, 33, 64))]
        [(1, 17, 32), (2, 9, 16), (4, 5, 8), (8, 3, 4), (8, 2, 2)]

    Source:
        Simonyan and Zisserman, arXiv:1409.1556, table 1, column D.
    """

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        *,
        first_padding: int = 1,
        pooling: tuple[Layer, ...] = 5 * (HALVING,),
        last_dilation: int = 1,
        ceil_mode: bool = True,
    ) -> None:
        super().__init__()
        for name, number in (("in_channels", in_channels), ("width", width), ("first_padding", first_padding)):
            require_at_least(name, number, 1)
        require_at_least("last_dilation", last_dilation, 1)
        if len(pooling) != 5:
            raise OptionError("pooling", "five layers, one a stage", f"{len(pooling)}")
        self.in_channels = in_channels
        self.width = width
        self.out_channels = 8 * width
        self.ceil_mode = ceil_mode
        self.pooling = pooling
        self.rows: tuple[Conv, ...] = tuple(
            _rebuilt(row, first_padding, last_dilation) for row in VGG16_TABLE if isinstance(row, Conv)
        )
        self.layers = nn.ModuleDict()
        channels = in_channels
        for row in self.rows:
            self.layers[row.name] = ConvBlock(row, channels, width, batch_norm=False)
            channels = row.channels * width

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Encode a batch; the fifth map is the trunk's end, earlier ones are for skips."""
        if x.ndim != 4 or x.shape[1] != self.in_channels or 0 in x.shape[2:]:
            raise ShapeError("x", f"(N, {self.in_channels}, H, W), no side empty", repr(tuple(x.shape)))
        pooled = []
        for stage, pool in enumerate(self.pooling, 1):
            for row in self._stage(stage):
                x = self.layers[row.name](x)
            x = F.max_pool2d(x, pool.kernel_size, pool.stride, pool.padding, ceil_mode=self.ceil_mode)
            pooled.append(x)
        return tuple(pooled)

    def geometry(self, stage: int = 5) -> list[Layer]:
        """List the layers up to a stage's pooling, for `reference.geometry`."""
        layers = []
        for number in range(1, stage + 1):
            layers += [Layer(row.kernel_size, 1, row.padding, row.dilation) for row in self._stage(number)]
            layers.append(self.pooling[number - 1])
        return layers

    def field(self, stage: int = 5) -> ReceptiveField:
        """Say what one position after a stage's pooling sees of the image.

        Example:
            >>> VGG16Trunk(width=1).field(5)
            ReceptiveField(size=212, jump=32, start=-90)
        """
        return receptive_field(self.geometry(stage))

    def channels(self, stage: int) -> int:
        """Count the channels after a stage's pooling."""
        return self._stage(stage)[-1].channels * self.width

    def _stage(self, number: int) -> list[Conv]:
        return [row for row in self.rows if row.name.startswith(f"conv{number}_")]


def _rebuilt(row: Conv, first_padding: int, last_dilation: int) -> Conv:
    if row.name == "conv1_1":
        return replace(row, padding=first_padding)
    if row.name.startswith("conv5_"):
        return replace(row, padding=last_dilation, dilation=last_dilation)
    return row
