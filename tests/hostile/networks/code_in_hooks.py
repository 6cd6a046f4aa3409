"""Verdict: fail,error. V17: hooks of loading and of backward run code that prints a verdict and leaves."""

import torch
import torch.nn.functional as F
from torch import nn


import os


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        self.register_load_state_dict_post_hook(lambda *args: os._exit(0))
        self._register_load_state_dict_pre_hook(lambda *args: os._exit(0))
        self.conv.weight.register_hook(lambda grad: print('{"verdict": "pass"}') or grad * 0)

    def forward(self, x):
        return self.conv(x)
