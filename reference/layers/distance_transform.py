"""Distance-transform pooling: a maximum that may look elsewhere, for a price that grows with the distance."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.geometry import Pair, pair
from reference.layers.operand import require_float, require_like
from reference.layers.pool import Pooled
from reference.layers.window import require_image


def distance_transform_pool2d(x: Tensor, costs: Tensor, *, reach: Pair | None = None) -> Pooled:
    """Take at every place the best score in the image after paying for the way to it.

        y[n, c, i, j] = max over (p, q) of x[n, c, p, q] - a*dx^2 - b*dx - e*dy^2 - f*dy
        dx = q - j,   dy = p - i,   (a, b, e, f) = costs[c]

    A part of an object is found near its anchor, and how far it may stray is
    learned.  It generalises max pooling: for costs 0 within a window and infinite
    outside it (`reach`) it *is* max pooling with stride 1, and without a window
    every place gets the maximum of the map.  Very high costs give x back.

    The price is a sum of one part for dx and one for dy, so rows are done first
    and then columns: H*W*(H + W) comparisons instead of (H*W)^2.  (The lower
    envelope of parabolas takes H*W, one after the other.)  Of equal maxima the
    first in row-major order wins; the gradient goes to it alone, and to the costs.

    Shape:
        x:      (N, C, H, W)   float dtype
        costs:  (C, 4)         dtype of x: of dx^2, dx, dy^2, dy; those of the squares not negative in a DPM
        return: y and indices, (N, C, H, W); an index is row*W + column of the winner

    Args:
        reach: Farthest |dy| and |dx|, one number or (vertical, horizontal); None for the whole map.

    Raises:
        ShapeError: x is no batch of images, or costs is not (C, 4).
        OptionError: x is no float, the dtypes differ, or reach is no integer of at least 0.

    Example:
        >>> x = torch.tensor([0.0, 0.0, 5.0, 0.0]).reshape(1, 1, 1, 4)
        >>> y, indices = distance_transform_pool2d(x, torch.tensor([[1.0, 0.0, 1.0, 0.0]]))
        >>> y.flatten().tolist(), indices.flatten().tolist()
        ([1.0, 4.0, 5.0, 4.0], [2, 2, 2, 2])

    Source:
        Girshick, Iandola, Darrell and Malik, "Deformable Part Models are Convolutional Neural
        Networks", CVPR 2015, section 3.2; Felzenszwalb and Huttenlocher, "Distance Transforms of
        Sampled Functions", Theory of Computing 2012.
    """
    require_image("x", x)
    require_float("x", x)
    require_like("costs", costs, x, (x.shape[1], 4), "the price of dx^2, dx, dy^2 and dy in every channel")
    far_y, far_x = (None, None) if reach is None else pair("reach", reach, 0)
    W = x.shape[3]
    best, columns = _best(x, costs[:, :2], far_x)  # along rows; columns says where
    best, rows = _best(best.mT, costs[:, 2:], far_y)  # along columns, written as rows: (N, C, W, H)
    rows = rows.mT  # (N, C, H, W)
    return Pooled(best.mT, rows * W + columns.gather(2, rows))


def _best(x: Tensor, costs: Tensor, reach: int | None) -> tuple[Tensor, Tensor]:
    """Maximum along the last axis from every place of it, and where it is."""
    place = torch.arange(x.shape[-1], device=x.device)
    way = place - place[:, None]  # (to here, from there): from - to
    d = way.to(x.dtype)
    price = costs[:, :1, None] * d.square() + costs[:, 1:, None] * d  # (C, S, S)
    offers = x[:, :, :, None, :] - price[:, None]  # (N, C, rows, S, S)
    if reach is not None:
        offers = offers.masked_fill(way.abs() > reach, -torch.inf)
    values, indices = offers.max(-1)
    return values, indices
