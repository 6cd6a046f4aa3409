"""ResNet (He, Zhang, Ren and Sun, CVPR 2016): blocks that learn what to add to their input; for ImageNet and for CIFAR."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least, require_one_of

# Table 1 of the paper: blocks of the four stages; from 50 layers on they are bottlenecks.
RESNET_TABLE = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
FIRST_BOTTLENECK = 50
EXPANSION = 4  # a bottleneck widens again to four times the channels of its 3x3


class ResidualBlock(nn.Module):
    """Add a shortcut to what a few layers make of x, then take the ReLU of the sum.

        y = relu(body(x) + shortcut(x))                                   equations 1 and 2

    The body ends in a normalisation: no ReLU stands before the addition, so that a
    block can also take away.  With the last scale (gamma) at 0 the block is the
    ReLU of its shortcut, and the gradient runs through the identity undiminished.

    Shape:
        x:      (N, C_in, H, W)
        return: (N, C_out, H_out, W_out), what body and shortcut both give
    """

    def __init__(self, body: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Add both ways."""
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


class ZeroPadShortcut(nn.Module):
    """Option A: every second row and column of x, and channels of zeros; nothing is learned.

    Shape:
        x:      (N, C_in, H, W)
        return: (N, out_channels, ceil(H/stride), ceil(W/stride)); the channels of x come first
    """

    def __init__(self, out_channels: int, stride: int) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Thin out, and fill up with zeros."""
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.out_channels - x.shape[1]))


class ResNet(nn.Module):
    """Classify images with four stages of residual blocks: 18, 34, 50, 101 or 152 layers.

    conv1 is 7x7 with stride 2, then comes 3x3 max pooling with stride 2, then the
    stages of table 1.  18 and 34: two 3x3 a block.  50 and more: 1x1, 3x3, 1x1, the
    last with four times the channels.  The first block of stages 3, 4 and 5 halves
    the sides.  Where a block changes the shape its shortcut is a 1x1 convolution
    (option B), elsewhere the identity.  Convolutions have no bias, normalisation
    follows each.  At the end the mean over all positions, and one dense layer.

    **Two versions with equal parameters.**  "v1" is the paper's release: a
    bottleneck that halves does so in its first 1x1.  "v1.5", torchvision's, does so
    in the 3x3, which sees every pixel.  Multiply-accumulates, receptive fields and
    results differ: ResNet-50 has 3.86e9 and 483 pixels as v1, 4.09e9 and 427 as
    v1.5.  Basic blocks are the same in both.

    Shape:
        x:      (N, in_channels, H, W), any sides; 224 in the paper.  Sides up to 32 end in one position:
                batch statistics then need two images or more.
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        depth: Layers with weights on the longest way: 18, 34, 50, 101 or 152.
        in_channels: Channels of the image.
        num_classes: Classes; 1000 for ImageNet.
        width: Channels of conv1; 64 in the paper.
        version: "v1" or "v1.5".

    Raises:
        OptionError: `depth` or `version` is none of these, or a number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> import torch
        >>> net = ResNet(18, num_classes=7, width=1).eval()
        >>> net(torch.zeros(1, 3, 65, 40)).shape, [tuple(y.shape[1:]) for y in net.stages(torch.zeros(1, 3, 65, 40))]
        (torch.Size([1, 7]), [(1, 17, 10), (2, 9, 5), (4, 5, 3), (8, 3, 2)])

    Source:
        He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385: section
        3.2 blocks, 3.3 shortcuts, table 1 layers, figure 5 bottleneck, 3.4 and its reference 13 initial
        weights; v1 from the definitions in github.com/KaimingHe/deep-residual-networks, whose pooling is
        unpadded and rounds up: 56 x 56 as well.
    """

    def __init__(
        self,
        depth: int = 50,
        in_channels: int = 3,
        num_classes: int = 1000,
        width: int = 64,
        *,
        version: str = "v1",
    ) -> None:
        super().__init__()
        if depth not in RESNET_TABLE:
            raise OptionError("depth", "18, 34, 50, 101 or 152", repr(depth), "other depths have no table in the paper")
        require_at_least("in_channels", in_channels, 1)
        require_at_least("num_classes", num_classes, 1)
        require_at_least("width", width, 1)
        require_one_of("version", version, ("v1", "v1.5"))
        self.in_channels = in_channels
        self.stem = nn.Sequential()
        self.stem.add_module("conv1", nn.Conv2d(in_channels, width, 7, 2, 3, bias=False))
        self.stem.add_module("norm1", nn.BatchNorm2d(width))
        self.stem.add_module("relu1", nn.ReLU(inplace=True))
        self.stem.add_module("pool1", nn.MaxPool2d(3, 2, padding=1))
        channels = width
        for stage, blocks in enumerate(RESNET_TABLE[depth]):
            inner = width * 2**stage
            outer = inner if depth < FIRST_BOTTLENECK else EXPANSION * inner
            layers = nn.Sequential()
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                if depth < FIRST_BOTTLENECK:
                    body = _basic(channels, outer, stride)
                else:
                    body = _bottleneck(channels, inner, outer, stride, version)
                layers.append(ResidualBlock(body, _projection(channels, outer, stride)))
                channels = outer
            self.add_module(f"res{stage + 2}", layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        _start(self)

    def stages(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give the maps after each stage, at 1/4, 1/8, 1/16 and 1/32 of the sides: the backbone of other nets."""
        _require_batch(x, self.in_channels)
        y = self.stem(x)
        maps = []
        for stage in (2, 3, 4, 5):
            y = self.get_submodule(f"res{stage}")(y)
            maps.append(y)
        return maps[0], maps[1], maps[2], maps[3]

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        scores: Tensor = self.fc(self.pool(self.stages(x)[3]).flatten(1))
        return scores


class CifarResNet(nn.Module):
    """Classify small images with 6n + 2 layers: three stages of n basic blocks with 16, 32 and 64 channels.

    conv1 is 3x3 and nothing is pooled but the end.  All shortcuts are free of
    parameters (option A), so that a plain net of the same depth has as many.

    Shape:
        x:      (N, in_channels, H, W), any sides; 32 for CIFAR
        return: (N, num_classes) scores

    Args:
        depth: 6n + 2: 20, 32, 44, 56, 110 and 1202 in the paper.
        in_channels: Channels of the image.
        num_classes: Classes; 10 for CIFAR-10.
        width: Channels of conv1; 16 in the paper.

    Raises:
        OptionError: `depth` is not 6n + 2, or a number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> import torch
        >>> CifarResNet(8, width=2).eval()(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 10])

    Source:
        He et al., arXiv:1512.03385, section 4.2 and table 6; option A in section 3.3.
    """

    def __init__(self, depth: int = 20, in_channels: int = 3, num_classes: int = 10, width: int = 16) -> None:
        super().__init__()
        require_at_least("depth", depth, 8)
        if (depth - 2) % 6:
            nearest = max(1, round((depth - 2) / 6)) * 6 + 2
            raise OptionError("depth", "6n + 2: 20, 32, 44, ...", repr(depth), f"the nearest is {nearest}")
        require_at_least("in_channels", in_channels, 1)
        require_at_least("num_classes", num_classes, 1)
        require_at_least("width", width, 1)
        self.in_channels = in_channels
        self.layers = nn.Sequential()
        self.layers.add_module("conv1", nn.Conv2d(in_channels, width, 3, padding=1, bias=False))
        self.layers.add_module("norm1", nn.BatchNorm2d(width))
        self.layers.add_module("relu1", nn.ReLU(inplace=True))
        channels = width
        for stage in range(3):
            outer = width * 2**stage
            blocks = nn.Sequential()
            for block in range((depth - 2) // 6):
                stride = 2 if stage and not block else 1
                shortcut = nn.Identity() if channels == outer else ZeroPadShortcut(outer, stride)
                blocks.append(ResidualBlock(_basic(channels, outer, stride), shortcut))
                channels = outer
            self.layers.add_module(f"stage{stage + 1}", blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        _require_batch(x, self.in_channels)
        scores: Tensor = self.fc(self.pool(self.layers(x)).flatten(1))
        return scores


def _basic(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Figure 5, left: two 3x3."""
    return _chain(((in_channels, out_channels, 3, stride), (out_channels, out_channels, 3, 1)))


def _bottleneck(in_channels: int, inner: int, out_channels: int, stride: int, version: str) -> nn.Sequential:
    """Figure 5, right: 1x1 to few channels, 3x3 among them, 1x1 to many."""
    first, second = (stride, 1) if version == "v1" else (1, stride)
    return _chain(((in_channels, inner, 1, first), (inner, inner, 3, second), (inner, out_channels, 1, 1)))


def _chain(rows: tuple[tuple[int, int, int, int], ...]) -> nn.Sequential:
    """Convolutions (channels in, channels out, kernel, stride), normalised, with ReLUs in between but none at the end."""
    layers = nn.Sequential()
    for number, (C_in, C_out, kernel_size, stride) in enumerate(rows, 1):
        convolution = nn.Conv2d(C_in, C_out, kernel_size, stride, padding=kernel_size // 2, bias=False)
        layers.add_module(f"conv{number}", convolution)
        layers.add_module(f"norm{number}", nn.BatchNorm2d(C_out))
        if number < len(rows):
            layers.add_module(f"relu{number}", nn.ReLU(inplace=True))
    return layers


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Option B: a 1x1 convolution where the shape changes, else nothing."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    shortcut = nn.Sequential()
    shortcut.add_module("conv", nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
    shortcut.add_module("norm", nn.BatchNorm2d(out_channels))
    return shortcut


def _start(net: nn.Module) -> None:
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


def _require_batch(x: Tensor, in_channels: int) -> None:
    if x.ndim != 4 or x.shape[1] != in_channels or 0 in x.shape[2:]:
        raise ShapeError("x", f"(N, {in_channels}, H, W) with H and W of at least 1", repr(tuple(x.shape)))
