"""Convolution by a connection table as a module: LeNet's layers whose maps see some of the maps before them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers import count_links
from reference.layers.connection import Table


class TableConv2d(nn.Module):
    """Correlate along the connections of a table; one kernel a link, none where no link is.

    Each link is a convolution of one map with one kernel, all of them at once as
    groups; each output map adds up its links.  So the work, too, is that of the
    links alone.  `reference.layers.correlate2d_table` is the same written out.

    Shape:
        x:      (N, in_channels, H, W)
        weight: (links, kernel_size, kernel_size), in the order in which the table is read
        bias:   (len(table),), or None
        return: (N, len(table), H_out, W_out), H_out = floor((H - kernel_size)/stride) + 1, W_out alike

    Args:
        in_channels: Maps that the table may name.
        table: For each output map the input maps that it sees, counted from 0.
        kernel_size: Side of the kernels.
        stride: Pixels between two windows.
        bias: Whether each output map has one.

    Raises:
        OptionError: A number is no integer of at least 1, or the table is empty, has an empty row or names a map twice.
        ShapeError: The table names a map that is not there, or, from calling it, x is no such batch.

    Example:
        >>> layer = TableConv2d(3, ((0, 2), (1,)), 5)
        >>> layer.weight.shape, layer(torch.zeros(1, 3, 7, 6)).shape
        (torch.Size([3, 5, 5]), torch.Size([1, 2, 3, 2]))
    """

    def __init__(self, in_channels: int, table: Table, kernel_size: int, *, stride: int = 1, bias: bool = True) -> None:
        super().__init__()
        for name, value in (("in_channels", in_channels), ("kernel_size", kernel_size), ("stride", stride)):
            require_at_least(name, value, 1)
        if not table or not all(seen and len(set(seen)) == len(seen) for seen in table):
            raise OptionError("table", "rows of one map or more, none twice", repr(table))
        if not all(0 <= c < in_channels for seen in table for c in seen):
            raise ShapeError("table", f"maps from 0 to {in_channels - 1}", repr(table))
        self.in_channels = in_channels
        self.table = table
        self.kernel_size = kernel_size
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(count_links(table), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.empty(len(table))) if bias else None
        self.start(1.0)

    def start(self, scale: float, power: float = 1.0) -> None:
        """Draw the weights evenly from -scale/F^power to scale/F^power, F the numbers that the output map sees; biases 0."""
        with torch.no_grad():
            for kernels, seen in zip(torch.split(self.weight, self._links), self.table, strict=True):
                bound = scale / (len(seen) * self.kernel_size**2) ** power
                kernels.uniform_(-bound, bound)
            if self.bias is not None:
                self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Run all links, and add them up."""
        if x.ndim != 4 or x.shape[1] != self.in_channels or min(x.shape[2:]) < self.kernel_size:
            k = self.kernel_size
            raise ShapeError("x", f"(N, {self.in_channels}, H, W) with H and W of at least {k}", repr(tuple(x.shape)))
        maps = x.unbind(1)
        seen = torch.stack([maps[c] for row in self.table for c in row], dim=1)  # (N, links, H, W)
        links = F.conv2d(seen, self.weight[:, None], stride=self.stride, groups=len(self.weight))
        y = torch.stack(
            [part.sum(1) for part in torch.split(links, self._links, dim=1)], dim=1
        )  # (N, len(table), H_out, W_out)
        return y if self.bias is None else y + self.bias[:, None, None]

    @property
    def _links(self) -> list[int]:
        return [len(seen) for seen in self.table]
