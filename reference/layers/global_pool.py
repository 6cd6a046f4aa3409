"""Global pooling: one number for every plane, whatever its size."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.layers.operand import require_float
from reference.layers.pool import Pooled
from reference.layers.window import require_image


def global_avg_pool2d(x: Tensor) -> Tensor:
    """Take the mean of every plane.

        y[n, c] = 1/(H*W) * sum over (i, j) of x[n, c, i, j]

    The network that follows no longer depends on the size of the image, nor on where in it something is.

    Shape:
        x:      (N, C, H, W)   float dtype
        return: (N, C, 1, 1)   dtype of x

    Raises:
        ShapeError: x is no batch of images.
        OptionError: x holds integers, whose mean is none.

    Example:
        >>> global_avg_pool2d(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])).item()
        3.0

    Source:
        Lin, Chen and Yan, "Network In Network", ICLR 2014, arXiv:1312.4400, section 3.2.
    """
    require_image("x", x)
    require_float("x", x)
    return x.mean((2, 3), keepdim=True)


def global_max_pool2d(x: Tensor) -> Pooled:
    """Take the largest pixel of every plane, and remember where it was.

        y[n, c] = max over (i, j) of x[n, c, i, j]

    Of equal maxima the first in row-major order wins, and alone receives the gradient.

    Shape:
        x:      (N, C, H, W)   float or integer dtype
        return: y and indices, (N, C, 1, 1); an index is row*W + column

    Raises:
        ShapeError: x is no batch of images.

    Example:
        >>> y, indices = global_max_pool2d(torch.tensor([[[[1, 9, 2], [0, 9, 3]]]]))
        >>> y.item(), indices.item()
        (9, 1)

    Source:
        Oquab et al., "Is object localization for free?", CVPR 2015: the maximum names the place.
    """
    require_image("x", x)
    y, indices = torch.max(x.flatten(2), dim=2)  # (N, C)
    return Pooled(y[:, :, None, None], indices[:, :, None, None])
