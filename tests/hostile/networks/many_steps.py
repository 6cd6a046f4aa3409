"""Verdict: fail,error,timeout,memory. R16: a record of more steps than anybody reads."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def forward(self, x):
        for _ in range(20_000):
            x = x + 1
        return self.conv(x)
