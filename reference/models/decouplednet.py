"""DecoupledNet (Hong, Noh and Han, NIPS 2015): one net says which classes are there, another one where, class by class."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.models.block import ConvBlock
from reference.models.deconvnet import DECONVNET_DECODER, STRIDE
from reference.models.plan import Conv, Deconv, Unpool
from reference.models.vgg import VGG16Features

GROUND, FIGURE = 0, 1  # the two channels of the segmentation net


class Evidence(NamedTuple):
    """What the classification net saw in a batch, as the bridge needs it.

    Shape:
        scores:   (N, L)                of each class, at its best place
        places:   (N, L)         int64  which place that was, row*W + column of fc7's map
        pooled:   (N, 8*width, h, w)    f_spat, the map after the last pooling
        fc6, fc7: (N, fc_width, h', w') after their ReLU
        switches: five times, of the poolings
        sides:    five times (H_i, W_i), before them
    """

    scores: Tensor
    places: Tensor
    pooled: Tensor
    fc6: Tensor
    fc7: Tensor
    switches: tuple[Tensor, ...]
    sides: tuple[tuple[int, int], ...]


class ClassificationNet(nn.Module):
    """Say which classes an image shows: VGG-16 as convolutions, one score for each class, each with its own sigmoid.

    An image of 320 gives scores at 4 x 4 places; a class counts where it is highest.

    Shape:
        x:      (N, in_channels, H, W), sides multiples of 32 and at least 32*fc_kernel_size
        return: `Evidence`, scores among it

    Args:
        in_channels: Channels of the image.
        num_classes: Classes without background; 20 for PASCAL VOC.
        width: Channels of the first stage; 64 in the paper.
        fc_width: Channels of fc6 and fc7; None means 64*width, the paper's 4096.
        fc_kernel_size: Side of fc6; 7 in the paper.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 20,
        width: int = 64,
        fc_width: int | None = None,
        *,
        fc_kernel_size: int = 7,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        require_at_least("fc_kernel_size", fc_kernel_size, 1)
        self.features = VGG16Features(in_channels, width, batch_norm=False)
        dense = 64 * width if fc_width is None else fc_width
        require_at_least("fc_width", dense, 1)
        self.least_side = STRIDE * fc_kernel_size
        fc6, fc7 = Conv("fc6", 1, fc_kernel_size, 0), Conv("fc7", 1, 1, 0)
        self.fc6 = ConvBlock(fc6, self.features.out_channels, dense, batch_norm=False)
        self.fc7 = ConvBlock(fc7, dense, dense, batch_norm=False)
        self.score = nn.Conv2d(dense, num_classes, 1)

    def forward(self, x: Tensor) -> Evidence:
        """Score every class, and keep what the bridge asks for."""
        self._check(x)
        pooled, switches, sides = self.features(x)
        fc6 = self.fc6(pooled)
        fc7 = self.fc7(fc6)
        scores, places = self.score(fc7).flatten(2).max(2)
        return Evidence(scores, places, pooled, fc6, fc7, switches, sides)

    def trace_back(self, seen: Evidence, signal: Tensor) -> Tensor:
        """Send a number back from each class's best place to the last pooling: what in it spoke for the class.

            G_fc7 = signal[l] * W_score[l] at the place of l, 0 elsewhere, summed over l
            G_fc6 = W_fc7^T (G_fc7 where fc7 > 0)
            f_cls = W_fc6^T (G_fc6 where fc6 > 0)

        With 1 for one class and 0 for the others it is the derivative of its score
        by the map after the last pooling.  Transposed convolutions, because the
        adjoint of a convolution carries gradients back; no weight is trained here.

        Shape:
            signal: (N, L)
            return: (N, 8*width, h, w), without a gradient to the classification net

        Source:
            Hong et al., NIPS 2015, the section on bridging layers: class-specific activation maps.
        """
        N, L = seen.scores.shape
        with torch.no_grad():
            h, w = seen.fc7.shape[2:]
            planes = seen.fc7.new_zeros(N, L, h * w).scatter(2, seen.places[:, :, None], signal[:, :, None])
            back = F.conv_transpose2d(planes.reshape(N, L, h, w), self.score.weight) * (seen.fc7 > 0)
            for block, is_on in ((self.fc7, seen.fc6 > 0), (self.fc6, None)):
                back = F.conv_transpose2d(back, block.get_submodule("conv").get_parameter("weight"))
                back = back if is_on is None else back * is_on
        return back

    def _check(self, x: Tensor) -> None:
        C = self.features.in_channels
        if x.ndim != 4 or x.shape[1] != C:
            raise ShapeError("x", f"(N, {C}, H, W)", repr(tuple(x.shape)))
        nearest = [max(self.least_side, (side + STRIDE // 2) // STRIDE * STRIDE) for side in x.shape[2:]]
        if nearest != list(x.shape[2:]):
            raise ShapeError(
                "x",
                f"(N, {C}, H, W) with H and W multiples of {STRIDE}, at least {self.least_side}",
                repr(tuple(x.shape)),
                f"the nearest size that works is {nearest[0]} x {nearest[1]}",
            )


class SegmentationNet(nn.Module):
    """Part figure from ground, for whichever class the map beside pool5 speaks for: it knows no classes itself.

    pool5 (f_spat) and the map that was sent back to it (f_cls) are normalised each
    for itself and put side by side.  A 7x7 convolution, a 1x1 and a 7x7
    deconvolution follow, half as wide as DeconvNet's, then DeconvNet's decoder
    over the switches of the classification net, and two scores a pixel.

    Shape:
        spatial, of_class: (N, 8*width, h, w)
        switches, sides:   as `Evidence` has them
        return:            (N, 2, H, W) scores of ground and figure

    Args:
        width: Channels of the first stage; 64 in the paper.
        fc_width: Channels of the middle; None means 32*width, the paper's 2048.
        fc_kernel_size: Side of its first and last filter; 7 in the paper.

    Raises:
        OptionError: A number is no integer of at least 1.
    """

    def __init__(self, width: int = 64, fc_width: int | None = None, *, fc_kernel_size: int = 7) -> None:
        super().__init__()
        dense = 32 * width if fc_width is None else fc_width
        require_at_least("fc_width", dense, 1)
        channels = 8 * width
        self.norm_spatial, self.norm_class = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.middle = nn.Sequential()
        self.middle.add_module("fc6", ConvBlock(Conv("fc6", dense, fc_kernel_size, 0), 2 * channels, 1))
        self.middle.add_module("fc7", ConvBlock(Conv("fc7", dense, 1, 0), dense, 1))
        self.middle.add_module("deconv_fc6", ConvBlock(Deconv("deconv_fc6", channels, fc_kernel_size, 0), dense, 1))
        self.decoder = nn.ModuleDict()
        for row in DECONVNET_DECODER:
            if isinstance(row, Conv):
                self.decoder[row.name] = ConvBlock(row, channels, width)
                channels = row.channels * width
        self.score = nn.Conv2d(channels, 2, 1)

    def forward(
        self, spatial: Tensor, of_class: Tensor, switches: tuple[Tensor, ...], sides: tuple[tuple[int, int], ...]
    ) -> Tensor:
        """Score ground and figure at every pixel."""
        y = self.middle(torch.cat([self.norm_spatial(spatial), self.norm_class(of_class)], dim=1))
        for row in DECONVNET_DECODER:
            if isinstance(row, Unpool):
                y = F.max_unpool2d(y, switches[row.stage - 1], [2, 2], output_size=list(sides[row.stage - 1]))
            else:
                y = self.decoder[row.name](y)
        scores: Tensor = self.score(y)
        return scores


class DecoupledNet(nn.Module):
    """Label every pixel with two nets that are trained apart: many images have a list of classes, few have labels.

    The classification net is trained with image labels alone (`classification_loss`).
    Then it stays as it is.  Between the nets lies the bridge: from a class's best
    place its *probability* is sent back to pool5 (`ClassificationNet.trace_back`),
    and the segmentation net parts that class from the rest.  It is trained with
    pairs of an image and one class that it shows (`figure_labels`, and the cross
    entropy of two classes); no gradient of it reaches the classification net.

    The paper's equation sends back 1, which gives the score's derivative; the
    release sends the sigmoid of the score, and so does this net.  It differs by
    one factor a class, which batch normalisation mostly takes away.

    Shape:
        x:       (N, in_channels, H, W), sides multiples of 32 and at least 32*fc_kernel_size: 320
        classes: (N,)  int64  1 to num_classes, one for each image; 0 is the background and has no run
        return:  (N, 2, H, W) scores of ground and figure

    Args:
        in_channels: Channels of the image.
        num_classes: Classes without background; 20 for PASCAL VOC.
        width: Channels of the first stage; 64 in the paper.
        fc_kernel_size: Side of fc6 in both nets; 7 in the paper.  2 makes do with 64 x 64 inputs.

    Raises:
        OptionError: A number is no integer of at least 1, or a class is none.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> net = DecoupledNet(num_classes=3, width=1, fc_kernel_size=2).eval()
        >>> x = torch.zeros(2, 3, 64, 96)
        >>> net(x, torch.tensor([1, 3])).shape, net.segment(x).shape
        (torch.Size([2, 2, 64, 96]), torch.Size([2, 4, 64, 96]))

    Source:
        Hong, Noh and Han, "Decoupled Deep Neural Network for Semi-supervised Semantic
        Segmentation", arXiv:1506.04924, the section on architecture; layers, the maximum over places and the
        inference: the authors' release (github.com/HyeonwooNoh/DecoupledNet).
    """

    def __init__(
        self, in_channels: int = 3, num_classes: int = 20, width: int = 64, *, fc_kernel_size: int = 7
    ) -> None:
        super().__init__()
        self.classification = ClassificationNet(in_channels, num_classes, width, fc_kernel_size=fc_kernel_size)
        self.segmentation = SegmentationNet(width, fc_kernel_size=fc_kernel_size)
        self.num_classes = num_classes

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """Part one class of each image from the rest."""
        if classes.shape != x.shape[:1] or classes.dtype != torch.int64:
            raise ShapeError("classes", f"({len(x)},) int64, one an image", f"{tuple(classes.shape)} {classes.dtype}")
        known = classes.numel() and not classes.is_meta
        if known and not 1 <= int(classes.min()) <= int(classes.max()) <= self.num_classes:
            found = f"{int(classes.min())} to {int(classes.max())}"
            raise OptionError("classes", f"1 to {self.num_classes}", found, "the background has no run of its own")
        with torch.no_grad():
            seen = self.classification(x)
        chosen = F.one_hot(classes - 1, self.num_classes)
        return self._figure(seen, seen.scores.sigmoid() * chosen)

    @torch.no_grad()
    def segment(self, x: Tensor, *, threshold: float = 0.5) -> Tensor:
        """Label an image: one run for each class that was found, and one for all of them, which gives the background.

        A class that was not found (probability up to `threshold`) has 0 everywhere.
        What the runs say is divided by its sum; the label is the argmax.

        Shape:
            x:      (N, in_channels, H, W)
            return: (N, 1 + num_classes, H, W) probabilities; channel 0 is the background
        """
        seen = self.classification(x)
        found = seen.scores.sigmoid()
        found = torch.where(found > threshold, found, torch.zeros_like(found))
        maps = [self._figure(seen, found).softmax(1)[:, GROUND]]
        for c in range(self.num_classes):
            signal = torch.zeros_like(found)
            signal[:, c] = found[:, c]
            if signal.any():
                maps.append(self._figure(seen, signal).softmax(1)[:, FIGURE] * (signal[:, c] > 0)[:, None, None])
            else:
                maps.append(torch.zeros_like(maps[0]))
        stacked = torch.stack(maps, dim=1)
        return stacked / stacked.sum(1, keepdim=True).clamp(min=torch.finfo(stacked.dtype).tiny)

    def _figure(self, seen: Evidence, signal: Tensor) -> Tensor:
        of_class = self.classification.trace_back(seen, signal)
        scores: Tensor = self.segmentation(seen.pooled, of_class, seen.switches, seen.sides)
        return scores


def classification_loss(scores: Tensor, shown: Tensor) -> Tensor:
    """Charge each class for itself, whether the image shows it or not; several may be there.

        loss = mean over n, l of -log(sigmoid(scores[n, l])) if shown, else -log(1 - sigmoid(scores[n, l]))

    Shape:
        scores: (N, L)         of `ClassificationNet`
        shown:  (N, L)  bool   or 0 and 1
        return: ()

    Source:
        Hong et al., NIPS 2015, the section on training.
    """
    return F.binary_cross_entropy_with_logits(scores, shown.to(scores.dtype))


def figure_labels(labels: Tensor, classes: Tensor, *, ignore_label: int = 255) -> Tensor:
    """Make labels of two classes, figure and ground, for one class of each image.

    Shape:
        labels:  (N, H, W)  int64  0 for the background, classes from 1
        classes: (N,)       int64
        return:  (N, H, W)  int64  1 where the class is, 0 elsewhere, ignore_label where nothing is known

    Example:
        >>> figure_labels(torch.tensor([[[0, 2, 1, 255]]]), torch.tensor([2])).tolist()
        [[[0, 1, 0, 255]]]
    """
    is_class = (labels == classes[:, None, None]).long()
    return torch.where(labels == ignore_label, labels, is_class)
