"""Convolution and correlation by the Fourier transform: one product a frequency instead of one a tap."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.geometry import Pair
from reference.layers.conv import add_bias, check_operands
from reference.layers.operand import require_float, widen
from reference.layers.window import grid


def correlate2d_fft(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Correlate by multiplying spectra: the function of `correlate2d`, for filters with many taps.

        y = inverse( sum over c of transform(padded[n, c]) * conjugate(transform(weight[o, c])) ) + bias[o]

    The product of two spectra is a *circular* correlation: what runs out at the
    bottom comes in again at the top.  It runs around the padded image here, and
    only windows that start too late to fit are touched by it; those are cut off.
    A transform of the image without its padding would wrap the border instead.

    The cost does not depend on the size of the filter, nor does it shrink with
    the stride: all outputs are computed, and most of them thrown away.

    Shape:
        As `correlate2d`, but of a float dtype; float16 and bfloat16 are transformed as float32.

    Args:
        stride: Pixels of x between two windows.
        padding: Pixels of zeros on each side, or "valid", "same", "full".
        dilation: Pixels of x between two taps of one window.
        groups: Parts into which the channels are split.

    Raises:
        ShapeError: As `correlate2d`.
        OptionError: As `correlate2d`, or x is no float: integers come back from a transform as fractions.

    Example:
        >>> x = torch.arange(9.0).reshape(1, 1, 3, 3)
        >>> correlate2d_fft(x, torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])).round().tolist()
        [[[[-4.0, -4.0], [-4.0, -4.0]]]]

    Source:
        Mathieu, Henaff and LeCun, "Fast Training of Convolutional Networks
        through FFTs", ICLR 2014, arXiv:1312.5851.
    """
    check_operands(x, weight, bias, groups)
    require_float("x", x)
    N, C_out, C = x.shape[0], weight.shape[0], weight.shape[1]
    windows = grid(
        (x.shape[2], x.shape[3]),
        (weight.shape[2], weight.shape[3]),
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    rows, columns = windows.rows.layer, windows.columns.layer
    if N == 0:  # there is no transform of nothing
        return x.new_zeros(N, C_out, *windows.output)
    spread = weight.new_zeros(C_out, C, rows.extent, columns.extent)
    spread[:, :, :: rows.dilation, :: columns.dilation] = weight

    image = torch.fft.rfft2(widen(windows.pad(x)))  # (N, C_in, H_p, W_p//2 + 1), complex
    filters = torch.fft.rfft2(widen(spread), s=windows.padded).conj()
    image = image.reshape(N, groups, C, *image.shape[2:])
    filters = filters.reshape(groups, C_out // groups, C, *filters.shape[2:])
    product = torch.einsum("ngchw,gochw->ngohw", image, filters).flatten(1, 2)  # (N, C_out, H_p, W_p//2 + 1)
    circular = torch.fft.irfft2(product, s=windows.padded)  # (N, C_out, H_p, W_p)
    y = windows.tap(circular, 0, 0).to(x.dtype)  # (N, C_out, H_out, W_out): where each window starts
    return add_bias(y.contiguous(), bias)


def convolve2d_fft(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve in the mathematical sense by multiplying spectra: the function of `convolve2d`.

    Shapes, options and errors are those of `correlate2d_fft`.

    Example:
        >>> x = torch.arange(9.0).reshape(1, 1, 3, 3)
        >>> convolve2d_fft(x, torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])).round().tolist()
        [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    turned = weight.flip(2, 3) if weight.ndim == 4 else weight  # correlate2d_fft refuses another rank
    return correlate2d_fft(x, turned, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
