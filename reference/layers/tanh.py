"""LeNet's squashing function: a hyperbolic tangent, scaled so that it keeps +1 and -1."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.layers.operand import require_float, widen

AMPLITUDE = 1.7159
SLOPE = 2 / 3


def scaled_tanh(x: Tensor) -> Tensor:
    """Squash every number into (-1.7159, 1.7159).

        y = 1.7159 * tanh(2/3 * x)

    The constants make f(1) = 1 and f(-1) = -1 (to 5 digits), so that targets of
    +-1 lie within reach and not at the asymptotes; there the second derivative is
    largest in size, and the gain of the function is about 1 around them.

    Shape:
        x:      any shape, float dtype
        return: shape and dtype of x

    Raises:
        OptionError: x holds integers.

    Example:
        >>> [round(value, 4) for value in scaled_tanh(torch.tensor([-1.0, 0.0, 1.0, 9.0])).tolist()]
        [-1.0, 0.0, 1.0, 1.7159]

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition",
        Proc. IEEE 1998, section II.B and appendix A.
    """
    require_float("x", x)
    return (AMPLITUDE * torch.tanh(SLOPE * widen(x))).to(x.dtype)
