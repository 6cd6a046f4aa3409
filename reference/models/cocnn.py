"""Co-CNN (Liang et al., ICCV 2015): every pixel of a person's picture, judged in four contexts."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.layers import cross_entropy, superpixel_smooth2d, superpixel_vote2d
from reference.layers.superpixel import require_votes
from reference.models.side import ENDLESS, require_sides

# Channels of the scales in widths of 64, finest first: 128, 192, 192, 192.
SCALES = (2, 3, 3, 3)
CONVS = 2  # convolutions of 5x5 at every scale of the encoder
LEAST_SIDE = 12  # three poolings of 3x3, rounding up, then see whole windows


class Parsed(NamedTuple):
    """What `CoCNN` returns.

    Shape:
        scores: (N, L, H, W)   of every label at every pixel
        labels: (N, L)         of every label anywhere in the image, before the sigmoid; None without that context
    """

    scores: Tensor
    labels: Tensor | None


class CoCNN(nn.Module):
    """Label every pixel: from local to global to local, with four contexts that can be switched off one by one.

    Local to global: convolutions and poolings from 150 x 100 to 18 x 12.  Global:
    which labels are in the image at all.  To local: upsampling and convolutions
    back to the size of the image.  On the way:

    `cross_layer`        the encoder's map of the same size is *added* after each upsampling
    `image_level`        the labels of the whole image are predicted at the smallest scale, are a second
                         output with a loss of its own, and their probabilities are concatenated to the
                         input of every later convolution, the same at all positions
    `within_superpixel`  scores are averaged over each super-pixel
    `cross_superpixel`   super-pixels get votes of their neighbours, more of those of like colour

    The last two have no weights; they work in training and in testing.

    Shape:
        x:       (N, in_channels, H, W), H and W of at least 12; 150 x 100 in the paper
        regions: (N, H, W) int64, the super-pixel of each pixel, from 0; not needed without the last two contexts
        return:  `Parsed`

    Args:
        in_channels: Channels of the image.
        num_classes: Labels L, background among them; 18 for ATR.
        width: Half the channels of the first scale: 64 gives 128, then 192.
        cross_layer: Whether the encoder's maps are added.
        image_level: Whether the image's labels are predicted and used.
        within_superpixel: Whether scores are smoothed.
        cross_superpixel: Whether neighbours vote.
        share: How much the votes of the neighbours count, 0 to 1.
        bandwidth: How unlike, in colour, a neighbour may be before its vote has fallen to exp(-1/2).

    Raises:
        OptionError: A number is no integer of at least 1, or `share` or `bandwidth` is none.
        ShapeError: From calling it: x or regions are none; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> regions = torch.arange(4).reshape(2, 2).repeat_interleave(12, 0).repeat_interleave(8, 1)  # 24 x 16
        >>> scores, labels = CoCNN(width=1)(torch.zeros(1, 3, 24, 16), regions[None])
        >>> scores.shape, labels.shape
        (torch.Size([1, 18, 24, 16]), torch.Size([1, 18]))

    Source:
        Liang, Xu, Shen, Yang, Liu, Tang, Lin and Yan, "Human Parsing with
        Contextualized Convolutional Neural Network", ICCV 2015.  The
        contexts are those of its abstract.  The layer table is ours, after the
        description: we know of no released definition, so no count of parameters
        can be checked.  Ours are two convolutions a scale, global average pooling
        before the labels, bilinear upsampling, and the weights of the votes.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 18,
        width: int = 64,
        *,
        cross_layer: bool = True,
        image_level: bool = True,
        within_superpixel: bool = True,
        cross_superpixel: bool = True,
        share: float = 0.3,
        bandwidth: float = 0.1,
    ) -> None:
        super().__init__()
        for name, number in {"in_channels": in_channels, "num_classes": num_classes, "width": width}.items():
            require_at_least(name, number, 1)
        require_votes(share, bandwidth)
        self.in_channels = in_channels
        self.cross_layer = cross_layer
        self.within_superpixel, self.cross_superpixel = within_superpixel, cross_superpixel
        self.share, self.bandwidth = share, bandwidth
        told = num_classes if image_level else 0
        channels = in_channels
        self.encoder = nn.ModuleList()
        for scale in SCALES:
            layers = []
            for _ in range(CONVS):
                layers += [nn.Conv2d(channels, scale * width, 5, padding=2), nn.ReLU()]
                channels = scale * width
            self.encoder.append(nn.Sequential(*layers))
        self.labels = nn.Linear(channels, num_classes) if image_level else None
        self.decoder = nn.ModuleList()
        for scale in (SCALES[-1], *SCALES[-2::-1]):  # once at the smallest scale, then on the way up
            self.decoder.append(nn.Sequential(nn.Conv2d(channels + told, scale * width, 5, padding=2), nn.ReLU()))
            channels = scale * width
        self.score = nn.Conv2d(channels + told, num_classes, 1)

    def forward(self, x: Tensor, regions: Tensor | None = None) -> Parsed:
        """Score every label at every pixel, and in the image as a whole."""
        require_sides(x, self.in_channels, range(LEAST_SIDE, ENDLESS))
        maps: list[Tensor] = []
        y = x
        for stage in self.encoder:
            y = stage(F.max_pool2d(y, 3, stride=2, ceil_mode=True) if maps else y)
            maps.append(y)
        labels = None if self.labels is None else self.labels(y.mean((2, 3)))
        y = self.decoder[0](_tell(y, labels))
        for stage, encoded in zip(self.decoder[1:], reversed(maps[:-1]), strict=True):
            y = F.interpolate(y, size=encoded.shape[2:], mode="bilinear", align_corners=False)
            y = stage(_tell(y, labels))
            if self.cross_layer:
                y = y + encoded
        scores = self.score(_tell(y, labels))
        return Parsed(self._local(scores, x, regions), labels)

    def _local(self, scores: Tensor, x: Tensor, regions: Tensor | None) -> Tensor:
        """Apply the contexts of super-pixels."""
        if not (self.within_superpixel or self.cross_superpixel):
            return scores
        if regions is None:
            raise ShapeError(
                "regions",
                "the super-pixels of x, (N, H, W) int64",
                "None",
                "switch off within_superpixel and cross_superpixel to do without",
            )
        if self.within_superpixel:
            scores = superpixel_smooth2d(scores, regions)
        if self.cross_superpixel:
            scores = superpixel_vote2d(scores, regions, x, share=self.share, bandwidth=self.bandwidth)
        return scores


def cocnn_loss(parsed: Parsed, labels: Tensor, *, image_weight: float = 1.0, ignore_label: int = 255) -> Tensor:
    """Compare the scores with the labels of the pixels, and with the labels that occur in the image.

        loss = cross entropy of the pixels
             + image_weight * mean over (n, l) of binary cross entropy(sigmoid(labels[n, l]), whether l occurs in n)

    Without the image-level context only the first part is there.

    Shape:
        parsed: of (N, L, H, W) and (N, L)
        labels: (N, H, W) int64, 0 to L - 1, or ignore_label
        return: ()

    Args:
        image_weight: What the second part counts.
        ignore_label: Pixels that do not count.

    Raises:
        ShapeError: labels do not fit the scores.
        OptionError: A label is no class.

    Example:
        >>> parsed = Parsed(torch.zeros(1, 2, 1, 1), torch.tensor([[99.0, -99.0]]))
        >>> round(cocnn_loss(parsed, torch.tensor([[[0]]])).item(), 4)  # log(2), of the pixel only
        0.6931

    Source:
        Liang et al., ICCV 2015: pixel-wise labels, and the image's labels as an auxiliary objective.  The
        binary cross entropy and the weight are ours.
    """
    loss = cross_entropy(parsed.scores, labels, ignore_label=ignore_label)
    if parsed.labels is not None:
        kinds = torch.arange(parsed.scores.shape[1], device=labels.device)
        present = (labels[:, None] == kinds[:, None, None]).flatten(2).any(2)  # (N, L)
        loss = loss + image_weight * F.binary_cross_entropy_with_logits(parsed.labels, present.to(parsed.labels))
    return loss


def _tell(y: Tensor, labels: Tensor | None) -> Tensor:
    """Write the probabilities of the image's labels beside the features of every position."""
    if labels is None:
        return y
    N, L = labels.shape
    told = torch.sigmoid(labels)[:, :, None, None].expand(N, L, *y.shape[2:])
    return torch.cat([y, told], dim=1)
