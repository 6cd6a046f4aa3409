"""SegNet: label every pixel of an image, with an encoder of convolutions and a decoder that unpools."""

from torch import Tensor, nn


class SegNet(nn.Module):
    """Give every pixel one score a class.

    Encoder: the 13 convolutions of VGG-16 and its five max poolings, which keep their switches.
    Decoder: five unpoolings over these switches, in reverse order, each followed by convolutions.

    Shape:
        x:      (N, in_channels, H, W)   float32 or float64
        return: (N, num_classes, H, W)   scores, no probabilities

    Args:
        in_channels: Channels of the image.
        num_classes: Classes.
        width: Channels of the first block; 64 in the paper. All other channels are multiples of it.
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 11, width: int = 64) -> None:
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of a batch."""
        raise NotImplementedError
