"""L2 normalisation with a learned scale: brings the features of one place to a length that is learned."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.layers.operand import require_float, require_like, require_number, widen
from reference.layers.window import require_image


def l2_normalize2d(x: Tensor, scale: Tensor, *, eps: float = 1e-10) -> Tensor:
    """Divide the channels of every pixel by their length, then multiply each channel by its own number.

        y[n, c, i, j] = scale[c] * x[n, c, i, j] / sqrt(eps + sum over d of x[n, d, i, j]^2)

    The sum runs over channels only: every place has its own length.  SSD does
    this to conv4_3, whose features are larger than those of the layers above;
    there the scale begins at 20 and is learned.

    Shape:
        x:      (N, C, H, W)   float dtype
        scale:  (C,)           dtype of x
        return: shape and dtype of x

    Args:
        eps: Added inside the root; keeps a pixel of zeros at zero.

    Raises:
        ShapeError: x is no batch of images, or scale has not one number a channel.
        OptionError: x is no float, the dtypes differ, or eps is negative.

    Example:
        >>> x = torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1)
        >>> l2_normalize2d(x, torch.full((2,), 20.0)).flatten().tolist()
        [12.0, 16.0]

    Source:
        Liu, Rabinovich and Berg, "ParseNet", arXiv:1506.04579, section 3.3; Liu et al.,
        "SSD: Single Shot MultiBox Detector", ECCV 2016, section 3.1.
    """
    require_image("x", x)
    require_float("x", x)
    require_like("scale", scale, x, (x.shape[1],), "one number a channel")
    require_number("eps", eps, 0)
    wide = widen(x)
    length = torch.sqrt(eps + wide.square().sum(1, keepdim=True))  # (N, 1, H, W)
    return (wide / length * widen(scale)[:, None, None]).to(x.dtype)
