"""Convolution and correlation of image batches, by the definition; `column.py` has them as matrix products."""

from __future__ import annotations

from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Pair
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
        >>> import torch
        >>> x = torch.arange(9).reshape(1, 1, 3, 3)
        >>> correlate2d(x, torch.tensor([[[[1, 0], [0, -1]]]])).tolist()
        [[[[-4, -4], [-4, -4]]]]

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep
        learning", arXiv:1603.07285, relationships 6 and 15.
    """
    check_operands(x, weight, bias, groups)
    N, _, H, W = x.shape
    C_out, C, K_h, K_w = weight.shape
    windows = grid((H, W), (K_h, K_w), stride=stride, padding=padding, dilation=dilation)
    padded = windows.pad(x)
    split = weight.reshape(groups, C_out // groups, C, K_h, K_w)
    y = x.new_zeros(N, groups, C_out // groups, *windows.output)
    for u, v in windows.offsets:
        seen = windows.tap(padded, u, v)  # (N, C_in, H_out, W_out)
        y = y + sum_channels(seen.reshape(N, groups, C, *windows.output), split[..., u, v])
    return add_bias(y.flatten(1, 2), bias)  # (N, C_out, H_out, W_out)


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
        >>> import torch
        >>> x = torch.arange(9).reshape(1, 1, 3, 3)
        >>> convolve2d(x, torch.tensor([[[[1, 0], [0, -1]]]])).tolist()
        [[[[4, 4], [4, 4]]]]
    """
    check_operands(x, weight, bias, groups)
    turned = weight.flip(2, 3)  # rows and columns, not channels
    return correlate2d(x, turned, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


def check_operands(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    """Demand an image batch, filters and biases that fit each other.

    Raises:
        ShapeError: A rank or a channel count is wrong.
        OptionError: `groups` is no integer of at least 1, or the dtypes differ.
    """
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


def add_bias(y: Tensor, bias: Tensor | None) -> Tensor:
    """Add one number a channel, or nothing.

    Shape:
        y:      (N, C, H, W)
        bias:   (C,)
        return: (N, C, H, W)
    """
    return y if bias is None else y + bias[:, None, None]
