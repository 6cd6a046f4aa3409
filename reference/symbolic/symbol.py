"""The letters of the formulas: one sympy symbol for every element, all indices from 1 as on paper.

    x_symbol(c, i, j)   named x_c_i_j   pixel in row i and column j of channel c of the image
    w_symbol(c, i, j)   named w_c_i_j   the kernel's weight in row i and column j of channel c
    grad_symbol(i, j)   named g_i_j     derivative of the loss by output y_ij
    bias_symbol()       named b         the kernel's bias

With several kernels each has a number n, and one output channel of that number:

    w_symbol(c, i, j, n)   named w_n_c_i_j
    grad_symbol(i, j, n)   named g_n_i_j
    bias_symbol(n)         named b_n

Symbols carry no assumptions, so `sympy.Symbol("x_1_2_3")` is `x_symbol(1, 2, 3)`.
The underscores keep x_1_12_3 and x_11_2_3 apart.
"""

from __future__ import annotations

import re

from sympy import Symbol

from reference.errors import OptionError, require_at_least

_NAME = re.compile(r"(?P<letter>[xwgb])(?P<indices>(_[1-9][0-9]*)*)")
_COUNTS = {"x": (3,), "w": (3, 4), "g": (2, 3), "b": (0, 1)}


def x_symbol(c: int, i: int, j: int) -> Symbol:
    """Name the pixel in row i and column j of channel c.

    Raises:
        OptionError: An index is no integer of at least 1.

    Example:
        >>> x_symbol(1, 2, 3)
        x_1_2_3
    """
    return _symbol("x", c=c, i=i, j=j)


def w_symbol(c: int, i: int, j: int, n: int | None = None) -> Symbol:
    """Name the weight in row i and column j of channel c of the kernel, or of kernel n.

    Raises:
        OptionError: An index is no integer of at least 1.
    """
    return _symbol("w", n=n, c=c, i=i, j=j)


def grad_symbol(i: int, j: int, n: int | None = None) -> Symbol:
    """Name the derivative of the loss by the output in row i and column j, of output channel n if there are several.

    Raises:
        OptionError: An index is no integer of at least 1.
    """
    return _symbol("g", n=n, i=i, j=j)


def bias_symbol(n: int | None = None) -> Symbol:
    """Name the bias of the kernel, or of kernel n.

    Raises:
        OptionError: n is no integer of at least 1.
    """
    return _symbol("b", n=n)


def indices_of(symbol: Symbol) -> tuple[str, tuple[int, ...]]:
    """Read a symbol back: its letter and its indices, the kernel's number first if it has one.

    Raises:
        OptionError: It is none of this module's symbols.

    Example:
        >>> indices_of(x_symbol(1, 2, 3))
        ('x', (1, 2, 3))
    """
    match = _NAME.fullmatch(symbol.name)
    indices = tuple(int(index) for index in match["indices"].split("_")[1:]) if match else ()
    if match is None or len(indices) not in _COUNTS[match["letter"]]:
        raise OptionError("symbol", "x_c_i_j, w_c_i_j, g_i_j or b with indices from 1", repr(symbol.name))
    return match["letter"], indices


def _symbol(letter: str, **indices: int | None) -> Symbol:
    given = {name: index for name, index in indices.items() if index is not None}
    for name, index in given.items():
        require_at_least(name, index, 1, "rows, columns and channels are counted from 1")
    return Symbol("_".join([letter, *map(str, given.values())]))
