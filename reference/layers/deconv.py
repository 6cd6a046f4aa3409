"""Transposed convolution, called deconvolution in the papers, and the bilinear filter it often starts from."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Layer, Pair, pair, transposed_output_size
from reference.layers.window import Axis, Grid, require_image, sum_channels


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Let every pixel stamp its filter onto a larger image, and add where the stamps overlap.

        padded[n, o, i*stride + u*dilation, j*stride + v*dilation] += weight[c, o, u, v] * x[n, c, i, j]

    for all c, i, j, u, v; then `padding` pixels are cut off on each side.  It is
    the adjoint of `correlate2d` with the same weight and options,

        <correlate2d(a, w), b> = <a, conv_transpose2d(b, w)>

    and so the gradient of a convolution with respect to its image.  It is no
    inverse: it restores the size, not the values.

    Shape:
        x:      (N, C_in, H, W)                  any float or integer dtype, any device
        weight: (C_in, C_out/groups, K_h, K_w)   dtype of x
        bias:   (C_out,)                         dtype of x; None adds nothing
        return: (N, C_out, H_out, W_out)         dtype of x
                H_out = (H - 1)*stride - 2*padding + dilation*(K_h - 1) + 1 + output_padding, W_out alike

    Args:
        stride: Pixels of the result between two stamps; at least 1.
        padding: Pixels removed on each side: the padding of the convolution that is undone.
        output_padding: Rows and columns more at the bottom and the right, less than stride or dilation.
            It chooses among the image sizes that a strided convolution maps to the same size.
        dilation: Pixels of the result between two taps of one stamp; at least 1.
        groups: Parts into which the channels are split.

    Raises:
        ShapeError: A rank or channel count is wrong, or `padding` leaves nothing.
        OptionError: An option is of no use, or the dtypes differ.

    Example:
        >>> x, weight = torch.tensor([[[[1, 2]]]]), torch.tensor([[[[1, 10, 100]]]])
        >>> conv_transpose2d(x, weight, stride=2).tolist()
        [[[[1, 10, 102, 20, 200]]]]

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep
        learning", arXiv:1603.07285, chapter 4; Zeiler et al., "Deconvolutional Networks", CVPR 2010.
    """
    _check(x, weight, bias, groups)
    N, C_in, H, W = x.shape
    _, C, K_h, K_w = weight.shape
    strides, margins = pair("stride", stride, 1), pair("padding", padding, 0)
    spread, extra = pair("dilation", dilation, 1), pair("output_padding", output_padding, 0)
    axes = []
    for size, k, s, p, d, e in zip((H, W), (K_h, K_w), strides, margins, spread, extra, strict=True):
        output = transposed_output_size(size, k, stride=s, padding=p, output_padding=e, dilation=d)
        # The windows of a convolution over the result: one for every pixel of x.
        axes.append(Axis(Layer(k, s, 0, d), output, size, (p, p)))
    windows = Grid(*axes)
    parts = x.reshape(N, groups, C_in // groups, H, W)
    split = weight.reshape(groups, C_in // groups, C, K_h, K_w).transpose(1, 2)  # (groups, C_out/groups, ...)
    padded = x.new_zeros(N, groups * C, *windows.padded)
    for u, v in windows.offsets:
        stamp = sum_channels(parts, split[..., u, v])  # (N, groups, C_out/groups, H, W)
        windows.tap(padded, u, v).add_(stamp.flatten(1, 2))
    y = windows.crop(padded)  # (N, C_out, H_out, W_out)
    return y.contiguous() if bias is None else y + bias[:, None, None]


def bilinear_kernel(
    kernel_size: int,
    channels: int = 1,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Tensor:
    """Make the filter with which a transposed convolution enlarges by linear interpolation.

        f = floor((kernel_size + 1) / 2),   centre = (kernel_size - 1) / 2
        weight[c, c, u, v] = (1 - |u - centre|/f) * (1 - |v - centre|/f),   0 between different channels

    Enlarging f times wants kernel_size = 2*f - f % 2, stride = f and padding =
    (kernel_size - f) / 2 rounded up; an image of ones then stays one away from its border.

    Shape:
        return: (channels, channels, kernel_size, kernel_size), for `conv_transpose2d`

    Args:
        kernel_size: Side of the filter.
        channels: Channels, each enlarged for itself.
        dtype: Float dtype of the result.
        device: Device of the result.

    Raises:
        OptionError: A number is no integer of at least 1, or `dtype` is no float.

    Example:
        >>> bilinear_kernel(4)[0, 0, 1].mul(16).tolist()
        [3.0, 9.0, 9.0, 3.0]

    Source:
        Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic
        Segmentation", CVPR 2015, and the surgery code of its authors' release.
    """
    require_at_least("kernel_size", kernel_size, 1)
    require_at_least("channels", channels, 1)
    if not dtype.is_floating_point:
        raise OptionError("dtype", "a float dtype", str(dtype), "the filter holds fractions")
    factor, centre = (kernel_size + 1) // 2, (kernel_size - 1) / 2
    ramp = 1 - (torch.arange(kernel_size, dtype=dtype, device=device) - centre).abs() / factor
    plane = ramp[:, None] * ramp  # (kernel_size, kernel_size)
    return torch.eye(channels, dtype=dtype, device=device)[:, :, None, None] * plane


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    require_image("x", x)
    require_at_least("groups", groups, 1)
    if weight.ndim != 4 or 0 in weight.shape:
        raise ShapeError("weight", "(C_in, C_out/groups, K_h, K_w), no axis empty", repr(tuple(weight.shape)))
    if weight.shape[0] % groups:
        raise ShapeError("weight", f"C_in a multiple of groups = {groups}", repr(tuple(weight.shape)))
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            "x",
            f"(N, {weight.shape[0]}, H, W) to match weight {tuple(weight.shape)}",
            repr(tuple(x.shape)),
            "the first axis of a transposed convolution's weight is C_in",
        )
    if bias is not None and bias.shape != (weight.shape[1] * groups,):
        raise ShapeError(
            "bias", f"({weight.shape[1] * groups},), one number an output channel", repr(tuple(bias.shape))
        )
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != x.dtype:
            raise OptionError(name, f"the dtype of x, {x.dtype}", str(other.dtype), f"{name}.to(x.dtype) converts it")
