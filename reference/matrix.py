"""Convolution of two plain matrices, as MATLAB's conv2: exact on integers and on Fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reference.errors import OptionError, ShapeError, require_one_of

Array = npt.NDArray[Any]
Values = npt.ArrayLike | Sequence[Sequence[Any]]
Shape = Literal["full", "same", "valid"]
SHAPES: tuple[Shape, ...] = ("full", "same", "valid")


def as_matrix(argument: str, values: Values, dtype: npt.DTypeLike | None = None) -> Array:
    """Read a matrix: two axes, no empty one, numbers only.

    Args:
        argument: The name to use in an error.
        values: The matrix, or its rows.
        dtype: What to read the entries as; None leaves it to NumPy.

    Raises:
        ShapeError: Not two axes, rows of different length, or an empty axis.
        OptionError: The entries are no numbers.
    """
    step = "give a matrix as rows of equal length, [[1, 2], [3, 4]]"
    try:
        matrix = np.asarray(values, dtype=dtype)
    except ValueError as error:  # rows of different length
        raise ShapeError(argument, "two axes (H, W)", "rows of different length", step) from error
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ShapeError(argument, "two axes (H, W), none empty", repr(matrix.shape), step)
    if matrix.dtype.kind not in "biufcO":
        raise OptionError(argument, "numbers", f"dtype {matrix.dtype}", "use Fraction('1/3') for exact fractions")
    return matrix


def exact_matrix(argument: str, values: Values) -> Array:
    """Read a matrix as exact fractions; a float counts as the binary fraction it is.

    Raises:
        ShapeError: Not two axes, rows of different length, or an empty axis.
        OptionError: An entry is no finite real number.

    Example:
        >>> exact_matrix("a", [[1, 0.5]]).tolist()
        [[Fraction(1, 1), Fraction(1, 2)]]
    """
    matrix = as_matrix(argument, values, dtype=object)  # so that NumPy rounds nothing
    exact = np.empty(matrix.shape, dtype=object)
    for index, value in np.ndenumerate(matrix):
        number = value.item() if isinstance(value, np.generic) else value
        try:
            # sympy's rationals carry p and q
            exact[index] = Fraction(int(number.p), int(number.q)) if hasattr(number, "p") else Fraction(number)
        except (TypeError, ValueError, OverflowError) as error:
            raise OptionError(argument, "finite real numbers", repr(value)) from error
    return exact


def conv2_matrix(a: Values, w: Values, shape: Shape = "full") -> Array:
    """Convolve two matrices as MATLAB's conv2 does: rotate w by 180 degrees, slide it over a, multiply and add.

        full[i, j] = sum over (u, v) of w[u, v] * a[i - u, j - v]      a is 0 outside

    The first index is 0 here, 1 in MATLAB.

    Shape:
        a:      (H, W)        integers, floats, complex numbers, or objects such as Fraction
        w:      (K_h, K_w)    likewise
        return: full   (H + K_h - 1, W + K_w - 1)
                same   (H, W), the part of full that starts at row K_h // 2 and column
                       K_w // 2: MATLAB's ceil((K + 1)/2) counted from 0, for even K too
                valid  (H - K_h + 1, W - K_w + 1), empty where w is larger than a
                int64 for integers, objects for objects, else NumPy's common dtype

    Raises:
        ShapeError: a or w is no matrix.
        OptionError: `shape` is another word, or entries are no numbers.
        OverflowError: Integers leave int64; give `dtype=object` to go on.

    Example:
        >>> conv2_matrix([[1, 2, 3]], [[1, 10]]).tolist()
        [[1, 12, 23, 30]]
        >>> conv2_matrix([[1, 2, 3]], [[1, 10]], "same").tolist()
        [[12, 23, 30]]

    Source:
        MATLAB documentation of conv2.  SciPy's and NumPy's `same` start one
        element earlier for even K.
    """
    require_one_of("shape", shape, SHAPES)
    a, w = as_matrix("a", a), as_matrix("w", w)
    dtype = np.result_type(a, w)
    if dtype.kind in "biu":
        # Python's integers cannot wrap around; NumPy's can, and would not say so.
        a, w, dtype = a.astype(object), w.astype(object), np.dtype(np.int64)
    (H, W), (K_h, K_w) = a.shape, w.shape
    full = np.zeros((H + K_h - 1, W + K_w - 1), dtype=np.result_type(a, w))
    for u in range(K_h):
        for v in range(K_w):
            full[u : u + H, v : v + W] += w[u, v] * a  # full[i, j] meets a[i - u, j - v]
    match shape:
        case "same":
            full = full[K_h // 2 : K_h // 2 + H, K_w // 2 : K_w // 2 + W]
        case "valid":
            full = full[K_h - 1 : H, K_w - 1 : W]  # an empty slice where w is larger
    return full.astype(dtype)
