"""Counting what a net has learned."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def parameter_count(net: nn.Module, *, batch_norm: bool = True) -> int:
    """Count the learned numbers of a net; running statistics are none, shared ones count once.

    Args:
        net: The net; one built under `torch.device("meta")` costs no memory.
        batch_norm: Whether the scale and shift of batch normalisation count; papers often leave them out.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        >>> parameter_count(net), parameter_count(net, batch_norm=False)
        (24, 16)
    """
    layers = [layer for layer in net.modules() if batch_norm or not isinstance(layer, _BatchNorm)]
    # keyed by the tensor itself: weights that layers share are learned once
    weights = {id(weight): weight for layer in layers for weight in layer.parameters(recurse=False)}
    return sum(weight.numel() for weight in weights.values())
