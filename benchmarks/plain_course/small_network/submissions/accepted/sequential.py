"""Layers in a row, and torch's own optimizer."""

import torch
import torch.nn.functional as F
from torch import nn


class SmallNet(nn.Sequential):
    def __init__(self, classes):
        super().__init__(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, classes),
        )


def count_parameters(classes):
    return sum(parameter.numel() for parameter in SmallNet(classes).parameters())


def scores(x, classes):
    return SmallNet(classes)(x)


def train(x, labels, classes, steps):
    model = SmallNet(classes)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(steps + 1):
        loss = F.cross_entropy(model(x), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses
