"""Local response normalisation: a channel is damped by what its neighbours in the channel axis see."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, require_at_least, require_one_of
from reference.layers.operand import require_float, require_number, widen
from reference.layers.window import require_image


def local_response_norm(
    x: Tensor,
    size: int = 5,
    *,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    convention: str = "paper",
) -> Tensor:
    """Divide every pixel by a power of the energy in the channels around it, at the same place.

        y[n, c, i, j] = x[n, c, i, j] / (k + a * sum over d of x[n, d, i, j]^2)^beta
        d from max(0, c - (size - 1)/2) to min(C - 1, c + (size - 1)/2)

    **What a is depends on whom you ask.**  In the paper a = alpha.  In caffe and
    in torch a = alpha/size.  The paper's network is convention="paper" with its
    printed alpha = 1e-4, or convention="caffe" with 5e-4.  caffe's own k is 1.

    Shape:
        x:      (N, C, H, W)   float dtype
        return: shape and dtype of x

    Args:
        size: Channels in one window, n in the paper; odd, so that the window has a middle.
        alpha: Weight of the energy; at least 0.
        beta: The power; at least 0.
        k: What keeps the sum from 0; at least 0.
        convention: "paper", or "caffe" to divide alpha by size.

    Raises:
        ShapeError: x is no batch of images.
        OptionError: x is no float, or an option is of no use.

    Example:
        >>> x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]).reshape(1, 5, 1, 1)
        >>> [round(value, 4) for value in local_response_norm(x, alpha=1).flatten().tolist()]
        [0.125, 0.1487, 0.1446, 0.1954, 0.2582]
        >>> [round(value, 4) for value in local_response_norm(x, alpha=1, convention="caffe").flatten().tolist()]
        [0.3084, 0.4204, 0.4382, 0.5911, 0.7755]

    Source:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
        Networks", NIPS 2012, section 3.3; Jia et al., "Caffe", arXiv:1408.5093, its layer LRN.
    """
    require_image("x", x)
    require_float("x", x)
    require_at_least("size", size, 1)
    if size % 2 == 0:
        raise OptionError("size", "an odd number of channels", repr(size), "an even window has no middle channel")
    for name, value in (("alpha", alpha), ("beta", beta), ("k", k)):
        require_number(name, value, 0)
    require_one_of("convention", convention, ("paper", "caffe"))
    N, C, H, W = x.shape
    wide = widen(x)
    border = wide.new_zeros(N, size // 2, H, W)
    squares = torch.cat([border, wide.square(), border], dim=1)  # (N, C + size - 1, H, W)
    energy = torch.zeros_like(wide)
    for step in range(size):
        energy = energy + squares[:, step : step + C]
    weight = alpha if convention == "paper" else alpha / size
    return (wide / (k + weight * energy) ** beta).to(x.dtype)
