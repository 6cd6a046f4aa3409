"""What the elements of a tensor see of the image.

A tensor has at most one dimension along which it moves down the image, and one
along which it moves to the right.  They are usually the last two; flattening
puts both into one, and a dense layer leaves none: everything sees the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reference.geometry.field import ReceptiveField, field_of

Shape = Sequence[int]
Taps = Callable[[int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the image.

    Args:
        field: What the positions see.
        count: How many positions there are.
        dim: The dimension of the tensor along which they lie; None if all its elements see the same.
    """

    field: ReceptiveField
    count: int
    dim: int | None

    def at(self, dim: int | None) -> Axis:
        """The same positions along another dimension."""
        return Axis(self.field, self.count, dim if self.count > 1 else None)

    def collapsed(self) -> Axis:
        """One position that sees what all have seen, as a window over all of them."""
        return Axis(self.field.through(lambda u: range(u, u + self.count), 1, 1), 1, None)

    def through(self, dim: int, count: int, taps: Taps, out_step: int, in_step: int) -> Axis:
        """After a layer that leaves `count` positions along the dimension."""
        return Axis(self.field.through(taps, out_step, in_step), count, dim if count > 1 else None)

    def along(self, dim: int, count: int) -> Axis | None:
        """As an axis of a tensor that has `count` positions along `dim`; None if it lies elsewhere."""
        if self.dim == dim:
            return self
        if self.dim is not None:
            return None
        return self if count == 1 else Axis(self.everywhere(), count, dim)

    def everywhere(self) -> ReceptiveField:
        """The field if every position sees what the first one does."""
        return field_of([self.field.span(0)], 0)

    @property
    def is_context(self) -> bool:
        """Whether all elements see the same: a global pooling, broadcast or not."""
        return self.dim is None or self.field.jump == 0

    def united(self, other: Axis) -> Axis | None:
        """Two tensors that are added or concatenated; None if their fields do not go together."""
        if self.dim is not None and other.dim is not None and self.dim != other.dim:
            return None
        field = self.field.united(other.field) if self.dim == other.dim else None
        if field is not None:
            return Axis(field, self.count, self.dim)
        place = other if self.dim is None else self
        wide = [axis.everywhere() for axis in (self, other) if axis.is_context]
        narrow = [axis.collapsed().everywhere() for axis in (self, other) if not axis.is_context]
        seen = wide[0].united(wide[-1]) if wide else None
        # a context that has seen the whole image swallows what a branch sees of it
        return Axis(seen, place.count, place.dim) if seen and all(map(seen.covers, narrow)) else None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a tensor sees: down the image and to the right of it; no axes if it sees nothing of the image at all."""

    axes: tuple[Axis, Axis] | None

    @property
    def dims(self) -> tuple[int | None, int | None]:
        """The dimensions along which the tensor moves over the image."""
        return (None, None) if self.axes is None else (self.axes[0].dim, self.axes[1].dim)

    def united(self, other: Sight | None) -> Sight | None:
        """What two tensors see that are added or concatenated."""
        if other is None or self.axes is None or other.axes is None:
            return other if other is None or self.axes is None else self
        return _sight([one.united(two) for one, two in zip(self.axes, other.axes, strict=True)])

    def collapsed(self, dims: Iterable[int]) -> Sight:
        """After a sum, a mean or a product over some dimensions."""
        gone = set(dims)
        return self.each(lambda axis: axis.collapsed() if axis.dim in gone else axis)

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
        groups = _groups(old, new)

        def move(index: int) -> Axis:
            axis, twin = self.axes[index], self.axes[1 - index]  # type: ignore[index]
            if axis.dim is None:
                return axis
            before, after = next(group for group in groups if axis.dim in group[0])
            if len(after) == len(before) == 1:
                return axis.at(after[0])
            both = {axis.dim, twin.dim}
            if len(after) == 1 and set(before) == both:
                return axis.at(after[0])  # height and width become one
            if len(before) == 1 and len(both) == 1 and [new[dim] for dim in after] == [a.count for a in self.axes]:  # type: ignore[union-attr]
                return axis.at(after[index])
            return axis.collapsed()

        return Sight((move(0), move(1)))


BLIND = Sight(None)  # a parameter, a constant, a question


def _sight(axes: Sequence[Axis | None]) -> Sight | None:
    down, right = axes
    return None if down is None or right is None else Sight((down, right))


def image_sight(shape: Shape) -> Sight:
    """The image itself: every pixel sees itself."""
    down, right = (
        Axis(ReceptiveField(), shape[dim], dim if shape[dim] > 1 else None) for dim in (len(shape) - 2, len(shape) - 1)
    )
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
