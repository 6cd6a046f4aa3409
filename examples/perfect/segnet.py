"""SegNet: label every pixel of an image, with an encoder of convolutions and a decoder that unpools."""

import torch.nn.functional as F
from torch import nn


def block(*channels):
    """卷积 + BN + ReLU，每两个相邻的通道数一层"""
    layers = []
    for c_in, c_out in zip(channels, channels[1:]):
        layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class SegNet(nn.Module):
    """Encoder of VGG-16, decoder with the switches of its five poolings."""

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
        self.classifier = nn.Conv2d(w, num_classes, 3, padding=1)

    def forward(self, x):
        """Return the scores of a batch."""
        switches = []
        for stage in self.encoder:
            x = stage(x)
            size = x.shape[-2:]
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            switches.append((indices, size))  # 奇数尺寸要记住原来的大小
        for stage in self.decoder:
            indices, size = switches.pop()
            x = stage(F.max_unpool2d(x, indices, 2, output_size=size))
        return self.classifier(x)
