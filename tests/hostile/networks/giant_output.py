"""Verdict: fail,error,memory. R16: an output that claims 10^12 elements without having them."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def forward(self, x):
        return self.conv(x)[:, :1, :1, :1].expand(x.shape[0], 3, 10**6, 10**6)
