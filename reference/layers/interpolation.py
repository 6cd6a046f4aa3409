"""Images between their pixels: bilinear samples, and enlarging or shrinking with them."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Pair, pair
from reference.layers.operand import require_float, widen
from reference.layers.window import require_image


def sample_bilinear(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read every plane at places between its pixels.

        y[n, c, ...] = sum over (i, j) of x[n, c, i, j] * hat(rows[n, ...] - i) * hat(columns[n, ...] - j)
        hat(t) = max(0, 1 - |t|)

    Only the four pixels around a place have a part in it.  Beyond the border lie
    zeros: half a pixel outside the value has faded to one half.  Pixel (0, 0) lies
    at row 0, column 0; its centre, not its corner.

    Shape:
        x:             (N, C, H, W)   float dtype
        rows, columns: (N, ...)       dtype of x, in pixels
        return:        (N, C, ...)    dtype of x; differentiable in all three

    Raises:
        ShapeError: A shape does not fit.
        OptionError: x is no float, or the dtypes differ.

    Example:
        >>> x = torch.tensor([[[[0.0, 1.0], [10.0, 11.0]]]])
        >>> sample_bilinear(x, torch.tensor([[0.5, 0.0]]), torch.tensor([[0.25, 1.5]])).tolist()
        [[[5.25, 0.5]]]

    Source:
        Jaderberg et al., "Spatial Transformer Networks", NIPS 2015, equation 5.
    """
    require_image("x", x)
    require_float("x", x)
    if rows.shape != columns.shape or rows.ndim < 1 or rows.shape[0] != x.shape[0]:
        raise ShapeError(
            "columns",
            f"the shape of rows, (N, ...) with N = {x.shape[0]}",
            f"rows {tuple(rows.shape)} and columns {tuple(columns.shape)}",
        )
    for name, places in (("rows", rows), ("columns", columns)):
        if places.dtype != x.dtype:
            raise OptionError(name, f"the dtype of x, {x.dtype}", str(places.dtype), f"{name}.to(x.dtype) converts it")
    H, W = x.shape[2:]
    r, q = rows.flatten(1), columns.flatten(1)  # (N, P)
    top, left = r.detach().floor(), q.detach().floor()
    image = torch.arange(x.shape[0], device=x.device)[:, None]
    y = torch.zeros_like(x[:, :, :1, 0]) * r[:, None]  # (N, C, P)
    for i, j in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        inside = (i >= 0) & (i < H) & (j >= 0) & (j < W)
        pixel = x[image, :, i.clamp(0, H - 1).long(), j.clamp(0, W - 1).long()]  # (N, P, C)
        share = (1 - (r - i).abs()) * (1 - (q - j).abs()) * inside
        y = y + pixel.movedim(2, 1) * share[:, None]
    return y.reshape(*x.shape[:2], *rows.shape[1:])


def resize_bilinear2d(x: Tensor, output_size: Pair, *, align_corners: bool = False) -> Tensor:
    """Enlarge or shrink every plane by linear interpolation between the two nearest rows, then columns.

    Row i of the result lies at row r of x:

        align_corners=False:  r = max(0, (i + 1/2) * H/H_out - 1/2)   outer edges of the outer pixels agree
        align_corners=True:   r = i * (H - 1)/(H_out - 1)             centres of the outer pixels agree

    Beyond the last centre its value is kept.  The two differ by up to half a
    pixel, which shows at the borders of a segmentation.  Neither is FCN's
    transposed convolution, which fades to zero at the border: see `bilinear_kernel`.

    Shape:
        x:      (N, C, H, W)             float dtype
        return: (N, C, *output_size)     dtype of x

    Args:
        output_size: H_out and W_out.
        align_corners: Which pixels' places agree, as in torch.

    Raises:
        ShapeError: x is no batch of images.
        OptionError: x is no float, or a size is none.

    Example:
        >>> x = torch.tensor([[[[0.0, 4.0]]]])
        >>> resize_bilinear2d(x, (1, 4)).flatten().tolist()
        [0.0, 1.0, 3.0, 4.0]
        >>> resize_bilinear2d(x, (1, 5), align_corners=True).flatten().tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    require_image("x", x)
    require_float("x", x)
    sides = pair("output_size", output_size, 1)
    wide = widen(x)
    for axis, size in zip((2, 3), sides, strict=True):
        wide = _resize_axis(wide, axis, size, align_corners)
    return wide.to(x.dtype)


def _resize_axis(x: Tensor, axis: int, output: int, align_corners: bool) -> Tensor:
    size = x.shape[axis]
    index = torch.arange(output, dtype=torch.float64, device=x.device)
    if align_corners:
        place = index * (size - 1) / max(1, output - 1)
    else:
        place = ((index + 0.5) * size / output - 0.5).clamp(min=0)
    low = place.floor().clamp(max=size - 1)
    high = (low + 1).clamp(max=size - 1)
    shape = [1, 1, 1, 1]
    shape[axis] = output
    share = (place - low).to(x.dtype).reshape(shape)
    return x.index_select(axis, low.long()) * (1 - share) + x.index_select(axis, high.long()) * share


def resize_nearest2d(x: Tensor, output_size: Pair) -> Tensor:
    """Enlarge or shrink every plane by repeating or leaving out rows and columns.

        y[n, c, i, j] = x[n, c, floor(i * H/H_out), floor(j * W/W_out)]

    Shape:
        x:      (N, C, H, W)           any dtype
        return: (N, C, *output_size)   dtype of x

    Args:
        output_size: H_out and W_out.

    Raises:
        ShapeError: x is no batch of images.
        OptionError: A size is none.

    Example:
        >>> resize_nearest2d(torch.tensor([[[[1, 2]]]]), (2, 4)).tolist()
        [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]

    Source:
        The upsampling of Newell, Yang and Deng, "Stacked Hourglass Networks", ECCV 2016.
    """
    require_image("x", x)
    for axis, output in zip((2, 3), pair("output_size", output_size, 1), strict=True):
        chosen = torch.arange(output, device=x.device) * x.shape[axis] // output  # exact, in integers
        x = x.index_select(axis, chosen)
    return x
