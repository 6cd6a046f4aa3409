"""Your encoder has convolutions of stride 2 in place of the poolings, so there are no switches, and the decoder
enlarges with transposed convolutions.

Fails: parameters, switches
"""

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
        plan = [w, 2 * w, 4 * w, 8 * w, 8 * w]
        self.down = nn.ModuleList([nn.Conv2d(c, c, 3, stride=2, padding=1) for c in plan])
        self.up = nn.ModuleList([nn.ConvTranspose2d(c, c, 2, stride=2) for c in reversed(plan)])
        self.score = nn.Conv2d(w, num_classes, 3, padding=1)

    def forward(self, x):
        for stage, down in zip(self.encoder, self.down):
            x = down(stage(x))
        for up, stage in zip(self.up, self.decoder):
            x = stage(up(x))
        return self.score(x)
