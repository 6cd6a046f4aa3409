"""SegNet-Basic (Badrinarayanan, Kendall and Cipolla, PAMI 2017): SegNet's idea in four layers down and four up."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.plan import Conv

STAGES = (1, 2, 3, 4)
LEAST_SIDE = 16  # four poolings halve it to 1


class SegNetBasic(nn.Module):
    """Label every pixel: four 7x7 convolutions and poolings down, four unpoolings and 7x7 convolutions up.

    All eight have 64 channels and batch normalisation.  The encoder has ReLU, the
    decoder has none: it is linear but for its switches.  A 1x1 convolution gives
    the scores.  The image is first normalised across channels, as caffe does it:
    n = 5, alpha = 1e-4 / n, beta = 0.75, k = 1.

    The release has biases everywhere, which gives 1,415,563 parameters with 11
    classes and 1,024 more of batch normalisation; the paper prints 1.425M in its
    table 1.  Its text has no biases in the decoder (`decoder_bias`), where batch
    normalisation makes them idle.

    Shape:
        x:      (N, in_channels, H, W), H and W of at least 16
        return: (N, num_classes, H, W) class scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes; 11 for CamVid.
        width: Channels of all stages; 64 in the paper.
        ceil_mode: Round up when pooling, as the release does: 360 rows give 180, 90, 45, 23.
        decoder_bias: Whether the decoder's 7x7 convolutions have biases.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> SegNetBasic(width=2).eval()(torch.zeros(1, 3, 33, 50)).shape
        torch.Size([1, 11, 33, 50])

    Source:
        Badrinarayanan, Kendall and Cipolla, arXiv:1511.00561, section 3.1 and table 1; layers, biases and the
        first normalisation: the authors' definition segnet_basic (github.com/alexgkendall/SegNet-Tutorial).
        Weights start by He's rule there, and as torch starts them here.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 11,
        width: int = 64,
        *,
        ceil_mode: bool = False,
        decoder_bias: bool = True,
    ) -> None:
        super().__init__()
        for name, number in (("in_channels", in_channels), ("num_classes", num_classes), ("width", width)):
            require_at_least(name, number, 1)
        self.in_channels, self.ceil_mode = in_channels, ceil_mode
        self.encoder, self.decoder = nn.ModuleDict(), nn.ModuleDict()
        channels = in_channels
        for stage in STAGES:
            self.encoder[f"conv{stage}"] = ConvBlock(Conv(f"conv{stage}", 1, 7, 3), channels, width)
            channels = width
        for stage in reversed(STAGES):
            self.decoder[f"conv_decode{stage}"] = nn.Sequential(
                nn.Conv2d(width, width, 7, padding=3, bias=decoder_bias), nn.BatchNorm2d(width)
            )
        self.score = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every pixel."""
        self._check(x)
        y, switches, sides = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0), [], []
        for block in self.encoder.values():
            y = block(y)
            sides.append(list(y.shape[2:]))
            y, indices = F.max_pool2d(y, 2, ceil_mode=self.ceil_mode, return_indices=True)
            switches.append(indices)
        for block in self.decoder.values():
            y = block(F.max_unpool2d(y, switches.pop(), [2, 2], output_size=sides.pop()))
        scores: Tensor = self.score(y)
        return scores

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ShapeError("x", f"(N, {self.in_channels}, H, W)", repr(tuple(x.shape)))
        if min(x.shape[2:]) < LEAST_SIDE:
            nearest = " x ".join(str(max(side, LEAST_SIDE)) for side in x.shape[2:])
            raise ShapeError(
                "x",
                f"(N, {self.in_channels}, H, W) with H and W of at least {LEAST_SIDE}",
                repr(tuple(x.shape)),
                f"four poolings must leave a pixel: the nearest size that works is {nearest}",
            )
