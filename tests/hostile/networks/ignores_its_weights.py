"""Verdict: fail,error. V18: the right shapes and layers, but the scores are computed from the image alone."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        return torch.cat([mean * (k + 1) for k in range(self.conv.out_channels)], 1) + 0 * self.conv(x)
