"""Letters have one name each, and the name can be read back."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import sympy
from hypothesis import given

from reference.errors import OptionError
from reference.symbolic import bias_symbol, grad_symbol, indices_of, w_symbol, x_symbol

INDEX = st.integers(1, 200)


def test_names_are_as_documented():
    assert [symbol.name for symbol in (x_symbol(1, 2, 3), w_symbol(3, 2, 1), grad_symbol(1, 2), bias_symbol())] == [
        "x_1_2_3",
        "w_3_2_1",
        "g_1_2",
        "b",
    ]
    assert [w_symbol(1, 2, 3, 4).name, grad_symbol(1, 2, 4).name, bias_symbol(4).name] == [
        "w_4_1_2_3",
        "g_4_1_2",
        "b_4",
    ]
    assert x_symbol(1, 2, 3) == sympy.Symbol("x_1_2_3")


@given(INDEX, INDEX, INDEX)
def test_letters_are_read_back(c: int, i: int, j: int):
    assert indices_of(x_symbol(c, i, j)) == ("x", (c, i, j))
    assert indices_of(w_symbol(c, i, j)) == ("w", (c, i, j))
    assert indices_of(grad_symbol(i, j)) == ("g", (i, j))
    assert indices_of(bias_symbol()) == ("b", ())
    assert indices_of(w_symbol(c, i, j, n=7)) == ("w", (7, c, i, j))
    assert indices_of(grad_symbol(i, j, n=7)) == ("g", (7, i, j))
    assert indices_of(bias_symbol(n=c)) == ("b", (c,))


@pytest.mark.parametrize(
    "name",
    ["x", "x_1_1", "x_0_1_1", "x_1_1_1_1", "b_1_1", "g_1", "w_1_1_1_1_1", "y_1_1_1", "x11", "x_1_1_a", "x_01_1_1"],
)
def test_other_letters_are_refused(name: str):
    with pytest.raises(
        OptionError, match=f"symbol: expected x_c_i_j, w_c_i_j, g_i_j or b with indices from 1, got '{name}'"
    ):
        indices_of(sympy.Symbol(name))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: x_symbol(0, 1, 1), "c"),
        (lambda: w_symbol(1, 0, 1), "i"),
        (lambda: grad_symbol(1, 0), "j"),
        (lambda: bias_symbol(0), "n"),
    ],
)
def test_indices_start_at_1(call: Any, name: str):
    with pytest.raises(
        OptionError, match=f"{name}: expected an integer of at least 1, got 0; rows, columns and channels"
    ):
        call()
