"""Formulas as text: for LaTeX, for people's eyes, and for sympy to read back."""

from __future__ import annotations

from typing import Literal

from sympy import Add, Expr, Mul, Symbol, latex

from reference.errors import OptionError, require_one_of
from reference.symbolic.symbol import indices_of

Notation = Literal["latex", "unicode", "plain"]
NOTATIONS: tuple[Notation, ...] = ("latex", "unicode", "plain")

_ORDER = "gxwb"  # within a product: the gradient, then the pixel, then its weight
_BETWEEN = {"latex": " ", "unicode": "·", "plain": "*"}
_UP = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_DOWN = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def render(expr: Expr, notation: Notation = "unicode") -> str:
    """Write a formula down, its terms in the order in which the window is read.

    Args:
        expr: A sympy expression; what is no letter of `symbol.py` is printed as sympy prints it.
        notation: "latex"    x^{1}_{11} w^{1}_{22} + ...
                  "unicode"  x¹₁₁·w¹₂₂ + ...
                  "plain"    x_1_1_1*w_1_2_2 + ..., which sympy reads back

    Raises:
        OptionError: `notation` is another word.

    Example:
        >>> from reference.symbolic import output_formula
        >>> render(output_formula(1, 1, kernel=(1, 2), channels=1, bias=True))
        'x¹₁₁·w¹₁₂ + x¹₁₂·w¹₁₁ + b'
    """
    require_one_of("notation", notation, NOTATIONS)
    text = ""
    for term in sorted(Add.make_args(expr), key=_term_key):
        coefficient, rest = term.as_coeff_Mul()
        sign = "-" if coefficient.is_negative else "+"
        body = _product(abs(coefficient), rest, notation)
        text = f"{text} {sign} {body}" if text else body if sign == "+" else f"-{body}"
    return text


def _product(coefficient: Expr, rest: Expr, notation: Notation) -> str:
    factors = [] if rest == 1 else sorted(Mul.make_args(rest), key=_factor_key)
    parts = [_factor(factor, notation) for factor in factors]
    if not parts:
        return _factor(coefficient, notation)
    if coefficient != 1:
        number = _factor(coefficient, notation)
        parts.insert(0, f"({number})" if "/" in number else number)  # 1/3*x is read as 1/(3*x) by some
    return _BETWEEN[notation].join(parts)


def _factor(factor: Expr, notation: Notation) -> str:
    if isinstance(factor, Symbol):
        return _letter(factor, notation)
    if isinstance(factor, Add):
        return f"({render(factor, notation)})"
    names = {symbol: _letter(symbol, notation) for symbol in factor.free_symbols}
    if notation == "latex":
        return str(latex(factor, symbol_names=names))
    return str(factor.xreplace({symbol: Symbol(name) for symbol, name in names.items()}))


def _letter(symbol: Symbol, notation: Notation) -> str:
    if notation == "plain":
        return str(symbol.name)
    try:
        letter, indices = indices_of(symbol)
    except OptionError:  # a letter of somebody else
        return str(latex(symbol)) if notation == "latex" else str(symbol.name)
    numbers = list(map(str, indices))
    above, below = (numbers, []) if letter == "b" else (numbers[:-2], numbers[-2:])
    between = "," if any(len(number) > 1 for number in below) else ""  # x_1,12 is not x_11,2
    up, down = ",".join(above), between.join(below)
    if notation == "latex":
        return letter + (f"^{{{up}}}" if up else "") + (f"_{{{down}}}" if down else "")
    return f"{letter}{up.translate(_UP)}{down.translate(_DOWN)}"


def _factor_key(factor: Expr) -> tuple[int, tuple[int, ...], str]:
    factor, _ = factor.as_base_exp()  # a power stands where its letter stands
    if isinstance(factor, Symbol):
        try:
            letter, indices = indices_of(factor)
        except OptionError:
            return len(_ORDER), (), str(factor)
        return _ORDER.index(letter), indices, ""
    return len(_ORDER) + 1, (), str(factor)


def _term_key(term: Expr) -> tuple[bool, list[tuple[int, tuple[int, ...], str]]]:
    letters = [factor for factor in Mul.make_args(term) if not factor.is_number]
    return not letters, sorted(map(_factor_key, letters))  # plain numbers come last
