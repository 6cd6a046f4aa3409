"""Handwritten-looking digits, drawn from strokes with a wobbling pen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reference.data.raster import Array, distance_to_path
from reference.errors import require_at_least

LEAST_SIDE = 12  # below it the loops of an 8 close up


@dataclass(frozen=True, slots=True)
class Digits:
    """Pictures of digits.

    Shape:
        images: (N, 1, side, side) float32, 0 for the background to 1 for ink
        labels: (N,) int64, 0 to 9; every ten in a row hold each digit once
    """

    images: Tensor
    labels: Tensor

    @property
    def levels(self) -> Tensor:
        """The images as LeNet-5 wants them: background -0.1, ink 1.175, which makes mean and variance about 0 and 1.

        Source:
            LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 1998, section II.B.
        """
        return self.images * 1.275 - 0.1


def _arc(
    x: float, y: float, half_width: float, half_height: float, start: float, end: float
) -> list[tuple[float, float]]:
    """Corners of an elliptic arc; degrees run clockwise from the right, as y runs down."""
    angles = np.radians(np.linspace(start, end, 17))
    return [(x + half_width * np.cos(angle), y + half_height * np.sin(angle)) for angle in angles]


# Strokes of the digits in a box from -1 to 1, x to the right and y down; most are less wide than high.
_STROKES: tuple[list[list[tuple[float, float]]], ...] = (
    [_arc(0, 0, 0.6, 1, 0, 360)],
    [[(-0.35, -0.6), (0.05, -1), (0.05, 1)]],
    [[*_arc(0, -0.45, 0.58, 0.55, 190, 380), (-0.6, 1), (0.62, 1)]],
    [[*_arc(-0.05, -0.5, 0.55, 0.5, 200, 450), *_arc(-0.05, 0.5, 0.62, 0.5, 270, 520)]],
    [[(0.3, 1), (0.3, -1), (-0.65, 0.4), (0.7, 0.4)]],
    [[(0.55, -1), (-0.45, -1), (-0.52, -0.1), *_arc(-0.05, 0.38, 0.62, 0.6, 225, 510)]],
    [[(0.4, -1), *_arc(0.15, 0.2, 0.75, 0.85, 235, 180), *_arc(0, 0.48, 0.58, 0.52, 180, 540)]],
    [[(-0.6, -1), (0.6, -1), (-0.1, 1)]],
    [_arc(0, -0.5, 0.48, 0.5, 0, 360), _arc(0, 0.5, 0.6, 0.5, 0, 360)],
    [[*_arc(0, -0.48, 0.58, 0.52, 0, 360), (0.55, -0.1), (0.35, 1)]],
)


def digits(count: int, side: int = 32, *, seed: int = 0) -> Digits:
    """Draw digits with a round pen: slanted, turned, stretched, shifted and wobbling, each one anew.

    As in LeNet-5's 32 x 32 images the digit fills about 20 pixels of 32 and
    stays clear of the border, so that its ends come to lie in the middle of the
    receptive fields of the highest feature detectors.

    Args:
        count: Images, N.
        side: Height and width; at least 12.
        seed: Equal seeds give equal digits; at least 0.

    Raises:
        OptionError: A number is no integer or too small.

    Example:
        >>> data = digits(10)
        >>> data.images.shape, sorted(data.labels.tolist())
        (torch.Size([10, 1, 32, 32]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Source:
        Sizes: LeCun et al., Proc. IEEE 1998, sections II.B and III.A.
    """
    require_at_least("count", count, 1)
    require_at_least("side", side, LEAST_SIDE, "smaller loops close up")
    require_at_least("seed", seed, 0)
    images, labels = [], []
    for number in range(count):
        order = np.random.default_rng((seed, 0, number // 10)).permutation(10)
        labels.append(int(order[number % 10]))
        images.append(_draw(np.random.default_rng((seed, 1, number)), labels[-1], side))
    return Digits(torch.tensor(np.stack(images)[:, None], dtype=torch.float32), torch.tensor(labels))


def _draw(random: np.random.Generator, digit: int, side: int) -> Array:
    slant, angle = random.uniform(-0.1, 0.3), np.radians(random.uniform(-8, 8))
    wide, high = random.uniform(0.8, 1.1), random.uniform(0.9, 1.05)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[wide, -slant], [0, high]])  # y runs down: the top leans to the right
    radius = 0.3 * side  # half of the digit's height
    centre = side / 2 + random.uniform(-0.04, 0.04, 2) * side
    pen = random.uniform(0.03, 0.05) * side  # half the stroke's breadth
    middles = np.arange(side) + 0.5
    points = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)  # (side*side, 2)
    distances = []
    for stroke in _STROKES[digit]:
        path = np.array(stroke)
        path = path + _wobble(random, len(path))
        distances.append(distance_to_path(points, path @ matrix.T * radius + centre))
    # The edge of the stroke falls from ink to background within one pixel.
    ink: Array = np.clip(pen + 0.5 - np.min(distances, axis=0), 0, 1).reshape(side, side)
    return ink


def _wobble(random: np.random.Generator, corners: int) -> Array:
    """Push neighbouring corners alike: a slow wave of random phase, and a little of each corner's own."""
    t = np.linspace(0, 1, corners)[:, None]
    phase, rate = random.uniform(0, 2 * np.pi, 2), random.uniform(0.5, 1.5, 2)
    wave: Array = 0.07 * np.sin(2 * np.pi * rate * t + phase) + random.normal(0, 0.008, (corners, 2))
    return wave
