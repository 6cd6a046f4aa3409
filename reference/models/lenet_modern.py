"""What is called LeNet today: LeNet-5's layers with today's pooling and output, and caffe's net of that name."""

from __future__ import annotations

from torch import Tensor, nn

from reference.errors import require_at_least
from reference.models.side import require_sides


class LeNet5Modern(nn.Sequential):
    """Read a digit of 32 x 32 pixels with LeNet-5's layers, simplified: 61,706 parameters instead of 60,000.

    C3 sees all maps (2,416 parameters instead of 1,516), pooling takes the maximum
    and learns nothing (instead of 44 parameters), ten dense units (850) take the
    place of the bitmaps, and ReLU that of the tanh.

    Shape:
        x:      (N, in_channels, 32, 32)
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        in_channels: Channels of the image.
        num_classes: Classes.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> LeNet5Modern()(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])

    Source:
        LeCun et al., Proc. IEEE 1998, section II.B, as torch's tutorial "Neural Networks" builds it.
    """

    def __init__(self, in_channels: int = 1, num_classes: int = 10) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("num_classes", num_classes, 1)
        self.in_channels = in_channels
        layers: dict[str, nn.Module] = {
            "C1": nn.Conv2d(in_channels, 6, 5),
            "relu1": nn.ReLU(),
            "S2": nn.MaxPool2d(2),
            "C3": nn.Conv2d(6, 16, 5),
            "relu3": nn.ReLU(),
            "S4": nn.MaxPool2d(2),
            "C5": nn.Conv2d(16, 120, 5),
            "relu5": nn.ReLU(),
            "flatten": nn.Flatten(),
            "F6": nn.Linear(120, 84),
            "relu6": nn.ReLU(),
            "out": nn.Linear(84, num_classes),
        }
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        require_sides(x, self.in_channels, range(32, 33), "C5 sees 5 x 5")
        for layer in self:
            x = layer(x)
        return x


class CaffeLeNet(nn.Sequential):
    """Read a digit of 28 x 28 pixels with the net that caffe ships as LeNet: 431,080 parameters.

    20 and 50 maps instead of 6 and 16, no border, 500 dense units.  The only ReLU
    follows ip1: convolutions go straight into max pooling.

    Shape:
        x:      (N, in_channels, 28, 28)
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        in_channels: Channels of the image.
        num_classes: Classes.

    Raises:
        OptionError: A number is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> CaffeLeNet()(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])

    Source:
        github.com/BVLC/caffe, examples/mnist/lenet.
    """

    def __init__(self, in_channels: int = 1, num_classes: int = 10) -> None:
        super().__init__()
        require_at_least("in_channels", in_channels, 1)
        require_at_least("num_classes", num_classes, 1)
        self.in_channels = in_channels
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(in_channels, 20, 5),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(20, 50, 5),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "ip1": nn.Linear(50 * 4 * 4, 500),
            "relu1": nn.ReLU(),
            "ip2": nn.Linear(500, num_classes),
        }
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        """Score every class."""
        require_sides(x, self.in_channels, range(28, 29), "ip1 sees 4 x 4")
        for layer in self:
            x = layer(x)
        return x
