"""conv_by_hand: what a student reads for right, wrong, odd and unreadable sheets."""

import codecs
import dataclasses
import random
import time
from fractions import Fraction

import numpy as np
import pytest

from grader.diagnose import specimens
from grader.grade import personal_texts
from grader.model import Verdict
from grader.verify import sheet_text
from tests.oracles import conv2

A = np.array([[1, 2, 3, 4, 5], [0, 1, 0, 2, 0], [3, 0, 1, 0, 2], [1, 1, 0, 0, 1], [2, 0, 1, 3, 0]])
W = np.array([[1, 2, 3], [0, 1, 0], [-1, 0, 2]])
RESULTS = ("full", "same", "valid")
ALL_PASS = dict.fromkeys(("matrices", "full", "same", "valid"), Verdict.PASS)


def typed(matrix):
    return "\n".join(" ".join(map(str, row)) for row in np.asarray(matrix, dtype=object).tolist())


def results(a, w):
    return {shape: np.array(conv2(a.tolist(), w.tolist(), shape), dtype=object) for shape in RESULTS}


def sheet(a, w, answers):
    parts = {"A": a, "W": w} | answers
    sections = [f"## {key}\n\n{value if isinstance(value, str) else typed(value)}\n" for key, value in parts.items()]
    return "# HW1 conv_by_hand\n\n" + "\n".join(sections)


def own_matrices(seed):
    """A student's own choice: not square, kernels of odd and even size, signs, no symmetry worth the name."""
    draw = np.random.default_rng(seed)
    a = draw.integers(1, 7, (4 + seed % 3, 5 + seed % 2))
    w = draw.integers(-3, 5, (2 + seed % 2, 3 + seed // 2 % 2))
    w[0, 0], w[-1, -1] = -3, 4
    return a, w


def bordered(a, w, mode):
    """The rotated kernel slides over A with a border that is not zero."""
    (m, n), (k, q) = a.shape, w.shape
    wide = np.pad(a, ((k - 1, k - 1), (q - 1, q - 1)), mode=mode)
    full = np.array(conv2(wide.tolist(), w.tolist(), "valid"), dtype=object)
    same = full[k // 2 : k // 2 + m, q // 2 : q // 2 + n]
    return {"full": full, "same": same, "valid": results(a, w)["valid"]}


def with_same(a, w, rows, columns):
    right = results(a, w)
    return right | {"same": right["full"][rows, columns]}


# Written as convolutions with another kernel, where the exercise's own submissions slide one.
MISTAKES = {
    "correlation": lambda a, w: results(a, w[::-1, ::-1]),
    "flipped_up_down": lambda a, w: results(a, w[:, ::-1]),
    "flipped_left_right": lambda a, w: results(a, w[::-1]),
    "transposed_kernel": lambda a, w: results(a, w.T),
    "transposed_unrotated": lambda a, w: results(a, w.T[::-1, ::-1]),
    "quarter_turn_left": lambda a, w: results(a, np.rot90(w, -1)),
    "quarter_turn_right": lambda a, w: results(a, np.rot90(w)),
    "border_replicated": lambda a, w: bordered(a, w, "edge"),
    "border_wrapped": lambda a, w: bordered(a, w, "wrap"),
    "border_reflected": lambda a, w: bordered(a, w, "symmetric"),
    "signs_lost": lambda a, w: results(a, abs(w)),
    "mean_instead_of_sum": lambda a, w: {
        key: [[Fraction(int(v), w.size) for v in row] for row in m] for key, m in results(a, w).items()
    },
    "transposed_result": lambda a, w: {key: m.T for key, m in results(a, w).items()},
    "same_at_the_top_left": lambda a, w: with_same(a, w, slice(a.shape[0]), slice(a.shape[1])),
    "valid_without_the_plus_one": lambda a, w: results(a, w) | {"valid": results(a, w)["valid"][:-1, :-1]},
    "full_is_same": lambda a, w: results(a, w) | {"full": results(a, w)["same"]},
    "image_rotated_instead": lambda a, w: results(a[::-1, ::-1], w[::-1, ::-1]),
    "same_at_the_bottom_right": lambda a, w: with_same(a, w, slice(-a.shape[0], None), slice(-a.shape[1], None)),
    "same_as_large_as_the_kernel": lambda a, w: results(a, w) | {"same": results(w, a)["same"]},
    "valid_is_same": lambda a, w: results(a, w) | {"valid": results(a, w)["same"]},
    "matrix_product": lambda a, w: dict.fromkeys(RESULTS, a[:, : w.shape[0]] @ w),
    "no_sum": lambda a, w: dict.fromkeys(RESULTS, a[: w.shape[0], : w.shape[1]] * w[::-1, ::-1]),
}


@pytest.mark.parametrize("seed", range(4))
def test_right_results_of_own_matrices_get_all_points(hand_in, seed):
    a, w = own_matrices(seed)

    graded = hand_in("HW1", sheet(a, w, results(a, w)))

    assert graded.verdicts == ALL_PASS
    assert graded.report.points.earned == graded.report.points.possible == 8
    assert graded.diagnosis is None


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_misconception_is_named_whatever_the_matrices(hand_in, mistake, seed):
    a, w = own_matrices(seed)

    graded = hand_in("HW1", sheet(a, w, MISTAKES[mistake](a, w)))

    assert graded.diagnosis == mistake
    assert graded["matrices"].verdict is Verdict.PASS
    assert graded.report.points.earned < 8


def test_the_sample_of_the_lecture_slid_without_rotation_is_called_correlation(hand_in):
    wrong = {"valid": [[14, 20, 31], [1, 7, 6], [7, 8, 6]]}

    graded = hand_in("HW1", sheet(A, W, wrong))

    assert graded.diagnosis == "correlation"
    assert "not rotated by 180 degrees" in str(graded.report.diagnosis.sentence)
    assert graded.verdicts == ALL_PASS | {
        "full": Verdict.MISSING,
        "same": Verdict.MISSING,
        "valid": Verdict.FAIL,
    }


def test_one_wrong_number_is_a_slip_with_its_row_its_column_and_its_products(hand_in):
    answers = results(A, W)
    answers["full"][2, 5] = 13

    graded = hand_in("HW1", sheet(A, W, answers))

    assert graded.verdicts == ALL_PASS | {"full": Verdict.FAIL}
    assert graded.diagnosis is None
    text = graded.text("full")
    assert "first at row 3, column 6: expected 12, got 13" in text
    assert "this looks like a slip in the arithmetic, not in the method" in text
    assert "Row 3, column 6 by hand: 4*2 + 5*0 + 2*0 + 0*1 + 0*3 + 2*2 = 8 + 0 + 0 + 0 + 0 + 4 = 12" in text
    assert "the numbers of full add up to sum(A) * sum(W) = 264, yours add up to 265" in text


def test_a_concept_error_is_not_called_a_slip(hand_in):
    assert "slip" not in hand_in("HW1", sheet(A, W, results(A, W[::-1, ::-1]))).text("full")


def test_a_kernel_equal_to_its_rotation_is_graded_and_remarked(hand_in):
    w = np.array([[1, 2, 1], [0, -3, 0], [1, 2, 1]])

    graded = hand_in("HW1", sheet(A, w, results(A, w)))

    assert graded.verdicts == ALL_PASS
    assert "equal to its own rotation by 180 degrees" in graded.remarks
    assert "equal to its own rotation" not in hand_in("HW1", sheet(A, W, results(A, W))).remarks


def test_nothing_is_diagnosed_where_two_mistakes_look_the_same(hand_in):
    w = np.array([[1, 2], [1, 2]])  # its rows are equal: turned over up-down it is itself

    graded = hand_in("HW1", sheet(A, w, results(A, w[::-1, ::-1])))

    assert graded["full"].verdict is Verdict.FAIL
    assert graded.diagnosis is None


def test_same_for_even_kernels_is_matlabs_and_scipys_is_explained(hand_in):
    w = np.array([[1, 2], [3, -4]])
    right = results(A, w)
    scipy = right | {"same": right["full"][:5, :5]}

    assert hand_in("HW1", sheet(A, w, right)).verdicts == ALL_PASS
    graded = hand_in("HW1", sheet(A, w, scipy))
    assert graded.verdicts == ALL_PASS | {"same": Verdict.FAIL}
    assert "MATLAB begins one element later: at row 2, column 2 of full" in graded.text("same")


def test_the_size_is_explained_before_any_value(hand_in):
    answers = results(A, W)
    wrong = {"full": answers["same"], "same": answers["valid"], "valid": answers["valid"][:2, :2]}

    graded = hand_in("HW1", sheet(A, W, wrong))

    assert "7 x 7: 5 + 3 - 1 rows, 5 + 3 - 1 columns" in graded.text("full")
    assert "This is the size of `same`." in graded.text("full")
    assert "`same` is as large as A" in graded.text("same")
    assert "3 x 3: 5 - 3 + 1 rows, 5 - 3 + 1 columns" in graded.text("valid")


def test_an_unreadable_answer_shows_line_and_caret_and_is_pending(hand_in):
    answers = results(A, W) | {"valid": "10 2 8\n5 ? 1\n13 5 9"}
    text = sheet(A, W, answers)

    graded = hand_in("HW1", text)

    assert graded.verdicts == ALL_PASS | {"valid": Verdict.UNREADABLE}
    assert graded.report.points.pending == 2
    line = text.split("\n").index("5 ? 1") + 1
    assert f"line: valid, line {line} of the answer sheet" in graded.text("valid")
    assert "5 ? 1\n  ^" in graded.text("valid")


def test_an_unreadable_matrix_of_the_student_leaves_every_check_pending(hand_in):
    graded = hand_in("HW1", sheet("1 2 3\n4 5", W, results(A, W)))

    assert set(graded.verdicts.values()) == {Verdict.UNREADABLE}
    assert graded.report.points.pending == 8


def test_two_answers_to_one_field_are_not_chosen_from(hand_in):
    graded = hand_in("HW1", sheet(A, W, results(A, W)) + "\n## valid\n\n1 2\n")

    assert graded["valid"].verdict is Verdict.UNREADABLE
    assert "answered more than once" in graded.text("valid")


def test_fields_that_are_left_out_cost_only_their_own_points(hand_in):
    graded = hand_in("HW1", sheet(A, W, {"full": results(A, W)["full"], "same": "TODO"}))

    assert graded.verdicts == ALL_PASS | {"same": Verdict.MISSING, "valid": Verdict.MISSING}
    assert graded.text("same") == "Still empty: same."


def test_results_without_their_matrices_are_missing_not_wrong(hand_in):
    text = "# HW1\n\n## valid\n\n1 2\n3 4\n"

    graded = hand_in("HW1", text)

    assert graded["matrices"].verdict is Verdict.MISSING
    assert graded["valid"].verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("gbk"),
        lambda text: text.encode("utf-16"),
    ],
    ids=["utf-8 with BOM", "gbk", "utf-16"],
)
def test_a_chinese_sheet_in_any_encoding_is_read(hand_in, encode):
    right = results(A, W)
    headings = {
        "矩阵 A": A,
        "卷积核 W": W,
        "完整卷积": right["full"],
        "同尺寸": right["same"],
        "有效卷积": right["valid"],
    }
    text = "# 作业1：手算卷积\n\n" + "\n".join(f"## {key}：\n\n{typed(value)}\n" for key, value in headings.items())

    assert hand_in("HW1", encode(text)).verdicts == ALL_PASS


def test_fractions_are_exact_and_may_be_rounded_as_matlab_prints_them(hand_in):
    a = np.array([[Fraction(1, 3), Fraction(2)], [Fraction(5), Fraction(1, 7)]], dtype=object)
    w = np.array([[Fraction(1), Fraction(-2)]], dtype=object)
    exact = {key: conv2(a.tolist(), w.tolist(), key) for key in RESULTS}
    four = {key: [[f"{float(v):.4f}" for v in row] for row in matrix] for key, matrix in exact.items()}
    two = {key: [[f"{float(v):.2f}" for v in row] for row in matrix] for key, matrix in exact.items()}

    assert hand_in("HW1", sheet(a, w, exact)).verdicts == ALL_PASS
    assert hand_in("HW1", sheet(a, w, four)).verdicts == ALL_PASS
    assert hand_in("HW1", sheet(a, w, two))["full"].verdict is Verdict.FAIL


def test_numbers_that_round_to_nothing_are_not_rounded_away(hand_in):
    a = np.array([["0.00001", "0.00002", "0.00003"]], dtype=object)
    w = np.array([["1", "2"]], dtype=object)
    zeros = {"full": "0 0 0 0", "same": "0 0 0", "valid": "0.0000 0.0001"}

    verdicts = hand_in("HW1", sheet(a, w, zeros)).verdicts

    assert {verdicts[key] for key in RESULTS} == {Verdict.FAIL}


@pytest.mark.parametrize(
    ("a", "w", "sentence"),
    [
        (A, np.zeros((3, 3), int), "W is all zeros"),
        (np.zeros((3, 4), int), W, "A is all zeros"),
        (A, np.array([[2]]), "W is 1 x 1"),
        (A, A.T, "A and W have the same size"),
        (W, A, "W is larger than A"),
        (A, np.ones((1, 6), int), "W is larger than A"),
        (np.ones((17, 5), int), W, "A is too large to be worked out by hand"),
        (A * 10**6, W, "A holds a number beyond a million"),
    ],
)
def test_a_choice_that_shows_nothing_is_refused_with_a_sentence(hand_in, a, w, sentence):
    graded = hand_in("HW1", sheet(a, w, {"full": A, "same": A, "valid": A}))

    assert graded["matrices"].verdict is Verdict.FAIL
    assert sentence in graded.text("matrices")
    assert [graded[key].verdict for key in RESULTS] == [Verdict.SKIPPED] * 3
    assert graded.diagnosis is None


def test_a_huge_matrix_costs_no_time(hand_in):
    big = np.ones((64, 64), int)
    start = time.process_time()

    hand_in("HW1", sheet(big, np.ones((32, 32), int), {"full": big, "same": big, "valid": big}))

    assert time.process_time() - start < 5


def test_matrices_drawn_for_a_student_are_used_where_the_sheet_leaves_them_out(hand_in, course):
    drawn = personal_texts(course, course.exercise("HW1"), "2024001")
    a, w = (np.array([[int(n) for n in row.split()] for row in drawn[key].split("\n")]) for key in ("A", "W"))
    text = "# HW1\n\n" + "\n".join(f"## {key}\n\n{typed(value)}\n" for key, value in results(a, w).items())

    assert hand_in("HW1", text, student="2024001").verdicts == ALL_PASS
    assert hand_in("HW1", text, student="2024002")["full"].verdict is Verdict.FAIL


def test_an_untouched_sheet_with_drawn_matrices_earns_nothing(hand_in, course):
    exercise = course.exercise("HW1")
    text = sheet_text(exercise, personal_texts(course, exercise, "2024001"))

    graded = hand_in("HW1", text, student="2024001")

    assert graded["matrices"].verdict is Verdict.MISSING
    assert graded.report.points.earned == 0


def test_a_course_can_insist_on_the_drawn_matrices(hand_in, course):
    exercise = course.exercise("HW1")
    strict = dataclasses.replace(exercise, settings={"matrices": "personal"})
    course = dataclasses.replace(course, exercises=(strict,))
    drawn = personal_texts(course, exercise, "7")
    a, w = (np.array([[int(n) for n in row.split()] for row in drawn[key].split("\n")]) for key in ("A", "W"))

    own = hand_in("HW1", sheet(A, W, results(A, W)), student="7", course=course)
    assert own["matrices"].verdict is Verdict.FAIL
    assert "A is not the matrix that was drawn for you" in own.text("matrices")
    assert hand_in("HW1", sheet(a, w, results(a, w)), student="7", course=course).verdicts == ALL_PASS


def test_a_course_that_insists_tells_a_student_without_an_id_what_to_do(hand_in, course):
    strict = dataclasses.replace(course.exercise("HW1"), settings={"matrices": "personal"})

    graded = hand_in("HW1", sheet(A, W, results(A, W)), course=dataclasses.replace(course, exercises=(strict,)))

    assert "grade init DIR --student ID" in graded.text("matrices")


def test_the_same_id_draws_the_same_matrices_and_others_draw_others(course):
    exercise = course.exercise("HW1")
    drawn = {str(i): personal_texts(course, exercise, str(i)) for i in range(20)}

    assert drawn["3"] == personal_texts(course, exercise, "3")
    assert len({texts["A"] + texts["W"] for texts in drawn.values()}) == 20


@pytest.mark.parametrize("seed", range(3))
def test_drawn_matrices_tell_every_mistake_apart(course, seed):
    exercise = course.exercise("HW1")
    drawn = exercise.personal(random.Random(seed))
    a, w = (np.array([[int(n) for n in row.split()] for row in drawn[key].split("\n")]) for key in ("A", "W"))
    sheets = [results(a, w), *(mistake(a, w) for mistake in MISTAKES.values())]

    assert len({str({key: np.asarray(m).tolist() for key, m in one.items()}) for one in sheets}) == len(MISTAKES) + 1


def test_every_mistake_that_can_be_recomputed_is_tested_here(course):
    wrong = specimens(course.exercise("HW1"), "wrong")

    assert {specimen.name for specimen in wrong if specimen.path.suffix == ".py"} == set(MISTAKES)
