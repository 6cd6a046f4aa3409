"""The training smoke test that every model passes: its loss falls on a tiny batch, and everything learned takes part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn

DEVICES = ("cpu", pytest.param("cuda", marks=pytest.mark.gpu))


def assert_learns(
    loss: Callable[[], Tensor],
    parameters: Iterable[nn.Parameter],
    *,
    steps: int = 8,
    lr: float = 0.05,
    momentum: float = 0.9,
    factor: float = 0.9,
    all_take_part: bool = True,
) -> None:
    """Train a few steps of SGD; the loss must stay finite and end below `factor` times the first one.

    Args:
        loss: Runs the model on its batch and returns the scalar loss.
        all_take_part: Demand a gradient at every parameter after the first step.
    """
    learned = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=lr, momentum=momentum)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        if step == 0 and all_take_part:
            assert all(parameter.grad is not None for parameter in learned)
        optimizer.step()
        losses.append(value.item())
    assert all(map(math.isfinite, losses)), losses
    assert losses[-1] < factor * losses[0], losses
