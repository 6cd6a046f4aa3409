"""Your network is SegNet: the 7 x 7 block in the middle (fc6, fc7 and the 7 x 7 deconvolution) is missing, and with
it nine tenths of the parameters.

Fails: parameters, switches
"""

import torch.nn.functional as F
from torch import nn


def block(layer, *channels):
    layers = []
    for c_in, c_out in zip(channels, channels[1:]):
        layers += [layer(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class DeconvNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=21, width=64):
        super().__init__()
        w = width
        conv, deconv = nn.Conv2d, nn.ConvTranspose2d
        self.encoder = nn.ModuleList(
            [
                block(conv, in_channels, w, w),
                block(conv, w, 2 * w, 2 * w),
                block(conv, 2 * w, 4 * w, 4 * w, 4 * w),
                block(conv, 4 * w, 8 * w, 8 * w, 8 * w),
                block(conv, 8 * w, 8 * w, 8 * w, 8 * w),
            ]
        )
        self.decoder = nn.ModuleList(
            [
                block(deconv, 8 * w, 8 * w, 8 * w, 8 * w),
                block(deconv, 8 * w, 8 * w, 8 * w, 4 * w),
                block(deconv, 4 * w, 4 * w, 4 * w, 2 * w),
                block(deconv, 2 * w, 2 * w, w),
                block(deconv, w, w, w),
            ]
        )
        self.score = nn.Conv2d(w, num_classes, 1)

    def forward(self, x):
        switches = []
        for stage in self.encoder:
            x, indices = F.max_pool2d(stage(x), 2, return_indices=True)
            switches.append(indices)
        for stage in self.decoder:
            x = stage(F.max_unpool2d(x, switches.pop(), 2))
        return self.score(x)
