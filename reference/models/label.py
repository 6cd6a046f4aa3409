"""What the losses of classifiers demand of labels."""

from __future__ import annotations

from torch import Tensor

from reference.errors import OptionError, ShapeError


def require_labels(labels: Tensor, answers: Tensor) -> None:
    """Demand one class for each row of answers.

    Shape:
        labels:  (N,) int64  0 to C - 1
        answers: (N, C)

    Raises:
        ShapeError: There are not as many labels as rows.
        OptionError: A label is no class.

    Example:
        >>> import torch
        >>> require_labels(torch.tensor([0, 3]), torch.zeros(2, 3))
        Traceback (most recent call last):
            ...
        reference.errors.OptionError: labels: expected 0 to 2, got 0 to 3; classes count from 0
    """
    if answers.ndim != 2 or labels.shape != answers.shape[:1]:
        raise ShapeError(
            "labels",
            f"one for each row of {tuple(answers.shape)}, (N, C)",
            repr(tuple(labels.shape)),
            "classes in one axis",
        )
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < answers.shape[1]:
        raise OptionError(
            "labels",
            f"0 to {answers.shape[1] - 1}",
            f"{int(labels.min())} to {int(labels.max())}",
            "classes count from 0",
        )
