"""What a layer demands of the tensors it is given, and room for sums that half precision has not."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError


def require_float(argument: str, x: Tensor) -> None:
    """Demand fractions.

    Raises:
        OptionError: x holds integers, booleans or complex numbers.
    """
    if not x.is_floating_point():
        raise OptionError(argument, "a float dtype", str(x.dtype), f"{argument}.double() converts it")


def require_like(argument: str, tensor: Tensor, x: Tensor, shape: tuple[int, ...], meaning: str) -> None:
    """Demand a tensor of one shape and of the dtype of x.

    Args:
        argument: The name of the tensor.
        tensor: What was given.
        x: The image or whatever else decides the dtype.
        shape: What the tensor must measure.
        meaning: What stands along its axes, for the reader of the error.

    Raises:
        ShapeError: The shape is another.
        OptionError: The dtype is another.
    """
    if tuple(tensor.shape) != shape:
        raise ShapeError(argument, f"{shape}, {meaning}", repr(tuple(tensor.shape)))
    if tensor.dtype != x.dtype:
        raise OptionError(
            argument, f"the dtype of the input, {x.dtype}", str(tensor.dtype), f"{argument}.to({x.dtype}) converts it"
        )


def require_number(argument: str, value: float, least: float, most: float = float("inf")) -> None:
    """Demand a number between two others, both allowed.

    Raises:
        OptionError: `value` is no number (NaN, True and False are none), or lies outside.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        expected = f"a number of at least {least}" if most == float("inf") else f"a number from {least} to {most}"
        raise OptionError(argument, expected, repr(value))


def widen(x: Tensor) -> Tensor:
    """Turn float16 and bfloat16 into float32; leave other dtypes.

    A square overflows float16 from 256 on, and eps = 1e-10 is zero there: sums
    of squares and of exponentials are taken wide, and the result is narrowed.

    Example:
        >>> widen(torch.ones(1, dtype=torch.float16)).dtype, widen(torch.ones(1).double()).dtype
        (torch.float32, torch.float64)
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
