"""Checks for the formulas of a multi-channel output. Each docstring is the sentence the student reads."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from grader import expect
from grader.answers.polynomial import Polynomial, Variable
from grader.checks import check, probe
from grader.message import Message, msg

CHANNELS, KERNEL, IMAGE = 3, 2, 3
CONVENTIONS = ("convolution", "correlation")
ELEMENTS = {"y12": (1, 2), "y21": (2, 1), "y22": (2, 2)}
SHOWN_TERMS = 8

X_CHANNEL = msg("x has no channel index: each element is a sum over the three channels, x^1, x^2 and x^3.")
W_CHANNEL = msg(
    "w has no channel index: every channel has its own 2 x 2 weights, so a kernel has 12 weights and not 4."
)
BIAS = msg("The bias is counted more than once: it belongs once to an output map, not to every channel or product.")
MIXED = msg("This element mixes both conventions: some weights are rotated and some are not.")
REVERSED = msg(
    "The channels were reversed as well: the kernel is rotated in the plane only, channel c of x meets channel c of w."
)
FLIPPED = msg("The kernel was flipped in one direction only: a rotation by 180 degrees reverses rows and columns.")
TRANSPOSED = msg("The kernel was transposed: rows and columns of w are exchanged.")
POSITION = msg("The window is at the wrong position: Y_ij begins at x_ij.")


def product(row: int, column: int, u: int, v: int, *, x_channel: int, w_channel: int) -> Polynomial:
    """One product of an element: the pixel under place (u, v) of the window, and a weight."""
    return Polynomial.of(Variable("x", x_channel, row, column)) * Polynomial.of(Variable("w", w_channel, u, v))


def element(row: int, column: int, turn: Any, *, is_reversed: bool = False) -> Polynomial:
    """The element of the output at (row, column), with the weight at `turn(u, v)` for place (u, v) of the window."""
    sum_of_products = Polynomial()
    for c in range(1, CHANNELS + 1):
        for u in range(1, KERNEL + 1):
            for v in range(1, KERNEL + 1):
                other = CHANNELS + 1 - c if is_reversed else c
                sum_of_products += product(row + u - 1, column + v - 1, *turn(u, v), x_channel=c, w_channel=other)
    return sum_of_products


def _kept(u: int, v: int) -> tuple[int, int]:
    return u, v


def _rotated(u: int, v: int) -> tuple[int, int]:
    return KERNEL + 1 - u, KERNEL + 1 - v


TURNS = {"convolution": _rotated, "correlation": _kept}


def convention(polynomial: Polynomial, key: str) -> str | None:
    """The convention by which a polynomial is this element, or None; a bias added once is no mistake."""
    bias = Polynomial.of(Variable("b"))
    for name in CONVENTIONS:
        right = element(*ELEMENTS[key], TURNS[name])
        if polynomial in (right, right + bias):
            return name
    return None


def explain(polynomial: Polynomial, key: str) -> Message:
    """What is wrong with a formula, told by its variables and by what it equals."""
    for variable in sorted(polynomial.variables, key=lambda variable: variable.sort_key):
        sentence = _explain_variable(variable)
        if sentence is not None:
            return sentence
    if polynomial.terms.get(((Variable("b"), 1),), Fraction(0)) > 1:
        return BIAS
    for other, place in (("y11", (1, 1)), *ELEMENTS.items()):
        if other != key and any(polynomial == element(*place, turn) for turn in TURNS.values()):
            return msg(
                "This is the formula of {other}, not of {key}: the first index is the row.", other=other, key=key
            )
    variants: tuple[tuple[Any, bool, Message], ...] = (
        (_rotated, True, REVERSED),
        (_kept, True, REVERSED),
        (lambda u, v: (KERNEL + 1 - u, v), False, FLIPPED),
        (lambda u, v: (u, KERNEL + 1 - v), False, FLIPPED),
        (lambda u, v: (v, u), False, TRANSPOSED),
    )
    for turn, is_reversed, sentence in variants:
        if polynomial == element(*ELEMENTS[key], turn, is_reversed=is_reversed):
            return sentence
    for turn in TURNS.values():
        right = element(*ELEMENTS[key], turn)
        if polynomial * CHANNELS == right:
            return msg("The channels are averaged; they are summed.")
        used = {variable.channel for variable in polynomial.variables}
        if (
            len(polynomial) < len(right)
            and all(term in right.terms for term in polynomial.terms)
            and len(used) < CHANNELS
        ):
            names = ", ".join(str(channel) for channel in sorted(used, key=str))
            return msg("Only channel {names} is summed; the element is a sum over all three channels.", names=names)
    both = element(*ELEMENTS[key], _rotated).terms | element(*ELEMENTS[key], _kept).terms
    if len(polynomial) == len(both) // 2 and all(term in both for term in polynomial.terms):
        return MIXED
    return msg("The formula is not this element, by convolution or by correlation.")


def _explain_variable(variable: Variable) -> Message | None:
    if variable.family in ("x", "w") and variable.channel is None:
        return X_CHANNEL if variable.family == "x" else W_CHANNEL
    side = {"x": IMAGE, "w": KERNEL}.get(variable.family)
    if side is None or variable.row is None or variable.column is None:
        return None
    if not (1 <= variable.row <= side and 1 <= variable.column <= side):
        return msg("{variable} lies outside: its indices go from 1 to {side}.", variable=str(variable), side=side)
    if not (isinstance(variable.channel, int) and 1 <= variable.channel <= CHANNELS):
        return msg("{variable} has a channel that does not exist; there are 1, 2 and 3.", variable=str(variable))
    return None


def demand(answers: Any, key: str) -> str:
    """Demand that a field holds its element, and return the convention that it uses."""
    formula = answers[key]
    left = formula.left
    if left is not None and left.row is not None and (left.row, left.column) != ELEMENTS[key]:
        expect.fail(msg("Under {key} stands a formula for {left}.", key=key, left=str(left)))
    found = convention(formula.polynomial, key)
    if found is None:
        nearest = min(
            (element(*ELEMENTS[key], turn) for turn in TURNS.values()), key=lambda p: len(p - formula.polynomial)
        )
        difference = nearest - formula.polynomial
        lacking = Polynomial({term: value for term, value in difference.terms.items() if value > 0})
        surplus = Polynomial({term: -value for term, value in difference.terms.items() if value < 0})
        expect.fail(
            explain(formula.polynomial, key),
            got=str(formula.polynomial),
            detail=msg("missing: {lacking}; too much: {surplus}", lacking=str(lacking), surplus=str(surplus)),
        )
    return found


@check(points=2)
def y12(answers):
    """Y^n_12 is the sum of its twelve products."""
    demand(answers, "y12")


@check(points=2)
def y21(answers):
    """Y^n_21 is the sum of its twelve products."""
    demand(answers, "y21")


@check(points=2)
def y22(answers):
    """Y^n_22 is the sum of its twelve products."""
    demand(answers, "y22")


@check(points=1, after=(y12, y21, y22))
def one_convention(answers):
    """All elements use the same convention: all rotate the kernel, or none does."""
    used = {key: demand(answers, key) for key in ELEMENTS}
    if len(set(used.values())) > 1:
        told = ", ".join(f"{key}: {name}" for key, name in used.items())
        expect.fail(msg("Some elements are convolutions and some are correlations; choose one for all."), got=told)


@probe
def first(answers):
    """The polynomial of Y12."""
    return str(answers["y12"].polynomial)


@probe
def second(answers):
    """The polynomial of Y21."""
    return str(answers["y21"].polynomial)


@probe
def third(answers):
    """The polynomial of Y22."""
    return str(answers["y22"].polynomial)
