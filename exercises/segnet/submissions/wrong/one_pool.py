"""Your encoder pools only once; SegNet has five poolings and five unpoolings.

Fails: switches
"""

import torch.nn.functional as F
from torch import nn


def block(*channels):
    layers = []
    for c_in, c_out in zip(channels, channels[1:]):
        layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class SegNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=11, width=64):
        super().__init__()
        w = width
        self.encoder = nn.ModuleList(
            [
                block(in_channels, w, w),
                block(w, 2 * w, 2 * w),
                block(2 * w, 4 * w, 4 * w, 4 * w),
                block(4 * w, 8 * w, 8 * w, 8 * w),
                block(8 * w, 8 * w, 8 * w, 8 * w),
            ]
        )
        self.decoder = nn.ModuleList(
            [
                block(8 * w, 8 * w, 8 * w, 8 * w),
                block(8 * w, 8 * w, 8 * w, 4 * w),
                block(4 * w, 4 * w, 4 * w, 2 * w),
                block(2 * w, 2 * w, w),
                block(w, w),
            ]
        )
        self.score = nn.Conv2d(w, num_classes, 3, padding=1)

    def forward(self, x):
        for stage in self.encoder:
            x = stage(x)
            if stage is self.encoder[0]:
                size = x.shape[2:]
                x, switches = F.max_pool2d(x, 2, return_indices=True)
        for stage in self.decoder:
            if stage is self.decoder[-1]:
                x = F.max_unpool2d(x, switches, 2, output_size=size)
            x = stage(x)
        return self.score(x)
