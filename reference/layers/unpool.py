"""Unpooling: put every maximum back where its switch says it was."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Pair, pair
from reference.layers.window import require_image


def max_unpool2d(
    x: Tensor,
    indices: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    output_size: tuple[int, ...] | None = None,
) -> Tensor:
    """Undo the size of a max-pooling: every value goes to its switch, zeros go everywhere else.

        y[n, c].flat[indices[n, c, i, j]] = x[n, c, i, j]

    Where switches coincide (overlapping windows) one value is kept; they are
    not added.  No value but the maxima comes back: it is no inverse.

    Shape:
        x:       (N, C, H, W)          float or integer dtype
        indices: (N, C, H, W)   int64  row*W_out + column, from `max_pool2d`
        return:  (N, C, H_out, W_out)  dtype of x
                 H_out = (H - 1)*stride - 2*padding + kernel_size, unless `output_size` is given

    Args:
        kernel_size: That of the pooling.
        stride: That of the pooling; None means kernel_size.
        padding: That of the pooling.
        output_size: (H_out, W_out) or the whole shape of the pooled image.  Needed where pooling
            rounded: 45 and 44 both pool to 22.  Less than one stride from the size above.

    Raises:
        ShapeError: x and indices differ in shape, or `output_size` is no size of such a pooling.
        OptionError: indices are no int64, or one lies outside the result.

    Example:
        >>> max_unpool2d(torch.tensor([[[[4, 5]]]]), torch.tensor([[[[4, 3]]]]), 2).tolist()
        [[[[0, 0, 0, 5], [4, 0, 0, 0]]]]

    Source:
        Zeiler and Fergus, ECCV 2014; as layers of a segmentation net: Noh, Hong
        and Han, "Learning Deconvolution Network for Semantic Segmentation", ICCV 2015.
    """
    require_image("x", x)
    if indices.shape != x.shape:
        raise ShapeError("indices", f"the shape of x, {tuple(x.shape)}", repr(tuple(indices.shape)))
    if indices.dtype != torch.int64:
        raise OptionError("indices", "torch.int64", str(indices.dtype), "take the switches of max_pool2d")
    sides = pair("kernel_size", kernel_size, 1)
    H_out, W_out = _output_sides(
        x, sides, sides if stride is None else pair("stride", stride, 1), pair("padding", padding, 0), output_size
    )
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < H_out * W_out:
        raise OptionError(
            "indices",
            f"0 to {H_out * W_out - 1}, the places of a {H_out} x {W_out} plane",
            f"{int(indices.min())} to {int(indices.max())}",
            "give the size before pooling as output_size, and the switches of the same pooling",
        )
    N, C = x.shape[:2]
    planes = x.new_zeros(N, C, H_out * W_out).scatter(2, indices.flatten(2), x.flatten(2))
    return planes.reshape(N, C, H_out, W_out)


def _output_sides(
    x: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    output_size: tuple[int, ...] | None,
) -> tuple[int, int]:
    usual = [
        (size - 1) * s - 2 * p + k for size, k, s, p in zip(x.shape[2:], kernel_size, stride, padding, strict=True)
    ]
    if output_size is None:
        if min(usual) < 1:
            raise ShapeError("padding", "less than the windows cover", repr(padding))
        return usual[0], usual[1]
    wanted = tuple(output_size)
    if len(wanted) == 4 and wanted[:2] == tuple(x.shape[:2]):
        wanted = wanted[2:]
    # Pooling maps the sizes less than one stride apart to the same one, rounding down or up.
    lowest = [max(1, u - s + 1) for u, s in zip(usual, stride, strict=True)]
    highest = [u + s - 1 for u, s in zip(usual, stride, strict=True)]
    if len(wanted) != 2 or not all(a <= w <= b for a, w, b in zip(lowest, wanted, highest, strict=True)):
        raise ShapeError(
            "output_size",
            f"H_out from {lowest[0]} to {highest[0]} and W_out from {lowest[1]} to {highest[1]}",
            repr(tuple(output_size)),
            "give the size of the image before pooling",
        )
    return wanted[0], wanted[1]
