"""Summation signs say the same as the terms one by one."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import sympy
from hypothesis import given

from reference.errors import OptionError
from reference.symbolic import bias_symbol, output_formula, summed_formula
from reference.symbolic.summed import COLUMN, OVER, ROW, C, U, V, W, X

SMALL = st.integers(1, 3)


@given(SMALL, SMALL, st.tuples(SMALL, SMALL), SMALL, st.sampled_from(OVER), st.booleans(), st.booleans())
def test_the_sum_written_out_is_the_formula(
    i: int, j: int, kernel: Any, C_in: int, over: Any, flipped: bool, bias: bool
):
    convention: Any = "convolution" if flipped else "correlation"
    want = output_formula(i, j, kernel, C_in, convention, bias)
    assert summed_formula(None, None, kernel, C_in, convention, over=over, bias=bias).at(i, j) == want
    assert summed_formula(i, j, kernel, C_in, convention, over=over, bias=bias).at(i, j) == want


def test_conventions_differ_under_the_sign():
    both = [summed_formula(convention=convention).at(1, 1) for convention in ("convolution", "correlation")]  # type: ignore[arg-type]
    assert both[0] != both[1]


def test_the_courses_formula_in_three_notations():
    y = summed_formula(bias=True)
    assert y.text() == "y_ij = Σ(c=1..3) Σ(u=1..2) Σ(v=1..2) x^c_(i+u-1, j+v-1)·w^c_(3-u, 3-v) + b"
    assert y.text("latex") == (
        r"y_{ij} = \sum_{c=1}^{3} \sum_{u=1}^{2} \sum_{v=1}^{2} x^{c}_{i+u-1, j+v-1} w^{c}_{3-u, 3-v} + b"
    )
    assert y.text("plain") == (
        "Sum(x[c, i + u - 1, j + v - 1]*w[c, 3 - u, 3 - v], (c, 1, 3), (u, 1, 2), (v, 1, 2)) + b"
    )


def test_the_courses_element_summed_over_the_channels():
    y = summed_formula(1, 1, over="channels")
    assert y.text() == "y_11 = Σ(c=1..3) (x^c_11·w^c_22 + x^c_12·w^c_21 + x^c_21·w^c_12 + x^c_22·w^c_11)"
    assert y.text("latex") == (
        r"y_{11} = \sum_{c=1}^{3} \left( x^{c}_{11} w^{c}_{22} + x^{c}_{12} w^{c}_{21}"
        r" + x^{c}_{21} w^{c}_{12} + x^{c}_{22} w^{c}_{11} \right)"
    )
    correlation = summed_formula(10, 1, (1, 1), 2, "correlation", over="channels")
    assert correlation.text() == "y_(10, 1) = Σ(c=1..2) x^c_(10, 1)·w^c_11"


@given(st.tuples(SMALL, SMALL), SMALL, st.sampled_from(OVER), st.booleans())
def test_sympy_reads_the_plain_text_back(kernel: Any, channels: int, over: Any, bias: bool):
    y = summed_formula(None, None, kernel, channels, over=over, bias=bias)
    names = {"x": X, "w": W, "c": C, "u": U, "v": V, "i": ROW, "j": COLUMN, "b": bias_symbol()}
    assert sympy.sympify(y.text("plain"), locals=names) == y.expr


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: summed_formula(0), "i: expected an integer of at least 1, got 0"),
        (lambda: summed_formula(kernel=(1, 0)), "kernel: expected an integer of at least 1, got 0"),
        (lambda: summed_formula(channels=0), "channels: expected an integer of at least 1, got 0"),
        (lambda: summed_formula(over="rows"), "over: expected 'channels' or 'window', got 'rows'"),  # type: ignore[arg-type]
        (lambda: summed_formula(convention="caffe"), "convention: expected 'convolution' or 'correlation'"),  # type: ignore[arg-type]
        (lambda: summed_formula().at(1, 0), "j: expected an integer of at least 1, got 0; columns are counted from 1"),
        (lambda: summed_formula().text("word"), "notation: expected 'latex' or 'unicode' or 'plain', got 'word'"),  # type: ignore[arg-type]
    ],
)
def test_arguments_of_no_use_are_named(call: Any, message: str):
    with pytest.raises(OptionError, match=message):
        call()
