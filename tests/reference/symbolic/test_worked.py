"""Hand calculations add up to the result, and say which numbers met."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given

from reference.errors import OptionError, ShapeError
from reference.matrix import SHAPES, conv2_matrix
from reference.symbolic import worked_element, worked_elements
from tests.strategies import matrices

A = [[1, 2, 3, 4, 5], [0, 1, 0, 2, 0], [3, 0, 1, 0, 2], [1, 1, 0, 0, 1], [2, 0, 1, 3, 0]]
W = [[1, 2, 3], [0, 1, 0], [-1, 0, 2]]


@pytest.mark.parametrize("shape", SHAPES)
@given(a=matrices(), w=matrices(3))
def test_every_element_adds_up_to_conv2(shape: Any, a: Any, w: Any):
    result = conv2_matrix(a, w, shape)
    assume(result.size)
    for (i, j), value in [((i + 1, j + 1), result[i, j]) for i in range(len(result)) for j in range(len(result[0]))]:
        element = worked_element(a, w, i, j, shape)
        assert element.total == value
        assert element.place == (i, j)


@pytest.mark.parametrize("shape", SHAPES)
@given(a=matrices(), w=matrices(3))
def test_a_correlation_turns_the_kernel_the_other_way(shape: Any, a: Any, w: Any):
    turned = [row[::-1] for row in w[::-1]]
    result = conv2_matrix(a, turned, shape)
    assume(result.size)
    i, j = result.shape
    element = worked_element(a, w, i, j, shape, convention="correlation")
    assert element.total == result[-1, -1]
    for product in element.products:
        assert product.a == a[product.a_place[0] - 1][product.a_place[1] - 1]
        assert product.w == w[product.w_place[0] - 1][product.w_place[1] - 1]


def test_the_courses_element_step_by_step():
    element = worked_element(A, W, 1, 1)
    assert str(element) == (
        "1*2 + 2*0 + 3*(-1) + 0*0 + 1*1 + 0*0 + 3*3 + 0*2 + 1*1 = 2 + 0 - 3 + 0 + 1 + 0 + 9 + 0 + 1 = 10"
    )
    third = element.products[2]
    assert (third.a_place, third.w_place, third.value, str(third)) == ((1, 3), (3, 1), -3, "3*(-1)")
    assert worked_element(A, W, 1, 1, convention="correlation").total == 14


@pytest.mark.parametrize("shape", SHAPES)
@given(a=matrices(), w=matrices(3))
def test_all_elements_together_are_the_result(shape: Any, a: Any, w: Any):
    got = [[element.total for element in row] for row in worked_elements(a, w, shape)]
    assert got == conv2_matrix(a, w, shape).tolist()[: len(got)]
    assert len(got) == len(conv2_matrix(a, w, shape))


def test_zeros_around_the_image_are_left_out():
    corner = worked_element(A, W, 1, 1, "full")
    assert str(corner) == "1*1 = 1"
    assert len(worked_element(A, W, 1, 1, "same").products) == 4


def test_fractions_stay_exact():
    element = worked_element([["1/3", 2]], [[Fraction(-1, 2), 3]], 1, 1)
    assert str(element) == "(1/3)*3 + 2*(-1/2) = 1 - 1 = 0"
    assert element.total == 0


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((A, W, 0, 1), OptionError, "i: expected an integer of at least 1, got 0; rows and columns are counted from 1"),
        ((A, W, 1, 4), OptionError, "j: expected 1 to 3, the size of the valid result, got 4"),
        ((A, W, 8, 1, "full"), OptionError, "i: expected 1 to 7, the size of the full result, got 8"),
        ((A, W, 1, 1, "fill"), OptionError, "shape: expected 'full' or 'same' or 'valid', got 'fill'"),
        (([1, 2], W, 1, 1), ShapeError, r"a: expected two axes \(H, W\)"),
        ((A, [[None]], 1, 1), OptionError, "w: expected finite real numbers, got None"),
    ],
)
def test_arguments_of_no_use_are_named(args: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        worked_element(*args)


def test_an_unknown_convention_is_named():
    with pytest.raises(OptionError, match="convention: expected 'convolution' or 'correlation', got 'caffe'"):
        worked_element(A, W, 1, 1, convention="caffe")  # type: ignore[arg-type]
