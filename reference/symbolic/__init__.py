"""Convolutions of letters instead of numbers: formulas of every output, and hand calculations step by step."""

from reference.symbolic.formula import (
    derivative,
    loss_gradient,
    output_formula,
    output_formulas,
    output_products,
)
from reference.symbolic.notation import render
from reference.symbolic.symbol import bias_symbol, grad_symbol, indices_of, w_symbol, x_symbol
from reference.symbolic.worked import Product, WorkedElement, worked_element

__all__ = [
    "Product",
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
    "w_symbol",
    "worked_element",
    "x_symbol",
]
