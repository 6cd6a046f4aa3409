"""Convolution and correlation of image batches, by the definition and as one matrix product."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Pair, pair
from reference.layers.window import grid, require_image, sum_channels


def correlate2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Slide a bank of filters over a batch of images; the filters are not turned.

        y[n, o, i, j] = bias[o] + sum over (c, u, v) of
                        weight[o, c, u, v] * padded[n, c, i*stride + u*dilation, j*stride + v*dilation]

    Deep learning calls this convolution; mathematics and signal processing call
    it cross-correlation, and `convolve2d` convolution.

    Shape:
        x:      (N, C_in, H, W)                  any float or integer dtype, any device
        weight: (C_out, C_in/groups, K_h, K_w)   dtype of x
        bias:   (C_out,)                         dtype of x; None adds nothing
        return: (N, C_out, H_out, W_out)         dtype of x; integers wrap around as torch's do
                H_out = floor((H + 2*padding - dilation*(K_h - 1) - 1) / stride) + 1, W_out alike

    Args:
        stride: Pixels of x between two windows; at least 1.
        padding: Pixels of zeros on each side, one number or (vertical, horizontal); or "valid" for
            none, "full" so that every tap meets every pixel, "same" for H_out = H with stride 1
            (an even kernel gets its extra row and column at the bottom and the right).
        dilation: Pixels of x between two taps of one window; at least 1.
        groups: Parts into which the channels are split; output part g sees input part g only.

    Raises:
        ShapeError: A rank or channel count is wrong, or the filter is larger than the padded image.
        OptionError: An option is of no use, or the dtypes differ.

    Example:
        >>> x = torch.arange(9).reshape(1, 1, 3, 3)
        >>> correlate2d(x, torch.tensor([[[[1, 0], [0, -1]]]])).tolist()
        [[[[-4, -4], [-4, -4]]]]

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep
        learning", arXiv:1603.07285, relationships 6 and 15.
    """
    _check(x, weight, bias, groups)
    N, _, H, W = x.shape
    C_out, C, K_h, K_w = weight.shape
    windows = grid((H, W), (K_h, K_w), stride=stride, padding=padding, dilation=dilation)
    padded = windows.pad(x)
    split = weight.reshape(groups, C_out // groups, C, K_h, K_w)
    y = x.new_zeros(N, groups, C_out // groups, *windows.output)
    for u, v in windows.offsets:
        seen = windows.tap(padded, u, v)  # (N, C_in, H_out, W_out)
        y = y + sum_channels(seen.reshape(N, groups, C, *windows.output), split[..., u, v])
    return _add_bias(y.flatten(1, 2), bias)  # (N, C_out, H_out, W_out)


def convolve2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve in the mathematical sense: turn every filter by 180 degrees in the plane, then correlate.

        y[n, o, i, j] = bias[o] + sum over (c, u, v) of weight[o, c, K_h - 1 - u, K_w - 1 - v]
                        * padded[n, c, i*stride + u*dilation, j*stride + v*dilation]

    The channel axis is never reversed.  With one channel and stride 1, the
    paddings "full", "same" and "valid" give what MATLAB's conv2 gives, for even
    kernels too.  Shapes, options and errors are those of `correlate2d`.

    Example:
        >>> x = torch.arange(9).reshape(1, 1, 3, 3)
        >>> convolve2d(x, torch.tensor([[[[1, 0], [0, -1]]]])).tolist()
        [[[[4, 4], [4, 4]]]]
    """
    _check(x, weight, bias, groups)
    turned = weight.flip(2, 3)  # rows and columns, not channels
    return correlate2d(x, turned, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


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
    padded = windows.pad(x)
    taps = [windows.tap(padded, u, v) for u, v in windows.offsets]
    return torch.stack(taps, dim=2).flatten(3).flatten(1, 2)  # (N, C, K_h*K_w, H_out, W_out) -> ...


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
    count = windows.output[0] * windows.output[1]
    if columns.ndim != 3 or columns.shape[1] == 0 or columns.shape[1] % (K_h * K_w) or columns.shape[2] != count:
        raise ShapeError(
            "columns",
            f"(N, C*{K_h * K_w}, {count}) for windows {(K_h, K_w)} over an image {sides}",
            repr(tuple(columns.shape)),
            "give the options that im2col was given",
        )
    N, C = columns.shape[0], columns.shape[1] // (K_h * K_w)
    split = columns.reshape(N, C, K_h, K_w, *windows.output)
    padded = columns.new_zeros(N, C, *windows.padded)
    for u, v in windows.offsets:
        windows.tap(padded, u, v).add_(split[:, :, u, v])
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

    The same function as `correlate2d`, with its shapes, options and errors.

    Source:
        Jia et al., "Caffe: Convolutional Architecture for Fast Feature Embedding", arXiv:1408.5093.
    """
    _check(x, weight, bias, groups)
    C_out, C, K_h, K_w = weight.shape
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    H_out, W_out = grid((x.shape[2], x.shape[3]), (K_h, K_w), **options).output  # type: ignore[arg-type]
    columns = im2col(x, (K_h, K_w), **options)  # type: ignore[arg-type]
    split = columns.reshape(
        x.shape[0], groups, C * K_h * K_w, H_out * W_out, 1
    )  # (N, groups, C*K_h*K_w, H_out*W_out, 1)
    rows = weight.reshape(groups, C_out // groups, C * K_h * K_w)
    y = sum_channels(split, rows)  # (N, groups, C_out/groups, H_out*W_out, 1)
    return _add_bias(y.reshape(x.shape[0], C_out, H_out, W_out), bias)


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    require_image("x", x)
    require_at_least("groups", groups, 1)
    if weight.ndim != 4 or 0 in weight.shape:
        raise ShapeError("weight", "(C_out, C_in/groups, K_h, K_w), no axis empty", repr(tuple(weight.shape)))
    if weight.shape[0] % groups:
        raise ShapeError("weight", f"C_out a multiple of groups = {groups}", repr(tuple(weight.shape)))
    if x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            "x",
            f"(N, {weight.shape[1] * groups}, H, W) to match weight {tuple(weight.shape)} in {groups} group(s)",
            repr(tuple(x.shape)),
            "weight's second axis is C_in/groups",
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError("bias", f"({weight.shape[0]},), one number a filter", repr(tuple(bias.shape)))
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != x.dtype:
            raise OptionError(name, f"the dtype of x, {x.dtype}", str(other.dtype), f"{name}.to(x.dtype) converts it")


def _add_bias(y: Tensor, bias: Tensor | None) -> Tensor:
    return y if bias is None else y + bias[:, None, None]
