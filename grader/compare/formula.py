"""Polynomials compared term by term: which products are missing, which are too many, which have another factor."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from grader.answers.polynomial import Monomial, Polynomial

SHOWN_PRODUCTS = 6


@dataclass(frozen=True, slots=True)
class FormulaDifference:
    """What turns one polynomial into the other; `changed` holds products whose factor differs: (got, wanted)."""

    missing: Polynomial
    extra: Polynomial
    changed: tuple[tuple[Monomial, Fraction, Fraction], ...]

    @property
    def count(self) -> int:
        """How many products differ."""
        return len(self.missing) + len(self.extra) + len(self.changed)


def formula_difference(got: Polynomial, wanted: Polynomial) -> FormulaDifference:
    """Compare two polynomials, product by product.

    Example:
        >>> from grader.answers.polynomial import Variable
        >>> a, b = (Polynomial.of(Variable(name)) for name in "ab")
        >>> found = formula_difference(a + 2 * b, b + a * b)
        >>> str(found.missing), str(found.extra), len(found.changed)
        ('b a', 'a', 1)
    """
    mine, theirs = got.terms, wanted.terms
    return FormulaDifference(
        missing=Polynomial({product: factor for product, factor in theirs.items() if product not in mine}),
        extra=Polynomial({product: factor for product, factor in mine.items() if product not in theirs}),
        changed=tuple(
            (product, mine[product], theirs[product])
            for product in mine
            if product in theirs and mine[product] != theirs[product]
        ),
    )


def show_products(polynomial: Polynomial, limit: int = SHOWN_PRODUCTS) -> str:
    """The first products of a polynomial, and how many are left out."""
    parts = [Polynomial({product: factor}) for product, factor in polynomial.terms.items()]
    shown = ", ".join(sorted(map(str, parts))[:limit])
    return shown if len(parts) <= limit else f"{shown}, … ({len(parts)})"
