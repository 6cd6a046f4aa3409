"""The same formulas with a summation sign: over the channels, or over the channels and the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sympy import Add, Expr, Indexed, IndexedBase, Integer, Sum, Symbol

from reference.errors import require_at_least, require_one_of
from reference.symbolic.convention import CONVENTIONS, Convention
from reference.symbolic.formula import Sides
from reference.symbolic.notation import NOTATIONS, Notation
from reference.symbolic.symbol import bias_symbol, w_symbol, x_symbol

Over = Literal["channels", "window"]
OVER: tuple[Over, ...] = ("channels", "window")

X, W = IndexedBase("x"), IndexedBase("w")
C, U, V, ROW, COLUMN = (Symbol(letter, integer=True) for letter in "cuvij")
Index = tuple[Expr, Expr]  # row and column
Range = tuple[Symbol, int]  # a letter, and how far it runs from 1


@dataclass(frozen=True, slots=True)
class SummedFormula:
    """One output as a sum: what is summed, and over which letters.

    Args:
        i: Row of the output from 1, or a letter for all rows.
        j: Column of the output, alike.
        terms: Under the summation sign: place of the pixel and place of its weight, in channel c.
        ranges: The letters of the summation signs, and how far each runs.
        bias: Whether a bias is added behind the sum.
    """

    i: Expr
    j: Expr
    terms: tuple[tuple[Index, Index], ...]
    ranges: tuple[Range, ...]
    bias: bool

    @property
    def expr(self) -> Expr:
        """The formula for sympy, with elements x[c, i, j] and w[c, i, j]."""
        inside = Add(*(X[C, *x] * W[C, *w] for x, w in self.terms))
        total = Sum(inside, *((letter, 1, last) for letter, last in self.ranges))
        return Add(total, bias_symbol()) if self.bias else total

    def at(self, i: int, j: int) -> Expr:
        """The terms one by one for output y_ij, as `output_formula` writes them.

        Raises:
            OptionError: A number is no integer of at least 1.

        Example:
            >>> summed_formula(kernel=(1, 2), channels=1).at(1, 1)
            w_1_1_1*x_1_1_2 + w_1_1_2*x_1_1_1
        """
        require_at_least("i", i, 1, "rows are counted from 1")
        require_at_least("j", j, 1, "columns are counted from 1")
        written = self.expr.subs({ROW: i, COLUMN: j}).doit()
        names = {}
        for element in written.atoms(Indexed):
            make = x_symbol if element.base == X else w_symbol
            names[element] = make(*map(int, element.indices))
        return written.xreplace(names)

    def text(self, notation: Notation = "unicode") -> str:
        """Write the formula down, terms in the order in which the window is read.

        Args:
            notation: "latex", "unicode" or "plain", which sympy reads back.

        Raises:
            OptionError: `notation` is another word.

        Example:
            >>> print(summed_formula().text())
            y_ij = Σ(c=1..3) Σ(u=1..2) Σ(v=1..2) x^c_(i+u-1, j+v-1)·w^c_(3-u, 3-v)
            >>> print(summed_formula(1, 2, kernel=(1, 2), over="channels").text())
            y_12 = Σ(c=1..3) (x^c_12·w^c_12 + x^c_13·w^c_11)
        """
        require_one_of("notation", notation, NOTATIONS)
        if notation == "plain":
            return self._plain()
        between = " " if notation == "latex" else "·"
        products = [_letter("x", x, notation) + between + _letter("w", w, notation) for x, w in self.terms]
        signs = [_sign(letter, last, notation) for letter, last in self.ranges]
        inside = " + ".join(products)
        if len(products) > 1:
            inside = rf"\left( {inside} \right)" if notation == "latex" else f"({inside})"
        output = _letter("y", (self.i, self.j), notation)
        return f"{output} = {' '.join(signs)} {inside}" + (" + b" if self.bias else "")

    def _plain(self) -> str:
        inside = " + ".join(f"x[c, {x[0]}, {x[1]}]*w[c, {w[0]}, {w[1]}]" for x, w in self.terms)
        ranges = ", ".join(f"({letter}, 1, {last})" for letter, last in self.ranges)
        return f"Sum({inside}, {ranges})" + (" + b" if self.bias else "")


def summed_formula(
    i: int | None = None,
    j: int | None = None,
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    *,
    over: Over = "window",
    bias: bool = False,
) -> SummedFormula:
    """Write an output with summation signs.

        convolution   y_ij = sum over c, u, v of x^c_(i+u-1, j+v-1) * w^c_(K_h+1-u, K_w+1-v)
        correlation   y_ij = sum over c, u, v of x^c_(i+u-1, j+v-1) * w^c_(u, v)

    with c = 1..channels, u = 1..K_h, v = 1..K_w, indices from 1.  Over the channels
    alone, the products of a window stand one by one inside the sum.

    Args:
        i: Row of the output, from 1; None keeps the letter.
        j: Column of the output, alike.
        kernel: K_h and K_w.
        channels: Channels of the image.
        convention: As in `output_products`.
        over: "window" sums over c, u and v, "channels" over c.
        bias: Whether the kernel has one.

    Raises:
        OptionError: A number is no integer of at least 1, or a word is unknown.
    """
    require_one_of("convention", convention, CONVENTIONS)
    require_one_of("over", over, OVER)
    numbers = [("i", i), ("j", j), ("channels", channels), ("kernel", kernel[0]), ("kernel", kernel[1])]
    for name, number in numbers:
        if number is not None:
            require_at_least(name, number, 1)
    K_h, K_w = kernel
    row, column = (letter if number is None else Integer(number) for letter, number in ((ROW, i), (COLUMN, j)))

    def product(u: Expr, v: Expr) -> tuple[Index, Index]:
        place = (u, v) if convention == "correlation" else (K_h + 1 - u, K_w + 1 - v)
        return (row + u - 1, column + v - 1), place

    if over == "window":
        return SummedFormula(row, column, (product(U, V),), ((C, channels), (U, K_h), (V, K_w)), bias)
    places = [(Integer(u), Integer(v)) for u in range(1, K_h + 1) for v in range(1, K_w + 1)]
    return SummedFormula(row, column, tuple(product(u, v) for u, v in places), ((C, channels),), bias)


def _sign(letter: Symbol, last: int, notation: Notation) -> str:
    return rf"\sum_{{{letter}=1}}^{{{last}}}" if notation == "latex" else f"Σ({letter}=1..{last})"


def _letter(name: str, index: Index, notation: Notation) -> str:
    """x^c_12, x^c_(i+u-1, j+v-1); the output has no channel."""
    row, column = (str(part).replace(" ", "") for part in index)
    channel = "" if name == "y" else "^{c}" if notation == "latex" else "^c"
    is_short = len(row) == len(column) == 1
    inside = row + column if is_short else f"{row}, {column}"
    if notation == "latex":
        return f"{name}{channel}_{{{inside}}}"
    return f"{name}{channel}_{inside if is_short else f'({inside})'}"
