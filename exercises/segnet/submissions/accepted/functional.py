"""No modules but parameters and buffers of one's own; unpooling written as a scatter; scores start at zero."""

import torch
import torch.nn.functional as F
from torch import nn


class SegNet(nn.Module):
    def __init__(self, in_channels=3, num_classes=11, width=64):
        super().__init__()
        w = width
        self.encoder_plan = [[in_channels, w, w], [w, 2 * w, 2 * w], [2 * w] + 3 * [4 * w], [4 * w] + 3 * [8 * w], 4 * [8 * w]]
        self.decoder_plan = [4 * [8 * w], 3 * [8 * w] + [4 * w], 3 * [4 * w] + [2 * w], [2 * w, 2 * w, w], [w, w]]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        self.scales, self.shifts = nn.ParameterList(), nn.ParameterList()
        for plan in self.encoder_plan + self.decoder_plan:
            for c_in, c_out in zip(plan, plan[1:]):
                self.add(c_in, c_out)
        self.score_weight = nn.Parameter(torch.zeros(num_classes, w, 3, 3))
        self.score_bias = nn.Parameter(torch.zeros(num_classes))

    def add(self, c_in, c_out):
        number = len(self.weights)
        self.weights.append(nn.Parameter(torch.randn(c_out, c_in, 3, 3) * (2 / (9 * c_in)) ** 0.5))
        self.biases.append(nn.Parameter(torch.zeros(c_out)))
        self.scales.append(nn.Parameter(torch.ones(c_out)))
        self.shifts.append(nn.Parameter(torch.zeros(c_out)))
        self.register_buffer(f"mean{number}", torch.zeros(c_out))
        self.register_buffer(f"var{number}", torch.ones(c_out))

    def conv(self, x, number):
        x = F.conv2d(x, self.weights[number], self.biases[number], padding=1)
        mean, var = getattr(self, f"mean{number}"), getattr(self, f"var{number}")
        x = F.batch_norm(x, mean, var, self.scales[number], self.shifts[number], training=self.training)
        return x.clamp(min=0)

    def forward(self, x):
        number, memories = 0, []
        for plan in self.encoder_plan:
            for _ in plan[1:]:
                x = self.conv(x, number)
                number += 1
            size = x.shape[2:]
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            memories.append((indices, size))
        for plan in self.decoder_plan:
            indices, (height, width) = memories.pop()
            canvas = x.new_zeros(x.shape[0], x.shape[1], height * width)
            x = canvas.scatter(2, indices.flatten(2), x.flatten(2)).view(x.shape[0], x.shape[1], height, width)
            for _ in plan[1:]:
                x = self.conv(x, number)
                number += 1
        return F.conv2d(x, self.score_weight, self.score_bias, padding=1)
