"""Verdict: timeout. R1: a forward pass without an end."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def forward(self, x):
        while True:
            x = x + 1
