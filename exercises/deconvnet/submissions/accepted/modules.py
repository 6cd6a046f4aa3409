"""Stages as classes, unpooling as a module, the middle as attributes; no bias before normalisation is left out."""

import torch
import torch.nn as nn


class ConvBNReLU(nn.Module):
    def __init__(self, c_in, c_out, kernel=3, padding=1, transposed=False):
        super().__init__()
        kind = nn.ConvTranspose2d if transposed else nn.Conv2d
        self.layer = kind(c_in, c_out, kernel_size=kernel, stride=1, padding=padding)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x):
        return torch.relu_(self.bn(self.layer(x)))


class DeconvNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=21, width=64):
        super().__init__()
        down = [2, 2, 3, 3, 3]
        channels = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        c = in_channels
        for stage, (count, c_out) in enumerate(zip(down, channels), start=1):
            for number in range(1, count + 1):
                self.add_module(f"conv{stage}_{number}", ConvBNReLU(c, c_out))
                c = c_out
        self.fc6 = ConvBNReLU(8 * width, 64 * width, 7, 0)
        self.fc7 = ConvBNReLU(64 * width, 64 * width, 1, 0)
        self.fc6_deconv = ConvBNReLU(64 * width, 8 * width, 7, 0, transposed=True)
        for stage in (5, 4, 3, 2, 1):
            last = channels[max(stage - 2, 0)]
            for number in range(1, down[stage - 1] + 1):
                c_out = last if number == down[stage - 1] else c
                self.add_module(f"deconv{stage}_{number}", ConvBNReLU(c, c_out, transposed=True))
                c = c_out
        self.pool = nn.MaxPool2d(2, stride=2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, stride=2)
        self.seg_score = nn.Conv2d(c, num_classes, kernel_size=1)
        self.down = down

    def forward(self, x):
        memory = {}
        for stage, count in enumerate(self.down, start=1):
            for number in range(1, count + 1):
                x = getattr(self, f"conv{stage}_{number}")(x)
            x, memory[stage] = self.pool(x)
        x = self.fc6_deconv(self.fc7(self.fc6(x)))
        for stage in (5, 4, 3, 2, 1):
            x = self.unpool(x, memory[stage])
            for number in range(1, self.down[stage - 1] + 1):
                x = getattr(self, f"deconv{stage}_{number}")(x)
        return self.seg_score(x)
