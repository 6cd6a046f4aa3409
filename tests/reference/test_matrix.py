"""MATLAB's conv2: by hand, by polynomials, by SciPy's rule where it agrees, and by its laws."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.matrix import SHAPES, as_matrix, conv2_matrix, exact_matrix
from tests import oracles
from tests.strategies import matrices

A = [[1, 2, 3, 4, 5], [0, 1, 0, 2, 0], [3, 0, 1, 0, 2], [1, 1, 0, 0, 1], [2, 0, 1, 3, 0]]
W = [[1, 2, 3], [0, 1, 0], [-1, 0, 2]]
FULL = [
    [1, 4, 10, 16, 22, 22, 15],
    [0, 2, 4, 8, 8, 11, 0],
    [2, 4, 10, 2, 8, 12, 16],
    [1, 5, 5, 4, 1, 8, 3],
    [-1, 5, 13, 5, 9, 10, 4],
    [-1, 1, 2, 3, 2, 0, 2],
    [-2, 0, 3, -3, 2, 6, 0],
]


def test_by_hand():
    assert conv2_matrix(A, W).tolist() == FULL
    assert conv2_matrix(A, W, "same").tolist() == [row[1:6] for row in FULL[1:6]]
    assert conv2_matrix(A, W, "valid").tolist() == [[10, 2, 8], [5, 4, 1], [13, 5, 9]]
    assert conv2_matrix(A, W).sum() == 33 * 8


@pytest.mark.parametrize("shape", SHAPES)
@given(a=matrices(), w=matrices())
def test_conv2_equals_the_product_of_polynomials(shape: Any, a: Any, w: Any):
    got = conv2_matrix(a, w, shape)
    assert got.dtype == np.int64
    assert got.tolist() == oracles.conv2(a, w, shape) or got.size == 0


@given(matrices(), matrices())
def test_one_row_equals_numpys_convolve(a: Any, w: Any):
    assert conv2_matrix(a[:1], w[:1]).tolist() == [np.convolve(a[0], w[0]).tolist()]


@given(matrices(), matrices(), matrices(2))
def test_full_convolution_commutes_and_associates_and_keeps_the_sum(a: Any, w: Any, v: Any):
    full = conv2_matrix(a, w)
    assert np.array_equal(full, conv2_matrix(w, a))
    assert np.array_equal(conv2_matrix(full, v), conv2_matrix(a, conv2_matrix(w, v)))
    assert full.sum() == np.sum(a) * np.sum(w)


def test_same_of_an_even_kernel_starts_where_matlab_starts():
    assert conv2_matrix([[1, 2, 3]], [[1, 10]], "same").tolist() == [[12, 23, 30]]
    assert conv2_matrix([[1], [2], [3]], [[1], [10], [0], [0]], "same").tolist() == [[23], [30], [0]]
    assert conv2_matrix([[1, 0, 0, 0, 0]], [[1, 2, 3, 4]], "same").tolist() == [[3, 4, 0, 0, 0]]


def test_valid_of_a_larger_kernel_is_empty():
    assert conv2_matrix([[1, 2]], [[1, 2, 3]], "valid").shape == (1, 0)
    assert conv2_matrix(W, A, "valid").shape == (0, 0)
    assert conv2_matrix(np.ones((5, 3)), np.ones((3, 5)), "valid").shape == (3, 0)


def test_fractions_stay_exact():
    a, w = [[Fraction(1, 3), Fraction(1, 7)]], [[Fraction(3), Fraction(1, 2)]]
    assert conv2_matrix(a, w).tolist() == [[1, Fraction(1, 6) + Fraction(3, 7), Fraction(1, 14)]]


def test_sympy_letters_go_through():
    p, q = sympy.symbols("p q")
    assert conv2_matrix([[p, 1]], [[q, 2]]).tolist() == [[p * q, 2 * p + q, 2]]


def test_large_integers_do_not_wrap_around():
    with pytest.raises(OverflowError):
        conv2_matrix([[2**62, 1]], [[4]])
    assert conv2_matrix(np.array([[2**62, 1]], dtype=object), [[4]]).tolist() == [[2**64, 4]]
    assert conv2_matrix(np.full((1, 2), 200, np.uint8), np.full((1, 1), 2, np.uint8)).tolist() == [[400, 400]]


@pytest.mark.parametrize(
    ("dtype", "want"), [(np.float32, np.float32), (np.complex128, np.complex128), (bool, np.int64)]
)
def test_the_dtype_stays_or_is_int64(dtype: Any, want: Any):
    assert conv2_matrix(np.ones((2, 3), dtype), np.ones((1, 2), dtype)).dtype == want


def test_inputs_are_not_changed():
    a, w = np.arange(6).reshape(2, 3), np.arange(2).reshape(1, 2)
    conv2_matrix(a, w)
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert w.tolist() == [[0, 1]]


def test_exact_matrix_reads_every_way_to_write_a_fraction():
    got = exact_matrix(
        "a", [[1, 0.5, "1/3", sympy.Rational(2, 7), Fraction(3, 4), np.int64(2), np.float32(0.25), 2**70]]
    )
    assert got.tolist() == [
        [1, Fraction(1, 2), Fraction(1, 3), Fraction(2, 7), Fraction(3, 4), 2, Fraction(1, 4), 2**70]
    ]
    assert all(type(value) is Fraction for value in got[0])


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1, 2], ShapeError, r"a: expected two axes \(H, W\), none empty, got \(2,\); give a matrix as rows"),
        ([[1, 2], [3]], ShapeError, r"a: expected two axes \(H, W\), got rows of different length; give a matrix"),
        ([[]], ShapeError, r"a: expected two axes \(H, W\), none empty, got \(1, 0\)"),
        ([["x"]], OptionError, r"a: expected numbers, got dtype <U1; use Fraction\('1/3'\) for exact fractions"),
    ],
)
def test_what_is_no_matrix_is_named(values: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        as_matrix("a", values)
    with pytest.raises(error, match=message):
        conv2_matrix(values, W)


def test_words_and_entries_of_no_use_are_named():
    with pytest.raises(OptionError, match="shape: expected 'full' or 'same' or 'valid', got 'fill'"):
        conv2_matrix(A, W, "fill")  # type: ignore[arg-type]
    for entry in (float("nan"), float("inf"), "x", 1j, None):
        with pytest.raises(OptionError, match="a: expected finite real numbers, got "):
            exact_matrix("a", [[entry]])
    with pytest.raises(ShapeError, match=r"w: expected two axes \(H, W\)"):
        exact_matrix("w", [[1], [1, 2]])
