r"""A formula in indexed variables as people write it, read into an exact polynomial.

Y^n_{12} = \sum_{c=1}^{3} ( x^c_{12} w^{n,c}_{22} + x^c_{13} w^{n,c}_{21} + ... )
Y12 = xR12*wR22 + xR13*wR21 + ...
y[0,1] = sum(x[c,0,1]*w[c,1,1] + ... for c in range(3))
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grader.answers.expression import Evaluator, Leaf, Node, Scopes, leaves, sole, variable
from grader.answers.index import Alphabet, Element, Family
from grader.answers.lexer import Lexer, Names
from grader.answers.notation import plain_notation, without_words
from grader.answers.origin import origins
from grader.answers.polynomial import Polynomial, Variable
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.answers.syntax import read_tree
from grader.message import Message, msg

MAX_SIDES = 16

ACCEPTED = msg(
    "a formula such as Y_{12} = \\sum_{c=1}^{3} (x^c_{12} w^c_{22} + ...), written with the names of the task"
)


@dataclass(frozen=True, slots=True)
class FormulaSpec:
    """The names that may stand in a formula; the exercise supplies them.

    Args:
        families: The variables of right-hand sides.
        left: The names of left-hand sides.
        bias: The name of a variable that needs no index.
        channel_names: What the channels 1, 2, ... are called.
        map_symbol: The number of a map or kernel, as the n of W^n; it is read over.
        position: Row and column of the element that is asked for, at which a general
            formula Y_{ij} = ... is read.
    """

    families: Mapping[str, Family]
    left: Mapping[str, Family] = field(default_factory=dict)
    bias: str | None = None
    channel_names: tuple[str, ...] = ("R", "G", "B")
    map_symbol: str = "n"
    position: tuple[int, int] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> FormulaSpec:
        """Read the options of a field: `families.x = { rows = 3, columns = 3, channels = 3 }`, `left.y = ...`."""
        families = {name: Family(**row) for name, row in options["families"].items()}
        left = {name: Family(**row) for name, row in options.get("left", {}).items()}
        position = options.get("position")
        return cls(
            families,
            left,
            options.get("bias"),
            tuple(options.get("channel_names", ("R", "G", "B"))),
            options.get("map_symbol", "n"),
            (int(position[0]), int(position[1])) if position else None,
        )


@dataclass(frozen=True, slots=True)
class Formula:
    """What a formula says: the polynomial, and the left-hand side when one was written."""

    polynomial: Polynomial
    left: Variable | None = None

    def __str__(self) -> str:
        return f"{self.left} = {self.polynomial}" if self.left else str(self.polynomial)


def parse_formula(text: str, spec: FormulaSpec) -> Parsed[Formula] | Unreadable:
    r"""Read one formula and multiply it out.

    Channels, rows and columns count from 1 in the result.  Of chained equalities
    all sides must agree.  Indices outside a family's size are kept, for a check to explain.

    Example:
        >>> spec = FormulaSpec({"x": Family(3, 3, channels=3), "w": Family(2, 2, channels=3, has_maps=True)})
        >>> parse_formula("\\sum_c x^c_{11} w^{n,c}_{22}", spec).understood
        'x^1_11 w^1_22 + x^2_11 w^2_22 + x^3_11 w^3_22'
        >>> print(parse_formula("x11 w22 + v12", spec).render_caret())
        x11 w22 + v12
                  ^
    """
    return read_with(lambda source: _parse(source, spec), text, ACCEPTED)


def _parse(source: Source, spec: FormulaSpec) -> Parsed[Formula]:
    remarks: list[Message] = []
    text_source = plain_notation(source)
    text = without_words(text_source.text, [*spec.families], [*spec.left], remarks)
    try:
        return _read(text, spec, remarks)
    except RefusedError as refused:
        # The places so far are those of the plain notation.
        origin = text_source.origin[min(refused.offset, len(text_source.text))]
        raise RefusedError(_position(source, origin), refused.message) from None


def _position(source: Source, origin: int) -> int:
    return bisect_left(source.origin, origin)


def _read(text: str, spec: FormulaSpec, remarks: list[Message]) -> Parsed[Formula]:
    loops = frozenset(re.findall(r"\bfor\s+([A-Za-z]\w+)", text))
    alphabet = Alphabet(spec.channel_names, spec.map_symbol, loops)
    lexemes = list(Lexer(text, Names({**spec.families, **spec.left}, spec.bias, alphabet)).lexemes())
    if lexemes and lexemes[0].kind == "EQUAL":
        lexemes = lexemes[1:]  # the left-hand side may be printed before the answer
    if not lexemes:
        raise RefusedError(0, msg("there is no formula here"))
    left, sides = _left_side(read_tree(lexemes), spec)
    values = _values_of(left, spec.position)
    scopes = Scopes({**spec.families, **spec.left}, spec.channel_names, remarks)
    settled = [scopes.settle(side, frozenset(values)) for side in sides]
    evaluator = Evaluator()
    written = [evaluator.value(side, values) for side in settled]
    element = variable(left, values) if left else None
    bracketed = {
        lexeme.value.family: lexeme.value.is_bracketed for lexeme in lexemes if isinstance(lexeme.value, Element)
    }
    counted = origins(written, element, {**spec.families, **spec.left}, bracketed, spec.position)
    remarks += counted.remarks()

    def final(written_variable: Variable) -> Variable:
        moved = counted.moved(written_variable)
        if isinstance(moved.channel, str):
            return replace(moved, channel=spec.channel_names.index(moved.channel) + 1)
        return moved

    polynomials = [polynomial.mapped(final) for polynomial in written]
    _check_agreement(polynomials, sides)
    formula = Formula(polynomials[0], final(element) if element else None)
    return Parsed(formula, str(formula), tuple(remarks))


def _left_side(sides: list[Node], spec: FormulaSpec) -> tuple[Element | None, list[Node]]:
    """Take the left-hand side off; its names may not stand anywhere else."""
    if len(sides) > MAX_SIDES:
        raise RefusedError(sides[MAX_SIDES].offset, msg("this has too many equals signs"))
    left: Element | None = None
    first = sole(sides[0])
    if isinstance(first, Leaf) and first.element.family in spec.left:
        left, sides = first.element, sides[1:]
        if not sides:
            raise RefusedError(first.offset, msg("nothing stands after the left-hand side"))
    for side in sides:
        for leaf in leaves(side):
            if leaf.element.family in spec.left:
                message = msg(
                    "`{name}` begins another formula here; one formula is expected", name=str(leaf.element.family)
                )
                raise RefusedError(leaf.offset, message)
    return left, sides


def _values_of(left: Element | None, position: tuple[int, int] | None) -> dict[str, int | str]:
    """Give the symbols of a general left-hand side Y_{ij} the values of the element that was asked for."""
    values: dict[str, int | str] = {}
    for index, value in zip((left.row, left.column) if left else (), position or (None, None), strict=False):
        if index is None or not index.symbols:
            continue
        if value is None or index.symbol is None:
            raise RefusedError(index.offset, msg("write the formula of one element, with numbers for row and column"))
        values[index.symbol] = value
    return values


def _check_agreement(polynomials: list[Polynomial], sides: list[Node]) -> None:
    for polynomial, side in zip(polynomials[1:], sides[1:], strict=True):
        if polynomial != polynomials[0]:
            difference = polynomial - polynomials[0]
            raise RefusedError(
                side.offset,
                msg(
                    "this side differs from the one before the equals sign, by {difference}",
                    difference=str(difference)[:120],
                ),
            )
