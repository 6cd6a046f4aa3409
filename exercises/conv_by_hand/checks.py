"""Checks for conv_by_hand: everything is recomputed, in exact fractions, from the matrices that the student chose."""

from fractions import Fraction

import numpy as np

from grader import expect
from grader.checks import check, probe
from grader.message import msg
from reference.matrix import conv2_matrix, exact_matrix
from reference.symbolic import worked_element

RESULTS = ("full", "same", "valid")
MOST_SIDE = 16
LARGEST = 10**6  # sums of products of such numbers are exact in float64
MOST_PRODUCTS = 25  # of an element that is worked out in the report
PRINTED_PLACES = range(4, 10)  # decimals that MATLAB and Python print of a fraction


@check(points=1)
def matrices(answers, settings, personal, remarks):
    """A and W can show what convolution does: of different sizes, W fits into A, and neither is trivial."""
    if not any(key in answers for key in RESULTS):
        answers.text("full")  # nothing is answered yet: that is missing, also where A and W were drawn for the student
    a, w = exact_matrix("A", answers["A"]), exact_matrix("W", answers["W"])
    if settings["matrices"] == "personal":
        _demand_personal(answers, personal)
    _demand_usable(a, w)
    if np.array_equal(w, w[::-1, ::-1]):
        remarks.append(
            msg(
                "W is equal to its own rotation by 180 degrees, so convolution and correlation give the same result: "
                "your answer is graded, but it cannot show that you know the difference. Try a W without symmetry."
            )
        )


@check(points=3, after=matrices)
def full(answers):
    """The result full holds every position in which the rotated W meets at least one element of A."""
    _compare(answers, "full")


@check(points=2, after=matrices)
def same(answers):
    """The result same is the middle part of full, of the size of A."""
    _compare(answers, "same")


@check(points=2, after=matrices)
def valid(answers):
    """The result valid holds the positions in which the rotated W lies inside A."""
    _compare(answers, "valid")


@probe
def full_values(answers):
    """The answer for full."""
    return _usable_answer(answers, "full")


@probe
def same_values(answers):
    """The answer for same."""
    return _usable_answer(answers, "same")


@probe
def valid_values(answers):
    """The answer for valid."""
    return _usable_answer(answers, "valid")


def _usable_answer(answers, result):
    """What a probe answers: nothing where A and W are unusable, for then no misconception can be recomputed."""
    _demand_usable(exact_matrix("A", answers["A"]), exact_matrix("W", answers["W"]))
    return _plain(answers[result])


def _demand_personal(answers, personal):
    if not personal:
        expect.fail(msg("In this course A and W are drawn for you: `grade init DIR --student ID` writes them down."))
    for key in ("A", "W"):
        expect.true(
            answers[key] == personal[key].value,
            msg("{key} is not the matrix that was drawn for you.", key=key),
            expected=f"{key} = {personal[key].understood}",
            got=f"{key} = {answers.read(key).understood}",
        )


def _demand_usable(a, w):
    for key, matrix in (("A", a), ("W", w)):
        expect.true(
            max(matrix.shape) <= MOST_SIDE,
            msg("{key} is too large to be worked out by hand: at most 16 rows and columns.", key=key),
            got=_size(matrix),
        )
        expect.true(matrix.any(), msg("{key} is all zeros, and so is every result: choose other numbers.", key=key))
        expect.true(
            np.abs(matrix).max() <= LARGEST,
            msg("{key} holds a number beyond a million: choose numbers that you can multiply by hand.", key=key),
        )
    sizes = msg("A is {a}, W is {w}", a=_size(a), w=_size(w))
    expect.true(
        a.shape != w.shape, msg("A and W have the same size; the task asks for two different sizes."), got=sizes
    )
    expect.true(w.size > 1, msg("W is 1 x 1: it only multiplies A by a number. Choose a larger W."), got=sizes)
    expect.true(
        w.shape[0] <= a.shape[0] and w.shape[1] <= a.shape[1],
        msg("W is larger than A, so valid would be empty: A is the larger matrix, W the kernel."),
        got=sizes,
    )


def _compare(answers, result):
    a, w = exact_matrix("A", answers["A"]), exact_matrix("W", answers["W"])
    got = exact_matrix(result, answers[result])
    wanted = conv2_matrix(a, w, result)
    if got.shape != wanted.shape:
        expect.fail(
            msg("{result} has the wrong size.", result=result),
            expected=msg("{size}: {rule}", size=_size(wanted), rule=_size_rule(result, a, w)),
            got=_size(got),
            hint=_size_hint(result, got, a, w),
        )
    got = np.where(np.vectorize(_is_rounded, otypes=[bool])(got, wanted), wanted, got)
    expect.equal(_plain(got), _plain(wanted), name=result, by_hand=True, hint=_hint(result, a, w, got, wanted))


def _size_rule(result, a, w):
    sides = {"m": a.shape[0], "n": a.shape[1], "k": w.shape[0], "q": w.shape[1]}
    if result == "full":
        return msg("{m} + {k} - 1 rows, {n} + {q} - 1 columns", **sides)
    if result == "valid":
        return msg("{m} - {k} + 1 rows, {n} - {q} + 1 columns", **sides)
    return msg("the size of A")


def _size_hint(result, got, a, w):
    """Name the result that has the size of this answer, if another one has."""
    if result == "same" and got.shape == w.shape:
        return msg("`same` is as large as A, the first argument of conv2, not as W.")
    for other in RESULTS:
        if other != result and got.shape == conv2_matrix(a, w, other).shape:
            return msg("This is the size of `{other}`.", other=other)
    return None


def _is_rounded(got, wanted):
    """Whether a number is a fraction as a program prints it: rounded to four decimals or more, not to nothing."""
    is_close = abs(got - wanted) * 1000 <= abs(wanted)
    return is_close and any(got == round(wanted, places) for places in PRINTED_PLACES)


def _hint(result, a, w, got, wanted):
    """How the first wrong element is worked out, and what else gives the mistake away."""
    places = np.argwhere(got != wanted)
    if not len(places):
        return None
    if result == "same" and np.array_equal(got, _same_of_scipy(a, w)):
        return msg(
            "This is `same` as SciPy and NumPy cut it. Where W has an even number of rows or columns, "
            "MATLAB begins one element later: at row {row}, column {column} of full.",
            row=w.shape[0] // 2 + 1,
            column=w.shape[1] // 2 + 1,
        )
    row, column = (int(index) + 1 for index in places[0])
    element = worked_element(a, w, row, column, result)
    if len(element.products) > MOST_PRODUCTS:
        return None
    worked = msg("Row {row}, column {column} by hand: {worked}", row=row, column=column, worked=str(element))
    if result != "full" or got.sum() == wanted.sum():
        return worked
    return msg(
        "{worked}. A test for next time: the numbers of full add up to sum(A) * sum(W) = {wanted}, "
        "yours add up to {got}.",
        worked=worked,
        wanted=str(wanted.sum()),
        got=str(got.sum()),
    )


def _same_of_scipy(a, w):
    top, left = (w.shape[0] - 1) // 2, (w.shape[1] - 1) // 2
    return conv2_matrix(a, w, "full")[top : top + a.shape[0], left : left + a.shape[1]]


def _size(matrix):
    return " x ".join(map(str, matrix.shape))


def _plain(matrix):
    """Fractions as float64: exact for the integers and the short decimals that are worked out by hand."""
    return np.array([[float(Fraction(number)) for number in row] for row in matrix])
