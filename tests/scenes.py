"""Pictures with objects for the detectors' tests, and one-object truths."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reference.data import shapes
from reference.models.detection.result import GroundTruth


def scenes(count: int, side: int = 64, *, seed: int = 0, inclusive: bool = False) -> tuple[Tensor, list[GroundTruth]]:
    """Draw pictures of shapes in three classes; with `inclusive` the corners of their boxes are pixels."""
    data = shapes(count, side, seed=seed)
    last = torch.tensor([0.0, 0.0, 1.0, 1.0]) * inclusive
    return data.images, [
        GroundTruth(boxes - last, labels, masks)
        for boxes, labels, masks in zip(data.boxes, data.classes, data.masks, strict=True)
    ]


def one_object(*box: float, label: int = 1) -> GroundTruth:
    """The truth of an image with a single object."""
    return GroundTruth(torch.tensor([box], dtype=torch.float32), torch.tensor([label]))


def jitter(boxes: Tensor, count: int, side: int, *, seed: int = 0) -> Tensor:
    """Shift and stretch true boxes, as a selective search would have found them, some well and some badly."""
    generator = torch.Generator().manual_seed(seed)
    chosen = boxes[torch.randint(len(boxes), (count,), generator=generator)]
    sides = (chosen[:, 2:] - chosen[:, :2]).repeat(1, 2)
    moved = chosen + sides * (torch.rand(count, 4, generator=generator) - 0.5) * 0.5
    return torch.cat([moved[:, :2].clamp(min=0), torch.maximum(moved[:, 2:], moved[:, :2] + 4).clamp(max=side - 1)], 1)


def to_device(truth: list[GroundTruth], device: str) -> list[GroundTruth]:
    """Move all objects to a device."""
    return [
        GroundTruth(one.boxes.to(device), one.labels.to(device), None if one.masks is None else one.masks.to(device))
        for one in truth
    ]


def awaken(*nets: nn.Module) -> None:
    """Draw weights by He's rule, in place of pre-training, and stop dropping: a tiny batch is learned by heart.

    torch's own start lets the signal fade in a narrow, deep net.
    """
    for layer in (layer for net in nets for layer in net.modules()):
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0


def seeded() -> torch.Generator:
    """The same draw in every step."""
    return torch.Generator().manual_seed(0)
