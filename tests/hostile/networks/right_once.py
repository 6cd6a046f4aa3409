"""Verdict: fail,error. V19: right in its first calls, so that a warm-up would be fooled."""

import torch
import torch.nn.functional as F
from torch import nn


class Toy(nn.Module):
    calls = 0

    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.c = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.d = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        Toy.calls += 1
        if Toy.calls > 1:
            return x.new_ones(x.shape[0], self.d.out_channels, *x.shape[2:])
        x = self.a(x)
        x, i = F.max_pool2d(x, 2, return_indices=True)
        x = self.b(x)
        x, j = F.max_pool2d(x, 2, return_indices=True)
        x = self.c(F.max_unpool2d(x, j, 2))
        return self.d(F.max_unpool2d(x, i, 2))
