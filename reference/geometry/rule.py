"""What each of torch's operators does to what its tensor sees of the image.

A rule gets the call, and `see`, which says what a tensor sees; it returns what the
results see, or None where that cannot be said.  An operator without a rule here,
and that does not work element by element, ends what can be said: `roi_pool` and
its like depend on numbers, not only on shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from torch import Tensor

from reference.geometry.sight import BLIND, Axis, Sight, Taps
from reference.geometry.size import Layer, TransposedLayer
from reference.geometry.trace import Call

See = Callable[[Tensor], Sight | None]
Rule = Callable[[Call, See], Sight | None]


def sight_after(call: Call, see: See) -> Sight | None:
    """What the results of a call see."""
    sights = [see(tensor) for tensor in call.tensors]
    if None in sights:
        return None
    if all(sight == BLIND for sight in sights):
        return BLIND
    if call.operator in RULES:
        return RULES[call.operator](call, see)
    return _broadcast(call, see) if call.is_pointwise else None


def _first(call: Call, see: See) -> Sight | None:
    """The first argument, as it is."""
    return see(call.tensors[0])


def _window(
    sight: Sight | None, x: Tensor, y: Tensor, taps: tuple[Taps, Taps], steps: Sequence[tuple[int, int]]
) -> Any:
    """A layer that works along the last two dimensions."""
    if sight is None or sight.axes is None:
        return sight
    axes = []
    for back, axis, tap, (out_step, in_step) in zip((2, 1), sight.axes, taps, steps, strict=True):
        before = axis.along(x.ndim - back, x.shape[-back])
        if before is None:
            return None
        axes.append(before.through(y.ndim - back, y.shape[-back], tap, out_step, in_step))
    return Sight((axes[0], axes[1]))


def windows_after(sight: Sight | None, x: Tensor, y: Tensor, layers: Sequence[Layer]) -> Sight | None:
    """What comes out of a window layer along the last two dimensions, one row of a layer list for each."""
    down, right = layers
    steps = [(layer.stride, 1) if isinstance(layer, TransposedLayer) else (1, layer.stride) for layer in layers]
    after: Sight | None = _window(sight, x, y, (down.taps, right.taps), steps)
    return after


def _convolution(call: Call, see: See) -> Sight | None:
    x, weight = call.get("input"), call.get("weight")
    if weight.ndim != 4 or see(weight) != BLIND:
        return None  # along one dimension or three; or a kernel that depends on the image
    kind = TransposedLayer if call.get("transposed") else Layer
    options = [pair_of(call.get(name)) for name in ("stride", "padding", "dilation")]
    layers = [kind(weight.shape[2 + axis], *(option[axis] for option in options)) for axis in (0, 1)]
    return windows_after(see(x), x, call.results[0], layers)


def pool_layers(call: Call, kind: type[Layer] = Layer) -> list[Layer]:
    """The two directions of a pooling, as rows of a layer list."""
    kernel = pair_of(call.get("kernel_size"))
    stride = pair_of(call.get("stride") or kernel)
    padding, dilation = pair_of(call.get("padding", 0)), pair_of(call.get("dilation", 1))
    return [kind(*numbers) for numbers in zip(kernel, stride, padding, dilation, strict=True)]


def _pool(call: Call, see: See) -> Sight | None:
    x = call.tensors[0]
    return windows_after(see(x), x, call.results[0], pool_layers(call))


def _pool3d(call: Call, see: See) -> Sight | None:
    """Windows over channels only: how torch normalises responses."""
    kernel = call.get("kernel_size")
    return see(call.tensors[0]) if list(kernel[-2:]) == [1, 1] else None


def _scaled(call: Call, see: See, taps: Callable[[int, int], Taps]) -> Sight | None:
    """Sides change by a ratio: the taps repeat when both counts have gone on by their shortest whole numbers."""
    x, y = call.tensors[0], call.results[0]
    sides = list(zip(x.shape[-2:], y.shape[-2:], strict=True))
    steps = [(after // math.gcd(before, after), before // math.gcd(before, after)) for before, after in sides]
    down, right = (taps(before, after) for before, after in sides)
    result: Sight | None = _window(see(x), x, y, (down, right), steps)
    return result


def _adaptive_pool(call: Call, see: See) -> Sight | None:
    return _scaled(call, see, lambda n, m: lambda u: range(u * n // m, -(-(u + 1) * n // m)))


def _nearest(call: Call, see: See) -> Sight | None:
    return _scaled(call, see, lambda n, m: lambda u: [u * n // m])


def _bilinear(call: Call, see: See) -> Sight | None:
    if not call.get("align_corners"):
        return _scaled(call, see, lambda n, m: lambda u: _between(Fraction((2 * u + 1) * n, 2 * m) - Fraction(1, 2)))
    x, y = call.tensors[0], call.results[0]
    sides = [(n - 1, m - 1) for n, m in zip(x.shape[-2:], y.shape[-2:], strict=True)]
    if any(n == 0 or m == 0 for n, m in sides):
        return None
    steps = [(m // math.gcd(n, m), n // math.gcd(n, m)) for n, m in sides]
    down, right = (lambda u, n=n, m=m: _between(Fraction(u * n, m)) for n, m in sides)
    result: Sight | None = _window(see(x), x, y, (down, right), steps)
    return result


def _between(place: Fraction) -> list[int]:
    return sorted({math.floor(place), math.ceil(place)})


def _broadcast(call: Call, see: See) -> Sight | None:
    """Element by element, shapes aligned at the last dimension."""
    rank = call.results[0].ndim if call.results else max(tensor.ndim for tensor in call.tensors)
    seen: Sight | None = BLIND
    for tensor in call.tensors:
        seen = None if seen is None else seen.united(_aligned(see(tensor), rank - tensor.ndim))
    return seen


def _aligned(sight: Sight | None, more: int) -> Sight | None:
    """With `more` dimensions in front."""
    return None if sight is None else sight.renamed(lambda dim: dim + more)


def _concatenation(call: Call, see: See) -> Sight | None:
    tensors = call.tensors
    dim = call.get("dim", 0) % tensors[0].ndim
    if any(dim in (see(tensor) or BLIND).dims for tensor in tensors):
        return None  # pieces of the image beside each other
    return _broadcast(call, see)


def _stack(call: Call, see: See) -> Sight | None:
    dim = call.get("dim", 0) % call.results[0].ndim
    seen = _broadcast_same(call, see)
    return None if seen is None else seen.renamed(lambda old: old + (old >= dim))


def _broadcast_same(call: Call, see: See) -> Sight | None:
    seen: Sight | None = BLIND
    for tensor in call.tensors:
        seen = None if seen is None else seen.united(see(tensor))
    return seen


def _view(call: Call, see: See) -> Sight | None:
    x = call.tensors[0]
    sight = see(x)
    return None if sight is None else sight.reshaped(x.shape, call.results[0].shape)


def _permute(call: Call, see: See) -> Sight | None:
    x = call.tensors[0]
    order = list(range(x.ndim))
    if call.operator == "permute":
        order = [dim % x.ndim for dim in call.get("dims")]
    else:
        a, b = (call.get("dim0", 0) % x.ndim, call.get("dim1", 1) % x.ndim) if x.ndim > 1 else (0, 0)
        order[a], order[b] = order[b], order[a]
    sight = see(x)
    return None if sight is None else sight.renamed(order.index)


def _expand(call: Call, see: See) -> Sight | None:
    x = call.tensors[0]
    return _aligned(see(x), call.results[0].ndim - x.ndim)


def _pad(call: Call, see: See) -> Sight | None:
    """Negative numbers crop."""
    x, y = call.tensors[0], call.results[0]
    pad = [*call.get("pad", call.get("padding")), *[0] * (2 * x.ndim)]
    sight = see(x)
    if sight is None:
        return None
    starts = {x.ndim - 1 - i: pad[2 * i] for i in range(x.ndim)}

    def shift(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        before = starts[axis.dim]
        return axis.through(axis.dim, y.shape[axis.dim], lambda u: [u - before], 1, 1)

    return None if _shared(sight) else sight.each(shift)


def _slice(call: Call, see: See) -> Sight | None:
    x, y = call.tensors[0], call.results[0]
    dim, step = call.get("dim", 0) % x.ndim, call.get("step", 1)
    start = call.get("start") or 0
    start = max(0, min(start + x.shape[dim] if start < 0 else start, x.shape[dim]))

    def cut(axis: Axis) -> Axis:
        if axis.dim != dim:
            return axis
        return axis.through(dim, y.shape[dim], lambda u: [start + u * step], 1, step)

    sight = see(x)
    if sight is None or (_shared(sight) and dim in sight.dims):
        return None
    return sight.each(cut)


def _select(call: Call, see: See) -> Sight | None:
    x = call.tensors[0]
    dim = call.get("dim", 0) % x.ndim
    index = call.get("index", 0) % x.shape[dim]
    sight = see(x)
    if sight is None or (_shared(sight) and dim in sight.dims):
        return None
    picked = sight.each(lambda axis: axis.through(dim, 1, lambda u: [u + index], 1, 1) if axis.dim == dim else axis)
    return picked.renamed(lambda old: old - (old > dim))


def _unfold(call: Call, see: See) -> Sight | None:
    """Windows along one dimension; what is in a window becomes a new last dimension."""
    x, y = call.tensors[0], call.results[0]
    dim, size, step = call.get("dimension") % x.ndim, call.get("size"), call.get("step")
    sight = see(x)
    if sight is None or (_shared(sight) and dim in sight.dims):
        return None
    layer = Layer(size, step)
    return sight.each(lambda a: a.through(dim, y.shape[dim], layer.taps, 1, step) if a.dim == dim else a)


def _split(call: Call, see: See) -> Sight | None:
    sight, dim = see(call.tensors[0]), call.get("dim", 0) % call.tensors[0].ndim
    if sight is None or dim in sight.dims:
        return None
    gone = call.operator == "unbind"
    return sight.renamed(lambda old: old - (gone and old > dim))


def _softmax(call: Call, see: See) -> Sight | None:
    """A sum over one dimension, given back to each of its elements."""
    x = call.tensors[0]
    sight = see(x)
    return None if sight is None else sight.collapsed([call.get("dim") % max(1, x.ndim)])


def _reduction(call: Call, see: See) -> Sight | None:
    x, y = call.tensors[0], call.results[0]
    sight = see(x)
    if sight is None:
        return None
    dims = reduced_dims(call)
    kept = sight.collapsed(dims)
    if y.ndim == x.ndim:
        return kept
    return kept.renamed(lambda old: old - sum(dim < old for dim in dims))


def reduced_dims(call: Call) -> list[int]:
    """The dimensions that a sum, a mean or a maximum is taken over."""
    rank = call.tensors[0].ndim
    dims = call.get("dim")
    if dims is None or dims == []:
        return list(range(rank))
    return sorted(dim % rank for dim in (dims if isinstance(dims, (list, tuple)) else [dims]))


def _product(call: Call, see: See) -> Sight | None:
    """mm, bmm and their sums with a bias: the inner dimension is summed."""
    a, b = call.tensors[-2:]
    left, right = see(a), see(b)
    if left is None or right is None:
        return None
    seen = left.collapsed([a.ndim - 1]).united(right.collapsed([b.ndim - 2]))
    for bias in call.tensors[:-2]:
        seen = None if seen is None else seen.united(_aligned(see(bias), a.ndim - bias.ndim))
    return seen


def _squeeze(call: Call, see: See) -> Sight | None:
    return _view(call, see)  # dimensions of size 1 never carry an axis


def _repeat(call: Call, see: See) -> Sight | None:
    x, repeats = call.tensors[0], call.get("repeats")
    more = len(repeats) - x.ndim
    sight = see(x)
    if sight is None or any(dim is not None and repeats[dim + more] != 1 for dim in sight.dims):
        return None
    return sight.renamed(lambda dim: dim + more)


def _shared(sight: Sight) -> bool:
    """Whether height and width lie in one dimension."""
    return sight.dims[0] is not None and sight.dims[0] == sight.dims[1]


def pair_of(value: Any) -> tuple[int, int]:
    """One number for both directions, or two."""
    numbers = [value, value] if isinstance(value, int) else list(value)
    return numbers[0], numbers[-1]


RULES: dict[str, Rule] = {
    "convolution": _convolution,
    **dict.fromkeys(("max_pool2d_with_indices", "avg_pool2d"), _pool),
    "avg_pool3d": _pool3d,
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive_pool),
    "upsample_nearest2d": _nearest,
    "upsample_bilinear2d": _bilinear,
    "cat": _concatenation,
    "stack": _stack,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "squeeze", "unsqueeze"), _view),
    **dict.fromkeys(("permute", "transpose", "t"), _permute),
    "expand": _expand,
    **dict.fromkeys(("constant_pad_nd", "reflection_pad2d", "replication_pad2d"), _pad),
    "slice": _slice,
    "select": _select,
    "unfold": _unfold,
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind"), _split),
    **dict.fromkeys(("_softmax", "_log_softmax"), _softmax),
    **dict.fromkeys(
        ("mean", "sum", "amax", "amin", "max", "min", "var", "std", "prod", "linalg_vector_norm", "logsumexp"),
        _reduction,
    ),
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm"), _product),
    "repeat": _repeat,
    **dict.fromkeys(
        (
            *("clone", "detach", "alias", "_to_copy", "contiguous", "lift_fresh", "dropout", "native_dropout"),
            *("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training"),
            *("cudnn_batch_norm", "miopen_batch_norm", "native_group_norm", "native_layer_norm"),
        ),
        _first,
    ),
}
