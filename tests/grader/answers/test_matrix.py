from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.matrix import parse_matrix, write_matrix
from grader.answers.source import Parsed
from tests.grader.answers.carets import assert_caret

ONE_TO_FOUR = ((1, 2), (3, 4))

SAME_MATRIX = [
    # MATLAB, as typed
    "[1 2; 3 4]",
    "[1, 2; 3, 4]",
    "[1 2;3 4];",
    "[1 2\n3 4]",
    "[1,2\n 3,4]",
    "A = [1 2; 3 4]",
    "A=[1 2;\n   3 4];",
    "C = [1 2 ...\n; 3 4]",
    "C = [1, ...\n     2; 3 4]",
    "1 2; 3 4",
    "C = 1 2; 3 4",
    "[1 2; 3 4] % from MATLAB",
    ">> C = [1 2; 3 4]",
    "[ 1 , 2 ; 3 , 4 ; ]",
    "[[1 2; 3 4]]",
    # MATLAB, as printed
    "A =\n\n     1     2\n     3     4\n\n",
    "ans =\n\n     1     2\n     3     4\n",
    ">> C = conv2(A, W)\n\nC =\n\n     1     2\n     3     4\n",
    "    1.0000    2.0000\n    3.0000    4.0000",
    # Python
    "[[1,2],[3,4]]",
    "[[1, 2],\n [3, 4]]",
    "((1,2),(3,4))",
    "[(1,2),(3,4)]",
    "([1,2],[3,4])",
    "[[1,2,],[3,4,],]",
    "[['1','2'],['3','4']]",
    "np.array([[1,2],[3,4]])",
    "numpy.array([[1, 2], [3, 4]], dtype=np.float64)",
    "C = np.array([[1,2],\n              [3,4]])",
    "torch.tensor([[1., 2.], [3., 4.]])",
    "tensor([[1., 2.],\n        [3., 4.]], device='cuda:0', dtype=torch.float64)",
    "tensor([[[[1., 2.],\n          [3., 4.]]]], grad_fn=<ConvolutionBackward0>)",
    "array([[1, 2],\n       [3, 4]], dtype=int64)",
    "[[1 2]\n [3 4]]",
    "[[1. 2.]\n [3. 4.]]",
    "[[ 1.  2.]\n [ 3.  4.]]",
    "Out[3]: \narray([[1, 2],\n       [3, 4]])",
    ">>> C\narray([[1, 2],\n       [3, 4]])",
    "Matrix([[1, 2], [3, 4]])",
    "⎡1  2⎤\n⎢    ⎥\n⎣3  4⎦",
    "print([[1, 2], [3, 4]])",
    # other programs
    "{{1,2},{3,4}}",
    "1,2\n3,4",
    "1, 2,\n3, 4,",
    "1\t2\n3\t4",
    "1;2\n3;4",
    "[1 2]\n[3 4]",
    "[1, 2],\n[3, 4]",
    "│ 1 2 │\n│ 3 4 │",
    # plain lines
    "1 2\n3 4",
    "  1   2\n  3   4  ",
    "1 2\n\n3 4",
    "1 2\r\n3 4",
    "```\n1 2\n3 4\n```",
    "```matlab\nC = [1 2; 3 4]\n```",
    "`[1 2; 3 4]`",
    "full =\n1 2\n3 4",
    "full = 1 2\n3 4",
    "The valid part (2x2):\n\n1 2\n3 4\n\nchecked with MATLAB",
    "row 1: 1 2\nrow 2: 3 4",
    "C(1,:) = 1 2\nC(2,:) = 3 4",
    "r1 1 2\nr2 3 4",
    "1: 1 2\n2: 3 4",
    # Markdown tables
    "|1|2|\n|-|-|\n|3|4|",
    "1 | 2\n--|--\n3 | 4",
    "|   |   |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |",
    "|c1|c2|\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |",
    "|   | c1 | c2 |\n|---|---|---|\n| r1 | 1 | 2 |\n| r2 | 3 | 4 |",
    "|  | 1 | 2 |\n|---|---|---|\n| 1 | 1 | 2 |\n| 2 | 3 | 4 |",
    "| C | 1 | 2 |\n|---|---|---|\n| 1 | 1 | 2 |\n| 2 | 3 | 4 |",
    "| 1 | 2 |\n| 3 | 4 |",
    "| 1 2 |\n| 3 4 |",
    "| r1 | 1 | 2 |\n| r2 | 3 | 4 |",
    "| **1** | `2` |\n|---|---|\n| $3$ | 4 |",
    "The result:\n\n| 1 | 2 |\n| 3 | 4 |\n\nas above",
    "+---+---+\n| 1 | 2 |\n+---+---+\n| 3 | 4 |\n+---+---+",
    # LaTeX
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
    r"$$\begin{bmatrix}1&2\\3&4\\\end{bmatrix}$$",
    r"$\begin{matrix} 1 & 2 \\[2pt] 3 & 4 \end{matrix}$",
    r"\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}",
    r"\begin{Bmatrix} 1 & 2 \cr 3 & 4 \end{Bmatrix}",
    r"\begin{smallmatrix} 1 & 2 \\ 3 & 4 \end{smallmatrix}",
    r"\[ C = \left[ \begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array} \right] \]",
    r"\left( \begin{array}{c|c} 1 & 2 \\ \hline 3 & 4 \end{array} \right)",
    r"\begin{align} C &= \begin{pmatrix}1&2\\3&4\end{pmatrix} \end{align}",
    r"\begin{bmatrix*}[r] 1 & 2 \\ 3 & 4 \end{bmatrix*}.",
    r"1 & 2 \\ 3 & 4",
    r"\begin{bmatrix} \mathbf{1} & {2} \\ \text{3} & \frac{8}{2} \end{bmatrix}",
    # words around
    "结果：\n1 2\n3 4",
    "结果：[1 2; 3 4]。",
    "The full result is [1 2; 3 4].",
    "**full** = [1 2; 3 4]",
    "[[1, 2], [3, 4]] (checked with numpy)",
    "第一行：1 2\n第二行：3 4",
    # other keyboards
    "１　２\n３　４",
    "【1，2；3，4】",
    "（１，２；３，４）",
    "［１ ２；３ ４］",
    "1\u00a02\n3\u00a04",
    "1\u200b 2\n3 4",
    "1、2\n3、4",
    "{1, 2; 3, 4}",
]


@pytest.mark.parametrize("text", SAME_MATRIX)
def test_one_matrix_in_many_shapes(text):
    parsed = parse_matrix(text)

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value == ONE_TO_FOUR
    assert parsed.understood == "[1 2; 3 4]"


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("1 -2 3", "[1 -2 3]"),
        ("1 −2 –3", "[1 -2 -3]"),
        ("+1 +2", "[1 2]"),
        ("[1, - 2, 3]", "[1 -2 3]"),
        ("- 1 2", "[-1 2]"),
        (r"\begin{pmatrix} - 1 & 2 \end{pmatrix}", "[-1 2]"),
        ("[1, -2 3]", "[1 -2 3]"),
        ("1,234", "[1 234]"),
        ("0.5 .25 1. -0.", "[1/2 1/4 1 0]"),
        ("1e3 1E-2 2.5e+1", "[1000 1/100 25]"),
        ("1/2 -1/3 4/2", "[1/2 -1/3 2]"),
        ("1 / 2 3", "[1/2 3]"),
        ("½ ¼ -¾ 1½", "[1/2 1/4 -3/4 3/2]"),
        (r"\frac{1}{2} -\frac12 \dfrac{3}{4}", "[1/2 -1/2 3/4]"),
        (r"\begin{matrix} \tfrac{-1}{2} & - \frac 1 2 \end{matrix}", "[-1/2 -1/2]"),
        ("(1/2) (-3)", "[1/2 -3]"),
        ("[1; 2; 3]", "[1; 2; 3]"),
        ("[[1],[2]]", "[1; 2]"),
        ("[1, 2, 3]", "[1 2 3]"),
        ("5", "[5]"),
        ("[5]", "[5]"),
        ("1\n2\n3", "[1; 2; 3]"),
        ("1 2 3", "[1 2 3]"),
        ("   Columns 1 through 2\n\n 1 2\n 3 4\n\n   Column 3\n\n 5\n 6", "[1 2 5; 3 4 6]"),
        ("C =\n\n  列 1 至 2\n\n 1 2\n 3 4\n\n  列 3\n\n 5\n 6", "[1 2 5; 3 4 6]"),
        ("C =\n\n   1.0e+03 *\n\n 1.0000 0.0020\n", "[1000 2]"),
        ("[[1 2 3\n  4]\n [5 6 7\n  8]]", "[1 2 3 4; 5 6 7 8]"),
    ],
)
def test_entries_and_shapes(text, understood):
    parsed = parse_matrix(text)

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.understood == understood


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("|1|2|\n|-|-|\n|3|4|", "the header of the table holds numbers and was read as the first row"),
        ("1; 2; 3", "semicolons were read as ends of rows, as in MATLAB: this is one column"),
        ("1.0e+03 *\n 1.5 2", "the printed numbers were multiplied by the factor 1000 above them"),
    ],
)
def test_a_choice_between_two_readings_is_remarked_on(text, remark):
    assert [str(found) for found in parse_matrix(text).remarks] == [remark]


NOT_A_NUMBER = "`{}` is not a number"
BESIDE_A_SIGN = (
    "with blanks on both sides this sign can mean a calculation; write `1 -2` for two numbers, or write the result"
)
BEFORE = "something stands before the matrix that would change it; write the finished matrix"
AFTER = "something stands after the matrix that would change it; write the finished matrix"
SEVERAL = "this is more than one matrix; write one matrix here"
DOTS = "dots leave numbers out; write every number"
NONE = "there are no rows of numbers here"


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        # entries
        ("1 2; 3 ¦x", NOT_A_NUMBER.format("x")),
        ("结果：１ ２\n３ ¦ｘ", NOT_A_NUMBER.format("x")),
        ("[1 2; ¦3:4]", NOT_A_NUMBER.format("3:4")),
        ("1 ¦2i", NOT_A_NUMBER.format("2i")),
        ("1 1/2¦/3", NOT_A_NUMBER.format("/3")),
        ("1 ¦2O", "`2O` has a letter in it; did you mean 20?"),
        ("¦l 2 3", "`l` is not a number"),
        ("¦2*3 4", "`2*3` is a calculation; write its result"),
        ("[1 ¦2+3]", "`2+3` is a calculation; write its result"),
        ("1, ¦2**3", "`2**3` is a calculation; write its result"),
        (r"\begin{pmatrix} ¦1 2 & 3 \end{pmatrix}", "`1 2` is more than one number; separate the numbers"),
        ("1 ¦nan", "`nan` is not a number that can be compared"),
        ("[1, ¦-inf]", "`-inf` is not a number that can be compared"),
        ("[1, ¦3/0]", "this fraction divides by zero"),
        ("¦" + "1" * 41, "this number has 41 digits; at most 40 are read"),
        ("1 ¦1e41", "the exponent of this number is too large; at most 40 is read"),
        ("1 ¦1e99999", "the exponent of this number is too large; at most 40 is read"),
        ("[1 2 ¦... 3]", DOTS),
        ("1 2 ¦… 9\n3 4 5 6", DOTS),
        (r"\begin{pmatrix} 1 & ¦\cdots & 3 \end{pmatrix}", DOTS),
        ("1,¦,2", "a number is missing here"),
        ("| 1 |¦  | 3 |\n| 4 | 5 | 6 |", "a number is missing here"),
        # blanks and signs
        ("1 ¦- 2", BESIDE_A_SIGN),
        ("1¦- 2", BESIDE_A_SIGN),
        ("[1 2 ¦+ 3; 4 5 6]", BESIDE_A_SIGN),
        # rows
        ("1 2; 3¦", "row 2 has one number, the first row has 2"),
        ("1 2\n3 4 ¦5", "row 2 has 3 numbers, the first row has 2"),
        ("1 2\n3 4\n5 6 7 8 9".replace("7", "¦7"), "row 3 has 5 numbers, the first row has 2"),
        ("| 1 | 2 |\n| 3¦ |", "row 2 has one number, the first row has 2"),
        # brackets
        ("¦[1 2", "this bracket is never closed"),
        ("¦[[1, 2], [3, 4]", "this bracket is never closed"),
        ("[1 2¦)", "`)` closes no bracket that is open here"),
        ("[[1,2],¦3]", "this stands beside an inner bracket; put every row into its own bracket"),
        ("[[1 2]\n ¦...\n [5 6]]", "this stands beside an inner bracket; put every row into its own bracket"),
        ("[¦[[1,2],[3,4]],[[1,2],[3,4]]]", SEVERAL),
        ("[" * 8 + "¦[1]" + "]" * 8, "brackets are nested more than 8 deep"),
        # before and after
        ("¦1/9*[1 2; 3 4]", BEFORE),
        ("¦-[1 2; 3 4]", BEFORE),
        ("C = ¦2 [1 2; 3 4]", BEFORE),
        ("C = ¦A + [1 2; 3 4]", BEFORE),
        ("C = ¦conv2(A, [1 2; 3 4])", BEFORE),
        (r"C = ¦\frac{1}{9} \begin{pmatrix} 1 & 2 \end{pmatrix}", BEFORE),
        ("[1 2; 3 4]¦'", AFTER),
        ("[1 2; 3 4]¦.T", AFTER),
        ("[1 2; 3 4] ¦* 2", AFTER),
        ("[[1, 2], [3, 4]] ¦/ 9", AFTER),
        (r"\begin{pmatrix} 1 & 2 \end{pmatrix}¦^T", AFTER),
        # more than one
        ("A=[1 2] ¦B=[3 4]", SEVERAL),
        ("a = 1 2\n3 4\n¦b = 5 6\n7 8", SEVERAL),
        (r"\begin{pmatrix} 1 \end{pmatrix} ¦\begin{pmatrix} 2 \end{pmatrix}", SEVERAL),
        # none
        ("¦", "there is no matrix here"),
        ("¦[]", "there is no matrix here"),
        ("¦hello", NONE),
        ("¦as in the lecture", NONE),
        # LaTeX and tables
        (r"¦\begin{pmatrix} 1 & 2", r"`\begin` without `\end`"),
        ("| 1 | 2 |\n¦and\n| 3 | 4 |", "this line stands inside a table and is no row of it"),
        # printed
        (
            " Columns 1 through 2\n 1 2\n 3 4\n Column 3\n ¦5",
            "these columns have another number of rows than the first columns",
        ),
    ],
)
def test_a_refusal_says_why_and_points_to_the_place(marked, message):
    assert_caret(parse_matrix, marked, message)


def test_a_matrix_that_is_too_large_is_refused():
    refused = parse_matrix("1 " * 65)

    assert str(refused.message) == "this matrix has 1 rows and 65 columns; at most 64 of each are read"


def test_an_answer_of_very_many_lines_is_refused():
    refused = parse_matrix("1\n" * 1000)

    assert str(refused.message) == "this has more than 1000 lines; write one matrix here"


def test_the_largest_matrix_is_read():
    row = " ".join(["-1.25"] * 64)

    assert len(parse_matrix("\n".join([row] * 64)).value) == 64


entries = st.fractions(min_value=-999, max_value=999, max_denominator=12)
integers = st.integers(-99, 99).map(Fraction)


def matrices(elements):
    sides = st.tuples(st.integers(1, 5), st.integers(1, 5))
    return sides.flatmap(
        lambda side: st.lists(
            st.lists(elements, min_size=side[1], max_size=side[1]).map(tuple), min_size=side[0], max_size=side[0]
        ).map(tuple)
    )


def frac(number):
    sign = "-" if number < 0 else ""
    return f"{sign}\\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def joined(cell, row, matrix, *, write=str, start="", end=""):
    return start + row.join(cell.join(write(number) for number in line) for line in matrix) + end


STYLES = {
    "canonical": write_matrix,
    "lines": lambda m: joined(" ", "\n", m),
    "csv": lambda m: joined(",", "\n", m),
    "tsv": lambda m: joined("\t", "\n", m),
    "matlab": lambda m: joined(", ", ";\n", m, start="C = [", end="];"),
    "latex": lambda m: joined(" & ", r" \\ ", m, write=frac, start=r"$$\begin{bmatrix}", end=r"\end{bmatrix}$$"),
    "nested": lambda m: "[" + joined(", ", "], [", m, start="[", end="]") + "]",
    "table": lambda m: (
        "|"
        + "|".join(" " * len(m[0]))
        + "|\n"
        + "|---" * len(m[0])
        + "|\n"
        + joined("|", "|\n|", m, start="|", end="|")
    ),
    "full width": lambda m: joined("，", "；", m, start="【", end="】").translate(
        {ord(c): ord(c) + 0xFEE0 for c in "0123456789-/"}
    ),
    "sentence": lambda m: "结果是：\n\n" + joined("  ", "\n", m) + "\n\n。",
}


@pytest.mark.parametrize("style", STYLES)
@given(matrix=matrices(entries))
def test_what_is_written_in_a_style_is_read_back(style, matrix):
    parsed = parse_matrix(STYLES[style](matrix))

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value == matrix


@given(matrices(integers))
def test_what_numpy_prints_is_read_back(matrix):
    array = np.array([[int(number) for number in row] for row in matrix])

    for text in (str(array), repr(array), str(array.astype(float)), repr(array.astype(float)), str(array.tolist())):
        assert parse_matrix(text).value == matrix


@given(st.text(alphabet="0123456789 .,;-+/*[](){}|&\\\n\t=:'eabx½一", max_size=40))
def test_no_text_is_too_strange(text):
    parsed = parse_matrix(text)

    if isinstance(parsed, Parsed):
        assert parse_matrix(parsed.understood).value == parsed.value
    else:
        assert parsed.render_caret().count("\n") == 1


HOSTILE = [
    "[" * 50_000,
    "[" * 7 + "1" + "," * 90_000,
    "1" * 99_999,
    "1 " * 49_000,
    "1\n" * 49_000,
    "1;" * 49_000,
    "1\n" * 999,
    "1e9999999999",
    "9" * 30 + "e" + "9" * 30,
    "-" * 99_999,
    "- " * 49_000,
    "|" * 99_999,
    "|-" * 49_000,
    "=" * 99_999,
    "a=" * 49_000,
    "\\frac" * 19_000,
    "\\frac{" * 16_000,
    "\\begin{pmatrix}" * 6_000,
    "{" * 99_999,
    "1 - " * 24_000,
    " " * 99_999 + "x",
    "...\n" * 24_000,
    "1 ...\n" * 16_000,
    "np.array(" * 11_000,
    "Columns 1 through 2\n" * 4_000,
    ">> 1\n" * 19_000,
    "**" * 49_000,
    "1/" * 49_000,
    ". " * 49_000,
    "$" * 99_999,
    "a\n" * 49_000 + "1",
    "(1,2) " * 16_000,
    "\\left" * 19_000,
    "__import__('os').system('true')",
    "[1 for _ in range(10**10)]",
    "ones(10^9)",
    "1 2\x003 4",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_a_hostile_matrix_is_refused_like_any_other(text):
    parsed = parse_matrix(text)

    assert isinstance(parsed, Parsed) or len(parsed.render_caret()) < 400
