"""Squeeze: a whole image in a few numbers, of the first order or the second, and a gate made from them."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import ShapeError
from reference.layers.activation import relu
from reference.layers.operand import require_float, require_like
from reference.layers.window import require_image


def squeeze_first_order(x: Tensor) -> Tensor:
    """Describe an image by the mean of each channel.

        z[n, c] = 1/(H*W) * sum over p of x[n, c, p],   p a position

    All positions count alike, and channels are not told together: whether two
    channels answered at the same place is lost.

    Shape:
        x:      (N, C, H, W)   float dtype
        return: (N, C)         dtype of x

    Raises:
        ShapeError: x is no batch of images.
        OptionError: x is no float.

    Example:
        >>> squeeze_first_order(torch.tensor([[[[1.0, 3.0]], [[0.0, 8.0]]]])).tolist()
        [[2.0, 4.0]]

    Source:
        Hu, Shen and Sun, "Squeeze-and-Excitation Networks", CVPR 2018, equation 2.
    """
    require_image("x", x)
    require_float("x", x)
    return x.mean((2, 3))


def squeeze_second_order(x: Tensor, others: Tensor) -> Tensor:
    """Describe an image by the products of two sets of channels, summed over positions: bilinear pooling.

        z[n, c, d] = sum over p of x[n, c, p] * others[n, d, p]

    z[n, c, d] is large where c and d answer at the same places.  If row d of
    `others` is an attention, not negative and summing to 1, then z[n, :, d] is the
    mean of x as seen by it; equal weights 1/(H*W) give the squeeze of first order.
    This is the gathering G of `double_attention2d`.

    Shape:
        x:      (N, C, H, W)   float dtype
        others: (N, D, H, W)   dtype of x
        return: (N, C, D)      dtype of x

    Raises:
        ShapeError: A shape is wrong.
        OptionError: x is no float, or the dtypes differ.

    Example:
        >>> x = torch.tensor([[[[1.0, 3.0]], [[0.0, 8.0]]]])
        >>> squeeze_second_order(x, x).tolist()
        [[[10.0, 24.0], [24.0, 64.0]]]

    Source:
        Lin, RoyChowdhury and Maji, "Bilinear CNN Models", ICCV 2015, section 2; as the first of two
        attentions: Chen et al., "A^2-Nets", NeurIPS 2018, section 3.1.
    """
    require_image("x", x)
    require_image("others", others)
    require_float("x", x)
    D = others.shape[1]
    require_like("others", others, x, (x.shape[0], D, *x.shape[2:]), "N, H and W of x")
    return x.flatten(2) @ others.flatten(2).mT


def squeeze_excite2d(x: Tensor, weight_down: Tensor, bias_down: Tensor, weight_up: Tensor, bias_up: Tensor) -> Tensor:
    """Multiply every channel by a number between 0 and 1 that the whole image decides.

        s = sigmoid(W_up relu(W_down z + b_down) + b_up),   z the squeeze of first order
        y[n, c, i, j] = s[n, c] * x[n, c, i, j]

    Shape:
        x:           (N, C, H, W)   float dtype
        weight_down: (C_r, C)       dtype of x; C_r = C/16 in the paper
        bias_down:   (C_r,)
        weight_up:   (C, C_r)
        bias_up:     (C,)
        return:      shape and dtype of x

    Raises:
        ShapeError: A shape is wrong.
        OptionError: x is no float, or the dtypes differ.

    Example:
        >>> x, zero = torch.tensor([[[[2.0, 4.0]]]]), torch.zeros(1)
        >>> squeeze_excite2d(x, zero[:, None], zero, zero[:, None], zero).flatten().tolist()
        [1.0, 2.0]

    Source:
        Hu, Shen and Sun, "Squeeze-and-Excitation Networks", CVPR 2018, equations 2-4.
    """
    z = squeeze_first_order(x)  # (N, C)
    if bias_down.ndim != 1:
        raise ShapeError("bias_down", "(C_r,)", repr(tuple(bias_down.shape)))
    C, C_r = x.shape[1], len(bias_down)
    for name, value, shape in (
        ("weight_down", weight_down, (C_r, C)),
        ("bias_down", bias_down, (C_r,)),
        ("weight_up", weight_up, (C, C_r)),
        ("bias_up", bias_up, (C,)),
    ):
        require_like(name, value, x, shape, f"with C = {C} and C_r = {C_r}")
    gate = torch.sigmoid(relu(z @ weight_down.T + bias_down) @ weight_up.T + bias_up)  # (N, C)
    return x * gate[:, :, None, None]
