"""Polynomials in indexed variables with rational coefficients: exact, immutable, of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

MAX_TERMS = 4096
MAX_PRODUCTS = 65536  # of terms, in one multiplication
MAX_DEGREE = 16
MAX_COEFFICIENT_BITS = 1024
SHOWN_TERMS = 24


class PolynomialSizeError(ValueError):
    """A result would have more terms, a higher degree or longer coefficients than allowed."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One element of a family, such as x of channel 1 in row 2 and column 3; None for what is not written.

    Example:
        >>> str(Variable("x", 1, 2, 3)), str(Variable("w", None, 1, 10)), str(Variable("b"))
        ('x^1_23', 'w_{1,10}', 'b')
    """

    family: str
    channel: int | str | None = None
    row: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        text = self.family if self.channel is None else f"{self.family}^{self.channel}"
        if self.row is None or self.column is None:
            return text
        if 0 <= self.row <= 9 and 0 <= self.column <= 9:
            return f"{text}_{self.row}{self.column}"
        return f"{text}_{{{self.row},{self.column}}}"

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """By family, then channel, row and column; what is not written comes first."""
        channel = self.channel
        rank = (0, 0, "") if channel is None else (2, 0, channel) if isinstance(channel, str) else (1, channel, "")
        return (self.family, rank, self.row is not None, self.row or 0, self.column or 0)


# A product of powers of variables, sorted; the empty one is the constant.
Monomial = tuple[tuple[Variable, int], ...]


class Polynomial:
    """A sum of monomials with coefficients other than zero.

    Example:
        >>> x, w = (Polynomial.of(Variable(name, 1, 1, 1)) for name in "xw")
        >>> str(x * w - 2 * x)
        'x^1_11 w^1_11 - 2 x^1_11'
    """

    __slots__ = ("_terms",)

    def __init__(self, terms: Mapping[Monomial, Fraction] | Iterable[tuple[Monomial, Fraction]] = ()):
        self._terms = {monomial: coefficient for monomial, coefficient in dict(terms).items() if coefficient}
        if len(self._terms) > MAX_TERMS:
            raise PolynomialSizeError(f"a polynomial of {len(self._terms)} terms; at most {MAX_TERMS} are allowed")

    @classmethod
    def of(cls, value: Variable | Fraction | int) -> Polynomial:
        """A variable or a constant as a polynomial."""
        if isinstance(value, Variable):
            return cls([(((value, 1),), Fraction(1))])
        return cls([((), Fraction(value))])

    @property
    def terms(self) -> dict[Monomial, Fraction]:
        """A copy of the coefficients by monomial."""
        return dict(self._terms)

    @property
    def variables(self) -> frozenset[Variable]:
        """Every variable that occurs."""
        return frozenset(variable for monomial in self._terms for variable, _ in monomial)

    @property
    def degree(self) -> int:
        """The largest number of factors in a term; 0 for a constant."""
        return max((sum(power for _, power in monomial) for monomial in self._terms), default=0)

    @property
    def constant(self) -> Fraction | None:
        """The value, when no variable occurs; otherwise None."""
        return None if self.variables else self._terms.get((), Fraction(0))

    def __add__(self, other: Polynomial) -> Polynomial:
        return total((self, other))

    def __neg__(self) -> Polynomial:
        return Polynomial({monomial: -coefficient for monomial, coefficient in self._terms.items()})

    def __sub__(self, other: Polynomial) -> Polynomial:
        return total((self, -other))

    def __mul__(self, other: Polynomial | Fraction | int) -> Polynomial:
        if not isinstance(other, Polynomial):
            other = Polynomial.of(other)
        if len(self._terms) * len(other._terms) > MAX_PRODUCTS:
            raise PolynomialSizeError(f"a product of {len(self._terms)} and {len(other._terms)} terms")
        if self.degree + other.degree > MAX_DEGREE:
            raise PolynomialSizeError(f"a degree of {self.degree + other.degree}; at most {MAX_DEGREE} is allowed")
        terms: dict[Monomial, Fraction] = {}
        for left, a in self._terms.items():
            for right, b in other._terms.items():
                product = _times(left, right)
                terms[product] = _bounded(terms.get(product, Fraction(0)) + a * b)
        return Polynomial(terms)

    __rmul__ = __mul__

    def mapped(self, change: Callable[[Variable], Variable]) -> Polynomial:
        """The polynomial with every variable replaced by another one."""
        changed: dict[Monomial, Fraction] = {}
        for monomial, coefficient in self._terms.items():
            product: Monomial = ()
            for variable, power in monomial:
                product = _times(product, ((change(variable), power),))
            changed[product] = changed.get(product, Fraction(0)) + coefficient
        return Polynomial(changed)

    def evaluate(self, value: Callable[[Variable], Fraction | int]) -> Fraction:
        """The number that results when every variable gets a value."""
        result = Fraction(0)
        for monomial, coefficient in self._terms.items():
            product = coefficient
            for variable, power in monomial:
                product *= Fraction(value(variable)) ** power
            result += product
        return result

    def to_sympy(self) -> sympy.Expr:
        """The same polynomial as a sympy expression; symbols are named as `str` names the variables."""
        import sympy

        return sympy.Add(
            *(
                sympy.Rational(coefficient.numerator, coefficient.denominator)
                * sympy.Mul(*(sympy.Symbol(str(variable)) ** power for variable, power in monomial))
                for monomial, coefficient in self._terms.items()
            )
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(frozenset(self._terms.items()))

    def __len__(self) -> int:
        return len(self._terms)

    def __str__(self) -> str:
        if not self._terms:
            return "0"
        ordered = sorted(self._terms.items(), key=lambda item: _order(item[0]))
        text = ""
        for monomial, coefficient in ordered[:SHOWN_TERMS]:
            sign = " - " if coefficient < 0 else " + "
            text += (sign if text else sign.strip().replace("+", "")) + _term(monomial, abs(coefficient))
        hidden = len(ordered) - SHOWN_TERMS
        return text + (f" + ... ({hidden} more terms)" if hidden > 0 else "")

    def __repr__(self) -> str:
        return f"Polynomial({self})"


def total(parts: Iterable[Polynomial]) -> Polynomial:
    """The sum of polynomials."""
    terms: dict[Monomial, Fraction] = {}
    for part in parts:
        for monomial, coefficient in part.terms.items():
            terms[monomial] = _bounded(terms.get(monomial, Fraction(0)) + coefficient)
        if len(terms) > 2 * MAX_TERMS:
            raise PolynomialSizeError(f"a polynomial of more than {MAX_TERMS} terms")
    return Polynomial(terms)


def _times(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for variable, power in right:
        powers[variable] = powers.get(variable, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: item[0].sort_key))


def _bounded(coefficient: Fraction) -> Fraction:
    if max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length()) > MAX_COEFFICIENT_BITS:
        raise PolynomialSizeError("a coefficient is too long")
    return coefficient


def _factors(monomial: Monomial) -> list[tuple[Variable, int]]:
    """Return the factors in the order of the report: x before w, as the formulas of a convolution are written."""
    return sorted(monomial, key=lambda factor: factor[0].family, reverse=True)


def _order(monomial: Monomial) -> tuple[Any, ...]:
    return (-sum(power for _, power in monomial), [(v.sort_key, power) for v, power in _factors(monomial)])


def _term(monomial: Monomial, coefficient: Fraction) -> str:
    factors = [str(variable) + (f"^({power})" if power > 1 else "") for variable, power in _factors(monomial)]
    return " ".join(factors if coefficient == 1 and factors else [str(coefficient), *factors])
