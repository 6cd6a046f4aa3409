"""Activations: functions of one number, applied to every element."""

from __future__ import annotations

import torch
from torch import Tensor


def relu(x: Tensor) -> Tensor:
    """Keep what is positive, put zero for the rest.

        y = x if x > 0 else 0

    The derivative at 0 is taken as 0, as in torch and caffe; NaN stays NaN.

    Shape:
        x:      any shape, float or integer dtype
        return: shape and dtype of x

    Example:
        >>> relu(torch.tensor([-2, 0, 3])).tolist()
        [0, 0, 3]

    Source:
        Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    """
    return torch.where(x <= 0, torch.zeros_like(x), x)
