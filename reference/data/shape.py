"""Pictures of coloured shapes, with the labels that segmentation, detection and pose estimation learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from reference.data.raster import Array, Figure, coverage
from reference.errors import OptionError, require_at_least

SHAPES = ("disc", "square", "triangle", "cross", "diamond")
"""Class 1 is SHAPES[0]; class 0 is the background."""

COLOURS = ("red", "green", "blue", "yellow")
KEY_POINTS = ("centre", "top", "right", "bottom", "left")
"""What the rows of `Shapes.key_points` are."""

LEAST_SIDE = 16  # four shapes must fit beside each other, and a triangle of 3 pixels is none
_RGB = np.array([(0.9, 0.15, 0.15), (0.15, 0.8, 0.2), (0.2, 0.3, 0.95), (0.95, 0.85, 0.15)])
_ARM = 0.34  # half the breadth of a cross's arm, in half sides


@dataclass(frozen=True, slots=True)
class Shapes:
    """Pictures of shapes and everything that is true of them.

    Every image has K shapes, 1 to 4, which do not touch; the largest comes first.

    Shape:
        images:           (N, 3, side, side) float32, 0 to 1
        labels_per_pixel: (N, side, side) int64, the class of every pixel, 0 for the background
        boxes:            N times (K, 4) float32: x0, y0, x1, y1, corners as points, so the width is x1 - x0
        classes:          N times (K,) int64, from 1
        masks:            N times (K, side, side) bool
        colours:          N times (K,) int64, places in `COLOURS`
        key_points:       (N, 5, 2) float32: x, y of the `KEY_POINTS` of each image's largest shape,
                          each the middle of a pixel of that shape
    """

    images: Tensor
    labels_per_pixel: Tensor
    boxes: list[Tensor]
    classes: list[Tensor]
    masks: list[Tensor]
    colours: list[Tensor]
    key_points: Tensor


@dataclass(frozen=True, slots=True)
class _Drawn:
    kind: int  # place in SHAPES
    colour: int  # place in COLOURS
    rgb: Array
    cover: Array  # (side, side)
    centre: tuple[float, float]  # x, y

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        return self.cover >= 0.5


def shapes(count: int, side: int = 64, *, seed: int = 0, classes: int = 3) -> Shapes:
    """Draw pictures of one to four shapes in four colours on a dim, noisy background.

    Sizes, proportions, places and colours are drawn at random, edges are
    anti-aliased; a pixel belongs to a shape that covers at least half of it.

    Args:
        count: Images, N.
        side: Height and width; at least 16.
        seed: Equal seeds give equal pictures; at least 0.
        classes: Kinds of shapes, the first ones of `SHAPES`; 1 to 5.  A small cross and a small
            diamond look alike: with more than 3 kinds take sides of 48 or more.

    Raises:
        OptionError: A number is no integer, too small or too large.

    Example:
        >>> data = shapes(2, side=32)
        >>> data.images.shape, data.key_points.shape
        (torch.Size([2, 3, 32, 32]), torch.Size([2, 5, 2]))
        >>> [SHAPES[kind - 1] for kind in data.classes[0].tolist()]
        ['square', 'disc', 'triangle', 'triangle']
    """
    require_at_least("count", count, 1)
    require_at_least("side", side, LEAST_SIDE, "four shapes must fit beside each other")
    require_at_least("seed", seed, 0)
    require_at_least("classes", classes, 1)
    if classes > len(SHAPES):
        raise OptionError("classes", f"at most {len(SHAPES)}, the shapes there are", repr(classes), "see SHAPES")
    images, labels, key_points = [], [], []
    boxes, kinds, masks, colours = [], [], [], []
    for number in range(count):
        random = np.random.default_rng((seed, number))
        drawn = sorted(_draw(random, side, classes), key=lambda shape: -int(shape.mask.sum()))
        images.append(_paint(random, drawn, side))
        stacked = np.stack([shape.mask for shape in drawn])  # (K, side, side)
        classes_here = np.array([shape.kind + 1 for shape in drawn])
        labels.append((stacked * classes_here[:, None, None]).sum(0))  # masks do not overlap
        boxes.append(torch.tensor([_box(mask) for mask in stacked], dtype=torch.float32))
        kinds.append(torch.tensor(classes_here))
        masks.append(torch.from_numpy(stacked))
        colours.append(torch.tensor([shape.colour for shape in drawn]))
        key_points.append(_key_points(drawn[0]))
    return Shapes(
        images=torch.tensor(np.stack(images), dtype=torch.float32),
        labels_per_pixel=torch.tensor(np.stack(labels)),
        boxes=boxes,
        classes=kinds,
        masks=masks,
        colours=colours,
        key_points=torch.tensor(key_points, dtype=torch.float32),
    )


def _figure(kind: int, centre: tuple[float, float], half: tuple[float, float]) -> Figure:
    """Make the test for points of a shape that spans centre - half to centre + half."""

    def inside(x: Array, y: Array) -> npt.NDArray[np.bool_]:
        u, v = np.broadcast_arrays((x - centre[0]) / half[0], (y - centre[1]) / half[1])  # -1 to 1 on the shape
        a, b = np.abs(u), np.abs(v)
        found: npt.NDArray[np.bool_]
        match SHAPES[kind]:
            case "disc":
                found = a**2 + b**2 <= 1
            case "square":
                found = np.maximum(a, b) <= 1
            case "triangle":
                found = (b <= 1) & (a <= (v + 1) / 2)
            case "cross":
                found = (np.maximum(a, b) <= 1) & (np.minimum(a, b) <= _ARM)
            case _:
                found = a + b <= 1
        return found

    return inside


def _draw(random: np.random.Generator, side: int, classes: int) -> list[_Drawn]:
    """Draw one shape anywhere, or up to four, each in its own quarter of the image."""
    many = int(random.integers(1, 5))
    cell = float(side if many == 1 else side // 2)
    drawn = []
    for quarter in random.permutation(4)[:many]:
        corner = (0.0, 0.0) if many == 1 else (float(quarter % 2) * cell, float(quarter // 2) * cell)
        kind, colour = int(random.integers(classes)), int(random.integers(len(COLOURS)))
        longer = random.uniform(0.65, 0.9) * (cell / 2 - 1)  # half a side
        shorter = longer * random.uniform(0.8, 1.0)
        half = (longer, shorter) if random.integers(2) else (shorter, longer)
        # One pixel stays free on each side, so that no shape touches another or the border.
        centre_x, centre_y = (
            start + random.uniform(reach + 1, cell - reach - 1) for start, reach in zip(corner, half, strict=True)
        )
        cover = coverage(_figure(kind, (centre_x, centre_y), half), side)
        rgb = np.clip(_RGB[colour] + random.uniform(-0.08, 0.08, 3), 0, 1)
        drawn.append(_Drawn(kind, colour, rgb, cover, (centre_x, centre_y)))
    return drawn


def _paint(random: np.random.Generator, drawn: list[_Drawn], side: int) -> Array:
    """Blend the shapes over a background that is grey, dim and noisy."""
    image = np.full((3, side, side), random.uniform(0.15, 0.35)) + random.normal(0, 0.03, (3, side, side))
    for shape in drawn:
        image += shape.cover * (shape.rgb[:, None, None] - image)
    return np.clip(image, 0, 1)


def _box(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _key_points(shape: _Drawn) -> list[tuple[float, float]]:
    """Find the pixels in the middle and at the four ends of a shape."""
    mask = shape.mask
    x0, y0, x1, y1 = _box(mask)
    pixels = [
        (int(shape.centre[0]), int(shape.centre[1])),
        (_middle(mask[y0]), y0),
        (x1 - 1, _middle(mask[:, x1 - 1])),
        (_middle(mask[y1 - 1]), y1 - 1),
        (x0, _middle(mask[:, x0])),
    ]
    return [(column + 0.5, row + 0.5) for column, row in pixels]


def _middle(line: npt.NDArray[np.bool_]) -> int:
    places = np.flatnonzero(line)
    return int(places[len(places) // 2])
