"""DeconvNet: VGG-16 down to fc7 and the same way up again."""

import torch.nn as nn


def make(kind, channels, k=3, p=1):
    layers = []
    for a, b in zip(channels[:-1], channels[1:]):
        layers.extend([kind(a, b, k, padding=p), nn.BatchNorm2d(b), nn.ReLU(True)])
    return nn.Sequential(*layers)


class DeconvNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=21, width=64):
        super(DeconvNet, self).__init__()
        w = width
        down = [[in_channels, w, w], [w, 2 * w, 2 * w], [2 * w] + [4 * w] * 3, [4 * w] + [8 * w] * 3, [8 * w] * 4]
        up = [[8 * w] * 4, [8 * w] * 4, [4 * w] * 3 + [2 * w], [2 * w, 2 * w, w], [w, w, w]]
        self.down = nn.ModuleList([make(nn.Conv2d, c) for c in down])
        self.fc6 = make(nn.Conv2d, [8 * w, 64 * w], 7, 0)
        self.fc7 = make(nn.Conv2d, [64 * w, 64 * w], 1, 0)
        self.fc6_deconv = make(nn.ConvTranspose2d, [64 * w, 8 * w], 7, 0)
        self.up = nn.ModuleList([make(nn.ConvTranspose2d, c) for c in up])
        self.score = nn.Conv2d(w, num_classes, 1)
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, x):
        indices = []
        for block in self.down:
            x, index = self.pool(block(x))
            indices.append(index)
        x = self.fc6_deconv(self.fc7(self.fc6(x)))
        for block, index in zip(self.up, indices[::-1]):
            x = block(self.unpool(x, index))
        return self.score(x)
