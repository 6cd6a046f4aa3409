"""Stacked Hourglass (Newell, Yang and Deng, ECCV 2016): down to 4 x 4 and up again, eight times over."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least
from reference.models.side import multiples, require_sides

STRIDE = 4  # of the stem: the heat maps have a quarter of the image's side


class PreactResidual(nn.Module):
    """A bottleneck that normalises *before* each convolution and adds its input at the end.

        y = skip(x) + conv 1x1 (relu(norm(conv 3x3 (relu(norm(conv 1x1 (relu(norm(x)))))))))

    The convolutions have biases.  Nothing follows the addition: the sum may be
    negative, which that of an original ResNet block (ReLU at the end) never is.

    Shape:
        x:      (N, in_channels, H, W)
        return: (N, out_channels, H, W)

    Args:
        in_channels: Channels of x.
        out_channels: Channels of the sum; the two inner convolutions have half as many.  If they are
            those of x the skip is the identity, otherwise a 1x1 convolution, not normalised.

    Source:
        Newell et al., ECCV 2016, figure 4, left; He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.branch = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, half, 1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, out_channels, 1),
        )
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to the skip."""
        y: Tensor = self.skip(x) + self.branch(x)
        return y


class Hourglass(nn.Module):
    """One hourglass: at every scale a branch that stays, and one that goes deeper and comes back.

        y = upper(x) + upsample(after(inner(lower(max_pool(x)))))

    `inner` is the hourglass of the next lower order; at order 1 it is residuals.
    The upsampling is nearest-neighbour and has no weights; the two branches are
    *added*, pixel by pixel.

    Shape:
        x:      (N, channels, H, W), H and W multiples of 2**order
        return: shape of x

    Args:
        order: How often it halves the sides; 4 in the paper, from 64 to 4.
        channels: Channels everywhere.
        modules: Residuals at each place; 1 in the paper.

    Source:
        Newell et al., ECCV 2016, section 3.1 and figure 3.
    """

    def __init__(self, order: int, channels: int, modules: int = 1) -> None:
        super().__init__()
        self.upper = _residuals(channels, modules)
        self.lower = _residuals(channels, modules)
        self.inner = Hourglass(order - 1, channels, modules) if order > 1 else _residuals(channels, modules)
        self.after = _residuals(channels, modules)

    def forward(self, x: Tensor) -> Tensor:
        """Add both branches."""
        low = self.after(self.inner(self.lower(F.max_pool2d(x, 2))))
        y: Tensor = self.upper(x) + F.interpolate(low, scale_factor=2, mode="nearest")
        return y


class Stack(nn.Module):
    """One hourglass with its heat maps, and what it hands to the next.

        features = relu(norm(conv 1x1 (residual(hourglass(x)))))
        heatmaps = conv 1x1 (features)
        next x   = x + conv 1x1 (features) + conv 1x1 (heatmaps)

    Shape:
        x:      (N, channels, H, W)
        return: heat maps (N, num_key_points, H, W), and the next x, of x's shape; x itself from the last stack

    Args:
        channels: Channels of x.
        num_key_points: Heat maps.
        order: Order of the hourglass.
        modules: Residuals at each place.
        last: Whether no stack follows: then the two 1x1 convolutions back are not there.

    Source:
        Newell et al., ECCV 2016, section 3.3 and figure 4, right.
    """

    def __init__(self, channels: int, num_key_points: int, order: int, modules: int, *, last: bool) -> None:
        super().__init__()
        self.hourglass = Hourglass(order, channels, modules)
        self.features = nn.Sequential(
            _residuals(channels, modules), nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.heatmaps = nn.Conv2d(channels, num_key_points, 1)
        self.features_back = None if last else nn.Conv2d(channels, channels, 1)
        self.heatmaps_back = None if last else nn.Conv2d(num_key_points, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Predict, and prepare the next prediction."""
        features = self.features(self.hourglass(x))
        heatmaps = self.heatmaps(features)
        if self.features_back is not None and self.heatmaps_back is not None:
            x = x + self.features_back(features) + self.heatmaps_back(heatmaps)
        return heatmaps, x


class StackedHourglass(nn.Module):
    """Find key points: a row of hourglasses, each of which sees what the one before it believes.

    Stem: 7x7 convolution with stride 2, a residual, max-pooling, two residuals; a
    quarter of the side is left.  Then `stacks` hourglasses that share no weights.
    *Every one* of them gives heat maps, and every one is trained on the same
    targets (`hourglass_loss`); the last is the answer (`heatmap_peaks`).

    The paper's images are 256 x 256, its heat maps 64 x 64, its waists 4 x 4.

    Shape:
        x:      (N, in_channels, H, W), H and W multiples of 4 * 2**order: 64, 128, 192, 256, ...
        return: `stacks` times (N, num_key_points, H/4, W/4), first stack first

    Args:
        in_channels: Channels of the image.
        num_key_points: Heat maps of each stack; 16 for MPII.
        stacks: Hourglasses in a row; 8 in the paper.
        width: Channels of the first convolution; 64 in the paper.  The hourglasses have 4*width, 256.
        order: How often an hourglass halves the sides; 4 in the paper.
        modules: Residuals at each place of an hourglass; 1 in the paper.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> heatmaps = StackedHourglass(stacks=2, width=1)(torch.zeros(2, 3, 64, 128))
        >>> [tuple(maps.shape) for maps in heatmaps]
        [(2, 16, 16, 32), (2, 16, 16, 32)]

    Source:
        Newell, Yang and Deng, "Stacked Hourglass Networks for Human Pose
        Estimation", arXiv:1603.06937; layers as in the authors' released
        definition (github.com/princeton-vl/pose-hg-train, hg.lua).  Counts differ
        by some 10^5 in copies that leave out biases or normalise elsewhere.
        Weights start as torch starts them.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_key_points: int = 16,
        stacks: int = 8,
        width: int = 64,
        *,
        order: int = 4,
        modules: int = 1,
    ) -> None:
        super().__init__()
        numbers = {"in_channels": in_channels, "num_key_points": num_key_points, "stacks": stacks}
        for name, number in (numbers | {"width": width, "order": order, "modules": modules}).items():
            require_at_least(name, number, 1)
        self.in_channels = in_channels
        self.sides = multiples(STRIDE * 2**order)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 7, stride=2, padding=3),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            PreactResidual(width, 2 * width),
            nn.MaxPool2d(2),
            PreactResidual(2 * width, 2 * width),
            PreactResidual(2 * width, 4 * width),
        )
        self.stacks = nn.ModuleList(
            Stack(4 * width, num_key_points, order, modules, last=number == stacks - 1) for number in range(stacks)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Draw the heat maps of every stack."""
        require_sides(x, self.in_channels, self.sides)
        y = self.stem(x)
        heatmaps = []
        for stack in self.stacks:
            maps, y = stack(y)
            heatmaps.append(maps)
        return tuple(heatmaps)


def _residuals(channels: int, modules: int) -> nn.Sequential:
    return nn.Sequential(*(PreactResidual(channels, channels) for _ in range(modules)))
