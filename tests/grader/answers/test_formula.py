from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.formula import Formula, FormulaSpec, parse_formula
from grader.answers.index import Family
from grader.answers.polynomial import Polynomial, Variable, total
from grader.answers.source import Parsed
from tests.grader.answers.carets import assert_caret

SPEC = FormulaSpec(
    {"x": Family(rows=3, columns=3, channels=3), "w": Family(rows=2, columns=2, channels=3, has_maps=True)},
    {"y": Family(rows=2, columns=2, has_maps=True)},
    bias="b",
    position=(1, 2),
)


def parse(text):
    return parse_formula(text, SPEC)


def x(channel, row, column):
    return Polynomial.of(Variable("x", channel, row, column))


def w(channel, row, column):
    return Polynomial.of(Variable("w", channel, row, column))


def convolution(row, column, channels=(1, 2, 3)):
    return total(
        x(c, row + u - 1, column + v - 1) * w(c, 3 - u, 3 - v) for c in channels for u in (1, 2) for v in (1, 2)
    )


TERMS = ((12, 22), (13, 21), (22, 12), (23, 11))  # of x and w in Y12


def spelled(pattern, plus=" + ", names="RGB"):
    """All twelve products by a pattern: `{c}` the channel, `{x}` and `{w}` two-digit indices, `{i}{j}` and `{u}{v}` their digits."""
    return plus.join(
        pattern.format(c=name, x=a, w=b, i=a // 10, j=a % 10, u=b // 10, v=b % 10, n=number)
        for number, name in enumerate(names, start=1)
        for a, b in TERMS
    )


def summed(pattern, plus=" + "):
    return plus.join(pattern.format(x=a, w=b, i=a // 10, j=a % 10, u=b // 10, v=b % 10) for a, b in TERMS)


ZERO = summed("x[c,{i},{j}]*w[c,{u},{v}]").translate(str.maketrans("0123456789", "9012345678"))

Y12 = [
    # written out
    "Y12 = " + spelled("x{c}{x}*w{c}{w}"),
    "y12 = " + spelled("x{c}{x} w{c}{w}"),
    "y_12 = " + spelled("x_{c}{x}w_{c}{w}"),
    "Y_{12} = " + spelled("x^{c}_{{{x}}} w^{c}_{{{w}}}"),
    "Y_{12}^n = " + spelled("x_{{{x}}}^{{{c}}} w_{{{w}}}^{{n,{c}}}"),
    "Y^n_{1,2} = " + spelled("x^{{({n})}}_{{{i},{j}}} w^{{({n})}}_{{{u},{v}}}"),
    "Y^{n}_{12} = " + spelled(r"x_{{{c},{x}}} \cdot w^n_{{{c},{w}}}"),
    "Y(1,2) = " + spelled("x({i},{j},{c})*w({u},{v},{c})"),
    "Y[0,1] = " + spelled("x[{n},{i},{j}]*w[{n},{u},{v}]"),
    spelled("x{n}{x}w{n}{w}"),
    spelled("X^{n}_{x}W^{n}_{w}"),
    spelled("x[{n}][{i}][{j}] * w[{n}][{u}][{v}]"),
    spelled(r"\mathbf{{x}}^{{\text{{{c}}}}}_{{{x}}}\,\mathbf{{w}}^{{\text{{{c}}}}}_{{{w}}}"),
    spelled("x_{{{n},{i},{j}}}w_{{n,{n},{u},{v}}}"),
    spelled("x_{{{n},{x}}}w_{{n,{n},{w}}}"),
    spelled("x_{{{x},{c}}} × w_{{{w},{c}}}"),
    spelled("x^{n}_{{{x}}}w^{{n{n}}}_{{{w}}}"),
    spelled("w{c}{w}x{c}{x}", plus="+"),
    spelled("x_{{{x}}}^{c}*w_{{{w}}}^{c}", plus="\n  + "),
    spelled("x{x}{c}w{w}{c}").replace("R", "ᴿ").replace("G", "ᴳ").replace("B", "ᴮ"),
    spelled("x{x}{c}·w{w}{c}").translate(str.maketrans("123RGB", "₁₂₃ᴿᴳᴮ")),
    spelled("x_{c}[{i},{j}] w_{c}[{u},{v}]"),
    spelled("ｘ{c}{x}＊ｗ{c}{w}").translate({ord(c): ord(c) + 0xFEE0 for c in "123"}),
    "(" + spelled("x{c}{x}*w{c}{w}", names="R") + ") + [" + spelled("x{c}{x}*w{c}{w}", names="G") + "] + {"
    + spelled("x{c}{x}*w{c}{w}", names="B") + "}",
    # a sum over the channels
    r"Y_{12} = \sum_{c=1}^{3} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"Y_{12} = \sum_{c=1}^3 \left( " + summed("x^c_{{{x}}} w^{{n,c}}_{{{w}}}") + r" \right)",
    r"Y_{12} = \sum\limits_{c=1}^{C} \left[ " + summed("x^{{(c)}}_{{{x}}} w^{{(c)}}_{{{w}}}") + r" \right]",
    r"$$Y^n_{12} = \sum_c " + summed("x^c_{{{x}}} w^c_{{{w}}}") + "$$",
    r"\sum_{c\in\{R,G,B\}} \big(" + summed("x^c_{{{x}}} w^c_{{{w}}}") + r"\big)",
    r"\sum_{c \in \{1, 2, 3\}} \{" + summed("x^c_{{{x}}} w^c_{{{w}}}") + r"\}",
    r"\sum_{c=R,G,B} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum_{c=1,2,3} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum_{c=R}^{B} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum_{c=1..3} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum_{1 \le c \le 3} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum^{3}_{c=1} (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + ")",
    r"\sum_c " + r" + \sum_c ".join(summed("x^c_{{{x}}} w^c_{{{w}}}").split(" + ")),
    "Σ_c(" + summed("xc{x}*wc{w}") + ")",
    "Σ_{c=1}^3 [" + summed("x_c{x}·w_c{w}") + "]",
    "∑_{c∈{R,G,B}} (" + summed("x{x}ᶜw{w}ᶜ") + ")",
    "∑_{c=1}^{3}(" + summed("x_{{c,{x}}} w_{{n,c,{w}}}") + ")",
    "sum_c (" + summed("x^c_{x} w^c_{w}") + ")",
    "sum_{c=1}^3 (" + summed("x^c_{x} w^c_{w}") + ")",
    "sum_c=1^3 (" + summed("x^c_{x} w^c_{w}") + ")",
    "sum over c of (" + summed("x^c_{x} w^c_{w}") + ")",
    "sum over c in {R,G,B} of (" + summed("x^c_{x} w^c_{w}") + ")",
    "sum(" + summed("x[c,{i},{j}]*w[c,{u},{v}]") + " for c in range(1,4))",
    "sum(" + summed("x[c][{i}][{j}]*w[c][{u}][{v}]") + " for c in (1, 2, 3))",
    "sum(" + summed("x[c,{i},{j}]*w[c,{u},{v}]") + " for c in 'RGB')",
    f"y[0,1] = sum({ZERO} for c in range(3))",
    f"Y_{{12}} = sum({ZERO} for c in range(0, 3))",
    f"np.sum({ZERO} for c in [0, 1, 2])",
    # several sums, with index arithmetic
    r"Y_{12} = \sum_{c=1}^{3}\sum_{u=1}^{2}\sum_{v=1}^{2} x^c_{u,v+1} w^c_{3-u,3-v}",
    r"Y_{12} = \sum_{c=1}^{3}\sum_{u=1}^{2}\sum_{v=1}^{2} x^{c}_{1+u-1,2+v-1}\, w^{n,c}_{2-u+1,2-v+1}",
    r"Y_{ij} = \sum_{c=1}^{3}\sum_{u,v=1}^{2} x^c_{i+u-1,j+v-1} w^c_{3-u,3-v}",
    r"Y^n_{i,j} = \sum_c \sum_u \sum_v x_{c,i+2-u,j+2-v} w_{n,c,u,v}",
    r"\sum_{c,u,v} x_{c,u,v+1} w_{c,3-u,3-v}",
    r"\sum_{cuv} x_{c,u,v+1} w_{c,3-u,3-v}",
    r"\sum_{u=1,v=1}^{2} \sum_c w_{c,u,v} x_{c,3-u,4-v}",
    r"\sum_{u=0}^{1}\sum_{v=0}^{1}\sum_c x^c_{1+u,2+v} w^c_{2-u,2-v}",
    "sum(x[c, u, 1 + v] * w[c, 1 - u, 1 - v] for c in range(3) for u in range(2) for v in range(2))",
    "y[i,j] = sum(x[c,i+1-u,j+1-v]*w[c,u,v] for c in range(3) for u in range(2) for v in range(2))",
    r"\sum_{u=1}^{2}\left(\sum_{c=1}^{3} x^c_{u2}w^c_{3-u,2} + \sum_{c=1}^{3} x^c_{u3}w^c_{3-u,1}\right)",
    # around it
    "= " + spelled("x{c}{x}*w{c}{w}"),
    "Y12：" + spelled("x{c}{x}*w{c}{w}") + "。",
    "**Y12** = " + spelled("x{c}{x}*w{c}{w}"),
    "(2) Y12 = " + spelled("x{c}{x}*w{c}{w}"),
    "- Y12 = " + spelled("x{c}{x}*w{c}{w}"),
    "答案：" + spelled("x{c}{x}*w{c}{w}"),
    "```\nY12 = " + spelled("x{c}{x}*w{c}{w}", plus=" +\n") + "\n```",
    "Y12（卷积） = " + spelled("x{c}{x}*w{c}{w}"),
    "Y12 = (X ⊗ W)_{12} = " + spelled("x{c}{x}*w{c}{w}"),
    r"Y_{12} = \sum_c (" + summed("x^c_{{{x}}} w^c_{{{w}}}") + "), 其中 c 表示通道",
    r"Y_{12} = \sum_c (" + summed("x^c_{x} w^c_{w}") + ") = " + spelled("x{c}{x}*w{c}{w}"),
    r"\begin{aligned} Y^n_{12} &= \sum_{c=1}^{3} \left( x^c_{12} w^c_{22} + x^c_{13} w^c_{21} \right. \\ "
    r"&\quad \left. + x^c_{22} w^c_{12} + x^c_{23} w^c_{11} \right) \tag{1} \end{aligned}",
    "Y12 = " + spelled("x{c}{x}*w{c}{w}") + "  # the second element",
    "Y12 = 2*(" + spelled("x{c}{x}*w{c}{w}") + ")/2",
    r"\frac{2}{2}(" + spelled("x{c}{x}w{c}{w}") + ") + 0",
    r"\frac{4(" + spelled("x{c}{x}w{c}{w}") + ")}{1+3}",
    "-(-" + spelled("x{c}{x}*w{c}{w}", plus=" - ") + ")",
]  # fmt: skip


@pytest.mark.parametrize("text", Y12)
def test_one_element_in_many_notations(text):
    parsed = parse(text)

    assert isinstance(parsed, Parsed), f"{parsed.message}\n{parsed.render_caret()}"
    assert parsed.value.polynomial == convolution(1, 2)
    assert parsed.value.left in (None, Variable("y", None, 1, 2))


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("x11", "x_11"),
        ("x_{1,2}", "x_12"),
        ("x_{10,10}", "x_{10,10}"),
        ("x14 + x33 + x_{0,1}", "x_01 + x_14 + x_33"),
        ("x123", "x^1_23"),
        ("x^2_{11}", "x^2_11"),
        ("x^2_{R,11}", "x^1_11^(2)"),
        ("(x^R_{11})^2", "x^1_11^(2)"),
        ("x^R_{11}^2", "x^1_11^(2)"),
        ("xR11**2", "x^1_11^(2)"),
        ("xR11²", "x^1_11^(2)"),
        ("x^r_{12}", "x^1_12"),
        ("x_{G}^{12}", "x^2_12"),
        ("w^{1}_{R,11}", "w^1_11"),
        ("w^{2,3}_{11}", "w^3_11"),
        ("w_{4,1,2,2}", "w^1_22"),
        ("x_11w_22", "x_11 w_22"),
        ("x11w22+b", "x_11 w_22 + b"),
        ("x11w22 + b^n", "x_11 w_22 + b"),
        ("x11 + b_n", "b + x_11"),
        ("b_{12}", "b_12"),
        ("b^1 + b^2", "b^1 + b^2"),
        (r"\sum_{c=1}^3 b_c", "b^1 + b^2 + b^3"),
        ("2x11", "2 x_11"),
        ("0.5 x11 - ½ w11", "-1/2 w_11 + 1/2 x_11"),
        (r"\frac12 x11", "1/2 x_11"),
        ("x11/3", "1/3 x_11"),
        ("(x11 + w11)(x11 - w11)", "-w_11^(2) + x_11^(2)"),
        ("x11 - x11", "0"),
        ("--x11", "x_11"),
        ("3", "3"),
        ("x11 x11", "x_11^(2)"),
        (r"\sum_{c=1}^{3} x_{11} w_{11}", "3 x_11 w_11"),
        (r"\sum_c x_{11} w_{11}", "3 x_11 w_11"),
        (r"\sum_{c=2}^{3} x^c_{11}", "x^2_11 + x^3_11"),
        (r"\sum_{i=1}^{2} x_{1i} + w_{11}", "w_11 + x_11 + x_12"),
        ("Y11 = x11", "y_11 = x_11"),
        ("Y_{21}^{n} = x[1,0] + x[0,0]", "y_21 = x_11 + x_21"),
    ],
)
def test_small_formulas(text, understood):
    parsed = parse(text)

    assert isinstance(parsed, Parsed), f"{parsed.message}\n{parsed.render_caret()}"
    assert parsed.understood == understood


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        (
            r"\sum_c x^c_{12} w^c_{22} + x^c_{13} w^c_{21}",
            ["the sum over c was read as reaching over all terms that use it; parentheses would say so"],
        ),
        (
            r"\sum_c \sum_u x^c_{u1} w^c_{u1} + x^c_{u2} w^c_{u2}",
            [
                "the sum over u was read as running from 1 to 2",
                "the sum over c, u was read as reaching over all terms that use it; parentheses would say so",
            ],
        ),
        (r"\sum_u x_{u1} w_{u1}", ["the sum over u was read as running from 1 to 2"]),
        (r"\sum_c x_{11}", ["nothing under the sum over c has this index"]),
        (
            "x[0,0,1]*w[0,0,0]",
            ["rows and columns of w, x were read as counted from 0", "channels were read as counted from 0"],
        ),
        ("Y12 = X ⊗ W = x11", ["a side of the formula that names an operation was not read"]),
        ("x11，其中 x 是输入", ["the words after the formula were not read"]),
        ("- x11", ["what stands before the formula was read as the mark of a list, not as a part of it"]),
        ("(2) x11", ["what stands before the formula was read as the mark of a list, not as a part of it"]),
        ("2) x11", []),
        ("(2) * x11", []),
        ("-x11", []),
        ("x11 w22", []),
        (r"\sum_c x^c_{12} w^c_{22} + b", []),
    ],
)
def test_what_was_decided_about_a_formula_is_remarked_on(text, remarks):
    assert [str(remark) for remark in parse(text).remarks] == remarks


def test_a_bias_after_a_sum_is_outside_of_it():
    parsed = parse(r"\sum_c x^c_{12} w^c_{22} + x^c_{13} w^c_{21} + b")

    assert parsed.value.polynomial.terms[((Variable("b"), 1),)] == 1


def test_the_left_hand_side_is_returned():
    assert parse("Y^n_{21} = x11").value == Formula(x(None, 1, 1), Variable("y", None, 2, 1))


def test_a_missing_channel_is_left_to_the_check():
    assert parse("x12 w22").value.polynomial == x(None, 1, 2) * w(None, 2, 2)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        # From 1, since 2 is the last row of w; so the 0 lies outside of the image.
        ("x_{00} w_{11} + x_{01} w_{12} + x_{10} w_{21} + x_{11} w_{22}", {(0, 0), (0, 1), (1, 0), (1, 1)}),
        # From 0, since w is.
        ("x[1,1] w[0,0] + x[1,2] w[0,1]", {(2, 2), (2, 3)}),
        # w from 0 in its sum, x as the left-hand side.
        (r"Y_{12} = \sum_{u=0}^{1}\sum_{v=0}^{1} w_{uv} x_{1+u,2+v}", {(1, 2), (1, 3), (2, 2), (2, 3)}),
        # The left-hand side in mathematics, the right-hand side in Python.
        ("Y_{12} = x[0,1] w[0,0] + x[1,2] w[1,1]", {(1, 2), (2, 3)}),
    ],
)
def test_where_indices_begin(text, variables):
    found = parse(text).value.polynomial.variables

    assert {(v.row, v.column) for v in found if v.family == "x"} == variables


def test_an_index_below_zero_is_kept_for_the_check():
    assert parse(r"\sum_{u=1}^{2} x_{u-2,1} w_{u,2}").value.polynomial.variables >= {Variable("x", None, -1, 1)}


UNKNOWN = "`{}` is not a name here; the names are x, w, y, b"
NEEDS = "`{0}` needs a row and a column, as in {0}_{{12}}"
FREE = "the index {} has no value: say over what it runs, or write it out"
MISSING_BEFORE = "something is missing before this"
MISSING_AFTER = "something is missing after this"
OVER_WHAT = r"say over what the sum runs, as in \sum_{c=1}^{3}"
CANNOT = "`{}` cannot be read in a formula"
ANOTHER = "`y` begins another formula here; one formula is expected"
HUNDRED = "a sum may run over at most 100 values"


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        # names
        ("x11 w22 + ¦v12", UNKNOWN.format("v")),
        ("x11 w22 + ¦k_{12}", UNKNOWN.format("k")),
        ("x11 + ¦weird", UNKNOWN.format("weird")),
        ("Y12 = x11 w22\n + x12 ¦q21", UNKNOWN.format("q")),
        ("¦som_c x^c_{11}", "`som` is not a name here; did you mean `sum`?"),
        ("¦R12 + x11", "`R` is a channel, not a variable; write it as in x^R_12"),
        ("x11¦'", "a name with a prime is not known here; write out what it stands for"),
        # indices
        ("¦x_1 w_11", NEEDS.format("x")),
        ("¦x", NEEDS.format("x")),
        ("x11 + ¦w^R", NEEDS.format("w")),
        ("¦x_{1,2,3,4}", "`x` has 4 indices; row and column were expected"),
        ("¦x_{RG12}", "`x` has two channels here"),
        ("¦y_{R,12} = x11", "`y` has no channels"),
        ("¦x_1^2", "row and column of `x` belong together, as in x_{12}"),
        ("x^¦c_{12} w^c_{22}", FREE.format("c")),
        ("x_{1¦i}", FREE.format("i")),
        (r"\sum_c x^c_{1¦j}", FREE.format("j")),
        ("¦x^R^G_{12}", NEEDS.format("x")),
        ("x_{¦123456,1}", "an index of 6 digits is too long"),
        ("x_{¦100,1}", "the index 100 is out of all bounds; at most 99"),
        ("x_{1,¦1+}", "this index is not finished"),
        ("x_{1,2,¦}", "an index is missing here"),
        ("x_¦", "an index is missing here"),
        ("x_¦{12", "this bracket is never closed"),
        ("x_{1¦?}", "`?` cannot stand in an index"),
        ("x[¦:,1]", "`:` cannot stand in an index"),
        ("x_{R+¦1,2,3}", "a channel called by its name cannot be calculated with"),
        (r"\sum_{c=R,G} x^{¦c+1}_{12}", "a channel called by its name cannot be calculated with"),
        (r"\sum_{c=R,G} ¦x_{c,1}", "a channel stands here where a row or a column was expected"),
        ("x_{1+1+1+1+1+1+1+1+¦1,2}", "this index is too long"),
        ("x¦(1,2,3)", "which of the three numbers is the channel? write x^1_{12}"),
        ("¦b_{123}", "`b` has 3 indices; none was expected"),
        # sums
        (r"¦\sum x^c_{11}", OVER_WHAT),
        ("¦Σ (x11 w22)", OVER_WHAT),
        (r"¦\sum_{3} x_{11}", OVER_WHAT),
        ("sum(x[c,1,1]¦)", "this sum( ) does not say over what it runs, as in for c in range(3)"),
        (r"¦\sum_{c=1} x^c_{11}", "this sum has no upper end"),
        (r"¦\sum_{c=3}^{1} x^c_{11}", "this sum runs over no values"),
        (r"¦\sum_{c=B}^{R} x^c_{11}", "this sum runs over no values"),
        (r"¦\sum_{c=1}^{101} x^c_{11}", HUNDRED),
        (r"¦\sum_{c=1}^{99999999} x^c_{11}", HUNDRED),
        (r"¦\sum_{c=1}^{10^9} x^c_{11}", "`10^9` is no end of a sum that can be read"),
        (r"¦\sum_{c=q+1}^{3} x^c_{11}", "`q+1` is no value for a sum to begin with"),
        ("sum(x[c,1,1] ¦for c in XYZ)", "`XYZ` does not list the values of a sum"),
        ("sum(x[c,1,1] ¦for c in range(1000))", HUNDRED),
        (r"\sum_{c=1}¦_{c=2} x^c_{11}", "this sum has two ends of the same kind"),
        (r"¦\sum_{q} x_{q+3,1}", "over what q runs cannot be told; write it"),
        # syntax
        ("x11 ¦+", MISSING_AFTER),
        ("Y12 ¦=", MISSING_AFTER),
        ("x11 + ¦* w11", MISSING_BEFORE),
        ("x11 ** 2¦**3", MISSING_BEFORE),
        ("x11 = ¦=x11", "an equals sign cannot stand here"),
        ("¦(x11 w22", "this bracket is never closed"),
        ("x11 + ¦(x11 w22", "this bracket is never closed"),
        ("x11 w22¦)", "this bracket closes nothing, or something is missing before it"),
        ("x11 (¦)", "this bracket closes nothing, or something is missing before it"),
        ("x11 ¦for c in range(3)", "`for` stands only at the end of a sum(...)"),
        ("x11 + ¦... + x33", "dots leave terms out; write every term, or a sum"),
        (r"x11 + ¦\cdots + x33", "dots leave terms out; write every term, or a sum"),
        ("x11 + ¦你好", CANNOT.format("你")),
        ("x11 ¦! w11", CANNOT.format("!")),
        ("x11 ¦, x12", CANNOT.format(",")),
        (r"x11 ¦\odot w11", CANNOT.format(r"\odot")),
        ("¦", "there is no formula here"),
        ("Y11 = x11\n¦Y12 = x12", ANOTHER),
        ("x11 + ¦Y12", ANOTHER),
        # arithmetic
        ("x11 / ¦x12", "only division by a number can be read"),
        ("x11 / ¦0", "this divides by zero"),
        ("x11 / (¦1 - 1)", "this divides by zero"),
        (r"¦\frac10 x11", "this divides by zero"),
        ("x11 ** ¦0.5", "only whole exponents from 0 on can be read"),
        ("x11 ** -¦1", "only whole exponents from 0 on can be read"),
        ("(¦x11 + w11)**9", "an exponent may be at most 8"),
        ("¦" + "1" * 41 + "x11", "this number has more than 40 digits"),
        # chained equalities
        ("x11 w11 = ¦x11 w12", "this side differs from the one before the equals sign, by -x_11 w_11 + x_11 w_12"),
        ("Y12 = 2 x11 = x11 + x11 = ¦3 x11", "this side differs from the one before the equals sign, by x_11"),
    ],
)
def test_a_refusal_says_why_and_points_to_the_place(marked, message):
    assert_caret(parse, marked, message)


def test_a_general_formula_needs_an_element_to_be_read_at():
    general = FormulaSpec(SPEC.families, SPEC.left)

    assert_caret(
        lambda text: parse_formula(text, general),
        "Y_{¦ij} = x_{ij}",
        "write the formula of one element, with numbers for row and column",
    )


def test_a_formula_that_is_too_large_is_refused():
    squares = "(" + "+".join(f"x{i}{j}" for i in range(9) for j in range(9)) + ")"

    assert str(parse(squares + "^4").message) == "multiplied out, this has more than 4096 terms or too large powers"
    assert str(parse("(((x11^8)^8)^8)").message) == "multiplied out, this has more than 4096 terms or too large powers"


def test_brackets_may_not_be_nested_without_end():
    assert str(parse("(" * 33 + "x11" + ")" * 33).message) == "brackets are nested more than 32 deep"


def test_a_formula_may_not_have_sums_or_sides_without_end():
    assert str(parse(r"\sum_c " * 25 + "x11").message) == "this formula is too long to be read"
    assert str(parse("x11 = " * 16 + "x11").message) == "this has too many equals signs"


def test_nested_sums_may_not_run_without_end():
    sums = "".join(rf"\sum_{{{symbol}=1}}^{{99}} " for symbol in "cijk")

    assert str(parse(sums + "x_{11}").message) == "this formula is too large to be multiplied out"


def test_the_spec_is_read_from_the_options_of_a_field():
    spec = FormulaSpec.from_options(
        {
            "families": {"a": {"rows": 2, "columns": 2, "channels": 2}},
            "left": {"z": {"rows": 1, "columns": 1}},
            "bias": "d",
            "channel_names": ["P", "Q"],
            "map_symbol": "m",
            "position": [1, 1],
        }
    )

    assert parse_formula("Z11 = aP12 + aQ21 + d^m", spec).understood == "z_11 = a^1_12 + a^2_21 + d"


def test_a_channel_that_comes_last_in_brackets():
    spec = FormulaSpec({"x": Family(3, 3, channels=3, is_channel_last=True)})

    assert parse_formula("x[1,2,3]", spec).understood == "x^3_12"
    assert parse_formula("x_{1,2,3}", spec).understood == "x^1_23"


channels = st.integers(1, 3)
variables = st.one_of(
    st.builds(Variable, st.just("x"), channels, st.integers(1, 3), st.integers(1, 3)),
    st.builds(Variable, st.just("w"), channels, st.integers(1, 2), st.integers(1, 2)),
)
coefficients = st.one_of(st.integers(-9, 9), st.fractions(-3, 3, max_denominator=6)).filter(bool).map(Fraction)
polynomials = st.lists(st.tuples(coefficients, st.lists(variables, min_size=1, max_size=3)), min_size=1, max_size=6)


def latex(variable):
    return f"{variable.family}^{{{variable.channel}}}_{{{variable.row}{variable.column}}}"


def named(variable):
    return f"{variable.family}{'RGB'[variable.channel - 1]}{variable.row}{variable.column}"


def python(variable):
    return f"{variable.family}[{variable.channel}, {variable.row}, {variable.column}]"


def small(variable):
    above, below = str.maketrans("123", "¹²³"), str.maketrans("123", "₁₂₃")
    return f"{variable.family}{variable.row!s}{variable.column}".translate(below) + str(variable.channel).translate(
        above
    )


def written(terms, style, times):
    return " + ".join(
        (f"({coefficient})" if number else f"{coefficient}")
        + times
        + times.join(style(variable) for variable in product)
        for number, (coefficient, product) in enumerate(terms)  # a first `(2)` would be the mark of a list
    )


@pytest.mark.parametrize(
    ("style", "times"), [(latex, " "), (latex, r" \cdot "), (named, "*"), (named, ""), (python, "*"), (small, "·")]
)
@given(terms=polynomials)
def test_what_is_written_in_a_style_is_read_back(style, times, terms):
    expected = total(
        Polynomial.of(coefficient) * _product(Polynomial.of(variable) for variable in product)
        for coefficient, product in terms
    )

    parsed = parse(written(terms, style, times))

    assert isinstance(parsed, Parsed), f"{parsed.message}\n{parsed.render_caret()}"
    assert parsed.value.polynomial == expected


@given(polynomials)
def test_what_was_understood_can_be_read_again(terms):
    parsed = parse(written(terms, latex, " "))

    assert parse(parsed.understood).value == parsed.value


def _product(factors):
    result = Polynomial.of(1)
    for factor in factors:
        result = result * factor
    return result


@given(st.text(alphabet="xwyRGBcnijuv0123456789_^{}[]()+-*/=,. \\sum∑Σ∈for'ᶜ₁²½&\n", max_size=40))
def test_no_text_is_too_strange(text):
    parsed = parse(text)

    assert isinstance(parsed, Parsed) or parsed.render_caret().count("\n") == 1


FRAGMENTS = st.sampled_from(
    ["x11", "w^c_{11}", "\\sum_{c=1}^{3}", "sum(", " for c in range(3)", ")", "(", "[", "]", "{", "}", "_", "^", "2", "+", "-", "*",
     "/", "=", "Y12", "b", "\\frac", "\\sum_c", "c", "R", "{12}", "x_{c,i,j}", " ", "\\\\", "&", "x[0,1]", ",", "\\left(", "**"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=25))
def test_no_mixture_is_too_strange(fragments):
    parsed = parse("".join(fragments))

    assert isinstance(parsed, Parsed) or parsed.render_caret().count("\n") == 1


HOSTILE = [
    "(" * 99_999,
    ")" * 99_999,
    "{" * 99_999,
    "x_{" * 33_000,
    "x[" * 49_000,
    "x" * 99_999,
    "x11" * 33_000,
    "x11+" * 24_000,
    "+" * 99_999,
    "-" * 19_000 + "x11",
    "x11*" * 4_000 + "x11",
    "(x11+w11)" * 10_000,
    "(x11+w11)**2" * 8_000,
    "(" * 30 + "x11+1" + ")**8" * 30,
    "2**10**9",
    "9**9**9**9",
    "x11^(2^(2^9))",
    "\\sum_{c=1}^{10^9} x^c_{11}",
    "\\sum_{c=1}^{99} " * 24 + "x_{11}",
    "sum(" * 20_000,
    "sum(x[c,1,1] for c in range(99) for i in range(99) for j in range(99))",
    "\\sum_" * 19_000,
    "\\sum_{c," * 12_000,
    "\\frac{" * 16_000,
    "\\frac12" * 14_000,
    "\\mathbf{" * 12_000,
    "\\left(" * 16_000,
    "\\foo" * 24_000,
    "=" * 99_999,
    "x11=" * 24_000,
    "_" * 99_999,
    "^" * 99_999,
    "₁" * 99_999,
    "x₁₂" * 33_000,
    "," * 99_999,
    "." * 99_999,
    "\n" * 99_999,
    ";\n" * 49_000,
    "; " * 49_000 + "x11",
    "x11 ,\n" * 16_000,
    "1" * 99_999,
    "x_" + "1" * 90_000,
    "x_{" + "1," * 45_000 + "}",
    "x_{1" + "+1" * 45_000 + "}",
    "a" * 99_999,
    "for c in " * 11_000,
    "(相关" * 30_000,
    "Y12 " * 24_000 + "=",
    "Y(" * 49_000 + "=",
    ", where" * 14_000,
    "$" * 99_999,
    "`" * 99_999,
    "**" * 49_000,
    "\\begin{aligned}" * 6_000,
    "x11/" * 24_000 + "3",
    "x^{R}" * 19_000,
    "__import__('os').system('true')",
    "x.__class__",
    "lambda: 1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:14]))
def test_a_hostile_formula_is_refused_like_any_other(text):
    parsed = parse(text)

    assert isinstance(parsed, Parsed) or len(parsed.render_caret()) < 400
