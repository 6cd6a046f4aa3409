"""A decoder of transposed convolutions with stride 1, blocks as classes of one's own, other names of the arguments."""

import torch
from torch import nn


class Down(nn.Module):
    def __init__(self, c_in, c_out, count):
        super().__init__()
        self.steps = nn.ModuleDict()
        for i in range(count):
            self.steps[f"conv{i}"] = nn.Conv2d(c_in if i == 0 else c_out, c_out, 3, 1, 1)
            self.steps[f"norm{i}"] = nn.BatchNorm2d(c_out)
        self.count = count

    def forward(self, x):
        for i in range(self.count):
            x = torch.relu(self.steps[f"norm{i}"](self.steps[f"conv{i}"](x)))
        size = x.shape
        x, where = nn.functional.max_pool2d(x, 2, 2, return_indices=True)
        return x, (where, size)


class Up(nn.Module):
    def __init__(self, c_in, c_out, count):
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)
        layers = []
        for i in range(count):
            c = c_in if i < count - 1 else c_out
            layers.append(nn.Sequential(nn.ConvTranspose2d(c_in, c, 3, stride=1, padding=1), nn.BatchNorm2d(c), nn.ReLU(True)))
        self.layers = nn.ModuleList(layers)

    def forward(self, x, memory):
        where, size = memory
        x = self.unpool(x, where, output_size=size)
        for layer in self.layers:
            x = layer(x)
        return x


class SegNet(nn.Module):
    def __init__(self, in_ch, n_labels, base):
        super().__init__()
        plan = [(in_ch, base, 2), (base, 2 * base, 2), (2 * base, 4 * base, 3), (4 * base, 8 * base, 3), (8 * base, 8 * base, 3)]
        self.down = nn.ModuleList(Down(*row) for row in plan)
        plan = [(8 * base, 8 * base, 3), (8 * base, 4 * base, 3), (4 * base, 2 * base, 3), (2 * base, base, 2), (base, base, 1)]
        self.up = nn.ModuleList(Up(*row) for row in plan)
        self.head = nn.ConvTranspose2d(base, n_labels, 3, padding=1)

    def forward(self, x):
        memories = []
        for block in self.down:
            x, memory = block(x)
            memories.append(memory)
        for block, memory in zip(self.up, reversed(memories)):
            x = block(x, memory)
        return self.head(x)
