"""LeNet's sub-sampling: a sum over each window, times one trained number a map, plus another."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.geometry import Pair, pair
from reference.layers.operand import require_float, require_like
from reference.layers.window import grid, require_image


def subsample2d(x: Tensor, coefficient: Tensor, bias: Tensor, kernel_size: Pair = 2) -> Tensor:
    """Add the pixels of every window, multiply by the map's coefficient, add the map's bias.

        y[n, c, i, j] = bias[c] + coefficient[c] * sum over (u, v) of x[n, c, i*K_h + u, j*K_w + v]

    Windows do not overlap; rows and columns that fill no window are left out.
    It is a *sum*: with coefficient = 1/(K_h*K_w) and bias 0 it is average pooling.
    The two numbers a map are trained, which is why LeNet-5's S2 has 12 parameters
    and S4 has 32, where today's pooling has none.  The paper then squashes the
    result ("passed through a sigmoidal function"): that is left to the caller,
    see `scaled_tanh`.

    Shape:
        x:           (N, C, H, W)           float dtype
        coefficient: (C,)                   dtype of x
        bias:        (C,)                   dtype of x
        return:      (N, C, H_out, W_out)   dtype of x; H_out = floor(H / K_h), W_out alike

    Args:
        kernel_size: Sides of the window, and the step to the next.

    Raises:
        ShapeError: x is no batch of images or smaller than one window, or another shape is wrong.
        OptionError: x is no float, or the dtypes differ.

    Example:
        >>> x = torch.arange(4.0).reshape(1, 1, 2, 2)
        >>> subsample2d(x, torch.tensor([0.5]), torch.tensor([10.0])).item()
        13.0

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition",
        Proc. IEEE 1998, section II.B, layers S2 and S4.
    """
    require_image("x", x)
    require_float("x", x)
    require_like("coefficient", coefficient, x, (x.shape[1],), "one number a map")
    require_like("bias", bias, x, (x.shape[1],), "one number a map")
    sides = pair("kernel_size", kernel_size, 1)
    windows = grid((x.shape[2], x.shape[3]), sides, stride=sides)
    total = torch.zeros_like(windows.tap(x, 0, 0))  # (N, C, H_out, W_out)
    for u, v in windows.offsets:
        total = total + windows.tap(x, u, v)
    return total * coefficient[:, None, None] + bias[:, None, None]
