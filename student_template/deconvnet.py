"""DeconvNet: label every pixel of an image; VGG-16 down to its dense layers, and deconvolutions up again."""

from torch import Tensor, nn


class DeconvNet(nn.Module):
    """Give every pixel one score a class.

    Encoder: the 13 convolutions of VGG-16 and its five max poolings, which keep their switches.
    Middle: VGG's dense layers as convolutions, 7 x 7 and 1 x 1, and a 7 x 7 deconvolution back.
    Decoder: five unpoolings over the switches, in reverse order, each followed by deconvolutions.

    Shape:
        x:      (N, in_channels, H, W)   float32 or float64; H and W multiples of 32, at least 224
        return: (N, num_classes, H, W)   scores, no probabilities

    Args:
        in_channels: Channels of the image.
        num_classes: Classes.
        width: Channels of the first block; 64 in the paper. All other channels are multiples of it.
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 21, width: int = 64) -> None:
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of a batch."""
        raise NotImplementedError
