"""What each of torch's operators does to what its tensors see of the image.

A rule gets the call and what its tensors see, in order; it returns what the results
see, or None where that cannot be said.  An operator that has no rule here, and
does not work element by element, ends what can be said: RoI pooling, gathering
and sorting depend on numbers, not only on shapes.
"""

from __future__ import annotations

from collections.abc import Callable

from reference.geometry import layout, window
from reference.geometry.sight import BLIND, Sight, united
from reference.geometry.trace import Call

Rule = Callable[[Call, list[Sight]], Sight | None]


def sight_after(call: Call, sights: list[Sight | None]) -> Sight | None:
    """What the results of a call see, given what its tensors see."""
    known = [sight for sight in sights if sight is not None]
    if len(known) < len(sights):
        return None
    if all(sight == BLIND for sight in known):
        return BLIND
    rule = RULES.get(call.operator, elementwise if call.is_pointwise else None)
    return None if rule is None else rule(call, known)


def unchanged(call: Call, sights: list[Sight]) -> Sight:
    """Copies, and normalisation with the statistics of the training set."""
    return sights[0]


def elementwise(call: Call, sights: list[Sight]) -> Sight | None:
    """Element by element, shapes aligned at the last dimension."""
    rank = max(tensor.ndim for tensor in call.tensors)
    pairs = zip(sights, call.tensors, strict=True)
    return united(sight.shifted(rank - tensor.ndim) for sight, tensor in pairs)


def softmax(call: Call, sights: list[Sight]) -> Sight:
    """A sum over one dimension, given back to each of its elements."""
    return sights[0].collapsed(reduced_dims(call))


def reduction(call: Call, sights: list[Sight]) -> Sight:
    """A sum, a mean or a maximum over some dimensions."""
    dims = reduced_dims(call)
    kept = sights[0].collapsed(dims)
    if call.results[0].ndim == call.tensors[0].ndim:
        return kept
    return kept.renamed(lambda old: old - sum(dim < old for dim in dims))


def reduced_dims(call: Call) -> list[int]:
    """The dimensions that are summed over; all of them if none are named."""
    rank = call.tensors[0].ndim
    dims = call.get("dim")
    if dims is None or dims == []:
        return list(range(rank))
    return sorted(dim % max(1, rank) for dim in (dims if isinstance(dims, (list, tuple)) else [dims]))


def product(call: Call, sights: list[Sight]) -> Sight | None:
    """Products of matrices and vectors, with a bias or without: the inner dimension is summed over."""
    a, b = call.tensors[-2:]
    left, right = sights[-2].collapsed([a.ndim - 1]), sights[-1].collapsed([max(0, b.ndim - 2)])
    bias = [sight.shifted(a.ndim - tensor.ndim) for sight, tensor in zip(sights[:-2], call.tensors[:-2], strict=True)]
    return united([left, right, *bias])


def blank(call: Call, sights: list[Sight]) -> Sight:
    """Only the shape of the argument is used."""
    return BLIND


UNCHANGED = (
    *("clone", "detach", "alias", "_to_copy"),
    *("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training"),
    *("cudnn_batch_norm", "miopen_batch_norm"),
)
REDUCTIONS = ("mean", "sum", "amax", "amin", "max", "min", "var", "std", "prod", "linalg_vector_norm", "logsumexp")
BLANK = ("zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty")
RULES: dict[str, Rule] = {
    **dict.fromkeys(BLANK, blank),
    **dict.fromkeys(UNCHANGED, unchanged),
    "convolution": window.convolution,
    **dict.fromkeys(("max_pool2d_with_indices", "avg_pool2d"), window.pooling),
    "avg_pool3d": window.pooling_3d,
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d"), window.adaptive_pooling),
    "upsample_nearest2d": window.nearest,
    "upsample_bilinear2d": window.bilinear,
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm", "mv", "addmv", "dot"), product),
    **dict.fromkeys(("_softmax", "_log_softmax"), softmax),
    **dict.fromkeys(REDUCTIONS, reduction),
    **dict.fromkeys(("view", "_unsafe_view", "squeeze", "unsqueeze"), layout.view),
    **dict.fromkeys(("permute", "transpose", "t"), layout.permutation),
    "expand": layout.expansion,
    "repeat": layout.repetition,
    "copy": layout.overwriting,
    "cat": layout.concatenation,
    "stack": layout.stack,
    **dict.fromkeys(("split", "split_with_sizes", "unbind"), layout.pieces),
    **dict.fromkeys(("constant_pad_nd", "reflection_pad2d", "replication_pad2d"), layout.padding),
    "slice": layout.cut,
    "select": layout.selection,
    "unfold": layout.unfolding,
}
