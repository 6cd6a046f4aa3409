"""SegNet, exported from a notebook."""

import torch
import torch.nn as nn
import matplotlib.pyplot as plt

%matplotlib inline


class ConvBNReLU(nn.Sequential):
    def __init__(self, c_in, c_out):
        super().__init__(nn.Conv2d(c_in, c_out, kernel_size=3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU())


class SegNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=11, width=64):
        super().__init__()
        w = width
        self.down1 = nn.Sequential(ConvBNReLU(in_channels, w), ConvBNReLU(w, w))
        self.down2 = nn.Sequential(ConvBNReLU(w, 2 * w), ConvBNReLU(2 * w, 2 * w))
        self.down3 = nn.Sequential(ConvBNReLU(2 * w, 4 * w), ConvBNReLU(4 * w, 4 * w), ConvBNReLU(4 * w, 4 * w))
        self.down4 = nn.Sequential(ConvBNReLU(4 * w, 8 * w), ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w))
        self.down5 = nn.Sequential(ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w))
        self.up5 = nn.Sequential(ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w))
        self.up4 = nn.Sequential(ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 8 * w), ConvBNReLU(8 * w, 4 * w))
        self.up3 = nn.Sequential(ConvBNReLU(4 * w, 4 * w), ConvBNReLU(4 * w, 4 * w), ConvBNReLU(4 * w, 2 * w))
        self.up2 = nn.Sequential(ConvBNReLU(2 * w, 2 * w), ConvBNReLU(2 * w, w))
        self.up1 = nn.Sequential(ConvBNReLU(w, w), nn.Conv2d(w, num_classes, kernel_size=3, padding=1))
        self.pool = nn.MaxPool2d(2, stride=2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, stride=2)

    def forward(self, x):
        x, i1 = self.pool(self.down1(x))
        x, i2 = self.pool(self.down2(x))
        x, i3 = self.pool(self.down3(x))
        x, i4 = self.pool(self.down4(x))
        x, i5 = self.pool(self.down5(x))
        x = self.up5(self.unpool(x, i5))
        x = self.up4(self.unpool(x, i4))
        x = self.up3(self.unpool(x, i3))
        x = self.up2(self.unpool(x, i2))
        return self.up1(self.unpool(x, i1))


model = SegNet()
print(model)
out = model(torch.randn(1, 3, 64, 64))
plt.imshow(out[0].argmax(0))
