"""Pooling: one number for every window of every plane; channels are never mixed."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Pair, pair
from reference.layers.window import Axis, Grid, grid, require_image


class Pooled(NamedTuple):
    """What `max_pool2d` returns: the maxima, and the switches that say where they were.

    Shape:
        y:       (N, C, H_out, W_out)          dtype of x
        indices: (N, C, H_out, W_out)   int64  row*W + column in the unpadded plane of x
    """

    y: Tensor
    indices: Tensor


def max_pool2d(
    x: Tensor,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Pooled:
    """Take the largest pixel of every window, and remember where it was.

        y[n, c, i, j] = max over (u, v) of x[n, c, i*stride - padding + u*dilation, j*stride - padding + v*dilation]

    Padding counts as minus infinity: it is never the maximum.  Of equal maxima
    the first in row-major order wins, and alone receives the gradient.  A NaN
    beats every number, and a later NaN an earlier one, as in torch.

    Shape:
        x:      (N, C, H, W)   float or integer dtype
        return: y and indices, (N, C, H_out, W_out)

    Args:
        kernel_size: Sides of the window.
        stride: Pixels between two windows; None means kernel_size.
        padding: Border on each side; at most half the window, so that no window is all border.
        dilation: Pixels between two taps of one window.
        ceil_mode: Round H_out and W_out up, as caffe does, and let the last window hang over the end.

    Raises:
        ShapeError: x is no batch of images, or some window holds no pixel of it.
        OptionError: An option is of no use, or x holds no real numbers.

    Example:
        >>> x = torch.tensor([[[[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 8, 3, 9]]]])
        >>> y, indices = max_pool2d(x, 2)
        >>> y.tolist(), indices.tolist()
        ([[[[4, 5], [8, 9]]]], [[[[4, 7], [13, 15]]]])

    Source:
        Switches: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    require_image("x", x)
    if x.is_complex() or x.dtype == torch.bool:
        raise OptionError("x", "real numbers, of which one is the largest", str(x.dtype))
    H, W = x.shape[2:]
    windows = _windows(x, kernel_size, stride, padding, dilation, ceil_mode)
    for name, axis in (("H", windows.rows), ("W", windows.columns)):
        _require_pixels(name, axis)
    lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    padded = windows.pad(x, lowest)
    places = torch.arange(H * W, device=x.device).reshape(1, 1, H, W)
    places = windows.pad(places, -1)  # -1 marks the border, which is no place

    y = windows.tap(padded, 0, 0)
    indices = windows.tap(places, 0, 0).expand(y.shape)
    for u, v in windows.offsets[1:]:
        seen, place = windows.tap(padded, u, v), windows.tap(places, u, v)
        # strictly greater: the first of equal maxima stays
        better = (place >= 0) & ((seen > y) | (indices < 0) | torch.isnan(seen))
        y = torch.where(better, seen, y)
        indices = torch.where(better, place, indices)
    return Pooled(y.clone() if len(windows.offsets) == 1 else y, indices.contiguous())


def avg_pool2d(
    x: Tensor,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Take the mean of every window.

        y[n, c, i, j] = (1/count) * sum over (u, v) of x[n, c, i*stride - padding + u, j*stride - padding + v]

    The count is the number of positions of the window inside the image and its
    padding; with `count_include_pad=False`, inside the image only.  What hangs
    over the end in `ceil_mode` is never counted.

    Shape:
        x:      (N, C, H, W)           float dtype
        return: (N, C, H_out, W_out)   dtype of x

    Args:
        kernel_size: Sides of the window.
        stride: Pixels between two windows; None means kernel_size.
        padding: Border of zeros on each side; at most half the window.
        ceil_mode: Round H_out and W_out up, as caffe does.
        count_include_pad: Whether the padded zeros count.

    Raises:
        ShapeError: x is no batch of images, or some window holds no pixel of it.
        OptionError: An option is of no use, or x holds integers, whose mean is none.

    Example:
        >>> avg_pool2d(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]]), 2).item()
        3.0
    """
    require_image("x", x)
    if not x.is_floating_point():
        raise OptionError("x", "a float dtype, as a mean of integers is none", str(x.dtype), "x.double() converts it")
    windows = _windows(x, kernel_size, stride, padding, 1, ceil_mode)
    for name, axis in (("H", windows.rows), ("W", windows.columns)):
        _require_pixels(name, axis)
    padded = windows.pad(x)
    counted = _counted(windows, x, pair("padding", padding, 0) if count_include_pad else (0, 0))
    total = torch.zeros_like(windows.tap(padded, 0, 0))
    count = torch.zeros_like(windows.tap(counted, 0, 0))
    for u, v in windows.offsets:
        total = total + windows.tap(padded, u, v)
        count = count + windows.tap(counted, u, v)
    return total / count


def _windows(x: Tensor, kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair, ceil_mode: bool) -> Grid:
    sides = pair("kernel_size", kernel_size, 1)
    border, spread = pair("padding", padding, 0), pair("dilation", dilation, 1)
    for k, p, d in zip(sides, border, spread, strict=True):
        extent = d * (k - 1) + 1
        if 2 * p > extent:
            raise OptionError(
                "padding", f"at most half the window, {extent // 2}", repr(padding), "a window must not be all border"
            )
    return grid(
        (x.shape[2], x.shape[3]),
        sides,
        stride=sides if stride is None else stride,
        padding=border,
        dilation=spread,
        ceil_mode=ceil_mode,
    )


def _require_pixels(name: str, axis: Axis) -> None:
    # Only a dilated window on a tiny image can step over all pixels.
    first, last = axis.margins[0], axis.margins[0] + axis.size
    for window in range(axis.windows):
        start = window * axis.layer.stride
        taps = range(start, start + axis.layer.extent, axis.layer.dilation)
        if not any(first <= tap < last for tap in taps):
            raise ShapeError(
                "x",
                f"{name} so large that every window holds a pixel",
                f"{name} = {axis.size}, where window {window} lies in the padding",
                "use less padding or dilation",
            )


def _counted(windows: Grid, x: Tensor, border: tuple[int, int]) -> Tensor:
    """Ones where a position counts, zeros elsewhere: (1, 1, *windows.padded)."""
    counted = x.new_zeros(1, 1, *windows.padded)
    (top, left), (H, W) = (windows.rows.margins[0], windows.columns.margins[0]), x.shape[2:]
    counted[:, :, top - border[0] : top + H + border[0], left - border[1] : left + W + border[1]] = 1
    return counted
