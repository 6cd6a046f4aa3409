"""Tokens into the tree of a formula, by the grammar in formula.lark."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.answers.expression import Addition, Constant, Leaf, Node, Power, Product, series, union
from grader.answers.index import Element
from grader.answers.lexer import Lexeme
from grader.answers.source import RefusedError
from grader.message import Message, msg

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = Path(__file__).with_name("formula.lark")

_EXPECTED = {
    "EQUAL": msg("an equals sign cannot stand here"),
    "RIGHT": msg("this bracket closes nothing, or something is missing before it"),
    "FOR": msg("`for` stands only at the end of a sum(...)"),
}


def read_tree(lexemes: Sequence[Lexeme]) -> list[Node]:
    """Build the trees of the sides of an equation.

    Raises:
        RefusedError: The tokens are no formula.
    """
    from lark import Token
    from lark.exceptions import UnexpectedToken

    parser = _parser().parse_interactive()
    for lexeme in lexemes:
        try:
            parser.feed_token(Token(lexeme.kind, lexeme))
        except UnexpectedToken:
            raise RefusedError(*_unexpected(lexemes, lexeme)) from None
    last = lexemes[-1]
    try:
        sides = parser.feed_token(Token("$END", last))
    except UnexpectedToken:
        raise RefusedError(*_unfinished(lexemes)) from None
    return list(sides)


def _unexpected(lexemes: Sequence[Lexeme], lexeme: Lexeme) -> tuple[int, Message]:
    before = lexemes[: lexemes.index(lexeme)]
    opened = _open_brackets(before)
    if lexeme.kind == "RIGHT" and opened and before[before.index(opened[-1]) - 1].kind == "LOOP":
        return lexeme.start, msg(
            "this sum( ) does not say over what it runs, as in {example}", example="for c in range(3)"
        )
    return lexeme.start, _EXPECTED.get(lexeme.kind, msg("something is missing before this"))


def _unfinished(lexemes: Sequence[Lexeme]) -> tuple[int, Message]:
    opened = _open_brackets(lexemes)
    if opened:
        return opened[-1].start, msg("this bracket is never closed")
    return lexemes[-1].start, msg("something is missing after this")


def _open_brackets(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    opened: list[Lexeme] = []
    for lexeme in lexemes:
        if lexeme.kind == "LEFT":
            opened.append(lexeme)
        elif lexeme.kind == "RIGHT" and opened:
            opened.pop()
    return opened


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = GRAMMAR.read_text(encoding="utf-8")
    # The callbacks run while parsing, so that a deep formula needs no deep recursion here.
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Builder(), maybe_placeholders=False)


class _Builder:
    """One method a rule of the grammar; each makes a node out of its parts."""

    def start(self, parts: list[Any]) -> list[Node]:
        return [part for part in parts if isinstance(part, Node)]

    def expression(self, parts: list[Any]) -> Node:
        terms = tuple(part if isinstance(part, tuple) else (1, part) for part in parts)
        if len(terms) == 1 and terms[0][0] == 1:
            only: Node = terms[0][1]
            return only
        return Addition(terms[0][1].offset, union(term for _, term in terms), terms)

    def addition(self, parts: list[Any]) -> tuple[int, Node]:
        return 1, parts[-1]

    def subtraction(self, parts: list[Any]) -> tuple[int, Node]:
        return -1, parts[-1]

    def sign(self, parts: list[Any]) -> int:
        return -1 if parts[0].type == "MINUS" else 1

    def signed(self, parts: list[Any]) -> Node:
        signs: list[int] = parts[:-1]
        node: Node = parts[-1]
        if -1 not in signs:
            return node
        negative = -1 if signs.count(-1) % 2 else 1
        return Addition(node.offset, node.free, ((negative, node),))

    def term(self, parts: list[Any]) -> Node:
        return self._flat(parts[0])

    def product_series(self, parts: list[Any]) -> Node:
        node = self.times(parts)
        return self._flat(node)

    def series(self, parts: list[Any]) -> Node:
        lexeme: Lexeme = parts[0].value
        return series(lexeme.start, lexeme.value, parts[1])

    def product(self, parts: list[Any]) -> Node:
        node: Node = parts[0]
        return Product(node.offset, node.free, (node,))

    def times(self, parts: list[Any]) -> Node:
        left, right = parts[0], parts[-1]
        return Product(left.offset, left.free | right.free, (*left.factors, right), left.divisors)

    def divide(self, parts: list[Any]) -> Node:
        left, right = parts[0], parts[-1]
        return Product(left.offset, left.free | right.free, left.factors, (*left.divisors, right))

    def power(self, parts: list[Node]) -> Node:
        return parts[0]

    def raised(self, parts: list[Any]) -> Node:
        base: Node = parts[0]
        lexeme: Lexeme = next(part.value for part in parts[1:] if getattr(part, "type", "") == "NUMBER")
        if -1 in parts[1:] or not isinstance(lexeme.value, Fraction) or lexeme.value.denominator != 1:
            raise RefusedError(lexeme.start, msg("only whole exponents from 0 on can be read"))
        return Power(base.offset, base.free, base, int(lexeme.value))

    def number(self, parts: list[Any]) -> Node:
        lexeme: Lexeme = parts[0].value
        return Constant(lexeme.start, frozenset(), Fraction(lexeme.value))

    def variable(self, parts: list[Any]) -> Node:
        lexeme: Lexeme = parts[0].value
        element: Element = lexeme.value
        return Leaf(lexeme.start, frozenset(name for i in element.indices for name, _ in i.symbols), element)

    def group(self, parts: list[Any]) -> Node:
        inner: Node = parts[1]
        return inner

    def fraction(self, parts: list[Any]) -> Node:
        above, below = (part for part in parts if isinstance(part, Node))
        return Product(above.offset, above.free | below.free, (above,), (below,))

    def loop(self, parts: list[Any]) -> Node:
        body = next(part for part in parts if isinstance(part, Node))
        runs = [run for part in parts if getattr(part, "type", "") == "FOR" for run in part.value.value]
        return series(parts[0].value.start, runs, body)

    def _flat(self, node: Node) -> Node:
        if isinstance(node, Product) and len(node.factors) == 1 and not node.divisors:
            return node.factors[0]
        return node
