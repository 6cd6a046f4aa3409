"""Verdict: fail,error. V18: parameters that ignore being set."""

import torch
import torch.nn.functional as F
from torch import nn


class Stubborn(nn.Parameter):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") == "copy_":
            return args[0]
        return super().__torch_function__(function, types, args, kwargs or {})


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.weight = Stubborn(torch.full((num_classes, in_channels, 1, 1), 0.5))

    def forward(self, x):
        return F.conv2d(x, self.weight.to(x.dtype))
