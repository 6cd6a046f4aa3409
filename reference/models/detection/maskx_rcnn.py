"""Mask^X R-CNN (Hu, Dollar, He, Darrell and Girshick, CVPR 2018): masks for classes that were never seen with a mask."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.models.detection.faster_rcnn import ProposalOptions
from reference.models.detection.fpn import pyramid_align
from reference.models.detection.mask import MASK_SIDE, MaskFeatures
from reference.models.detection.mask import POOLED as MASK_POOLED
from reference.models.detection.mask_rcnn import TESTING, TRAINING, MaskRCNN
from reference.models.detection.trunk import RegionHead

SLOPE = 0.1


class WeightTransfer(nn.Module):
    """Predict the mask weights of a class from its detection weights: w_seg = T(w_det), one T for all classes.

        w_det = [score weights, box weights]      1024 + 4*1024 = 5120 numbers
        T     = dense 5120 -> 256, LeakyReLU (slope 0.1), dense 256 -> 256

    1,376,768 parameters for any number of classes: T learns, from classes with
    masks, how a detector's view of a class becomes its mask, and is then applied
    to the others.

    Shape:
        w_det:  (K, in_features)
        return: (K, out_features)

    Args:
        in_features: Detection weights of a class.
        hidden: Outputs of the first layer.
        out_features: Mask weights of a class: the channels of the mask features.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: w_det has another width.

    Example:
        >>> WeightTransfer(20, 8, 6)(torch.zeros(3, 20)).shape
        torch.Size([3, 6])

    Source:
        Hu, Dollar, He, Darrell and Girshick, "Learning to Segment Every Thing", CVPR 2018, arXiv:1711.10370,
        section 3.1, equation 1, and table 1: class and box weights, two layers, LeakyReLU.
    """

    def __init__(self, in_features: int = 5120, hidden: int = 256, out_features: int = 256) -> None:
        super().__init__()
        for name, number in (("in_features", in_features), ("hidden", hidden), ("out_features", out_features)):
            require_at_least(name, number, 1)
        self.in_features = in_features
        self.first, self.second = nn.Linear(in_features, hidden), nn.Linear(hidden, out_features)
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE, mode="fan_out", nonlinearity="leaky_relu")
            nn.init.zeros_(layer.bias)

    def forward(self, w_det: Tensor) -> Tensor:
        """Predict the mask weights of every class."""
        if w_det.ndim != 2 or w_det.shape[1] != self.in_features:
            raise ShapeError("w_det", f"(K, {self.in_features})", repr(tuple(w_det.shape)))
        w_seg: Tensor = self.second(F.leaky_relu(self.first(w_det), SLOPE))
        return w_seg


def detection_weights(head: RegionHead) -> Tensor:
    """Put the score weights and the four box weights of every class beside each other, the background left out.

    No gradient comes back through them: the mask loss must not bend the detection
    weights of the classes with masks, or they would differ from the others' and T
    could not be carried over.

    Shape:
        return: (L - 1, 5*hidden)

    Source:
        Hu et al., CVPR 2018, section 3.3: "stop the gradient with respect to w_det".
    """
    boxes = head.bbox_pred.weight.reshape(head.num_classes, -1)  # class c has rows 4c to 4c + 3: (L, 4*hidden)
    return torch.cat([head.cls_score.weight, boxes], dim=1)[1:].detach()


class TransferMaskHead(MaskFeatures):
    """Read masks with predicted weights, and add what a class-agnostic dense branch says.

        logits[r, c] = sum over channels of w_seg[c] * features[r]  +  mlp(features[r])

    A 1x1 convolution without bias whose weights come from T, plus one mask for the
    region whatever its class, the same for every c; the sigmoid follows the sum.
    The dense branch sees the whole region at once and is good at its gist, the
    convolution at detail.

    Shape:
        pooled: (R, in_channels, 14, 14)
        w_det:  (K, in_features)
        return: (R, K, 28, 28), before the sigmoid

    Args:
        in_features: Detection weights of a class.
        in_channels: Channels of the pooled features.
        channels: Channels of the mask features.

    Source:
        Hu et al., CVPR 2018, section 3.4, "Extension: Fused FCN+MLP mask heads"; one dense layer from all of
        256 x 28 x 28 to 28 x 28: its release (github.com/ronghanghu/seg_every_thing).
    """

    def __init__(self, in_features: int, in_channels: int, channels: int) -> None:
        super().__init__(in_channels, channels)
        self.transfer = WeightTransfer(in_features, channels, channels)
        self.mlp = nn.Linear(channels * MASK_SIDE**2, MASK_SIDE**2)
        nn.init.normal_(self.mlp.weight, std=0.001)
        nn.init.zeros_(self.mlp.bias)

    def read(self, pooled: Tensor, w_det: Tensor) -> Tensor:
        """Compute the masks of every class."""
        features = self(pooled)  # (R, channels, 28, 28)
        weights = self.transfer(w_det)  # (K, channels)
        detail = F.conv2d(features, weights[:, :, None, None])  # (R, K, 28, 28)
        gist: Tensor = self.mlp(features.flatten(1))
        return detail + gist.reshape(-1, 1, MASK_SIDE, MASK_SIDE)


class MaskXRCNN(MaskRCNN):
    """Mask R-CNN for partial supervision: all classes have boxes, only some (set A) have masks, and all get them.

    The box branch trains on every class.  The mask branch trains on regions of
    classes in A alone; what it learns besides its features is T, which turns
    detection weights into mask weights.  At test T is applied to the detection
    weights of all classes, those without masks (set B) included.  So masks are
    *not* learned from boxes: a map between weights is.

    Shape:
        x:      (N, 3, H, W)
        return: `MaskOutput`

    Args:
        num_classes: Classes with the background, which is class 0.
        masked_classes: Set A, the classes that have masks in training.
        width: Channels of conv1; 64 in the paper, which gives T 5120, 256 and 256.
        depth: Of the ResNet.
        version: Of the ResNet.
        freeze_norm: Whether the ResNet's normalisation is fixed.
        aligned: Whether RoIAlign shifts by half a cell.
        testing: How proposals are chosen in `eval` mode.
        training: How proposals are chosen in `train` mode.

    Raises:
        OptionError: An option is of no use, or `masked_classes` is empty or names none of the classes.

    Source:
        Hu, Dollar, He, Darrell and Girshick, "Learning to Segment Every Thing", CVPR 2018, arXiv:1711.10370,
        section 3 and figure 2; trained end to end with stopped gradients, section 3.3.
    """

    mask_head: TransferMaskHead

    def __init__(
        self,
        num_classes: int = 81,
        masked_classes: Sequence[int] = (),
        width: int = 64,
        *,
        depth: int = 50,
        version: str = "v1",
        freeze_norm: bool = True,
        aligned: bool = True,
        testing: ProposalOptions = TESTING,
        training: ProposalOptions = TRAINING,
    ) -> None:
        super().__init__(
            num_classes,
            width,
            depth=depth,
            version=version,
            freeze_norm=freeze_norm,
            aligned=aligned,
            testing=testing,
            training=training,
        )
        if not masked_classes or not all(1 <= label < num_classes for label in masked_classes):
            raise OptionError(
                "masked_classes",
                f"one or more of 1 to {num_classes - 1}",
                repr(tuple(masked_classes)),
                "0 is the background",
            )
        self.masked_classes = tuple(masked_classes)
        hidden = self.box_head.cls_score.in_features
        self.mask_head = TransferMaskHead(5 * hidden, 4 * width, 4 * width)

    def masks(self, levels: Sequence[Tensor], rois: Tensor) -> Tensor:
        """Run the mask branch with weights predicted from the box branch: (R, K, 28, 28)."""
        pooled = pyramid_align(levels[:4], rois, MASK_POOLED, aligned=self.aligned)
        return self.mask_head.read(pooled, detection_weights(self.box_head))
