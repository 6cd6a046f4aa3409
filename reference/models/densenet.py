"""DenseNet's features (Huang, Liu, van der Maaten and Weinberger, CVPR 2017), at three and more scales."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reference.errors import OptionError, require_at_least

DENSENET161 = (6, 12, 36, 24)
WIDE = 4  # channels of a layer's 1x1 convolution, in growths


class DenseLayer(nn.Module):
    """Write `growth` new channels beside those that are there.

        y = concat(x, conv 3x3 (relu(norm(conv 1x1 (relu(norm(x)))))))

    Shape:
        x:      (N, in_channels, H, W)
        return: (N, in_channels + growth, H, W)

    Source:
        Huang et al., CVPR 2017, equation 2; DenseNet-B.
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, WIDE * growth, 1, bias=False),
            nn.BatchNorm2d(WIDE * growth),
            nn.ReLU(),
            nn.Conv2d(WIDE * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate what is new to what is old."""
        return torch.cat([x, self.branch(x)], dim=1)


class DenseNetFeatures(nn.Module):
    """The convolutions of a DenseNet: blocks whose layers see all layers before them, halved in between.

    Stem: 7x7 convolution with stride 2, max-pooling 3x3 with stride 2.  Then the
    blocks; between two of them a 1x1 convolution halves the channels and an
    average-pooling the sides.

    Shape:
        x:      (N, in_channels, H, W), H and W multiples of 2**(1 + number of blocks)
        return: the output of every block, finest first: 1/4, 1/8, 1/16, ... of the sides, channels `out_channels`

    Args:
        in_channels: Channels of the image.
        growth: Channels that each layer adds; 48 in DenseNet-161.  The stem has twice as many.
        blocks: Layers of each block; (6, 12, 36, 24) in DenseNet-161.

    Raises:
        OptionError: A number is no integer of at least 1, or there is no block.

    Example:
        >>> [tuple(y.shape) for y in DenseNetFeatures(growth=2, blocks=(1, 2))(torch.zeros(2, 3, 32, 64))]
        [(2, 6, 8, 16), (2, 7, 4, 8)]

    Source:
        Huang et al., "Densely Connected Convolutional Networks", CVPR 2017, table 1 and section 4.
    """

    def __init__(self, in_channels: int = 3, growth: int = 48, blocks: Sequence[int] = DENSENET161) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("growth", growth, 1)
        if not blocks:
            raise OptionError("blocks", "the layers of one block or more", repr(blocks))
        channels = 2 * growth
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        out_channels = []
        for number, layers in enumerate(blocks):
            require_at_least(f"blocks[{number}]", layers, 1)
            if number:
                half = channels // 2
                self.transitions.append(
                    nn.Sequential(
                        nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, half, 1, bias=False), nn.AvgPool2d(2)
                    )
                )
                channels = half
            self.blocks.append(nn.Sequential(*(DenseLayer(channels + i * growth, growth) for i in range(layers))))
            channels += layers * growth
            out_channels.append(channels)
        self.out_channels = tuple(out_channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run the blocks and keep the output of each."""
        y = self.stem(x)
        outputs = []
        for number, block in enumerate(self.blocks):
            y = block(self.transitions[number - 1](y) if number else y)
            outputs.append(y)
        return tuple(outputs)
