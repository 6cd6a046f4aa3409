"""Verdict: fail,error,timeout. R16: more parameters than a report has room for."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.many = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(20_000))
        self.conv = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, x):
        return self.conv(x)
