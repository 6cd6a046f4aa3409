"""Convolutions of letters instead of numbers: formulas of every output, and hand calculations step by step."""

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
from reference.symbolic.worked import Product, WorkedElement, worked_element, worked_elements

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
