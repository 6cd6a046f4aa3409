"""Your normalisation uses the statistics of the batch in evaluation mode too: the scores of an image depend on
the other images of its batch.

Fails: steadiness, switches
"""

import torch.nn.functional as F
from torch import nn


def block(layer, *channels):
    layers = []
    for c_in, c_out in zip(channels, channels[1:]):
        layers += [layer(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out, track_running_stats=False), nn.ReLU(inplace=True)]
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
        self.middle = nn.Sequential(
            nn.Conv2d(8 * w, 64 * w, 7),
            nn.BatchNorm2d(64 * w),
            nn.ReLU(inplace=True),
            nn.Conv2d(64 * w, 64 * w, 1),
            nn.BatchNorm2d(64 * w),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64 * w, 8 * w, 7),
            nn.BatchNorm2d(8 * w),
            nn.ReLU(inplace=True),
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
        x = self.middle(x)
        for stage in self.decoder:
            x = stage(F.max_unpool2d(x, switches.pop(), 2))
        return self.score(x)
