"""Verdict: fail,error. V18: the record of the forward pass names the right steps; another network computes."""

import torch
import torch.nn.functional as F
from torch import nn


import sys

STEPS = []


def forge():
    for module in list(sys.modules.values()):
        recorder = getattr(module, "Recorder", None)
        if recorder is not None and hasattr(module, "Models"):
            def describe(self, value):
                return {"parameter": "conv.weight", "shape": [4, 2, 3, 3]} if isinstance(value, torch.Tensor) else value
            recorder._describe = describe


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        forge()

    def forward(self, x):
        return self.conv(x)
