"""Convolution by a connection table: each output map sees some of the input maps, as LeNet-5's C3 does."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Pair
from reference.layers.conv import correlate2d
from reference.layers.operand import require_like
from reference.layers.window import require_image

Table = tuple[tuple[int, ...], ...]

LENET5_C3: Table = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),  # three neighbours
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),  # four neighbours
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),  # two pairs
    (0, 1, 2, 3, 4, 5),  # all
)
"""Which of the 6 maps of S2 each of the 16 maps of C3 sees: 60 connections of 96, LeNet-5's table I."""


def count_links(table: Table) -> int:
    """Count the pairs of an input and an output map that are connected: as many kernels are learned.

    Example:
        >>> count_links(LENET5_C3), count_links(LENET5_C3) * 25 + 16
        (60, 1516)
    """
    return sum(len(seen) for seen in table)


def correlate2d_table(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    table: Table,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
) -> Tensor:
    """Correlate along the connections of a table; what is not connected has no weight at all.

        y[n, o, i, j] = bias[o] + sum over c in table[o], and over (u, v), of
                        weight[link(o, c), u, v] * padded[n, c, i*stride + u, j*stride + v]

    The kernels stand one after the other as the table is read: all of output map
    0, then all of map 1.  A missing link breaks the symmetry between maps, so
    that they learn different things, and saves weights: 1,516 parameters in C3
    instead of 2,416.

    Shape:
        x:      (N, C_in, H, W)           float or integer dtype
        weight: (links, K_h, K_w)         dtype of x; links = count_links(table)
        bias:   (C_out,)                  dtype of x, C_out = len(table); None adds nothing
        return: (N, C_out, H_out, W_out)  dtype of x, sizes as `correlate2d`

    Args:
        table: For each output map the input maps that it sees, counted from 0.
        stride: Pixels of x between two windows.
        padding: Pixels of zeros on each side, or "valid", "same", "full".

    Raises:
        ShapeError: A shape is wrong, or the table names a map that x does not have.
        OptionError: The table has an empty row or names a map twice, or an option is of no use.

    Example:
        >>> x = torch.tensor([1, 10, 100]).reshape(1, 3, 1, 1)
        >>> correlate2d_table(x, torch.ones(3, 1, 1, dtype=torch.int64), None, ((0, 2), (1,))).flatten().tolist()
        [101, 10]

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition",
        Proc. IEEE 1998, section II.B, equation for C3 and table I.
    """
    require_image("x", x)
    _check(table, x.shape[1])
    sides = tuple(weight.shape[1:]) if weight.ndim == 3 else ("K_h", "K_w")
    if weight.ndim != 3 or 0 in sides or weight.shape[0] != count_links(table):
        raise ShapeError(
            "weight", f"({count_links(table)}, K_h, K_w), one kernel a link of the table", repr(tuple(weight.shape))
        )
    if bias is not None:
        require_like("bias", bias, x, (len(table),), "one number a row of the table")
    outputs = torch.tensor([o for o, seen in enumerate(table) for _ in seen], device=x.device)
    inputs = torch.tensor([c for seen in table for c in seen], device=x.device)
    full = weight.new_zeros(len(table), x.shape[1], *weight.shape[1:])
    full = full.index_put((outputs, inputs), weight)  # (C_out, C_in, K_h, K_w), zero where no link is
    return correlate2d(x, full, bias, stride=stride, padding=padding)


def _check(table: Table, in_channels: int) -> None:
    if not table:
        raise OptionError("table", "a row for every output map", "an empty table")
    for o, seen in enumerate(table):
        if not seen or len(set(seen)) != len(seen):
            raise OptionError("table", "one input map or more in a row, none twice", f"row {o} = {tuple(seen)}")
        if not all(0 <= c < in_channels for c in seen):
            raise ShapeError(
                "table", f"maps from 0 to {in_channels - 1}, as x has {in_channels}", f"row {o} = {tuple(seen)}"
            )
