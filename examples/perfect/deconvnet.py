"""DeconvNet: label every pixel of an image; VGG-16 down to its dense layers, and deconvolutions up again."""

import torch
from torch import nn


class Layer(nn.Module):
    """一层：卷积或反卷积，然后 BN、ReLU"""

    def __init__(self, kind, c_in, c_out, kernel_size=3, padding=1):
        super().__init__()
        self.conv = kind(c_in, c_out, kernel_size, padding=padding)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)))


def stack(kind, *channels):
    return nn.Sequential(*(Layer(kind, a, b) for a, b in zip(channels, channels[1:])))


class DeconvNet(nn.Module):
    """Give every pixel one score a class."""

    def __init__(self, in_channels=3, num_classes=21, width=64):
        super().__init__()
        w1, w2, w4, w8 = width, 2 * width, 4 * width, 8 * width
        conv, deconv = nn.Conv2d, nn.ConvTranspose2d
        self.conv1 = stack(conv, in_channels, w1, w1)
        self.conv2 = stack(conv, w1, w2, w2)
        self.conv3 = stack(conv, w2, w4, w4, w4)
        self.conv4 = stack(conv, w4, w8, w8, w8)
        self.conv5 = stack(conv, w8, w8, w8, w8)
        self.fc6 = Layer(conv, w8, 64 * width, kernel_size=7, padding=0)
        self.fc7 = Layer(conv, 64 * width, 64 * width, kernel_size=1, padding=0)
        self.deconv_fc6 = Layer(deconv, 64 * width, w8, kernel_size=7, padding=0)
        self.deconv5 = stack(deconv, w8, w8, w8, w8)
        self.deconv4 = stack(deconv, w8, w8, w8, w4)
        self.deconv3 = stack(deconv, w4, w4, w4, w2)
        self.deconv2 = stack(deconv, w2, w2, w1)
        self.deconv1 = stack(deconv, w1, w1, w1)
        self.score = conv(w1, num_classes, 1)
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, x):
        """Return the scores of a batch."""
        x, switch1 = self.pool(self.conv1(x))
        x, switch2 = self.pool(self.conv2(x))
        x, switch3 = self.pool(self.conv3(x))
        x, switch4 = self.pool(self.conv4(x))
        x, switch5 = self.pool(self.conv5(x))
        x = self.deconv_fc6(self.fc7(self.fc6(x)))
        x = self.deconv5(self.unpool(x, switch5))
        x = self.deconv4(self.unpool(x, switch4))
        x = self.deconv3(self.unpool(x, switch3))
        x = self.deconv2(self.unpool(x, switch2))
        x = self.deconv1(self.unpool(x, switch1))
        return self.score(x)
