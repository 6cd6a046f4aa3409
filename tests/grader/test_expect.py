import numpy as np
import pytest

from grader import expect
from grader.errors import ExerciseError
from grader.message import msg
from grader.model import Label


def mismatch(call):
    with pytest.raises(expect.Mismatch) as caught:
        call()
    return str(caught.value), {line.label: str(line.text) for line in caught.value.evidence}


def test_equal_accepts_the_same_numbers_in_another_dtype_or_a_list():
    wanted = np.array([[1.0, 2.0]])

    expect.equal(np.array([[1, 2]], np.float32), wanted)
    expect.equal(np.array([[1, 2]]), wanted)
    expect.equal([[1, 2]], wanted)
    expect.equal((np.array([[1.0, 2.0]]), {"cache": 1}), wanted)


def test_equal_shows_expected_got_and_the_first_difference():
    summary, lines = mismatch(
        lambda: expect.equal(np.array([[1.0, 3.0], [4.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    )

    assert summary == "2 of 4 values differ."
    assert lines[Label.EXPECTED] == "[[1, 2], [3, 4]]"
    assert lines[Label.GOT] == "[[1, 3], [4, 4]]"
    assert lines[Label.WHERE] == "first at y[0, 1]: expected 2, got 3"


def test_equal_compares_the_shape_before_the_values_and_never_broadcasts():
    summary, lines = mismatch(lambda: expect.equal(np.ones((1, 2)), np.ones((2, 2))))

    assert summary == "The result has the wrong shape."
    assert (lines[Label.EXPECTED], lines[Label.GOT]) == ("y: (2, 2)", "y: (1, 2)")


@pytest.mark.parametrize("value", [np.array([np.nan, 1.0]), np.array([np.inf, 1.0])])
def test_equal_takes_no_wildcards(value):
    summary, _ = mismatch(lambda: expect.equal(value, np.array([1.0, 1.0])))

    assert summary == "1 of 2 values differ."


def test_nothing_returned_asks_for_the_return():
    summary, lines = mismatch(lambda: expect.equal(None, np.ones(2)))

    assert summary == "Nothing was returned (None): is there a `return` at the end?"
    assert lines[Label.EXPECTED] == "an array of shape (2,)"


def test_booleans_are_no_numbers():
    summary, _ = mismatch(lambda: expect.equal(np.array([True]), np.array([1.0])))

    assert summary == "The result is not an array of numbers."


def test_equal_refuses_data_that_are_not_exact_as_the_authors_mistake():
    with pytest.raises(ExerciseError, match="use expect.close here"):
        expect.equal(np.array([0.1]), np.array([0.1]))
    with pytest.raises(ExerciseError, match="below 16777216"):
        expect.equal(np.array([2.0**24], np.float32), np.array([2.0**24]))


def test_a_slip_by_hand_is_told_from_a_concept():
    wanted = np.arange(16.0).reshape(4, 4)
    slip = wanted.copy()
    slip[1, 2] += 1

    _, lines = mismatch(lambda: expect.equal(slip, wanted, by_hand=True))
    assert lines[Label.WHERE] == "first at row 2, column 3: expected 6, got 7"
    assert "a slip in the arithmetic" in lines[Label.DETAIL]
    _, lines = mismatch(lambda: expect.equal(wanted + 1, wanted, by_hand=True))
    assert Label.DETAIL not in lines


def test_close_states_its_tolerance_and_where_it_comes_from():
    wanted = np.array([1.0, 2.0])
    expect.close(wanted * (1 + 2e-16), wanted, terms=4)

    _, lines = mismatch(lambda: expect.close(wanted + 1e-9, wanted, terms=4))
    assert lines[Label.TOLERANCE] == "1.78e-15, from 4 terms of this dtype"


def test_close_gives_float32_the_room_of_float32():
    wanted = np.array([1.0, 2.0])

    expect.close((wanted + 1e-7).astype(np.float32), wanted, terms=4)


def test_close_refuses_nan():
    mismatch(lambda: expect.close(np.array([np.nan]), np.array([0.0]), terms=10**9))


def test_number_compares_exactly_and_names_what_is_no_number():
    expect.number(14, 14, name="rf")
    expect.number(np.array(14.0), 14, name="rf")

    assert mismatch(lambda: expect.number(13, 14, name="rf"))[1][Label.GOT] == "rf = 13"
    assert mismatch(lambda: expect.number("14", 14, name="rf"))[0] == "The result is not a number."
    assert mismatch(lambda: expect.number(float("nan"), 14, name="rf"))[1][Label.GOT] == "rf = nan"


def test_unchanged_tells_which_argument_was_changed():
    expect.unchanged(np.ones(2), np.ones(2), name="x")

    summary, lines = mismatch(lambda: expect.unchanged(np.ones(2), np.zeros(2), name="x"))
    assert summary == "The function changed its argument x in place: work on a copy."
    assert lines[Label.GOT] == "[0, 0]"


def test_fail_and_true_take_lines_by_their_labels():
    expect.true(True, msg("never"))

    summary, lines = mismatch(lambda: expect.true(False, msg("a fact"), expected="1", hint=msg("look there")))
    assert (summary, lines) == ("a fact", {Label.EXPECTED: "1", Label.HINT: "look there"})


def test_review_hands_the_text_to_a_human():
    with pytest.raises(expect.ReviewNeeded) as caught:
        expect.review("my essay")
    assert caught.value.excerpt == "my essay"
