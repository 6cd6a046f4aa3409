"""Dropout: in training, every number is put to zero with probability p."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import require_one_of
from reference.layers.operand import require_float, require_number


def dropout(
    x: Tensor,
    p: float = 0.5,
    *,
    training: bool,
    scaling: str = "training",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Drop numbers at random in training, and scale so that the mean stays what it was.

        scaling      in training          afterwards
        "training"   kept * x / (1 - p)   x              caffe, torch ("inverted")
        "test"       kept * x             x * (1 - p)    the papers

    kept is 1 with probability 1 - p, else 0, drawn for every number of every
    image for itself.  Both have the same expectation in training and at test,
    but the second has smaller weights: do not mix them.

    Shape:
        x:      any shape, float dtype
        return: shape and dtype of x

    Args:
        p: Probability to *drop*; 0 keeps all, 1 none.
        training: Whether to drop.
        scaling: "training" or "test": where the factor stands.
        generator: What draws; None takes torch's own.  It must live on the device of x.

    Raises:
        OptionError: x is no float, p is no probability, or `scaling` is neither word.

    Example:
        >>> y = dropout(torch.ones(1000), 0.2, training=True)
        >>> sorted(set(y.tolist()))
        [0.0, 1.25]
        >>> dropout(torch.ones(2), 0.2, training=False, scaling="test").tolist()
        [0.800000011920929, 0.800000011920929]

    Source:
        Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors",
        arXiv:1207.0580; Srivastava et al., "Dropout", JMLR 15, 2014, section 4 (and 10 for the inverted form).
    """
    require_float("x", x)
    require_number("p", p, 0, 1)
    require_one_of("scaling", scaling, ("training", "test"))
    if not training:
        return x if scaling == "training" else x * (1 - p)
    drawn = torch.rand(x.shape, generator=generator, device=x.device)  # float32 for every x: bfloat16 draws coarsely
    kept = drawn >= p  # [0, 1): nothing is dropped with p = 0, everything with p = 1
    y = torch.where(kept, x, torch.zeros_like(x))
    return y / (1 - p) if scaling == "training" and p < 1 else y
