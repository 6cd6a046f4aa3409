"""The block that the segmentation nets repeat: (de)convolution, batch normalisation, ReLU."""

from __future__ import annotations

from torch import Tensor, nn

from reference.models.plan import Conv, Deconv


class ConvBlock(nn.Sequential):
    """One row of a table as layers: convolution with bias, batch normalisation, ReLU.

    Shape:
        x:      (N, in_channels, H, W)
        return: (N, row.channels*width, H_out, W_out)
                conv:   H_out = H + 2*padding - dilation*(kernel_size - 1)
                deconv: H_out = H - 2*padding + dilation*(kernel_size - 1)

    Args:
        row: The row of the table; a `Deconv` row gives a transposed convolution.
        in_channels: Channels of x.
        width: What the row's channels are multiplied by.
        batch_norm: Whether to normalise between the convolution and the ReLU.
    """

    def __init__(self, row: Conv, in_channels: int, width: int, *, batch_norm: bool = True) -> None:
        layer = nn.ConvTranspose2d if isinstance(row, Deconv) else nn.Conv2d
        out_channels = row.channels * width
        super().__init__()
        convolution = layer(in_channels, out_channels, row.kernel_size, padding=row.padding, dilation=row.dilation)
        self.add_module("conv", convolution)
        if batch_norm:
            self.add_module("norm", nn.BatchNorm2d(out_channels))
        self.add_module("relu", nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers in order."""
        for layer in self:
            x = layer(x)
        return x
