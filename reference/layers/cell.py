"""The two cells of the neocognitron: S finds a learned feature, C forgets a little where it was."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers.activation import relu
from reference.layers.conv import correlate2d
from reference.layers.operand import require_float, require_like, require_number
from reference.layers.window import require_image

Centres = tuple[Sequence[int], Sequence[int]]


def s_cell(
    u: Tensor, excitatory: Tensor, inhibitory: Tensor, fixed: Tensor, *, r: float, centres: Centres | None = None
) -> Tensor:
    """Answer where the picture is *similar* to what was learned, however strong it is.

        e = sum over (k, v) of a[s, k, v] * u[k, n + v]                excitation
        v = sqrt(sum over (k, v) of c[v] * u[k, n + v]^2)              what the inhibitory cell sees
        s = r * relu((1 + e) / (1 + r/(1 + r) * b[s] * v) - 1)

    e grows with the match, v only with the energy.  A cell that learned the
    pattern t in one stroke (a = q*c*t, b = q*sqrt(sum of c*t^2), q large) answers
    if and only if the cosine between t and the picture, weighted by c, exceeds
    r/(1 + r), and answers t itself with 1: r is its selectivity.  (Where a
    printing has 2r/(1 + r), its b is half as large.)

    All cells of a plane share their weights.  Nothing outside the picture is
    seen: it counts as 0.

    Shape:
        u:          (N, K, H, W)          float dtype, not negative
        excitatory: (S, K, k_h, k_w)      dtype of u; a, learned, not negative; k_h and k_w odd
        inhibitory: (S,)                  b, learned, not negative
        fixed:      (k_h, k_w)            c, not learned, falls with the distance from the middle
        return:     (N, S, H, W), or (N, S, rows, columns) of the centres

    Args:
        r: Selectivity, above 0; 4.0 in the first layer of the paper, then 1.5.
        centres: The rows and the columns of u on which cells stand; None for all.  The paper's layers
            (16 -> 10 -> 8 -> 6 -> 2) thin out in no constant stride.

    Raises:
        ShapeError: A shape is wrong, or a centre lies outside the picture.
        OptionError: u is no float, the dtypes differ, or r is not above 0.

    Example:
        >>> t = torch.tensor([[[[0.0, 1.0, 0.0]]]])  # learned, and shown: once, and ten times as bright
        >>> c = torch.ones(1, 3)
        >>> [round(s_cell(f * t, 1e6 * t, torch.tensor([1e6]), c, r=4.0)[..., 1].item(), 3) for f in (1, 10)]
        [1.0, 1.0]

    Source:
        Fukushima, "Neocognitron: A Self-organizing Neural Network Model for a Mechanism of Pattern
        Recognition Unaffected by Shift in Position", Biological Cybernetics 36, 1980, section 2.
    """
    require_image("u", u)
    require_float("u", u)
    require_number("r", r, 1e-9)
    K = u.shape[1]
    if excitatory.ndim != 4:
        raise ShapeError("excitatory", f"(S, {K}, k_h, k_w)", repr(tuple(excitatory.shape)))
    S, _, k_h, k_w = excitatory.shape
    require_like("excitatory", excitatory, u, (S, K, k_h, k_w), f"as u has K = {K} planes")
    require_like("inhibitory", inhibitory, u, (S,), "one number a plane")
    _require_area("fixed", fixed, u)
    require_like("fixed", fixed, u, (k_h, k_w), "the area of excitatory")
    e = correlate2d(u, excitatory, padding="same")  # (N, S, H, W)
    energy = correlate2d(u.square(), fixed.expand(1, K, k_h, k_w), padding="same")  # (N, 1, H, W)
    v = _sqrt(energy)
    s = r * relu((1 + e) / (1 + r / (1 + r) * inhibitory[:, None, None] * v) - 1)
    return _thin(s, centres)


def c_cell(u: Tensor, fixed: Tensor, *, alpha: float = 0.5, centres: Centres | None = None) -> Tensor:
    """Answer if one of the S-cells around answers: the feature may have moved a little.

        e[k] = sum over v of d[v] * u[k, n + v]
        v    = 1/K * sum over k of e[k]                       inhibition from all planes
        y[k] = psi((1 + e[k]) / (1 + v) - 1),   psi(x) = relu(x) / (alpha + relu(x))

    Nothing is learned here.  psi saturates below 1; the inhibition silences
    planes that answer less than the mean of all.

    Shape:
        u:      (N, K, H, W)     float dtype, not negative; the S-cells
        fixed:  (k_h, k_w)       dtype of u; d, falls with the distance from the middle; k_h and k_w odd
        return: (N, K, H, W), or (N, K, rows, columns) of the centres; in [0, 1)

    Args:
        alpha: How slowly it saturates; above 0.
        centres: The rows and the columns of u on which cells stand; None for all.

    Raises:
        ShapeError: A shape is wrong, or a centre lies outside the picture.
        OptionError: u is no float, the dtypes differ, or alpha is not above 0.

    Example:
        >>> u = torch.zeros(1, 2, 1, 5)
        >>> u[0, 0, 0, 2] = 1
        >>> y = c_cell(u, torch.ones(1, 3))  # (1 + 1)/(1 + 1/2) - 1 = 1/3, then 1/3 / (1/2 + 1/3)
        >>> [round(value, 4) for value in y[0, 0, 0].tolist()], y[0, 1, 0].tolist()
        ([0.0, 0.4, 0.4, 0.4, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0])

    Source:
        Fukushima, Biological Cybernetics 36, 1980, section 2.
    """
    require_image("u", u)
    require_float("u", u)
    require_number("alpha", alpha, 1e-9)
    _require_area("fixed", fixed, u)
    K = u.shape[1]
    each = fixed.expand(K, 1, *fixed.shape)
    e = correlate2d(u, each, padding="same", groups=K)  # (N, K, H, W): every plane for itself
    x = relu((1 + e) / (1 + e.mean(1, keepdim=True)) - 1)
    return _thin(x / (alpha + x), centres)


def _sqrt(energy: Tensor) -> Tensor:
    # The slope of the root at 0 is infinite, and infinity * 0 is NaN: an empty picture gets slope 0.
    seen = energy > 0
    return torch.where(seen, torch.where(seen, energy, torch.ones_like(energy)).sqrt(), torch.zeros_like(energy))


def _thin(y: Tensor, centres: Centres | None) -> Tensor:
    if centres is None:
        return y
    for axis, name, chosen in ((2, "H", centres[0]), (3, "W", centres[1])):
        if not chosen or not all(0 <= place < y.shape[axis] for place in chosen):
            raise ShapeError(
                "centres", f"places from 0 to {y.shape[axis] - 1} as {name} = {y.shape[axis]}", repr(tuple(chosen))
            )
        y = y.index_select(axis, torch.tensor(tuple(chosen), device=y.device))
    return y


def _require_area(argument: str, fixed: Tensor, u: Tensor) -> None:
    if fixed.ndim != 2 or not all(side % 2 for side in fixed.shape):
        raise ShapeError(argument, "(k_h, k_w), both odd", repr(tuple(fixed.shape)), "an area of cells has a middle")
    if fixed.dtype != u.dtype:
        raise OptionError(argument, f"the dtype of u, {u.dtype}", str(fixed.dtype))
