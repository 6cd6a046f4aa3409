"""Verdict: fail,error. V11: zeros of the right shape."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.classes = num_classes

    def forward(self, x):
        return x.new_zeros(x.shape[0], self.classes, *x.shape[2:])
