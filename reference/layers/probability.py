"""Softmax, its logarithm, and the cross entropy that is trained with it, safe for any size of scores."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_one_of
from reference.layers.operand import require_float, require_like, widen


def log_sum_exp(x: Tensor, dim: int) -> Tensor:
    """Take the logarithm of a sum of exponentials, without forming one that overflows.

        y = m + log(sum over i of exp(x_i - m)),   m = max over i of x_i

    The largest exponential is exp(0) = 1: nothing overflows, and the sum is at
    least 1.  Without m, scores of 1000 give infinity, and scores of -1000 log(0).

    Shape:
        x:      any shape, float dtype
        return: the shape of x without axis dim, dtype of x

    Args:
        dim: The axis that is summed; negative counts from the end.

    Raises:
        ShapeError: x has no axis `dim`, or it is empty.
        OptionError: x holds integers.

    Example:
        >>> round(log_sum_exp(torch.tensor([1000.0, 1000.0], dtype=torch.float64), 0).item(), 4)
        1000.6931
    """
    _check(x, dim)
    shifted, largest = _shift(widen(x), dim)
    return (largest + shifted.exp().sum(dim, keepdim=True).log()).squeeze(dim).to(x.dtype)


def softmax(x: Tensor, dim: int) -> Tensor:
    """Turn scores into probabilities along one axis.

        y_i = exp(x_i - m) / sum over j of exp(x_j - m),   m = max over j of x_j

    m cancels: it changes no value, it keeps exp from overflowing.  A score of
    minus infinity is a mask: its probability is 0.  Mask before, not after.

    Shape:
        x:      any shape, float dtype
        return: shape and dtype of x; sums to 1 along dim

    Args:
        dim: The axis that is normalised: classes of a classifier, *positions* of a spatial attention.

    Raises:
        ShapeError: x has no axis `dim`, or it is empty.
        OptionError: x holds integers.

    Example:
        >>> softmax(torch.tensor([1000.0, 1000.0, -torch.inf]), 0).tolist()
        [0.5, 0.5, 0.0]

    Source:
        Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", NATO ASI 1990.
    """
    _check(x, dim)
    grown = _shift(widen(x), dim)[0].exp()
    return (grown / grown.sum(dim, keepdim=True)).to(x.dtype)


def log_softmax(x: Tensor, dim: int) -> Tensor:
    """Take the logarithm of `softmax` without taking the softmax: a probability of 1e-400 still has a logarithm.

        y_i = (x_i - m) - log(sum over j of exp(x_j - m)),   m = max over j of x_j

    Shapes and errors are those of `softmax`.

    Example:
        >>> log_softmax(torch.tensor([0.0, -1000.0]), 0).tolist()
        [0.0, -1000.0]
    """
    _check(x, dim)
    shifted, _ = _shift(widen(x), dim)
    return (shifted - shifted.exp().sum(dim, keepdim=True).log()).to(x.dtype)


def cross_entropy(
    scores: Tensor,
    labels: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_label: int = 255,
    reduction: str = "mean",
) -> Tensor:
    """Charge minus the logarithm of the probability that the softmax of the scores gives to the true class.

        loss[n, ...] = -weight[l] * log_softmax(scores)[n, l, ...],   l = labels[n, ...];   0 where l = ignore_label

    The mean divides by what was counted: by the sum of the weights of the labels
    that are not ignored, not by all pixels and not by the classes.  Where all are
    ignored it is 0, without a gradient (torch gives NaN there).

    Shape:
        scores: (N, L, ...)        float dtype; class 0 is the first, background where there is one
        labels: (N, ...)    int64  0 to L - 1, or ignore_label
        weight: (L,)               dtype of scores; None means 1
        return: () for "mean" and "sum", (N, ...) for "none"; dtype of scores

    Args:
        weight: What one pixel of each class counts, for classes of uneven frequency.
        ignore_label: The label that counts nothing: 255 is the void of VOC's and CamVid's pictures.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: labels or weight do not fit the scores.
        OptionError: A dtype is wrong, a label is no class, or `reduction` is none of the words.

    Example:
        >>> scores = torch.tensor([[0.0, 0.0], [0.0, 99.0]])
        >>> round(cross_entropy(scores, torch.tensor([0, 255])).item(), 4)  # log(2), of one label
        0.6931
    """
    require_one_of("reduction", reduction, ("mean", "sum", "none"))
    counted = _check_labels(scores, labels, ignore_label)
    classes = torch.where(counted, labels, torch.zeros_like(labels))
    chosen = log_softmax(widen(scores), 1).gather(1, classes.unsqueeze(1)).squeeze(1)  # (N, ...)
    if weight is None:
        importance = counted.to(chosen.dtype)
    else:
        require_like("weight", weight, scores, (scores.shape[1],), "one number a class")
        importance = counted * weight.to(chosen.dtype)[classes]
    # An ignored pixel may have a probability of 0, and 0 * infinity is NaN: choose, do not multiply.
    loss = torch.where(counted, -chosen, torch.zeros_like(chosen)) * importance
    if reduction != "none":
        loss = loss.sum()
    if reduction == "mean":
        total = importance.sum()
        loss = loss / torch.where(total > 0, total, torch.ones_like(total))
    return loss.to(scores.dtype)


def _shift(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    largest = x.detach().amax(dim, keepdim=True)  # it cancels, and so does its gradient
    largest = torch.where(largest.isfinite(), largest, torch.zeros_like(largest))  # infinity - infinity is NaN
    return x - largest, largest


def _check(x: Tensor, dim: int) -> None:
    require_float("x", x)
    if not -x.ndim <= dim < x.ndim or x.shape[dim] == 0:
        raise ShapeError("dim", "an axis of x that is not empty", f"{dim} of {tuple(x.shape)}")


def _check_labels(scores: Tensor, labels: Tensor, ignore_label: int) -> Tensor:
    """Where a label counts."""
    require_float("scores", scores)
    if scores.ndim < 2 or scores.shape[1] == 0:
        raise ShapeError("scores", "(N, L, ...) with one class or more", repr(tuple(scores.shape)))
    wanted = (scores.shape[0], *scores.shape[2:])
    if tuple(labels.shape) != wanted:
        raise ShapeError(
            "labels", f"{wanted}, one label where scores has a column of classes", f"{tuple(labels.shape)}"
        )
    if labels.dtype != torch.int64:
        raise OptionError("labels", "torch.int64", str(labels.dtype), "labels.long() converts them")
    counted = labels != ignore_label
    classes = labels[counted]
    if classes.numel() and not 0 <= int(classes.min()) <= int(classes.max()) < scores.shape[1]:
        raise OptionError(
            "labels",
            f"0 to {scores.shape[1] - 1}, or {ignore_label} to ignore",
            f"{int(classes.min())} to {int(classes.max())}",
            "count classes from 0, background included",
        )
    return counted
