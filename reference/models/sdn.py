"""SDN, Stacked Deconvolutional Network (Fu, Liu, Wang and Lu, 2017): three shallow encoder-decoders in a row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers import cross_entropy
from reference.models.densenet import DENSENET161, DenseNetFeatures
from reference.models.side import multiples, require_sides

ENCODER = DENSENET161[:3]  # as far as 1/16 of the sides
MAP = 8  # channels of every map of a unit, in widths
NEW = 2  # channels that each convolution inside a block adds, in widths


class SDNBlock(nn.Module):
    """Change the scale by a factor of two, look around, and compress.

    Down: max-pooling.  Up: a deconvolution, 4x4 with stride 2.  Then maps that come
    from elsewhere are concatenated, `layers` convolutions of 3x3 follow, and a
    last 3x3 convolution compresses the channels.  With `dense`, the intra-unit
    connections, each of the convolutions sees the concatenation of all before it;
    otherwise only the one before.

    Shape:
        x:       (N, in_channels, H, W)
        others:  maps of the new size, with other_channels together
        return:  (N, out_channels, H/2, W/2), or (N, out_channels, 2*H, 2*W) for up

    Args:
        in_channels: Channels of x.
        other_channels: Channels of all others together.
        out_channels: Channels after the compression.
        growth: Channels of each convolution.
        up: Whether the sides are doubled instead of halved.
        layers: Convolutions before the compression.
        dense: Whether they are densely connected.
    """

    def __init__(
        self,
        in_channels: int,
        other_channels: int,
        out_channels: int,
        growth: int,
        *,
        up: bool,
        layers: int = 2,
        dense: bool = True,
    ) -> None:
        super().__init__()
        self.dense = dense
        self.scale: nn.Module = nn.MaxPool2d(2)
        channels = in_channels
        if up:
            channels = out_channels
            self.scale = _with_norm(nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1))
        channels += other_channels
        self.layers = nn.ModuleList()
        for _ in range(layers):
            self.layers.append(_with_norm(nn.Conv2d(channels, growth, 3, padding=1)))
            channels = channels + growth if dense else growth
        self.compress = _with_norm(nn.Conv2d(channels, out_channels, 3, padding=1))

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        """Scale, concatenate, convolve, compress."""
        y = torch.cat([self.scale(x), *others], dim=1)
        for layer in self.layers:
            y = torch.cat([y, layer(y)], dim=1) if self.dense else layer(y)
        compressed: Tensor = self.compress(y)
        return compressed


class SDNUnit(nn.Module):
    """One encoder-decoder: two blocks down (none in the first unit), two up, and scores after each of those.

    Shape:
        maps:   what the unit before had at 1/16, 1/8 and 1/4; for the first unit the encoder's map at 1/16 alone
        skips:  the first encoder's maps at 1/8 and 1/4
        return: this unit's maps at 1/16, 1/8 and 1/4, and the scores (N, num_classes, ...) at 1/8 and 1/4

    Args:
        channels: Channels of every map of a unit.
        skip_channels: Channels of the skips.
        growth: Channels of each convolution inside a block.
        num_classes: Channels of the scores.
        first: Whether there is no unit before.
        layers: Convolutions of a block.
        intra_unit: Whether they are densely connected.
        inter_unit: Whether the maps of the unit before and the skips are concatenated; only the map at 1/4 is used
            otherwise.
    """

    def __init__(
        self,
        channels: int,
        skip_channels: tuple[int, int],
        growth: int,
        num_classes: int,
        *,
        first: bool,
        layers: int,
        intra_unit: bool,
        inter_unit: bool,
    ) -> None:
        super().__init__()
        self.inter_unit = inter_unit

        def block(other_channels: int, *, up: bool) -> SDNBlock:
            others = other_channels if inter_unit else 0
            return SDNBlock(channels, others, channels, growth, up=up, layers=layers, dense=intra_unit)

        self.down = nn.ModuleList(block(channels, up=False) for _ in range(0 if first else 2))
        self.up = nn.ModuleList(block(skip, up=True) for skip in skip_channels)
        self.score = nn.ModuleList(nn.Conv2d(channels, num_classes, 3, padding=1) for _ in skip_channels)

    def forward(self, maps: Sequence[Tensor], skips: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Encode, decode, and score on the way up."""
        y = maps[-1]
        for block, before in zip(self.down, maps[-2::-1], strict=True):
            y = block(y, before) if self.inter_unit else block(y)
        decoded, scores = [y], []
        for block, score, skip in zip(self.up, self.score, skips, strict=True):
            y = block(y, skip) if self.inter_unit else block(y)
            decoded.append(y)
            scores.append(score(y))
        return decoded, scores


class SDN(nn.Module):
    """Label every pixel: a deep encoder, a shallow decoder, and then shallow units down and up again.

    The first unit has a DenseNet as its encoder.  The others have two blocks down,
    from 1/4 to 1/16 of the sides.  All have two blocks up.  Three kinds of
    connections hold them together:

    intra-unit    inside a block each convolution sees all before it, concatenated
    inter-unit    a block down gets the map that the unit before had at that size;
                  a block up gets the first encoder's map of its size
    supervision   *every* block up gives scores and is trained on the labels (`sdn_loss`): hierarchical supervision

    The scores are enlarged to the image bilinearly; those of the last block of the
    last unit are the answer.

    Shape:
        x:      (N, in_channels, H, W), sides multiples of 16
        return: 2*units times (N, num_classes, H, W): of each unit the coarse scores, then the fine ones

    Args:
        in_channels: Channels of the image.
        num_classes: Classes, background among them; 21 for PASCAL VOC.
        units: Encoder-decoders in a row; 3 in the paper.
        width: Growth of the first encoder; 48 in DenseNet-161.
        blocks: Layers of the first encoder's blocks: (6, 12, 36), DenseNet-161 as far as 1/16.
        layers: Convolutions of a block of a unit, before the compression; the paper has two or more.
        intra_unit: Whether they are densely connected.
        inter_unit: Whether maps of other units are concatenated.

    Raises:
        OptionError: A number is no integer of at least 1, or there are not three `blocks`.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> scores = SDN(num_classes=4, units=2, width=1, blocks=(1, 1, 1))(torch.zeros(2, 3, 32, 48))
        >>> len(scores), scores[-1].shape
        (4, torch.Size([2, 4, 32, 48]))

    Source:
        Fu, Liu, Wang and Lu, "Stacked Deconvolutional Network for Semantic
        Segmentation", arXiv:1708.04943; IEEE TIP 2019.  The units, the connections
        and the supervision are the paper's.  The layer table is ours, after the
        description: no code was released, so no count of parameters can be
        checked.  Ours are the channels of the units, the deconvolution's kernel,
        and which map goes where between the units.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        units: int = 3,
        width: int = 48,
        *,
        blocks: Sequence[int] = ENCODER,
        layers: int = 2,
        intra_unit: bool = True,
        inter_unit: bool = True,
    ) -> None:
        super().__init__()
        numbers = {"in_channels": in_channels, "num_classes": num_classes, "units": units}
        for name, number in (numbers | {"width": width, "layers": layers}).items():
            require_at_least(name, number, 1)
        if len(blocks) != len(ENCODER):
            raise OptionError("blocks", f"{len(ENCODER)} numbers, for 1/4, 1/8 and 1/16", repr(tuple(blocks)))
        self.in_channels = in_channels
        self.encoder = DenseNetFeatures(in_channels, width, blocks)
        fine, middle, coarse = self.encoder.out_channels
        self.compress = _with_norm(nn.Conv2d(coarse, MAP * width, 3, padding=1))
        self.units = nn.ModuleList(
            SDNUnit(
                MAP * width,
                (middle, fine),
                NEW * width,
                num_classes,
                first=number == 0,
                layers=layers,
                intra_unit=intra_unit,
                inter_unit=inter_unit,
            )
            for number in range(units)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Score every class at every pixel, twice a unit."""
        require_sides(x, self.in_channels, multiples(16))
        fine, middle, coarse = self.encoder(x)
        maps = [self.compress(coarse)]
        scores: list[Tensor] = []
        for unit in self.units:
            maps, new = unit(maps, (middle, fine))
            scores += new
        return tuple(F.interpolate(s, size=x.shape[2:], mode="bilinear", align_corners=False) for s in scores)


def sdn_loss(scores: Sequence[Tensor], labels: Tensor, *, ignore_label: int = 255) -> Tensor:
    """Compare the scores of *every* block up with the labels: hierarchical supervision.

        loss = sum over the score maps of their cross entropy

    Shape:
        scores: 2*units times (N, L, H, W)
        labels: (N, H, W) int64, 0 to L - 1, or ignore_label
        return: ()

    Raises:
        ShapeError: There are no scores, or labels do not fit them.
        OptionError: A label is no class.

    Example:
        >>> round(sdn_loss([torch.zeros(1, 2, 1, 1)] * 3, torch.tensor([[[1]]])).item(), 4)  # 3 * log(2)
        2.0794

    Source:
        Fu et al., arXiv:1708.04943, hierarchical supervision.  Equal weights are ours.
    """
    if not scores:
        raise ShapeError("scores", "one score map or more", "none")
    return torch.stack([cross_entropy(maps, labels, ignore_label=ignore_label) for maps in scores]).sum()


def _with_norm(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU())
