"""What operators that only move elements do to what a tensor sees: views, permutations, crops, pieces together.

Where height and width share a dimension, or pieces of the image lie beside each
other, None is returned: a field would be different at places that look alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from reference.geometry.sight import Axis, Sight, Taps, united
from reference.geometry.size import Layer
from reference.geometry.trace import Call


def view(call: Call, sights: list[Sight]) -> Sight:
    """A view, or a dimension of size 1 more or less."""
    return sights[0].reshaped(call.tensors[0].shape, call.results[0].shape)


def permutation(call: Call, sights: list[Sight]) -> Sight:
    """permute, transpose and t."""
    rank = call.tensors[0].ndim
    order = list(range(rank))
    if call.operator == "permute":
        order = [dim % rank for dim in call.get("dims")]
    elif rank > 1:
        a, b = call.get("dim0", 0) % rank, call.get("dim1", 1) % rank
        order[a], order[b] = order[b], order[a]
    return sights[0].renamed(order.index)


def expansion(call: Call, sights: list[Sight]) -> Sight:
    """New dimensions come in front; of a single position there are copies now."""
    sight = sights[0].shifted(call.results[0].ndim - call.tensors[0].ndim)
    return sight.each(lambda axis: axis.copied() if axis.dim is None else axis)


def repetition(call: Call, sights: list[Sight]) -> Sight | None:
    """Copies along dimensions that do not run over the image."""
    repeats = call.get("repeats")
    sight = sights[0].shifted(len(repeats) - call.tensors[0].ndim)
    return None if any(dim is not None and repeats[dim] != 1 for dim in sight.dims) else sight


def overwriting(call: Call, sights: list[Sight]) -> Sight:
    """copy: the first tensor gets the values of the second one, which may have fewer dimensions."""
    target, source = call.tensors
    return sights[1].shifted(target.ndim - source.ndim)


def concatenation(call: Call, sights: list[Sight]) -> Sight | None:
    """Channels of one tensor after those of another."""
    dim = _dim(call, call.tensors[0])
    return None if any(dim in sight.dims for sight in sights) else united(sights)


def stack(call: Call, sights: list[Sight]) -> Sight | None:
    """Tensors along a new dimension."""
    dim = _dim(call, call.results[0])
    together = united(sights)
    return None if together is None else together.renamed(lambda old: old + (old >= dim))


def pieces(call: Call, sights: list[Sight]) -> Sight | None:
    """Pieces by split and unbind along a dimension that does not run over the image."""
    dim = _dim(call, call.tensors[0])
    gone = call.operator == "unbind"
    return None if dim in sights[0].dims else sights[0].renamed(lambda old: old - (gone and old > dim))


def padding(call: Call, sights: list[Sight]) -> Sight | None:
    """A border; negative numbers crop."""
    sight: Sight | None = sights[0]
    rank = call.tensors[0].ndim
    pad = call.get("pad", call.get("padding"))
    for i in range(len(pad) // 2):
        dim, before = rank - 1 - i, pad[2 * i]
        sight = sight and _along(call, sight, dim, _shift(-before), 1)
    return sight


def _shift(by: int) -> Taps:
    return lambda u: [u + by]


def cut(call: Call, sights: list[Sight]) -> Sight | None:
    """A slice, with or without steps."""
    dim, start = slice_start(call)
    step = call.get("step", 1)
    return _along(call, sights[0], dim, lambda u: [start + u * step], step)


def slice_start(call: Call) -> tuple[int, int]:
    """The dimension that a slice cuts, and where it begins."""
    x = call.tensors[0]
    dim = _dim(call, x)
    start = call.get("start") or 0
    return dim, max(0, min(start + x.shape[dim] if start < 0 else start, x.shape[dim]))


def surrounded(sight: Sight, starts: Sequence[int], shape: Sequence[int]) -> Sight | None:
    """What a larger tensor sees that has a piece written into it, beginning at `starts`; around it lies padding."""

    def move(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        return axis.through(axis.dim, shape[axis.dim], _shift(-starts[axis.dim]), 1, 1)

    is_shared = sight.dims[0] is not None and sight.dims[0] == sight.dims[1]
    return None if is_shared else sight.each(move)


def selection(call: Call, sights: list[Sight]) -> Sight | None:
    """One position of a dimension, which goes."""
    x = call.tensors[0]
    dim = _dim(call, x)
    index = call.get("index", 0) % x.shape[dim]
    if _is_shared(sights[0], dim):
        return None
    picked = sights[0].each(lambda axis: axis.through(dim, 1, lambda u: [u + index], 1, 1) if axis.dim == dim else axis)
    return picked.renamed(lambda old: old - (old > dim))


def unfolding(call: Call, sights: list[Sight]) -> Sight | None:
    """Windows along one dimension; what lies in a window becomes a new last dimension."""
    dim = call.get("dimension") % call.tensors[0].ndim
    layer = Layer(call.get("size"), call.get("step"))
    return _along(call, sights[0], dim, layer.taps, layer.stride)


def _along(call: Call, sight: Sight, dim: int, taps: Taps, step: int) -> Sight | None:
    """Other positions along one dimension of the result."""

    def move(axis: Axis) -> Axis:
        return axis.through(dim, call.results[0].shape[dim], taps, 1, step) if axis.dim == dim else axis

    return None if _is_shared(sight, dim) else sight.each(move)


def _is_shared(sight: Sight, dim: int) -> bool:
    """Whether height and width both lie in this dimension."""
    return sight.dims == (dim, dim)


def _dim(call: Call, tensor: Tensor) -> int:
    dim: int = call.get("dim", 0) % tensor.ndim
    return dim
