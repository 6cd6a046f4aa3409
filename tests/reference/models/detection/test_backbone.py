"""A ResNet as a backbone: four maps, a normalisation that stays."""

from __future__ import annotations

import torch
from torch import nn

from reference.models.detection.backbone import ResNetBackbone


def test_the_frozen_normalisation_stays_whatever_the_mode():
    net = ResNetBackbone(18, 1)
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    net.train()(torch.rand(2, 3, 64, 64))
    assert all(torch.equal(a, norm.running_mean) for a, norm in zip(before, norms, strict=True))  # type: ignore[arg-type]
    assert not any(weight.requires_grad for norm in norms for weight in norm.parameters())
    learned = ResNetBackbone(18, 1, freeze_norm=False).train()
    assert all(layer.training for layer in learned.modules())


def test_the_backbones_channels_and_sides():
    for depth, channels in ((18, (1, 2, 4, 8)), (50, (4, 8, 16, 32))):
        net = ResNetBackbone(depth, 1).eval()
        assert net.channels == channels
        assert [tuple(y.shape[1:]) for y in net(torch.rand(1, 3, 64, 96))] == [
            (c, 64 // stride, 96 // stride) for c, stride in zip(channels, (4, 8, 16, 32), strict=True)
        ]
