"""AlexNet (Krizhevsky, Sutskever and Hinton, NIPS 2012): on two GPUs, on one, and the later tower."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, require_at_least
from reference.layers.operand import widen
from reference.models.classifier import dense_classifier
from reference.models.side import require_sides


@dataclass(frozen=True, slots=True)
class Stage:
    """A convolution with its ReLU, and what follows it.

    Args:
        channels: Output channels at the paper's width.
        kernel_size: Side of the filter.
        stride: Pixels between two windows.
        padding: Border on each side.
        is_split: Whether each GPU sees its own half of the input channels.
        is_normalized: Whether local response normalisation follows.
        is_pooled: Whether 3x3 max pooling with stride 2 follows.
        is_awake: Whether the biases start at `initial_bias` instead of 0.
    """

    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    is_split: bool = False
    is_normalized: bool = False
    is_pooled: bool = False
    is_awake: bool = False


# Section 3.5 and figure 2 of the paper; the paddings are those of its released layer definitions.
ALEXNET_TABLE = {
    "conv1": Stage(96, 11, stride=4, is_normalized=True, is_pooled=True),
    "conv2": Stage(256, 5, padding=2, is_split=True, is_normalized=True, is_pooled=True, is_awake=True),
    "conv3": Stage(384, 3, padding=1),
    "conv4": Stage(384, 3, padding=1, is_split=True, is_awake=True),
    "conv5": Stage(256, 3, padding=1, is_split=True, is_pooled=True, is_awake=True),
}

# "One weird trick", the net that torchvision calls alexnet: the layers of one GPU, not exactly halved.
TOWER_TABLE = {
    "conv1": Stage(64, 11, stride=4, padding=2, is_pooled=True),
    "conv2": Stage(192, 5, padding=2, is_pooled=True),
    "conv3": Stage(384, 3, padding=1),
    "conv4": Stage(256, 3, padding=1),
    "conv5": Stage(256, 3, padding=1, is_pooled=True),
}

POOLED_SIDE = 6  # what fc6 sees
SIDES = range(227, 259)  # that end in 6 x 6 without padding
TOWER_SIDES = range(223, 255)  # the same with 2 pixels around the image


class AlexNet(nn.Module):
    """Classify images with five convolutions and three dense layers.

    Each convolution: ReLU, then (after the first two) local response normalisation
    across channels, then (after 1, 2 and 5) max pooling whose 3x3 windows overlap,
    as they stand 2 apart.  conv2, conv4 and conv5 come in two halves that see
    different channels, each on a GPU of its own; conv3 and the dense layers see
    all.  Dropout in training on fc6 and fc7.

    Variants, told apart by their parameters:

        60,965,224   groups=2: the paper's net, and BVLC's copy of it
        62,378,344   groups=1: the same channels without halves
        61,100,840   `AlexNetTower`, torchvision's alexnet

    Two slips of the paper: an image of 224 x 224 would give 54.25 positions in
    conv1, so 227 (or a border) is meant; and its first layer has 55 x 55 x 96 =
    290,400 numbers, not 253,440 = 55 x 48 x 96.

    Shape:
        x:      (N, in_channels, H, W), sides from 227 to 258: those that end in 6 x 6
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        in_channels: Channels of the image.
        num_classes: Classes; 1000 for ImageNet.
        width: Channels of conv1; 96 in the paper.  A multiple of 6 (of 3 with groups=1).
        fc_width: Numbers in fc6 and fc7; None means the paper's 4096 at its width, and in proportion.
        groups: 2 for halves, 1 for none.
        pools_first: Pool before the normalisation, as BVLC's CaffeNet does.
        dropout: Probability to drop in training.
        initial_bias: What the biases of conv2, conv4, conv5, fc6 and fc7 start from.  1 in the paper;
            its copy in caffe needed 0.1 to learn.

    Raises:
        OptionError: A number is no integer of at least 1, `groups` is neither 1 nor 2, or `width` does not divide.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> AlexNet(num_classes=7, width=6, fc_width=8).eval()(torch.zeros(1, 3, 227, 227)).shape
        torch.Size([1, 7])

    Source:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
        Networks", NIPS 2012: section 3.3 normalisation, 3.4 pooling, 3.5 and figure 2 layers, 4.2 dropout,
        5 initial weights.  Whether the normalisation reaches over the border of the halves is not said;
        here it does, as in BVLC's copy, bvlc_alexnet of github.com/BVLC/caffe.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 1000,
        width: int = 96,
        fc_width: int | None = None,
        *,
        groups: int = 2,
        pools_first: bool = False,
        dropout: float = 0.5,
        initial_bias: float = 1.0,
    ) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("width", width, 1)
        if groups not in (1, 2):
            raise OptionError("groups", "1 or 2", repr(groups), "the paper has two GPUs")
        if width % (3 * groups):
            nearest = max(1, round(width / (3 * groups))) * 3 * groups
            raise OptionError("width", f"a multiple of {3 * groups}", repr(width), f"the nearest is {nearest}")
        self.in_channels = in_channels
        channels = {name: stage.channels * width // 96 for name, stage in ALEXNET_TABLE.items()}
        dense = max(1, 4096 * width // 96) if fc_width is None else fc_width
        self.features = _stages(ALEXNET_TABLE, in_channels, channels, groups, pools_first=pools_first)
        seen = channels["conv5"] * POOLED_SIDE**2
        self.classifier = dense_classifier(seen, dense, num_classes, dropout=dropout)
        self._start(initial_bias)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        require_sides(x, self.in_channels, SIDES, f"fc6 sees {POOLED_SIDE} x {POOLED_SIDE}")
        scores: Tensor = self.classifier(self.features(x).flatten(1))
        return scores

    def _start(self, initial_bias: float) -> None:
        """Draw weights with deviation 0.01; some biases start positive, so that ReLUs are awake."""
        awake = {name for name, stage in ALEXNET_TABLE.items() if stage.is_awake} | {"fc6", "fc7"}
        for name, layer in (*self.features.named_children(), *self.classifier.named_children()):
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.constant_(layer.bias, initial_bias if name in awake else 0.0)  # type: ignore[arg-type]


class AlexNetTower(nn.Module):
    """Classify images with the single tower that came after AlexNet, torchvision's `alexnet`.

    Five convolutions of other widths, no halves and no normalisation; two pixels
    of padding around the image make 224 work.  Dropout stands *before* fc6 and
    fc7, not after them.  torchvision also averages other sizes down to 6 x 6; here
    they are an error.

    Shape:
        x:      (N, in_channels, H, W), sides from 223 to 254
        return: (N, num_classes) scores

    Args:
        in_channels: Channels of the image.
        num_classes: Classes; 1000 for ImageNet.
        width: Channels of conv1; 64 in the paper.
        fc_width: Numbers in fc6 and fc7; None means 64*width.
        dropout: Probability to drop in training.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> AlexNetTower(num_classes=7, width=1, fc_width=8).eval()(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 7])

    Source:
        Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997;
        the layers are those of torchvision.models.alexnet.  Weights start as torch starts them.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 1000,
        width: int = 64,
        fc_width: int | None = None,
        *,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("width", width, 1)
        self.in_channels = in_channels
        channels = {name: stage.channels * width // 64 for name, stage in TOWER_TABLE.items()}
        dense = 64 * width if fc_width is None else fc_width
        self.features = _stages(TOWER_TABLE, in_channels, channels, groups=1)
        seen = channels["conv5"] * POOLED_SIDE**2
        self.classifier = dense_classifier(seen, dense, num_classes, dropout=dropout, drops_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        require_sides(x, self.in_channels, TOWER_SIDES, f"fc6 sees {POOLED_SIDE} x {POOLED_SIDE}")
        scores: Tensor = self.classifier(self.features(x).flatten(1))
        return scores


class ResponseNorm(nn.Module):
    """AlexNet's local response normalisation by torch's fast layer: n = 5, alpha = 1e-4, beta = 0.75, k = 2.

    torch divides alpha by n and the paper does not, so torch is given 5e-4.  The
    written-out layer is `reference.layers.local_response_norm`.

    Shape:
        x:      (N, C, H, W)   float dtype; half precision is squared in float32
        return: shape and dtype of x
    """

    def forward(self, x: Tensor) -> Tensor:
        """Damp every number by the energy of the five channels around it."""
        return F.local_response_norm(widen(x), size=5, alpha=5 * 1e-4, beta=0.75, k=2.0).to(x.dtype)


def _stages(
    table: dict[str, Stage], in_channels: int, channels: dict[str, int], groups: int, *, pools_first: bool = False
) -> nn.Sequential:
    layers = nn.Sequential()
    seen = in_channels
    for name, stage in table.items():
        number = name.removeprefix("conv")
        split = groups if stage.is_split else 1
        layers.add_module(
            name, nn.Conv2d(seen, channels[name], stage.kernel_size, stage.stride, stage.padding, groups=split)
        )
        layers.add_module(f"relu{number}", nn.ReLU())
        after: list[tuple[str, nn.Module]] = []
        if stage.is_normalized:
            after.append((f"norm{number}", ResponseNorm()))
        if stage.is_pooled:
            after.append((f"pool{number}", nn.MaxPool2d(3, 2)))
        for label, layer in reversed(after) if pools_first else after:
            layers.add_module(label, layer)
        seen = channels[name]
    return layers
