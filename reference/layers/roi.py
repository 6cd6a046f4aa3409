"""Regions of interest: from a box of any size on a feature map to a grid of fixed size.

Boxes come in pixels of the image with the number of their image in front:
(image, x1, y1, x2, y2).  `spatial_scale` takes them to the feature map: 1/16 for
VGG's conv5_3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Pair, pair
from reference.layers.operand import require_float, require_number, widen
from reference.layers.pool import Pooled
from reference.layers.window import require_image


def roi_pool2d(x: Tensor, rois: Tensor, output_size: Pair, *, spatial_scale: float) -> Pooled:
    """Divide each box into a grid of bins and take the largest pixel of each.

        first = round(x1*spatial_scale),   last = round(x2*spatial_scale)     halves away from 0
        width = max(1, last - first + 1)                                      both ends belong to the box
        bin j = pixels first + floor(j*width/W_out) up to first + ceil((j+1)*width/W_out), exclusive

    Rows alike.  Bins overlap where width is no multiple of W_out.  What lies
    outside the map is left out; a bin without a pixel is 0, its index -1.  All
    rounding is done in whole numbers; the release divides in float32.

    The gradient goes to the maximum of each bin alone (of equal ones the first in
    row-major order), and adds up where bins share it.  None goes to the boxes.

    Shape:
        x:      (N, C, H, W)   float or integer dtype
        rois:   (R, 5)         float dtype: image, x1, y1, x2, y2
        return: y and indices, (R, C, *output_size); an index is row*W + column

    Args:
        output_size: H_out and W_out, 7 in Fast R-CNN with VGG-16.
        spatial_scale: Cells of the map for one pixel of the image.

    Raises:
        ShapeError: x is no batch of images, or rois is not (R, 5).
        OptionError: A box names no image of x or is not finite, or an option is of no use.

    Example:
        >>> x = torch.arange(16).reshape(1, 1, 4, 4)
        >>> roi_pool2d(x, torch.tensor([[0.0, 0.0, 0.0, 2.0, 3.0]]), 2, spatial_scale=1).y.tolist()
        [[[[5, 6], [13, 14]]]]

    Source:
        Girshick, "Fast R-CNN", ICCV 2015, section 2.1, and the layer ROIPooling of its release.
    """
    image, boxes = _read(x, rois, spatial_scale)
    H_out, W_out = pair("output_size", output_size, 1)
    (R, _), (_, C, H, W) = rois.shape, x.shape
    left, top, right, bottom = _round(boxes.detach() * spatial_scale).unbind(1)
    rows, rows_end = _bins(top, bottom, H_out, H)  # (R, H_out)
    columns, columns_end = _bins(left, right, W_out, W)  # (R, W_out)
    image, channel = image[:, None, None, None], torch.arange(C, device=x.device)[None, :, None, None]

    lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    y = x.new_full((R, C, H_out, W_out), lowest)
    indices = torch.full(y.shape, -1, device=x.device)
    with torch.no_grad():  # finds the places; what is there is read below
        for u in range(_largest(rows_end - rows)):
            for v in range(_largest(columns_end - columns)):
                row, column = (rows + u)[:, None, :, None], (columns + v)[:, None, None, :]
                inside = (row < rows_end[:, None, :, None]) & (column < columns_end[:, None, None, :])
                seen = x[image, channel, row.clamp(max=H - 1), column.clamp(max=W - 1)]  # (R, C, H_out, W_out)
                better = inside & ((indices < 0) | (seen > y) | (seen != seen))  # only NaN differs from itself
                y = torch.where(better, seen, y)
                indices = torch.where(better, row * W + column, indices)
    place = indices.clamp(min=0)
    maxima = x[image, channel, place // W, place % W]
    return Pooled(torch.where(indices < 0, torch.zeros_like(maxima), maxima), indices)


def roi_align2d(
    x: Tensor, rois: Tensor, output_size: Pair, *, spatial_scale: float, sampling_ratio: int, aligned: bool
) -> Tensor:
    """Divide each box into a grid of bins and take the mean of bilinear samples in each; nothing is rounded.

        x_first = x1*spatial_scale - shift,   width = x2*spatial_scale - shift - x_first
        sample k of bin j lies at x_first + (j + (k + 1/2)/samples) * width/W_out

    Rows alike; samples x samples in a bin.  `aligned` is the question on which
    releases differ, so it has no default:

        aligned=False   shift 0, width at least 1 (rows alike)   the first releases; half a cell off
        aligned=True    shift 1/2, any width                      a pixel's centre lies at its index + 1/2

    A sample up to one cell outside the map reads the border; farther out it is 0
    and still counts.  On a map that is linear in row and column each bin inside
    gives the value at its centre exactly.

    Shape:
        x:      (N, C, H, W)   float dtype
        rois:   (R, 5)         float dtype: image, x1, y1, x2, y2
        return: (R, C, *output_size)   dtype of x; no gradient goes to the boxes

    Args:
        output_size: H_out and W_out: 7 for boxes, 14 for masks in Mask R-CNN.
        spatial_scale: Cells of the map for one pixel of the image.
        sampling_ratio: Samples of a bin along each axis; 0 takes ceil(side of the bin), at least 1, for each box.
        aligned: Whether to shift by half a cell.

    Raises:
        ShapeError: x is no batch of images, or rois is not (R, 5).
        OptionError: x is no float, a box names no image of x, is not finite or (aligned) turned
            inside out, or an option is of no use.

    Example:
        >>> ramp = torch.arange(8.0).reshape(1, 1, 1, 8).expand(1, 1, 8, 8)  # each pixel holds its column
        >>> box = torch.tensor([[0.0, 1.0, 1.0, 5.0, 5.0]])
        >>> roi_align2d(ramp, box, (1, 2), spatial_scale=1, sampling_ratio=2, aligned=False).flatten().tolist()
        [2.0, 4.0]
        >>> roi_align2d(ramp, box, (1, 2), spatial_scale=1, sampling_ratio=2, aligned=True).flatten().tolist()
        [1.5, 3.5]

    Source:
        He, Gkioxari, Dollar and Girshick, "Mask R-CNN", ICCV 2017, section 3; the shift: its second
        release, Detectron2.
    """
    image, boxes = _read(x, rois, spatial_scale)
    require_float("x", x)
    require_at_least("sampling_ratio", sampling_ratio, 0)
    H_out, W_out = pair("output_size", output_size, 1)
    first = boxes.detach() * spatial_scale - (0.5 if aligned else 0.0)  # (R, 4)
    sides = first[:, 2:] - first[:, :2]  # width, height
    if not aligned:
        sides = sides.clamp(min=1)
    elif sides.numel() and float(sides.min()) < 0:
        raise OptionError("rois", "x1 <= x2 and y1 <= y2", "a box turned inside out", "order the corners")
    wide = widen(x)
    columns = _shares(first[:, 0], sides[:, 0], W_out, x.shape[3], sampling_ratio).to(wide.dtype)  # (R, W_out, W)
    rows = _shares(first[:, 1], sides[:, 1], H_out, x.shape[2], sampling_ratio).to(wide.dtype)  # (R, H_out, H)
    y = wide.new_zeros(len(rois), x.shape[1], H_out, W_out)
    for n in range(x.shape[0]):
        chosen = (image == n).nonzero()[:, 0]  # the boxes of one image
        bins = torch.einsum("rih,chw->rciw", rows[chosen], wide[n])  # (chosen, C, H_out, W)
        y = y.index_copy(0, chosen, torch.einsum("rciw,rjw->rcij", bins, columns[chosen]))
    return y.to(x.dtype)


def _read(x: Tensor, rois: Tensor, spatial_scale: float) -> tuple[Tensor, Tensor]:
    """The image of each box, (R,), and its corners, (R, 4)."""
    require_image("x", x)
    require_number("spatial_scale", spatial_scale, 1e-9)
    if rois.ndim != 2 or rois.shape[1] != 5:
        raise ShapeError("rois", "(R, 5): image, x1, y1, x2, y2", repr(tuple(rois.shape)))
    require_float("rois", rois)
    if not bool(rois.isfinite().all()):
        raise OptionError("rois", "finite numbers", "infinity or NaN", "clip the boxes to the image first")
    image = rois[:, 0].detach().long()
    if rois.numel() and not (0 <= int(image.min()) <= int(image.max()) < x.shape[0]):
        raise OptionError(
            "rois",
            f"images 0 to {x.shape[0] - 1} in the first column",
            f"{int(image.min())} to {int(image.max())}",
            "the number of the image comes before the box",
        )
    return image, widen(rois[:, 1:])


def _round(values: Tensor) -> Tensor:
    # C's round: halves away from 0.  torch.round takes them to the even neighbour: 2.5 to 2.
    size = values.abs().floor()
    return ((size + (values.abs() - size >= 0.5)) * values.sign()).long()


def _bins(first: Tensor, last: Tensor, bins: int, size: int) -> tuple[Tensor, Tensor]:
    """Begin and end (exclusive) of every bin, cut off at the map: (R, bins) each."""
    extent = (last - first + 1).clamp(min=1)[:, None]
    step = torch.arange(bins, device=first.device)
    begin = step * extent // bins
    end = ((step + 1) * extent + bins - 1) // bins  # rounded up
    return (first[:, None] + begin).clamp(0, size), (first[:, None] + end).clamp(0, size)


def _largest(counts: Tensor) -> int:
    return int(counts.max()) if counts.numel() else 0


def _shares(first: Tensor, extent: Tensor, bins: int, size: int, sampling_ratio: int) -> Tensor:
    """How much every cell of the axis has in every bin: (R, bins, size); rows inside the map sum to 1."""
    adaptive = (extent / bins).ceil().clamp(min=1)  # (R,)
    samples = torch.full_like(first, sampling_ratio) if sampling_ratio else adaptive
    step = torch.arange(_largest(samples), dtype=first.dtype, device=first.device)  # (S,)
    within = (step + 0.5) / samples[:, None]  # (R, S), in bins
    bin_index = torch.arange(bins, dtype=first.dtype, device=first.device)[:, None]
    place = first[:, None, None] + (bin_index + within[:, None]) * (extent / bins)[:, None, None]  # (R, bins, S)
    counted = (step < samples[:, None])[:, None] & (place >= -1) & (place <= size)
    place = place.clamp(0, size - 1)
    cells = torch.arange(size, dtype=first.dtype, device=first.device)
    hat = (1 - (place[..., None] - cells).abs()).clamp(min=0)  # (R, bins, S, size)
    return (hat * counted[..., None]).sum(2) / samples[:, None, None]
