"""What window operators do to what a tensor sees: convolution, pooling, their reverses, resampling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from torch import Tensor

from reference.geometry.sight import BLIND, Sight, Taps
from reference.geometry.size import Layer, TransposedLayer
from reference.geometry.trace import Call

L = TypeVar("L", bound=Layer)
Ratio = Callable[[int, int], Taps]  # sides before and after -> what a position looks at


def convolution(call: Call, sights: list[Sight]) -> Sight | None:
    """A convolution or a transposed one; None along one or three dimensions, or if the image makes the kernel."""
    x, weight = call.get("input"), call.get("weight")
    if weight.ndim != 4 or sights[1] != BLIND:
        return None
    kind = TransposedLayer if call.get("transposed") else Layer
    options = [pair_of(call.get(name)) for name in ("stride", "padding", "dilation")]
    layers = [kind(weight.shape[2 + axis], *(option[axis] for option in options)) for axis in (0, 1)]
    return sight_through(layers, sights[0], x, call.results[0])


def pooling(call: Call, sights: list[Sight]) -> Sight | None:
    """A maximum or an average of windows."""
    return sight_through(layers_of_pooling(Layer, call), sights[0], call.tensors[0], call.results[0])


def pooling_3d(call: Call, sights: list[Sight]) -> Sight | None:
    """Windows over channels only: how torch normalises responses."""
    return sights[0] if list(call.get("kernel_size")[-2:]) == [1, 1] else None


def adaptive_pooling(call: Call, sights: list[Sight]) -> Sight | None:
    """Windows that divide the side into so many parts, which overlap if they have to."""
    return _resampled(call, sights, lambda n, m: lambda u: range(u * n // m, -(-(u + 1) * n // m)))


def nearest(call: Call, sights: list[Sight]) -> Sight | None:
    """Nearest-neighbour upsampling."""
    return _resampled(call, sights, lambda n, m: lambda u: [u * n // m])


def bilinear(call: Call, sights: list[Sight]) -> Sight | None:
    """Bilinear upsampling: the two neighbours of a place, or the one that it hits."""
    if not call.get("align_corners"):
        place: Ratio = lambda n, m: lambda u: _between(Fraction((2 * u + 1) * n, 2 * m) - Fraction(1, 2))  # noqa: E731
        return _resampled(call, sights, place)
    return _resampled(call, sights, lambda n, m: lambda u: _between(Fraction(u * n, max(1, m))), corners=1)


def _between(place: Fraction) -> list[int]:
    return sorted({math.floor(place), math.ceil(place)})


def _resampled(call: Call, sights: list[Sight], ratio: Ratio, corners: int = 0) -> Sight | None:
    """Sides change by a ratio; what is looked at repeats when both sides have gone on by their shortest whole numbers."""
    x, y = call.tensors[0], call.results[0]
    sides = [(n - corners, m - corners) for n, m in zip(x.shape[-2:], y.shape[-2:], strict=True)]
    steps = [(m // (math.gcd(n, m) or 1) or 1, n // (math.gcd(n, m) or 1)) for n, m in sides]
    # of a single position there are copies; no neighbours are looked for beyond the border
    sight = sights[0].each(lambda axis: axis.copied() if axis.dim is None else axis)
    return _windows(sight, x, y, [ratio(n, m) for n, m in sides], steps)


def sight_through(layers: Sequence[Layer], sight: Sight, x: Tensor, y: Tensor) -> Sight | None:
    """What y sees, which comes out of a layer along the last two dimensions of x: a row of a layer list for each."""
    steps = [(layer.stride, 1) if isinstance(layer, TransposedLayer) else (1, layer.stride) for layer in layers]
    return _windows(sight, x, y, [layer.taps for layer in layers], steps)


def _windows(
    sight: Sight, x: Tensor, y: Tensor, taps: Sequence[Taps], steps: Sequence[tuple[int, int]]
) -> Sight | None:
    if sight.axes is None:
        return sight
    axes = []
    for back, axis, tap, (out_step, in_step) in zip((2, 1), sight.axes, taps, steps, strict=True):
        before = axis.along(x.ndim - back, x.shape[-back])
        if before is None:
            return None
        axes.append(before.through(y.ndim - back, y.shape[-back], tap, out_step, in_step))
    return Sight((axes[0], axes[1]))


def layers_of_pooling(kind: type[L], call: Call) -> list[L]:
    """The two directions of a pooling as rows of a layer list, or of the unpooling that belongs to it."""
    return pool_layers(
        kind, call.get("kernel_size"), call.get("stride"), call.get("padding", 0), call.get("dilation", 1)
    )


def pool_layers(kind: type[L], kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> list[L]:
    """The same from a pooling operator's own numbers: one or two each, an empty stride being the kernel."""
    options = [pair_of(value) for value in (kernel_size, stride or kernel_size, padding, dilation)]
    return [kind(*numbers) for numbers in zip(*options, strict=True)]


def pair_of(value: Any) -> tuple[int, int]:
    """One number for both directions, or two."""
    numbers = [value] if isinstance(value, int) else list(value)
    return numbers[0], numbers[-1]
