"""The second witness for boxes and regions: one box, one bin, one sample at a time, in plain Python.

Nothing here imports `reference`.  Rational arithmetic where the layer counts in whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tests.oracles import Array, Pair, places

Box = Sequence[float]


def round_away(value: float) -> int:
    """C's round."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def roi_bins(first: float, last: float, bins: int, size: int, scale: float) -> list[range]:
    """The cells of every bin along one axis."""
    begin, end = round_away(first * scale), round_away(last * scale)
    width = Fraction(max(1, end - begin + 1), bins)
    cells = []
    for b in range(bins):
        start, stop = begin + math.floor(b * width), begin + math.ceil((b + 1) * width)
        cells.append(range(min(max(start, 0), size), min(max(stop, 0), size)))
    return cells


def roi_pool2d(x: Array, rois: Array, output_size: Pair, scale: float) -> tuple[Array, Array]:
    """Maxima and flat indices of every bin; 0 and -1 where a bin is empty."""
    H, W = x.shape[2:]
    y = np.zeros((len(rois), x.shape[1], *output_size), dtype=x.dtype)
    indices = np.full(y.shape, -1)
    for r, (image, x1, y1, x2, y2) in enumerate(rois):
        rows = roi_bins(y1, y2, output_size[0], H, scale)
        columns = roi_bins(x1, x2, output_size[1], W, scale)
        for c, i, j in places(x.shape[1], *output_size):
            pixels = [(row, column) for row in rows[i] for column in columns[j]]
            if pixels:
                best = max(pixels, key=lambda pixel: x[int(image), c][pixel])  # Python's max keeps the first
                y[r, c, i, j], indices[r, c, i, j] = x[int(image), c][best], best[0] * W + best[1]
    return y, indices


def bilinear(plane: Array, row: float, column: float) -> float:
    """One sample as the release of RoI align takes it: the border is kept for one cell, then all is 0."""
    H, W = plane.shape
    if row < -1 or row > H or column < -1 or column > W:
        return 0.0
    row, column = min(max(row, 0.0), H - 1.0), min(max(column, 0.0), W - 1.0)
    top, left = math.floor(row), math.floor(column)
    bottom, right = min(top + 1, H - 1), min(left + 1, W - 1)
    v, u = row - top, column - left
    upper = plane[top, left] * (1 - u) + plane[top, right] * u
    lower = plane[bottom, left] * (1 - u) + plane[bottom, right] * u
    return float(upper * (1 - v) + lower * v)


def roi_align2d(x: Array, rois: Array, output_size: Pair, scale: float, ratio: int, aligned: bool) -> Array:
    """Means of samples, bin by bin."""
    y = np.zeros((len(rois), x.shape[1], *output_size))
    shift = 0.5 if aligned else 0.0
    for r, (image, x1, y1, x2, y2) in enumerate(rois):
        left, top = x1 * scale - shift, y1 * scale - shift
        width, height = x2 * scale - shift - left, y2 * scale - shift - top
        if not aligned:
            width, height = max(width, 1.0), max(height, 1.0)
        bin_h, bin_w = height / output_size[0], width / output_size[1]
        n_h, n_w = ratio or max(1, math.ceil(bin_h)), ratio or max(1, math.ceil(bin_w))
        for c, i, j in places(x.shape[1], *output_size):
            samples = [
                bilinear(x[int(image), c], top + (i + (a + 0.5) / n_h) * bin_h, left + (j + (b + 0.5) / n_w) * bin_w)
                for a, b in places(n_h, n_w)
            ]
            y[r, c, i, j] = math.fsum(samples) / len(samples)
    return y


def iou(a: Box, b: Box, inclusive: bool) -> Fraction:
    """Areas of integer boxes, exactly."""
    one = int(inclusive)

    def area(x1: float, y1: float, x2: float, y2: float) -> int:
        return max(0, int(x2) - int(x1) + one) * max(0, int(y2) - int(y1) + one)

    shared = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    together = area(*a) + area(*b) - shared
    return Fraction(shared, together) if together else Fraction(0)


def shared_pixels(a: Box, b: Box) -> Fraction:
    """The same for inclusive corners, by counting pixels."""

    def pixels(box: Box) -> set[Pair]:
        return {(i, j) for i in range(int(box[1]), int(box[3]) + 1) for j in range(int(box[0]), int(box[2]) + 1)}

    together = pixels(a) | pixels(b)
    return Fraction(len(pixels(a) & pixels(b)), len(together)) if together else Fraction(0)


def nms(boxes: Sequence[Box], scores: Sequence[float], threshold: Fraction, inclusive: bool, labels: Any) -> list[int]:
    """Go through all boxes from the best on; a box stays if no box that stayed overlaps it too much."""
    stayed: list[int] = []
    for k in sorted(range(len(boxes)), key=lambda k: (-scores[k], k)):
        rivals = [other for other in stayed if labels is None or labels[other] == labels[k]]
        if all(iou(boxes[k], boxes[other], inclusive) <= threshold for other in rivals):
            stayed.append(k)
    return stayed
