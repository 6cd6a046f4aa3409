"""A network small enough to think through, and ways to write it right and wrong."""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from grader.network import Network
from grader.student import LocalTransport, Student

KWARGS = {"in_channels": 2, "num_classes": 3, "width": 4}
IMAGE = (2, 8, 12)


class Toy(nn.Module):
    """Convolve, pool with switches, convolve, unpool, score: two of everything that larger networks have."""

    def __init__(self, in_channels: int, num_classes: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(2 * width)
        self.third = nn.Conv2d(2 * width, width, 3, padding=1)
        self.third_norm = nn.BatchNorm2d(width)
        self.score = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Score every pixel."""
        y = F.relu(self.first_norm(self.first(x)))
        outer = y.shape[2:]
        y, outer_switches = F.max_pool2d(y, 2, return_indices=True)
        y = F.relu(self.second_norm(self.second(y)))
        inner = y.shape[2:]
        y, inner_switches = F.max_pool2d(y, 2, return_indices=True)
        y = F.max_unpool2d(y, inner_switches, [2, 2], output_size=list(inner))
        y = F.relu(self.third_norm(self.third(y)))
        y = F.max_unpool2d(y, outer_switches, [2, 2], output_size=list(outer))
        scores: Tensor = self.score(y)
        return scores


RIGHT = """
import torch
import torch.nn.functional as F
from torch import nn

class Toy(nn.Module):
    def __init__(self, in_channels, num_classes, width):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.c = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.d = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        x = self.a(x)
        outer = x.shape[2:]
        x, i = F.max_pool2d(x, 2, return_indices=True)
        x = self.b(x)
        inner = x.shape[2:]
        x, j = F.max_pool2d(x, 2, return_indices=True)
        x = F.max_unpool2d(x, j, 2, output_size=inner)
        x = self.c(x)
        x = F.max_unpool2d(x, i, 2, output_size=outer)
        return self.d(x)
"""


def edited(*edits: tuple[str, str]) -> str:
    """The right code with some places changed; each must be there."""
    code = RIGHT
    for old, new in edits:
        assert old in code, old
        code = code.replace(old, new)
    return code


def student(folder: Path, code: str) -> Student:
    """A student who has written this code."""
    path = folder / "toy.py"
    path.write_text(code, encoding="utf-8")
    return Student(LocalTransport(path, "torch"))


def network(folder: Path, code: str, remarks: list | None = None) -> Network:
    """The student's network beside ours."""
    return Network(student(folder, code), "Toy", Toy, image=IMAGE, remarks=remarks, **KWARGS)
