"""A whole VGG-16 with its classifier is kept, its features are used piece by piece; a tuple is returned."""

import torch
import torch.nn as nn


class VGG(nn.Module):
    def __init__(self, in_channels, w):
        super().__init__()
        layers, c = [], in_channels
        for v in [w, w, "M", 2 * w, 2 * w, "M", 4 * w, 4 * w, 4 * w, "M", 8 * w, 8 * w, 8 * w, "M", 8 * w, 8 * w, 8 * w, "M"]:
            if v == "M":
                layers.append(nn.MaxPool2d(2, 2, return_indices=True))
            else:
                layers += [nn.Conv2d(c, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
                c = v
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(8 * w * 49, 64 * w), nn.ReLU(), nn.Dropout(), nn.Linear(64 * w, 1000))


class SegNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=11, width=64):
        super(SegNet, self).__init__()
        self.vgg = VGG(in_channels, width)
        w = width
        layers, c = [], 8 * w
        for v in ["U", 8 * w, 8 * w, 8 * w, "U", 8 * w, 8 * w, 4 * w, "U", 4 * w, 4 * w, 2 * w, "U", 2 * w, w, "U", w]:
            if v == "U":
                layers.append(nn.MaxUnpool2d(2, 2))
            else:
                layers += [nn.Conv2d(c, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
                c = v
        layers.append(nn.Conv2d(c, num_classes, 3, padding=1))
        self.decoder = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, inputs):
        x, stack = inputs, []
        for layer in self.vgg.features:
            if isinstance(layer, nn.MaxPool2d):
                size = x.size()
                x, indices = layer(x)
                stack.append((indices, size))
            else:
                x = layer(x)
        bottleneck = x
        for layer in self.decoder:
            if isinstance(layer, nn.MaxUnpool2d):
                indices, size = stack.pop()
                x = layer(x, indices, output_size=size)
            else:
                x = layer(x)
        return x, bottleneck


if __name__ == "__main__":
    print(SegNet()(torch.rand(1, 3, 224, 224))[0].shape)
