"""Correlation of image batches that are NumPy arrays: what `reference.layers.correlate2d` computes, without torch.

For readers, and for graders, of NumPy exercises: `import torch` takes longer than all of their work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import output_size

Array = npt.NDArray[Any]


def correlate2d(x: Array, weight: Array, bias: Array | None = None, *, stride: int = 1, padding: int = 0) -> Array:
    """Slide a bank of filters over a batch of images; the filters are not turned.

        y[n, o, i, j] = bias[o] + sum over (c, u, v) of weight[o, c, u, v] * padded[n, c, i*stride + u, j*stride + v]

    Shape:
        x:      (N, C_in, H, W)          any float or integer dtype
        weight: (C_out, C_in, K_h, K_w)  dtype of x
        bias:   (C_out,)                 dtype of x; None adds nothing
        return: (N, C_out, H_out, W_out) dtype of x
                H_out = floor((H + 2*padding - K_h) / stride) + 1, W_out alike

    Args:
        stride: Pixels of x between two windows; at least 1.
        padding: Pixels of zeros on each side; at least 0.

    Raises:
        ShapeError: A rank or channel count is wrong, or the filter is larger than the padded image.
        OptionError: An option is of no use, or the dtypes differ.

    Example:
        >>> x = np.arange(9).reshape(1, 1, 3, 3)
        >>> correlate2d(x, np.array([[[[1, 0], [0, -1]]]])).tolist()
        [[[[-4, -4], [-4, -4]]]]

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep
        learning", arXiv:1603.07285, relationship 6.
    """
    _check_operands(x, weight, bias)
    require_at_least("stride", stride, 1)
    require_at_least("padding", padding, 0)
    K_h, K_w = weight.shape[2:]
    H_out, W_out = (_windows(axis, x, weight, stride, padding) for axis in (2, 3))
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.zeros((x.shape[0], weight.shape[0], H_out, W_out), x.dtype)
    for u in range(K_h):
        for v in range(K_w):
            # What all windows see at their tap (u, v): one pixel every `stride`, as often as there are windows.
            seen = padded[:, :, u : u + (H_out - 1) * stride + 1 : stride, v : v + (W_out - 1) * stride + 1 : stride]
            y += np.einsum("nchw,oc->nohw", seen, weight[:, :, u, v])
    return y if bias is None else y + bias[:, None, None]


def _check_operands(x: Array, weight: Array, bias: Array | None) -> None:
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ShapeError(
            "x", "(N, C_in, H, W) with C_in, H, W of at least 1", repr(x.shape), "x[None] adds the batch axis"
        )
    if weight.ndim != 4 or 0 in weight.shape:
        raise ShapeError("weight", "(C_out, C_in, K_h, K_w), no axis empty", repr(weight.shape))
    if x.shape[1] != weight.shape[1]:
        expected = f"(N, {weight.shape[1]}, H, W) to match weight {weight.shape}"
        raise ShapeError("x", expected, repr(x.shape), "weight's second axis is C_in")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError("bias", f"({weight.shape[0]},), one number a filter", repr(bias.shape))
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != x.dtype:
            step = f"{name}.astype(x.dtype) converts it"
            raise OptionError(name, f"the dtype of x, {x.dtype}", str(other.dtype), step)


def _windows(axis: int, x: Array, weight: Array, stride: int, padding: int) -> int:
    try:
        return output_size(x.shape[axis], weight.shape[axis], stride=stride, padding=padding)
    except ShapeError as error:
        name, room = "NCHW"[axis], weight.shape[axis] - 2 * padding
        expected = f"{name} of at least {room}, as the filter spans {weight.shape[axis]} with padding {padding}"
        step = "enlarge the image or the padding, or shrink the filter"
        raise ShapeError("x", expected, f"{name} = {x.shape[axis]}", step) from error
