"""Verdict: error. P1: the process ends while the network is built."""

import torch
import torch.nn.functional as F
from torch import nn


import os


class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        os._exit(0)
