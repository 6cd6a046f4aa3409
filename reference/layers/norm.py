"""Normalisation: bring every channel to mean 0 and variance 1, then scale and shift it as learned."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers.window import require_image


class Normalized(NamedTuple):
    """What `batch_norm2d` returns: the output, and the running statistics after it.

    Shape:
        y:            (N, C, H, W)
        running_mean: (C,), or None if none was given
        running_var:  (C,), or None if none was given
    """

    y: Tensor
    running_mean: Tensor | None
    running_var: Tensor | None


def batch_norm2d(
    x: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    *,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Normalized:
    """Normalise every channel over the batch (in training) or by the running statistics (afterwards).

        y[n, c, i, j] = weight[c] * (x[n, c, i, j] - mean[c]) / sqrt(var[c] + eps) + bias[c]

    In training mean and var are those of x over N, H and W, and the gradient
    flows through them; var divides by the count m = N*H*W.  The running variance
    is fed the other one, which divides by m - 1:

        running_mean' = (1 - momentum)*running_mean + momentum*mean
        running_var'  = (1 - momentum)*running_var  + momentum*var * m/(m - 1)

    Nothing is changed in place: the new statistics are returned.

    Shape:
        x:            (N, C, H, W)   float dtype
        weight, bias, running_mean, running_var: (C,)   dtype of x
        return:       `Normalized`; y has shape and dtype of x

    Args:
        x: The batch.
        weight: Scale of each channel, gamma in the paper; None means 1.
        bias: Shift of each channel, beta in the paper; None means 0.
        running_mean: The mean so far; None keeps none.
        running_var: The variance so far; None keeps none.
        training: Whether to use the statistics of x, or the running ones.
        momentum: The part of the *new* value, as in torch; caffe counts the old one's.
        eps: Added to the variance, inside the root.

    Raises:
        ShapeError: A shape does not match x, or training has one value a channel.
        OptionError: x is no float, dtypes differ, only one running statistic is given, or
            running statistics are missing though `training` is False.

    Example:
        >>> x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 2, 2)
        >>> y, mean, var = batch_norm2d(x, running_mean=torch.zeros(1), running_var=torch.ones(1), training=True)
        >>> [round(value, 4) for value in y.flatten().tolist()]
        [-1.3416, -0.4472, 0.4472, 1.3416]
        >>> round(mean.item(), 4), round(var.item(), 4)
        (0.25, 1.0667)

    Source:
        Ioffe and Szegedy, "Batch Normalization", ICML 2015, algorithms 1 and 2;
        the moving average with momentum is torch's.
    """
    _check(x, {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}, training)
    if training:
        mean = x.mean((0, 2, 3))  # (C,)
        var = (x - mean[:, None, None]).square().mean((0, 2, 3))  # biased: divided by m
        if running_mean is not None and running_var is not None:
            m = x.numel() // x.shape[1]
            running_mean = (1 - momentum) * running_mean + momentum * mean.detach()
            running_var = (1 - momentum) * running_var + momentum * var.detach() * m / (m - 1)
    elif running_mean is None or running_var is None:
        raise OptionError("running_mean", "running statistics when training=False", "None", "train first, or pass them")
    else:
        mean, var = running_mean, running_var
    y = (x - mean[:, None, None]) / torch.sqrt(var + eps)[:, None, None]
    if weight is not None:
        y = y * weight[:, None, None]
    if bias is not None:
        y = y + bias[:, None, None]
    return Normalized(y, running_mean, running_var)


def _check(x: Tensor, per_channel: dict[str, Tensor | None], training: bool) -> None:
    require_image("x", x)
    if not x.is_floating_point():
        raise OptionError("x", "a float dtype", str(x.dtype), "x.double() converts it")
    for name, values in per_channel.items():
        if values is None:
            continue
        if values.shape != x.shape[1:2]:
            raise ShapeError(name, f"({x.shape[1]},), one number a channel of x", repr(tuple(values.shape)))
        if values.dtype != x.dtype:
            raise OptionError(name, f"the dtype of x, {x.dtype}", str(values.dtype))
    missing = [name for name in ("running_mean", "running_var") if per_channel[name] is None]
    if len(missing) == 1:
        raise OptionError(missing[0], "both running statistics, or neither", "None")
    if training and x.numel() // x.shape[1] < 2:
        raise ShapeError(
            "x", "two values a channel or more in training", repr(tuple(x.shape)), "one value has no variance"
        )
