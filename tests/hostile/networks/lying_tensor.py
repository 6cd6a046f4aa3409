"""Verdict: fail,error. V5: a tensor subclass that claims to be equal, and whose numbers change."""

import torch
import torch.nn.functional as F
from torch import nn


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in (torch.equal, torch.allclose):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})

    def __eq__(self, other):
        return True

    __hash__ = None


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)

    def forward(self, x):
        return self.conv(x).as_subclass(Liar)
