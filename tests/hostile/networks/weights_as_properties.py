"""Verdict: fail,error. V18: weights that are properties and answer what they like."""

import torch
import torch.nn.functional as F
from torch import nn


class Layer(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.shape = (c_out, c_in, 3, 3)

    @property
    def weight(self):
        return torch.full(self.shape, 0.1, dtype=torch.float64)

    def forward(self, x):
        return F.conv2d(x, self.weight.to(x.dtype), padding=1)


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.layer = Layer(in_channels, num_classes)

    def forward(self, x):
        return self.layer(x)
