"""Verdict: fail,error,memory,timeout. R8: a constructor that takes all memory."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.layers = nn.ParameterList(nn.Parameter(torch.ones(4096, 4096)) for _ in range(1000))

    def forward(self, x):
        return x
