"""Your scores are always resized to one fixed size, whatever the size of the image.

Fails: scores
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
        switches, sizes = [], []
        for stage in self.encoder:
            x = stage(x)
            sizes.append(x.shape[2:])
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            switches.append(indices)
        for stage in self.decoder:
            x = F.max_unpool2d(x, switches.pop(), 2, output_size=sizes.pop())
            x = stage(x)
        return F.interpolate(self.score(x), size=(360, 480), mode="bilinear", align_corners=False)
