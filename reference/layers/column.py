"""Convolution as a matrix product: every window of an image as a column, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from reference.errors import ShapeError
from reference.geometry import Pair, pair
from reference.layers.conv import add_bias, check_operands
from reference.layers.window import Grid, grid, require_image, sum_channels

# Most numbers in the columns of a piece: what a processor's cache holds, and what a GPU's memory has to spare.
CPU_PIECE, PIECE = 2**19, 2**27


def im2col(x: Tensor, kernel_size: Pair, *, stride: Pair = 1, padding: Pair | str = 0, dilation: Pair = 1) -> Tensor:
    """Write every window as a column, so that a convolution becomes one matrix product.

    Shape:
        x:      (N, C, H, W)
        return: (N, C*K_h*K_w, H_out*W_out)   rows ordered channel, then u, then v;
                                              columns row by row of the output

    Raises:
        ShapeError: x is no batch of images, or the window is larger than the padded image.
        OptionError: An option is of no use.

    Example:
        >>> im2col(torch.arange(6).reshape(1, 1, 2, 3), (2, 2)).tolist()
        [[[0, 1], [1, 2], [3, 4], [4, 5]]]

    Source:
        The order of rows and columns is that of caffe's im2col and of torch's unfold.
    """
    require_image("x", x)
    windows = grid(
        (x.shape[2], x.shape[3]),
        pair("kernel_size", kernel_size, 1),
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    return _columns(windows.pad(x), windows, 1).squeeze(1)


def col2im(
    columns: Tensor,
    output_size: Pair,
    kernel_size: Pair,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
) -> Tensor:
    """Put every column back where `im2col` took it from, and add where windows overlap: the adjoint, no inverse.

    Shape:
        columns: (N, C*K_h*K_w, H_out*W_out)
        return:  (N, C, *output_size)

    Args:
        output_size: H and W of the image that `im2col` was given; the other options are its options.

    Raises:
        ShapeError: The columns are not those of such an image.
        OptionError: An option is of no use.

    Example:
        >>> ones = torch.ones(1, 1, 2, 3)
        >>> col2im(im2col(ones, 2), (2, 3), 2).tolist()  # how many windows cover a pixel
        [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    sides, (K_h, K_w) = pair("output_size", output_size, 1), pair("kernel_size", kernel_size, 1)
    windows = grid(sides, (K_h, K_w), stride=stride, padding=padding, dilation=dilation, argument="output_size")
    count = math.prod(windows.output)
    if columns.ndim != 3 or columns.shape[1] == 0 or columns.shape[1] % (K_h * K_w) or columns.shape[2] != count:
        raise ShapeError(
            "columns",
            f"(N, C*{K_h * K_w}, {count}) for windows {(K_h, K_w)} over an image {sides}",
            repr(tuple(columns.shape)),
            "give the options that im2col was given",
        )
    padded = columns.new_zeros(columns.shape[0], columns.shape[1] // (K_h * K_w), *windows.padded)
    _add_back(padded, columns, windows)
    return windows.crop(padded)


def correlate2d_im2col(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Correlate as caffe does: unroll the windows into columns, then one matrix product a group.

        (C_out/groups, C*K_h*K_w) @ (C*K_h*K_w, H_out*W_out)

    The same function as `correlate2d`, with its shapes, options and errors.  The
    columns are K_h*K_w times as large as the image, so they are made a piece at a
    time, never kept, and made again on the way back.

    Source:
        Jia et al., "Caffe: Convolutional Architecture for Fast Feature Embedding", arXiv:1408.5093.
    """
    check_operands(x, weight, bias, groups)
    C_out, _, K_h, K_w = weight.shape
    windows = grid((x.shape[2], x.shape[3]), (K_h, K_w), stride=stride, padding=padding, dilation=dilation)
    rows = weight.reshape(groups, C_out // groups, -1)
    y: Tensor = _ColumnProduct.apply(windows.pad(x), rows, windows)  # type: ignore[no-untyped-call]
    return add_bias(y, bias)


class _ColumnProduct(torch.autograd.Function):
    """y = rows @ columns, and the two products of the way back, one piece after the other.

    Shape:
        padded: (N, groups*C, *windows.padded)
        rows:   (groups, C_out/groups, C*K_h*K_w)
        return: (N, C_out, H_out, W_out)
    """

    @staticmethod
    def forward(ctx: Any, padded: Tensor, rows: Tensor, windows: Grid) -> Tensor:
        ctx.save_for_backward(padded, rows)
        ctx.windows = windows
        y = padded.new_empty(len(padded), *rows.shape[:2], *windows.output)  # (N, groups, C_out/groups, H_out, W_out)
        for place, seen, band in _pieces(padded, windows):
            y[place] = _product(rows, _columns(padded[seen], band, len(rows)), band)
        return y.flatten(1, 2)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor, None]:
        padded, rows = ctx.saved_tensors
        grad_padded, grad_rows = torch.zeros_like(padded), torch.zeros_like(rows)
        grad_y = grad_y.reshape(len(padded), *rows.shape[:2], *ctx.windows.output)
        for place, seen, band in _pieces(padded, ctx.windows):
            grad = grad_y[place].flatten(3)  # (n, groups, C_out/groups, L)
            if ctx.needs_input_grad[0]:
                _add_back(grad_padded[seen], (rows.mT @ grad).flatten(1, 2), band)
            if ctx.needs_input_grad[1]:
                columns = _columns(padded[seen], band, len(rows))  # (n, groups, C*K_h*K_w, L)
                grad_rows += (grad @ columns.mT).sum(0)
        return grad_padded, grad_rows, None


def _pieces(padded: Tensor, windows: Grid) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...], Grid]]:
    """Cut a convolution into pieces with few columns: several images, or some lines of one.

    Yields the piece's place in (N, groups, C_out/groups, H_out, W_out), the part of `padded` that it sees, and the
    grid over that part.
    """
    H_out, W_out = windows.output
    most = CPU_PIECE if padded.device.type == "cpu" else PIECE
    line = padded.shape[1] * len(windows.offsets) * W_out  # numbers in the columns of one line of one image
    images, lines = max(1, most // (line * H_out)), max(1, most // line)
    every = slice(None)
    for n in range(0, len(padded), images):
        for first in range(0, H_out, lines):
            last = min(first + lines, H_out)
            span, band = windows.band(first, last)
            some = slice(n, n + images)
            yield (some, every, every, slice(first, last)), (some, every, span), band


def _columns(padded: Tensor, windows: Grid, groups: int) -> Tensor:
    """Copy every window.

    Shape:
        padded: (N, groups*C, *windows.padded)
        return: (N, groups, C*K_h*K_w, H_out*W_out)
    """
    seen = windows.taps(padded)  # (N, groups*C, K_h, K_w, H_out, W_out), a view
    N, channels, K_h, K_w = seen.shape[:4]
    return seen.reshape(N, groups, channels // groups * K_h * K_w, math.prod(windows.output))


def _add_back(padded: Tensor, columns: Tensor, windows: Grid) -> None:
    """Add every column to the pixels that `_columns` took it from."""
    K_h, K_w = windows.rows.layer.kernel_size, windows.columns.layer.kernel_size
    split = columns.reshape(len(padded), padded.shape[1], K_h, K_w, *windows.output)
    for u, v in windows.offsets:
        windows.tap(padded, u, v).add_(split[:, :, u, v])


def _product(rows: Tensor, columns: Tensor, windows: Grid) -> Tensor:
    """Multiply for one piece.

    Shape:
        rows:    (groups, C_out/groups, C*K_h*K_w)
        columns: (N, groups, C*K_h*K_w, H_out*W_out)
        return:  (N, groups, C_out/groups, H_out, W_out)
    """
    multiplies = rows.is_floating_point() or rows.is_complex()  # CUDA has no matrix product of integers
    y = rows @ columns if multiplies else sum_channels(columns[..., None], rows)
    return y.reshape(*y.shape[:3], *windows.output)
