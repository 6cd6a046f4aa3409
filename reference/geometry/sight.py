"""What the elements of a tensor see of the image.

A tensor has at most one dimension along which it moves down the image, and one
along which it moves to the right.  They are usually the last two; flattening
puts both into one, and a dense layer leaves none: everything sees the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reference.geometry.field import ReceptiveField, Span, field_of

Shape = Sequence[int]
Taps = Callable[[int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the image.

    Args:
        field: What the positions see.
        pixels: Side of the image.
        count: How many positions there are.
        dim: The dimension of the tensor along which they lie; None if all its elements see the same.
    """

    field: ReceptiveField
    pixels: int
    count: int
    dim: int | None

    def at(self, dim: int | None) -> Axis:
        """The same positions along another dimension."""
        return replace(self, dim=dim if self.count > 1 else None)

    def collapsed(self) -> Axis:
        """One position that sees what all have seen, as a window over all of them."""
        ends = min(self.count, self.field.period)  # the first period begins furthest left, the last ends furthest right
        first, last = range(ends), range(self.count - ends, self.count)
        field = self.field.through(lambda u: [u + tap for tap in (*first, *last)], 1, 1)
        return replace(self, field=field, count=1, dim=None)

    def through(self, dim: int, count: int, taps: Taps, out_step: int, in_step: int) -> Axis:
        """After a layer that leaves `count` positions along the dimension."""
        field = self.field.through(taps, out_step, in_step)
        return replace(self, field=field, count=count, dim=dim if count > 1 else None)

    def along(self, dim: int, count: int) -> Axis | None:
        """As an axis of a tensor that has `count` positions along `dim`; None if it lies elsewhere."""
        if self.dim == dim:
            return self
        if self.dim is not None:
            return None
        return self if count == 1 else replace(self, field=self.everywhere(), count=count, dim=dim)

    def everywhere(self) -> ReceptiveField:
        """The field if every position sees what the first one does."""
        return field_of([self.field.span(0)], 0)

    def copied(self) -> Axis:
        """One position of which there are copies: all that the neighbours see is what it sees."""
        return replace(self, field=self.everywhere())

    @property
    def is_context(self) -> bool:
        """Whether all elements see the same: a global pooling, broadcast or not."""
        return self.dim is None or self.field.jump == 0

    def united(self, other: Axis) -> Axis | None:
        """Two tensors that are added, multiplied or concatenated; None if their fields do not go together."""
        if self.dim is not None and other.dim is not None and self.dim != other.dim:
            # every place with every place, as attention compares them: a pair is taken to see all
            return self.collapsed().united(other.collapsed())
        field = self.field.united(other.field) if self.dim == other.dim else None
        if field is not None:
            return replace(self, field=field)
        contexts = [axis for axis in (self, other) if axis.is_context]
        moving = [axis.collapsed() for axis in (self, other) if not axis.is_context]
        if not contexts or any(not _covers(contexts[0].inside(), axis.inside()) for axis in moving):
            return None
        # a context that has seen the whole image swallows what a branch sees of it
        first, *rest = (axis.everywhere() for axis in contexts + moving)
        seen = first.united(rest[0])
        place = other if self.dim is None else self
        return None if seen is None else replace(place, field=seen)

    def inside(self) -> Span:
        """What the first position sees of the image, without the padding."""
        span = self.field.span(0)
        return None if span is None else (max(0, span[0]), min(self.pixels - 1, span[1]))


def _covers(wide: Span, narrow: Span) -> bool:
    return narrow is None or (wide is not None and wide[0] <= narrow[0] and narrow[1] <= wide[1])


@dataclass(frozen=True, slots=True)
class Sight:
    """What a tensor sees: down the image and to the right of it; no axes if it sees nothing of the image at all."""

    axes: tuple[Axis, Axis] | None

    @property
    def dims(self) -> tuple[int | None, int | None]:
        """The dimensions along which the tensor moves over the image."""
        return (None, None) if self.axes is None else (self.axes[0].dim, self.axes[1].dim)

    def collapsed(self, dims: Iterable[int]) -> Sight:
        """After a sum, a mean or a product over some dimensions."""
        gone = set(dims)
        return self.each(lambda axis: axis.collapsed() if axis.dim in gone else axis)

    def shifted(self, by: int) -> Sight:
        """With so many dimensions more in front."""
        return self.renamed(lambda dim: dim + by)

    def renamed(self, new: Callable[[int], int | None]) -> Sight:
        """The same with other numbers for the dimensions; what has none afterwards, is collapsed."""

        def move(axis: Axis) -> Axis:
            if axis.dim is None:
                return axis
            dim = new(axis.dim)
            return axis.collapsed() if dim is None else axis.at(dim)

        return self.each(move)

    def each(self, change: Callable[[Axis], Axis]) -> Sight:
        """The same change of both axes."""
        return self if self.axes is None else Sight((change(self.axes[0]), change(self.axes[1])))

    def reshaped(self, old: Shape, new: Shape) -> Sight:
        """After a view: axes that are mixed with something else are collapsed.

        Height and width may share a dimension and come apart again, as in attention over positions.
        """
        if self.axes is None:
            return self
        if 0 in old:
            return self.collapsed(range(len(old)))
        groups = _groups(old, new)
        dims, counts = list(self.dims), [axis.count for axis in self.axes]

        def move(index: int, axis: Axis) -> Axis:
            if axis.dim is None:
                return axis
            before, after = next(group for group in groups if axis.dim in group[0])
            is_alone = len(before) == len(after) == 1
            if is_alone or (len(after) == 1 and before == dims):  # or: height and width become one
                return axis.at(after[0])
            if dims[0] == dims[1] and len(before) == 1 and [new[dim] for dim in after] == counts:
                return axis.at(after[index])  # and come apart
            return axis.collapsed()

        down, right = self.axes
        return Sight((move(0, down), move(1, right)))


BLIND = Sight(None)  # a parameter, a constant, a question


def united(sights: Iterable[Sight]) -> Sight | None:
    """What tensors see together that are added or concatenated; None if their fields do not go together."""
    seeing = [sight.axes for sight in sights if sight.axes is not None]
    if not seeing:
        return BLIND
    down: Axis | None
    right: Axis | None
    down, right = seeing[0]
    for one, two in seeing[1:]:
        down, right = down and down.united(one), right and right.united(two)
    return Sight((down, right)) if down and right else None


def image_sight(shape: Shape) -> Sight:
    """The image itself: every pixel sees itself."""
    sides = [(len(shape) - 2, shape[-2]), (len(shape) - 1, shape[-1])]
    down, right = (Axis(ReceptiveField(), side, side, dim if side > 1 else None) for dim, side in sides)
    return Sight((down, right))


def _groups(old: Shape, new: Shape) -> list[tuple[list[int], list[int]]]:
    """Which dimensions of a view come from which: groups of equal size, dimensions of size 1 left out."""
    before = [dim for dim, size in enumerate(old) if size != 1]
    after = [dim for dim, size in enumerate(new) if size != 1]
    groups: list[tuple[list[int], list[int]]] = []
    while before or after:
        left, right = [before.pop(0)], [after.pop(0)]
        while (a := math.prod(old[dim] for dim in left)) != (b := math.prod(new[dim] for dim in right)):
            if a < b:
                left.append(before.pop(0))
            else:
                right.append(after.pop(0))
        groups.append((left, right))
    return groups
