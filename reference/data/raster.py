"""From a figure in the plane to the pixels it covers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Figure = Callable[[Array, Array], npt.NDArray[np.bool_]]

SAMPLES = 4  # points on each side of a pixel


def coverage(figure: Figure, side: int) -> Array:
    """Measure which part of every pixel lies inside a figure, from 16 points a pixel.

    Shape:
        return: (side, side), multiples of 1/16 from 0 to 1

    Args:
        figure: Says of points x, y, in pixels from the upper left corner, whether they are inside.
    """
    points = (np.arange(side * SAMPLES) + 0.5) / SAMPLES
    inside = figure(points[None, :], points[:, None])  # (SAMPLES*side, SAMPLES*side)
    part: Array = inside.reshape(side, SAMPLES, side, SAMPLES).mean((1, 3))
    return part


def distance_to_path(points: Array, path: Array) -> Array:
    """Measure how far points are from a chain of segments.

    Shape:
        points: (P, 2)
        path:   (K, 2), the corners in order, at least two
        return: (P,)
    """
    starts, along = path[:-1], np.diff(path, axis=0)  # (K - 1, 2)
    lengths = np.maximum((along**2).sum(1), 1e-12)  # a segment without length is its corner
    from_start = points[:, None] - starts  # (P, K - 1, 2)
    part = np.clip((from_start * along).sum(2) / lengths, 0, 1)
    nearest: Array = np.linalg.norm(from_start - part[..., None] * along, axis=2).min(1)
    return nearest
