"""Convolutions of letters instead of numbers: formulas of every output, and hand calculations step by step.

Hand calculations are fractions and load no sympy; it is loaded when the name of a formula is asked for.
"""

from typing import TYPE_CHECKING, Any

from reference.symbolic.worked import Product, WorkedElement, worked_element, worked_elements

if TYPE_CHECKING:
    from reference.symbolic.formula import (
        derivative,
        loss_gradient,
        output_formula,
        output_formulas,
        output_products,
    )
    from reference.symbolic.notation import render
    from reference.symbolic.summed import SummedFormula, summed_formula
    from reference.symbolic.symbol import bias_symbol, grad_symbol, indices_of, w_symbol, x_symbol

__all__ = [
    "Product",
    "SummedFormula",
    "WorkedElement",
    "bias_symbol",
    "derivative",
    "grad_symbol",
    "indices_of",
    "loss_gradient",
    "output_formula",
    "output_formulas",
    "output_products",
    "render",
    "summed_formula",
    "w_symbol",
    "worked_element",
    "worked_elements",
    "x_symbol",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from reference.symbolic import formula, notation, summed, symbol

        return next(getattr(module, name) for module in (formula, notation, summed, symbol) if hasattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
