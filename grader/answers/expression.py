"""The tree of a formula and its value: sums get their scope, symbols their values.

The tree is built from a white list of six node kinds; nothing else can be computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from grader.answers.index import MAX_INDEX, Element, Family, Index
from grader.answers.polynomial import MAX_TERMS, Polynomial, PolynomialSizeError, Variable, total
from grader.answers.source import RefusedError
from grader.answers.summation import MAX_VALUES, Running
from grader.message import Message, msg

MAX_STEPS = 50_000
MAX_POWER = 8

Symbols = frozenset[str]
Values = Mapping[str, "int | str"]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula; `free` are the index symbols that nothing inside it binds."""

    offset: int
    free: Symbols


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Leaf(Node):
    """A variable with its indices."""

    element: Element


@dataclass(frozen=True, slots=True)
class Addition(Node):
    """Terms with their signs."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True, slots=True)
class Product(Node):
    """Factors; `divisors` are divided by."""

    factors: tuple[Node, ...]
    divisors: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Power(Node):
    """A part raised to a whole number."""

    base: Node
    exponent: int


@dataclass(frozen=True, slots=True)
class Series(Node):
    """A sum over index symbols."""

    running: tuple[Running, ...]
    body: Node


def union(nodes: Iterable[Node]) -> Symbols:
    """Collect the free symbols of several parts."""
    return frozenset().union(*(node.free for node in nodes))


def series(offset: int, running: Iterable[Running], body: Node) -> Series:
    """Put a sum sign before a part."""
    running = tuple(running)
    return Series(offset, body.free - {run.symbol for run in running}, running, body)


@dataclass(frozen=True, slots=True)
class Scopes:
    """Decides how far sums reach and over which values they run; `remarks` collects what was decided.

    Strictly a sum ends at the next plus sign.  Where that leaves a symbol without a
    meaning, the terms that use it are put under the sum: `sum_c x w + x w`.
    """

    families: Mapping[str, Family]
    channel_names: tuple[str, ...]
    remarks: list[Message] = field(default_factory=list)

    def settle(self, node: Node, bound: Symbols) -> Node:
        """Return the tree with every symbol bound and every sum given its values.

        Raises:
            RefusedError: A symbol has no meaning.
        """
        if isinstance(node, Addition):
            return Addition(node.offset, node.free, tuple(self._terms(node, bound)))
        if isinstance(node, Series):
            body = self.settle(node.body, bound | {run.symbol for run in node.running})
            return Series(node.offset, node.free, tuple(self._valued(run, body) for run in node.running), body)
        if isinstance(node, Product):
            factors = tuple(self.settle(factor, bound) for factor in node.factors)
            divisors = tuple(self.settle(divisor, bound) for divisor in node.divisors)
            return Product(node.offset, node.free, factors, divisors)
        if isinstance(node, Power):
            return Power(node.offset, node.free, self.settle(node.base, bound), node.exponent)
        if isinstance(node, Leaf) and node.free - bound:
            return self._named_channel(node, bound)
        return node

    def _terms(self, node: Addition, bound: Symbols) -> Iterator[tuple[int, Node]]:
        known: dict[str, Running] = {}
        for sign, term in node.terms:
            missing = sorted(name for name in term.free - bound if name in known)
            if missing:
                term = series(term.offset, (known[name] for name in missing), term)
                self._note(
                    msg(
                        "the sum over {symbols} was read as reaching over all terms that use it; "
                        "parentheses would say so",
                        symbols=", ".join(missing),
                    )
                )
            known |= {run.symbol: run for run in _leading(term)}
            yield sign, self.settle(term, bound)

    def _named_channel(self, leaf: Leaf, bound: Symbols) -> Leaf:
        """Take `x^r_{12}` for the channel R when r is no symbol of a sum."""
        channel = leaf.element.channel
        name = (channel.symbol or "").upper() if channel else ""
        if channel and name in self.channel_names and leaf.free - bound == {channel.symbol}:
            named = replace(channel, symbols=(), channel=name)
            return Leaf(leaf.offset, leaf.free - {channel.symbol}, replace(leaf.element, channel=named))
        symbol = min(leaf.free - bound)
        place = next(i.offset for i in leaf.element.indices if any(used == symbol for used, _ in i.symbols))
        raise RefusedError(
            place, msg("the index {symbol} has no value: say over what it runs, or write it out", symbol=symbol)
        )

    def _valued(self, run: Running, body: Node) -> Running:
        """Give a sum that names no values as many as there are channels, rows or columns."""
        is_used = run.symbol in body.free
        if not is_used:
            self._note(msg("nothing under the sum over {symbol} has this index", symbol=run.symbol))
        if run.values is not None:
            return run
        if not is_used:
            channels = [self.families[leaf.element.family].channels for leaf in leaves(body) if leaf.element.row]
            fits = [set(range(1, size + 1)) for size in channels if size]
        else:
            fits = [fit for leaf in leaves(body) for fit in self._fits(run, leaf.element)]
        values = sorted(set.intersection(*fits)) if fits else []
        if not values:
            raise RefusedError(run.offset, msg("over what {symbol} runs cannot be told; write it", symbol=run.symbol))
        if any(fit != fits[0] for fit in fits):
            self._note(
                msg(
                    "the sum over {symbol} was read as running from {first} to {last}",
                    symbol=run.symbol,
                    first=values[0],
                    last=values[-1],
                )
            )
        return replace(run, values=tuple(values))

    def _fits(self, run: Running, element: Element) -> Iterator[set[int]]:
        """Yield, for every index that uses the symbol alone, the values that stay inside the family."""
        family = self.families.get(element.family, Family(0, 0))
        axes = ((element.channel, family.channels), (element.row, family.rows), (element.column, family.columns))
        for index, size in axes:
            if index is not None and size and [name for name, _ in index.symbols] == [run.symbol]:
                count = index.symbols[0][1]
                candidates = range(run.start, run.start + MAX_VALUES)
                yield {value for value in candidates if 1 <= index.constant + count * value <= size}

    def _note(self, remark: Message) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the variables of a tree, from left to right."""
    if isinstance(node, Leaf):
        yield node
    for child in children(node):
        yield from leaves(child)


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node."""
    if isinstance(node, Addition):
        return tuple(term for _, term in node.terms)
    if isinstance(node, Product):
        return node.factors + node.divisors
    if isinstance(node, Power):
        return (node.base,)
    return (node.body,) if isinstance(node, Series) else ()


def sole(node: Node) -> Node:
    """Return what a node consists of, when that is one part with a plus sign."""
    while True:
        if isinstance(node, Addition) and len(node.terms) == 1 and node.terms[0][0] == 1:
            node = node.terms[0][1]
        elif isinstance(node, Product) and len(node.factors) == 1 and not node.divisors:
            node = node.factors[0]
        else:
            return node


def _leading(term: Node) -> list[Running]:
    """Find the sums that a term begins with, also behind a coefficient."""
    found: list[Running] = []
    while True:
        if isinstance(term, Series):
            found += term.running
            term = term.body
        elif isinstance(term, Product) and isinstance(term.factors[-1], Series):
            term = term.factors[-1]
        elif isinstance(term, Addition) and len(term.terms) == 1:
            term = term.terms[0][1]
        else:
            return found


@dataclass(slots=True)
class Evaluator:
    """Computes the polynomial of a tree; counts its steps, so that no formula can keep it busy."""

    steps: int = 0

    def value(self, node: Node, values: Values) -> Polynomial:
        """Compute a part, its free symbols having values."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise RefusedError(node.offset, msg("this formula is too large to be multiplied out"))
        try:
            return self._value(node, values)
        except PolynomialSizeError:
            message = msg("multiplied out, this has more than {limit} terms or too large powers", limit=MAX_TERMS)
            raise RefusedError(node.offset, message) from None

    def _value(self, node: Node, values: Values) -> Polynomial:
        if isinstance(node, Constant):
            return Polynomial.of(node.value)
        if isinstance(node, Leaf):
            return self._power(Polynomial.of(variable(node.element, values)), node.element.power, node.offset)
        if isinstance(node, Addition):
            return total(sign * self.value(term, values) for sign, term in node.terms)
        if isinstance(node, Product):
            return self._product(node, values)
        if isinstance(node, Power):
            return self._power(self.value(node.base, values), node.exponent, node.offset)
        if isinstance(node, Series):
            return self._series(node, list(node.running), values)
        raise TypeError(f"no node of a formula: {node!r}")

    def _product(self, node: Product, values: Values) -> Polynomial:
        result = Polynomial.of(1)
        for factor in node.factors:
            right = self.value(factor, values)
            self.steps += len(result) * len(right) // 16
            result = result * right
        for divisor in node.divisors:
            number = self.value(divisor, values).constant
            if number is None:
                raise RefusedError(divisor.offset, msg("only division by a number can be read"))
            if number == 0:
                raise RefusedError(divisor.offset, msg("this divides by zero"))
            result = result * (1 / number)
        return result

    def _power(self, base: Polynomial, exponent: int, offset: int) -> Polynomial:
        if not 0 <= exponent <= MAX_POWER:
            raise RefusedError(offset, msg("an exponent may be at most {limit}", limit=MAX_POWER))
        result = Polynomial.of(1)
        for _ in range(exponent):
            self.steps += len(result) * len(base) // 16
            result = result * base
        return result

    def _series(self, node: Series, running: list[Running], values: Values) -> Polynomial:
        if not running:
            return self.value(node.body, values)
        first, *rest = running
        return total(self._series(node, rest, {**values, first.symbol: value}) for value in first.values or ())


def variable(element: Element, values: Values) -> Variable:
    """Put the values of the symbols into the indices; a channel called by its name stays a name."""
    channel: int | str | None = None
    if element.channel is not None:
        channel = _index(element.channel, values)
    row, column = (None if i is None else _index(i, values) for i in (element.row, element.column))
    if isinstance(row, str) or isinstance(column, str):
        raise RefusedError(element.offset, msg("a channel stands here where a row or a column was expected"))
    return Variable(element.family, channel, row, column)


def _index(index: Index, values: Values) -> int | str:
    if index.channel is not None:
        return index.channel
    result = index.constant
    for name, count in index.symbols:
        value = values[name]
        if isinstance(value, str):
            if index.symbol is None:
                raise RefusedError(index.offset, msg("a channel called by its name cannot be calculated with"))
            return value
        result += count * value
    if not -MAX_INDEX <= result <= MAX_INDEX:
        raise RefusedError(
            index.offset, msg("the index {index} is out of all bounds; at most {limit}", index=result, limit=MAX_INDEX)
        )
    return result
