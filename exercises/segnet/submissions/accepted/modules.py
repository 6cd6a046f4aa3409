"""Every layer an attribute, pooling and unpooling as modules."""

import torch.nn as nn


class SegNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=11, width=64):
        super().__init__()
        w = width
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)
        self.relu = nn.ReLU()
        plan = [
            ("conv11", in_channels, w), ("conv12", w, w),
            ("conv21", w, 2 * w), ("conv22", 2 * w, 2 * w),
            ("conv31", 2 * w, 4 * w), ("conv32", 4 * w, 4 * w), ("conv33", 4 * w, 4 * w),
            ("conv41", 4 * w, 8 * w), ("conv42", 8 * w, 8 * w), ("conv43", 8 * w, 8 * w),
            ("conv51", 8 * w, 8 * w), ("conv52", 8 * w, 8 * w), ("conv53", 8 * w, 8 * w),
            ("conv53d", 8 * w, 8 * w), ("conv52d", 8 * w, 8 * w), ("conv51d", 8 * w, 8 * w),
            ("conv43d", 8 * w, 8 * w), ("conv42d", 8 * w, 8 * w), ("conv41d", 8 * w, 4 * w),
            ("conv33d", 4 * w, 4 * w), ("conv32d", 4 * w, 4 * w), ("conv31d", 4 * w, 2 * w),
            ("conv22d", 2 * w, 2 * w), ("conv21d", 2 * w, w),
            ("conv12d", w, w),
        ]
        for name, c_in, c_out in plan:
            setattr(self, name, nn.Conv2d(c_in, c_out, kernel_size=3, padding=1))
            setattr(self, name.replace("conv", "bn"), nn.BatchNorm2d(c_out))
        self.conv11d = nn.Conv2d(w, num_classes, kernel_size=3, padding=1)

    def layer(self, x, number):
        conv, bn = getattr(self, "conv" + number), getattr(self, "bn" + number)
        return self.relu(bn(conv(x)))

    def forward(self, x):
        x = self.layer(x, "11")
        x = self.layer(x, "12")
        size1 = x.size()
        x, id1 = self.pool(x)

        x = self.layer(x, "21")
        x = self.layer(x, "22")
        size2 = x.size()
        x, id2 = self.pool(x)

        x = self.layer(x, "31")
        x = self.layer(x, "32")
        x = self.layer(x, "33")
        size3 = x.size()
        x, id3 = self.pool(x)

        x = self.layer(x, "41")
        x = self.layer(x, "42")
        x = self.layer(x, "43")
        size4 = x.size()
        x, id4 = self.pool(x)

        x = self.layer(x, "51")
        x = self.layer(x, "52")
        x = self.layer(x, "53")
        size5 = x.size()
        x, id5 = self.pool(x)

        x = self.unpool(x, id5, output_size=size5)
        x = self.layer(x, "53d")
        x = self.layer(x, "52d")
        x = self.layer(x, "51d")

        x = self.unpool(x, id4, output_size=size4)
        x = self.layer(x, "43d")
        x = self.layer(x, "42d")
        x = self.layer(x, "41d")

        x = self.unpool(x, id3, output_size=size3)
        x = self.layer(x, "33d")
        x = self.layer(x, "32d")
        x = self.layer(x, "31d")

        x = self.unpool(x, id2, output_size=size2)
        x = self.layer(x, "22d")
        x = self.layer(x, "21d")

        x = self.unpool(x, id1, output_size=size1)
        x = self.layer(x, "12d")
        return self.conv11d(x)
