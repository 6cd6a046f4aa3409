"""Linear support vector machines: the exact solver, and training with hard negatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from reference.errors import ShapeError
from reference.layers.operand import require_number


class LinearSVM(NamedTuple):
    """A separating plane: score = weight . x + bias.

    Shape:
        weight: (F,)   float64
        bias:   ()     float64
    """

    weight: Tensor
    bias: Tensor

    def score(self, features: Tensor) -> Tensor:
        """Score examples, (N, F) to (N,): above 1 surely inside the class, below -1 surely outside."""
        return features.to(self.weight) @ self.weight + self.bias


class SVMOptions(NamedTuple):
    """What R-CNN's release trains its SVMs with, found on features of a mean length of 20."""

    cost: float = 1e-3
    positive_weight: float = 2.0
    bias_feature: float = 10.0


RELEASE = SVMOptions()


def fit_svm(
    positive: Tensor, negative: Tensor, options: SVMOptions = RELEASE, *, tolerance: float = 1e-3, passes: int = 1000
) -> LinearSVM:
    """Find the plane that minimises the weight's length and the hinge losses.

        1/2 |w|^2 + cost * positive_weight * sum over positives of max(0, 1 - score)
                  + cost * sum over negatives of max(0, 1 + score)

    The bias is the weight of a feature that is `bias_feature` everywhere, so it is
    hardly held back.  Solved in the dual, one example at a time:

        alpha_i <- clip(alpha_i - (y_i score(x_i) - 1) / |x_i|^2, 0, cost_i),   w = sum of alpha_i y_i x_i

    Shape:
        positive: (P, F)
        negative: (N, F)

    Args:
        options: Costs and bias.
        tolerance: Largest violation of optimality at which to stop.
        passes: Most times to go through the examples; at costs far above the release's, whose planes are
            hard to pin down, that may be too few for the tolerance.

    Raises:
        ShapeError: The features do not fit, or one of the sets is empty.

    Example:
        >>> plane = fit_svm(torch.tensor([[2.0]]), torch.tensor([[0.0]]), SVMOptions(cost=1000.0))
        >>> [round(value, 2) for value in plane.score(torch.tensor([[2.0], [0.0]])).tolist()]
        [1.0, -1.0]

    Source:
        Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale linear
        SVM", ICML 2008, algorithm 1: the solver behind R-CNN's release (liblinear -s 3 -c 0.001 -w1 2 -B 10).
    """
    if (
        positive.ndim != 2
        or negative.ndim != 2
        or positive.shape[1] != negative.shape[1]
        or not len(positive) * len(negative)
    ):
        raise ShapeError(
            "negative",
            "(N, F) to match positive (P, F), none empty",
            f"{tuple(positive.shape)} and {tuple(negative.shape)}",
        )
    for name, number in options._asdict().items():
        require_number(name, number, 1e-12)
    x = torch.cat([positive, negative]).detach().double().cpu()
    x = torch.cat([x, x.new_full((len(x), 1), options.bias_feature)], dim=1)
    y = torch.cat([x.new_ones(len(positive)), -x.new_ones(len(negative))])
    signed, lengths = x * y[:, None], x.square().sum(1).tolist()
    limits = (options.cost * torch.where(y > 0, options.positive_weight, 1.0)).tolist()
    alpha, w = [0.0] * len(x), x.new_zeros(x.shape[1])
    generator = torch.Generator().manual_seed(0)  # another order in every pass, as the proof of speed wants it
    for _ in range(passes):
        worst = 0.0
        for i in torch.randperm(len(x), generator=generator).tolist():
            example = signed[i]
            slope = float(example @ w) - 1
            # at a limit only the slope that leads back counts
            violation = min(slope, 0.0) if alpha[i] <= 0 else max(slope, 0.0) if alpha[i] >= limits[i] else slope
            if violation:
                moved = min(max(alpha[i] - slope / lengths[i], 0.0), limits[i])
                w += (moved - alpha[i]) * example
                alpha[i] = moved
            worst = max(worst, abs(violation))
        if worst <= tolerance:
            break
    return LinearSVM(w[:-1].to(positive.device), (w[-1] * options.bias_feature).to(positive.device))


def mine_svm(
    positive: Tensor,
    negatives: Sequence[Tensor],
    options: SVMOptions = RELEASE,
    *,
    hard: float = -1.0001,
    easy: float = -1.2,
    retrain_after: int = 2000,
) -> LinearSVM:
    """Train on far more negatives than fit into memory: keep those that the plane of the moment gets wrong.

    All negatives of the first image; of every other only those that score above
    `hard`.  After enough new ones, and at the end, the plane is found anew and
    negatives below `easy` are forgotten.  One pass over the images is enough.

    Shape:
        positive:  (P, F)
        negatives: for each image (N, F)

    Args:
        options: Of `fit_svm`.
        hard: Score above which a negative is kept: just outside its margin.
        easy: Score below which a negative is forgotten.
        retrain_after: New negatives after which the plane is found anew.

    Raises:
        ShapeError: There is no negative at all, or the features do not fit.

    Source:
        Girshick et al., CVPR 2014, section 2.3, hard negative mining; numbers: its release.
    """
    kept = positive[:0]
    plane: LinearSVM | None = None
    new = 0
    for number, features in enumerate(negatives, 1):
        found = features if plane is None else features[plane.score(features) > hard]
        kept, new = torch.cat([kept, found]), new + len(found)
        if len(kept) and (plane is None or new > retrain_after or number == len(negatives)):
            plane, new = fit_svm(positive, kept, options), 0
            kept = kept[plane.score(kept) >= easy]
    if plane is None:
        raise ShapeError("negatives", "one example or more", f"none in {len(negatives)} images")
    return plane
