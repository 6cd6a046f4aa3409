from fractions import Fraction

import numpy as np
import pytest

from grader.compare.array import as_array, describe, difference, number_text, show


@pytest.mark.parametrize(
    "value",
    [
        None,
        "1",
        True,
        {"a": 1},
        [],
        [[1, 2], [3]],
        [1, "2"],
        [True],
        np.array([True]),
        np.array([1j]),
        2**80,
        [[1], 2],
        (),
    ],
    ids=repr,
)
def test_what_is_not_an_array_of_numbers_is_refused(value):
    plain = as_array(value)

    assert plain is None or plain.size == 0


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (3, np.array(3)),
        (2.5, np.array(2.5)),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
        ((np.ones((2, 3)), "cache"), np.ones((2, 3))),
        (([[1.0]], None), np.array([[1.0]])),
        ((1, 2), np.array([1, 2])),
        ([np.arange(2), np.arange(2)], np.array([[0, 1], [0, 1]])),
    ],
)
def test_what_students_mean_by_an_array_is_taken(value, wanted):
    plain = as_array(value)

    assert plain is not None
    assert plain.shape == wanted.shape
    assert np.array_equal(plain, wanted)


def test_nan_equals_nothing_not_even_itself():
    nan = np.array([np.nan, 1.0])

    assert difference(nan, nan).index == (0,)
    assert difference(nan, nan, tolerance=1e9).count == 1


def test_an_infinity_equals_only_itself():
    assert difference(np.array([np.inf]), np.array([np.inf])) is None
    assert difference(np.array([np.inf]), np.array([1.0]), tolerance=10.0) is not None
    assert difference(np.array([-np.inf]), np.array([np.inf]), tolerance=10.0) is not None


def test_the_first_difference_is_the_first_in_reading_order():
    found = difference(np.array([[1, 2], [9, 9]]), np.array([[1, 2], [3, 4]]))

    assert (found.index, found.got, found.wanted, found.count, found.size, found.worst) == ((1, 0), 9, 3, 2, 4, 6.0)


def test_shapes_are_never_broadcast():
    with pytest.raises(ValueError, match=r"expected shape \(2, 1\), got \(1, 2\)"):
        difference(np.ones((1, 2)), np.ones((2, 1)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([[1.0, -2.5]]), "[[1, -2.5]]"),
        (np.zeros((20, 20)), "array (20, 20) float64"),
        (np.zeros((0, 3)), "array of shape (0, 3)"),
        ({"stride": 2}, "{'stride': 2}"),
        ((1,), "(1,)"),
        ([Fraction(1, 3), None, "x"], "[1/3, None, 'x']"),
        (np.array(4.0), "4"),
        (float("nan"), "nan"),
    ],
)
def test_values_are_printed_so_that_they_can_be_typed_again(value, text):
    assert show(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (np.ones((2, 3), np.float32), "array (2, 3) float32"),
        ([1], "list of 1"),
        (True, "bool True"),
        ("s", "str"),
    ],
)
def test_kinds_are_described(value, text):
    assert describe(value) == text


def test_large_floats_keep_their_digits():
    assert number_text(1e300) == "1e+300"
    assert number_text(-0.0) == "0"
