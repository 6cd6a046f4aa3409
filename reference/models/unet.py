"""U-Net (Ronneberger, Fischer and Brox, MICCAI 2015): down, up, and what was seen on the way put beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.plan import Conv

LEVELS = (1, 2, 4, 8, 16)  # channels of the five levels, in widths of the net
GRID = 16  # of the four poolings together
MARGIN = 92  # pixels that the unpadded net loses on each side
LEAST_SIDE = 188  # the unpadded net's deepest map is 4 x 4 then, and so is its output


class UNet(nn.Module):
    """Label every pixel by a contracting path, and an expanding one that sees its maps again.

    Each of the five levels has two 3x3 convolutions with ReLU, with 2x2 max pooling
    between the levels; on the way up a 2x2 transposed convolution ("up-convolution")
    doubles the map and halves its channels, the map of the same level, taken
    *before* the pooling, is put beside it, skip first, and two more convolutions
    follow.  A 1x1 convolution gives the scores: 23 convolutions with the four up.

    The paper's convolutions are not padded: a map loses two pixels at each, the
    skip is larger than what it is put beside and its centre is cut out, and 184
    pixels of the image get no label, 92 on each side (`overlap_tile` deals with
    that).  Popular copies pad (`padded`) and keep the size; with the same weights
    they are another network near the rim.

    Shape:
        x:      (N, in_channels, H, W); sides 12 more than a multiple of 16 and at least 188: 188, 204, ... 572;
                with `padded` multiples of 16
        return: (N, num_classes, H - 184, W - 184) class scores; with `padded` (N, num_classes, H, W)

    Args:
        in_channels: Channels of the image; 1 in the paper.
        num_classes: Classes, background first; 2 in the paper.
        width: Channels of the first level; 64 in the paper.
        padded: Whether the 3x3 convolutions keep the size.
        batch_norm: Whether to normalise before each ReLU; the paper does not.
        dropout: Part of the deepest map that is dropped in training; the paper says at the end of the
            contracting path and no number.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> net = UNet(width=1).eval()
        >>> net(torch.zeros(1, 1, 188, 204)).shape
        torch.Size([1, 2, 4, 20])

    Source:
        Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
        Segmentation", arXiv:1505.04597, section 2 and figure 1.  Weights start with variance
        2/fan_in, section 3 (He et al.'s rule).  The order of the concatenation is that of figure 1,
        in which the copied map is drawn first; it matters only to weights from elsewhere.
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        width: int = 64,
        *,
        padded: bool = False,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        for name, number in (("in_channels", in_channels), ("num_classes", num_classes), ("width", width)):
            require_at_least(name, number, 1)
        self.in_channels, self.padded = in_channels, padded
        self.down, self.up, self.decode = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = in_channels
        for level in LEVELS:
            self.down.append(_two(level, channels, width, padded, batch_norm))
            channels = level * width
        self.drop = nn.Dropout(dropout)
        for level in reversed(LEVELS[:-1]):
            self.up.append(nn.ConvTranspose2d(channels, level * width, 2, stride=2))
            self.decode.append(_two(level, channels, width, padded, batch_norm))  # skip and up: twice level*width
            channels = level * width
        self.score = nn.Conv2d(channels, num_classes, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                _start(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel that is far enough from the rim."""
        self._check(x)
        skips = []
        for level, block in enumerate(self.down):
            if level:
                skips.append(x)
                x = F.max_pool2d(x, 2)
            x = block(x)
        x = self.drop(x)
        for up, block in zip(self.up, self.decode, strict=True):
            x = up(x)
            x = block(torch.cat([centre_crop(skips.pop(), x.shape[2:]), x], dim=1))
        scores: Tensor = self.score(x)
        return scores

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ShapeError("x", f"(N, {self.in_channels}, H, W)", repr(tuple(x.shape)))
        nearest = tuple(nearest_side(side, padded=self.padded) for side in x.shape[2:])
        if nearest != tuple(x.shape[2:]):
            wanted = (
                f"multiples of {GRID}" if self.padded else f"12 more than a multiple of {GRID}, at least {LEAST_SIDE}"
            )
            raise ShapeError(
                "x",
                f"(N, {self.in_channels}, H, W) with H and W {wanted}",
                repr(tuple(x.shape)),
                f"the nearest size that works is {nearest[0]} x {nearest[1]}: every pooling needs an even side",
            )


def nearest_side(side: int, *, padded: bool = False) -> int:
    """Find the nearest side that a U-Net can take: every pooling must see an even one.

    Example:
        >>> nearest_side(512), nearest_side(512, padded=True), nearest_side(100)
        (508, 512, 188)
    """
    rest = 0 if padded else LEAST_SIDE % GRID
    near = (side - rest + GRID // 2) // GRID * GRID + rest
    return max(GRID if padded else LEAST_SIDE, near)


def centre_crop(x: Tensor, sides: Sequence[int]) -> Tensor:
    """Cut the middle out of the last two axes: of skips, and of labels and weights for the unpadded net's loss.

    Where an odd number of rows or columns is left, one more goes at the end.

    Raises:
        ShapeError: The middle would be larger than x.

    Example:
        >>> centre_crop(torch.arange(36).reshape(6, 6), (2, 4)).tolist()
        [[13, 14, 15, 16], [19, 20, 21, 22]]
    """
    (H, W), (h, w) = x.shape[-2:], sides
    if h > H or w > W:
        raise ShapeError("sides", f"at most {H} x {W}, those of x", f"{h} x {w}")
    top, left = (H - h) // 2, (W - w) // 2
    return x[..., top : top + h, left : left + w]


def _two(level: int, channels: int, width: int, padded: bool, batch_norm: bool) -> nn.Sequential:
    """Both 3x3 convolutions of a level."""
    row = Conv("conv", level, 3, int(padded))
    return nn.Sequential(
        ConvBlock(row, channels, width, batch_norm=batch_norm),
        ConvBlock(row, level * width, width, batch_norm=batch_norm),
    )


def _start(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Draw weights with variance 2/N, N being the numbers that go into one output."""
    # One pixel of a 2x2 up-convolution with stride 2 comes from one position.
    taps = layer.kernel_size[0] ** 2 if isinstance(layer, nn.Conv2d) else 1
    nn.init.normal_(layer.weight, std=(2 / (layer.in_channels * taps)) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
