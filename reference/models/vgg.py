"""VGG-16 (Simonyan and Zisserman, ICLR 2015): its convolutions as an encoder, the whole net, and it as convolutions."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.classifier import dense_classifier
from reference.models.plan import Conv, Pool
from reference.models.side import require_sides

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


class VGG16(nn.Module):
    """Classify images with 13 convolutions of 3x3 and three dense layers.

    Two 3x3 convolutions in a row see 5x5 and three see 7x7, with 27 weights for
    every pair of channels instead of 49, and a ReLU after each.  Nothing is
    normalised.  Dropout in training on fc6 and fc7.  Up to fc7, without the scores,
    it is the encoder of DeconvNet: 134,260,544 parameters of 138,357,544.

    Shape:
        x:      (N, in_channels, H, W), sides from 224 to 255: those that end in 7 x 7
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        in_channels: Channels of the image.
        num_classes: Classes; 1000 for ImageNet.
        width: Channels of the first stage; 64 in the paper.
        fc_width: Numbers in fc6 and fc7; None means 64*width, the paper's 4096.
        fc_kernel_size: Side of what fc6 sees; 7 in the paper.  1 makes do with 32 x 32 inputs.
        batch_norm: Whether to normalise after each convolution, as torchvision's vgg16_bn does.
        dropout: Probability to drop in training.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> VGG16(num_classes=7, width=1, fc_kernel_size=1).eval()(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 7])

    Source:
        Simonyan and Zisserman, arXiv:1409.1556: table 1, column D; section 3.1 for training.  Weights
        start by Glorot's rule, which the section found to need no pre-training.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 1000,
        width: int = 64,
        fc_width: int | None = None,
        *,
        fc_kernel_size: int = 7,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        require_at_least("fc_kernel_size", fc_kernel_size, 1)
        self.features = VGG16Features(in_channels, width, batch_norm=batch_norm)
        dense = 64 * width if fc_width is None else fc_width
        self.fc_kernel_size = fc_kernel_size
        seen = self.features.out_channels * fc_kernel_size**2
        self.classifier = dense_classifier(seen, dense, num_classes, dropout=dropout)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_normal_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        least = LEAST_SIDE * self.fc_kernel_size
        k = self.fc_kernel_size
        require_sides(x, self.features.in_channels, range(least, least + LEAST_SIDE), f"fc6 sees {k} x {k}")
        scores: Tensor = self.classifier(_encode(self.features, x).flatten(1))
        return scores

    def to_convolutional(self, *, to_fc7: bool = False) -> VGG16Convolutional:
        """Copy the net into one that takes larger images, and slides over them.

        A dense layer over a 7x7 map is a 7x7 convolution without padding: its row
        of 25,088 weights, read channel by channel, is a kernel of 512 x 7 x 7.  On
        the size that the dense net takes, both give the same scores.

        Args:
            to_fc7: Leave out fc8: what the segmentation nets took over.

        Example:
            >>> net = VGG16(num_classes=7, width=1, fc_kernel_size=1).eval()
            >>> net.to_convolutional()(torch.zeros(1, 3, 64, 96)).shape
            torch.Size([1, 7, 2, 3])
        """
        return VGG16Convolutional(self, to_fc7=to_fc7)


class VGG16Convolutional(nn.Module):
    """A VGG-16 whose dense layers are convolutions: fc6 of 7x7 without padding, fc7 and fc8 of 1x1.

    Shape:
        x:      (N, in_channels, H, W), sides of at least 32*fc_kernel_size
        return: (N, num_classes, H_out, W_out) scores, H_out = floor(H/32) - fc_kernel_size + 1, W_out alike;
                with `to_fc7` (N, fc_width, H_out, W_out)

    Args:
        net: The net whose weights are copied; it stays as it is.
        to_fc7: Leave out fc8.

    Raises:
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Source:
        Simonyan and Zisserman, arXiv:1409.1556, section 3.2; Long, Shelhamer and Darrell, "Fully
        Convolutional Networks for Semantic Segmentation", CVPR 2015, section 3.1 and figure 2.
    """

    def __init__(self, net: VGG16, *, to_fc7: bool = False) -> None:
        super().__init__()
        self.in_channels = net.features.in_channels
        self.fc_kernel_size = net.fc_kernel_size
        self.features = deepcopy(net.features)
        self.classifier = nn.Sequential()
        for name, layer in net.classifier.named_children():
            if isinstance(layer, nn.Linear) and not (to_fc7 and name == "fc8"):
                k = net.fc_kernel_size if name == "fc6" else 1
                self.classifier.add_module(name, _as_convolution(layer, k))
            elif not isinstance(layer, nn.Linear):
                self.classifier.add_module(name, deepcopy(layer))
        self.train(net.training)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class at every position of the 32 pixel grid."""
        least = LEAST_SIDE * self.fc_kernel_size
        if x.ndim != 4 or x.shape[1] != self.in_channels or min(x.shape[2:]) < least:
            expected = f"(N, {self.in_channels}, H, W) with H and W of at least {least}"
            H, W = (max(side, least) for side in x.shape[2:]) if x.ndim == 4 else (least, least)
            raise ShapeError("x", expected, repr(tuple(x.shape)), f"the nearest size that works is {H} x {W}")
        scores: Tensor = self.classifier(_encode(self.features, x))
        return scores


def _encode(features: VGG16Features, x: Tensor) -> Tensor:
    """Run the convolutions and poolings, without keeping switches that no one asks for."""
    for row in VGG16_TABLE:
        x = F.max_pool2d(x, 2) if isinstance(row, Pool) else features.layers[row.name](x)
    return x


def _as_convolution(layer: nn.Linear, kernel_size: int) -> nn.Conv2d:
    weight = layer.weight.detach()
    C_out, C_in = layer.out_features, layer.in_features // kernel_size**2
    convolution = nn.Conv2d(C_in, C_out, kernel_size, device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        convolution.weight.copy_(weight.reshape(C_out, C_in, kernel_size, kernel_size))  # channel, row, column
        if convolution.bias is not None:
            convolution.bias.copy_(layer.bias)
    return convolution
