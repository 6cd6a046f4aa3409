"""Formulas as text: exactly as documented, in reading order, and readable for sympy."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import sympy
from hypothesis import given

from reference.errors import OptionError
from reference.symbolic import bias_symbol, grad_symbol, loss_gradient, output_formula, render, w_symbol, x_symbol

X, W, G, B = x_symbol(1, 1, 2), w_symbol(1, 2, 2), grad_symbol(1, 2), bias_symbol()
Q = sympy.Symbol("q")


def test_one_element_in_three_notations():
    y = output_formula(1, 2, channels=1, bias=True)
    assert render(y) == "x¹₁₂·w¹₂₂ + x¹₁₃·w¹₂₁ + x¹₂₂·w¹₁₂ + x¹₂₃·w¹₁₁ + b"
    assert render(y, "plain") == "x_1_1_2*w_1_2_2 + x_1_1_3*w_1_2_1 + x_1_2_2*w_1_1_2 + x_1_2_3*w_1_1_1 + b"
    assert render(y, "latex") == (
        "x^{1}_{12} w^{1}_{22} + x^{1}_{13} w^{1}_{21} + x^{1}_{22} w^{1}_{12} + x^{1}_{23} w^{1}_{11} + b"
    )


def test_several_kernels_have_numbers():
    y = output_formula(1, 1, kernel=(1, 1), channels=2, bias=True, n=2)
    assert render(y) == "x¹₁₁·w²,¹₁₁ + x²₁₁·w²,²₁₁ + b²"
    assert render(y, "latex") == "x^{1}_{11} w^{2,1}_{11} + x^{2}_{11} w^{2,2}_{11} + b^{2}"
    assert render(y, "plain") == "x_1_1_1*w_2_1_1_1 + x_2_1_1*w_2_2_1_1 + b_2"


def test_channels_come_one_after_the_other():
    assert render(output_formula(1, 1, kernel=(1, 1), channels=3)) == "x¹₁₁·w¹₁₁ + x²₁₁·w²₁₁ + x³₁₁·w³₁₁"


def test_a_gradient_stands_before_what_it_multiplies():
    assert render(loss_gradient(w_symbol(1, 1, 1), (1, 3), (1, 2), 1, "correlation")) == "g₁₁·x¹₁₁ + g₁₂·x¹₁₂"


def test_indices_of_two_digits_are_kept_apart():
    assert render(x_symbol(12, 1, 12)) == "x¹²₁,₁₂"
    assert render(x_symbol(1, 11, 2), "latex") == "x^{1}_{11,2}"


@pytest.mark.parametrize(
    ("expr", "unicode", "latex", "plain"),
    [
        (sympy.Integer(0), "0", "0", "0"),
        (-X, "-x¹₁₂", "-x^{1}_{12}", "-x_1_1_2"),
        (2 * X - B - 3, "2·x¹₁₂ - b - 3", "2 x^{1}_{12} - b - 3", "2*x_1_1_2 - b - 3"),
        (W / 3, "(1/3)·w¹₂₂", r"\frac{1}{3} w^{1}_{22}", "(1/3)*w_1_2_2"),
        (G * (X + B), "g₁₂·(x¹₁₂ + b)", "g_{12} (x^{1}_{12} + b)", "g_1_2*(x_1_1_2 + b)"),
        (X**2 * Q, "x¹₁₂**2·q", r"\left(x^{1}_{12}\right)^{2} q", "x_1_1_2**2*q"),
        (Q + sympy.Symbol("alpha"), "alpha + q", r"\alpha + q", "alpha + q"),
        (sympy.Rational(-1, 2), "-1/2", r"-\frac{1}{2}", "-1/2"),
    ],
)
def test_other_formulas_are_written_too(expr: Any, unicode: str, latex: str, plain: str):
    assert (render(expr), render(expr, "latex"), render(expr, "plain")) == (unicode, latex, plain)


@given(st.lists(st.tuples(st.integers(-3, 3), st.lists(st.sampled_from([X, W, G, B, Q]), max_size=3)), max_size=5))
def test_sympy_reads_the_plain_text_back(terms: Any):
    expr = sympy.Add(*(sympy.Mul(coefficient, *letters) for coefficient, letters in terms))
    assert sympy.expand(sympy.sympify(render(expr, "plain")) - expr) == 0


def test_an_unknown_notation_is_named():
    with pytest.raises(OptionError, match="notation: expected 'latex' or 'unicode' or 'plain', got 'word'"):
        render(X, "word")  # type: ignore[arg-type]
