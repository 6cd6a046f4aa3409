"""channel_formulas: notations that are read, mistakes that are named, and what is never graded as wrong."""

from itertools import product

import pytest

from grader.diagnose import specimens
from grader.model import Verdict

ELEMENTS = {"y12": (1, 2), "y21": (2, 1), "y22": (2, 2)}
ALL_PASS = dict.fromkeys((*ELEMENTS, "one_convention"), Verdict.PASS)
TURNED = {"convolution": lambda u, v: (3 - u, 3 - v), "correlation": lambda u, v: (u, v)}


def element(i, j, *, turn=TURNED["convolution"], channel="{c}", weight_channel="{c}", channels="123", term=None):
    """Y_ij written out: every product by its definition."""
    term = term or "x^{x}_{{{a}{b}}} w^{{n,{w}}}_{{{p}{q}}}"
    parts = []
    for c, u, v in product(channels, (1, 2), (1, 2)):
        p, q = turn(u, v)
        x, w = channel.format(c=c), weight_channel.format(c=c)
        parts.append(term.format(x=x, w=w, a=i + u - 1, b=j + v - 1, p=p, q=q))
    return " + ".join(parts)


def sheet(**fields):
    return "# HW2\n\n" + "\n".join(f"## {key}\n\n{text}\n" for key, text in fields.items())


def whole(**how):
    return {key: f"Y^n_{{{i}{j}}} = {element(i, j, **how)}" for key, (i, j) in ELEMENTS.items()}


@pytest.mark.parametrize("convention", TURNED)
def test_both_conventions_get_all_points(hand_in, convention):
    graded = hand_in("HW2", sheet(**whole(turn=TURNED[convention])))

    assert graded.verdicts == ALL_PASS
    assert graded.report.points.earned == graded.report.points.possible == 8


@pytest.mark.parametrize(
    "text",
    [
        r"\sum_{c=1}^{3} \left( x^c_{12} w^{n,c}_{22} + x^c_{13} w^{n,c}_{21} + x^c_{22} w^{n,c}_{12} "
        r"+ x^c_{23} w^{n,c}_{11} \right)",
        r"$$Y_{12}^n=\sum_{c\in\{R,G,B\}}(x_{12}^c w_{22}^c+x_{13}^c w_{21}^c+x_{22}^c w_{12}^c+x_{23}^c w_{11}^c)$$",
        "Y₁₂ = Σ_c (X₁₂ᶜ W₂₂ᶜ ＋ X₁₃ᶜW₂₁ᶜ + X₂₂ᶜW₁₂ᶜ + X₂₃ᶜW₁₁ᶜ)",
        "Y12 = sum over c of (x12^c*w22^c + x13^c*w21^c + x22^c*w12^c + x23^c*w11^c)",
        "y[0,1] = sum(x[c,0,1]*w[c,1,1] + x[c,0,2]*w[c,1,0] + x[c,1,1]*w[c,0,1] + x[c,1,2]*w[c,0,0] for c in range(3))",
        "xR12 wR22 + xR13 wR21 + xR22 wR12 + xR23 wR11 + xG12 wG22 + xG13 wG21 + xG22 wG12 + xG23 wG11\n"
        "+ xB12 wB22 + xB13 wB21 + xB22 wB12 + xB23 wB11",
        r"Y^n_{ij} = \sum_{c=1}^3 \sum_{u=1}^2 \sum_{v=1}^2 x^c_{i+u-1,j+v-1} w^{n,c}_{3-u,3-v}",
    ],
)
def test_one_element_in_many_notations(hand_in, text):
    assert hand_in("HW2", sheet(y12=text))["y12"].verdict is Verdict.PASS


def test_the_report_repeats_how_a_formula_was_understood(hand_in):
    report = hand_in("HW2", sheet(y12="y12 = xR12*wR22 + b")).report

    assert [(line.field, line.text) for line in report.understood] == [("y12", "y_12 = x^1_12 w^1_22 + b")]


@pytest.mark.parametrize("order", list(product(TURNED, repeat=3)))
def test_elements_may_not_mix_conventions(hand_in, order):
    mixed = {
        key: element(*place, turn=TURNED[convention])
        for (key, place), convention in zip(ELEMENTS.items(), order, strict=True)
    }

    graded = hand_in("HW2", sheet(**mixed))

    assert [graded[key].verdict for key in ELEMENTS] == [Verdict.PASS] * 3
    is_mixed = len(set(order)) > 1
    assert graded["one_convention"].verdict is (Verdict.FAIL if is_mixed else Verdict.PASS)
    assert graded.diagnosis == ("conventions_mixed" if is_mixed else None)
    if is_mixed:
        assert f"y12: {order[0]}, y21: {order[1]}, y22: {order[2]}" in graded.text("one_convention")


@pytest.mark.parametrize("used", TURNED)
@pytest.mark.parametrize("named", TURNED)
def test_the_named_convention_must_be_the_one_that_is_used(hand_in, used, named):
    graded = hand_in("HW2", sheet(convention=named, **whole(turn=TURNED[used])))

    assert graded["one_convention"].verdict is (Verdict.PASS if used == named else Verdict.FAIL)
    assert graded.diagnosis == (None if used == named else "other_convention_named")


def test_y11_is_looked_at_where_it_is_written(hand_in):
    right = whole()
    other = element(1, 1, turn=TURNED["correlation"])

    assert hand_in("HW2", sheet(y11=element(1, 1), **right)).verdicts == ALL_PASS
    assert hand_in("HW2", sheet(y11=other, **right))["one_convention"].verdict is Verdict.FAIL
    wrong = hand_in("HW2", sheet(y11=element(1, 2), **right))
    assert "This is the formula of y12, not of y11" in wrong.text("one_convention")


def test_a_bias_added_once_is_remarked_and_costs_nothing(hand_in):
    graded = hand_in("HW2", sheet(**{key: f"{text} + b^n" for key, text in whole().items()}))

    assert graded.verdicts == ALL_PASS
    assert "y12: no bias was asked for; adding it once is fine." in graded.remarks


def test_a_right_formula_with_another_left_hand_side_is_remarked(hand_in):
    fields = whole() | {"y12": f"Y21 = {element(1, 2)}"}

    graded = hand_in("HW2", sheet(**fields))

    assert graded.verdicts == ALL_PASS
    assert "y12: the formula is right, but it is written as y_21." in graded.remarks


@pytest.mark.parametrize("turn", TURNED.values(), ids=TURNED)
@pytest.mark.parametrize(
    ("mistake", "how", "sentence"),
    [
        ("first_channel_only", {"channels": "1"}, "The sum leaves channels out: 2, 3."),
        ("channels_reversed", None, "The channels of W were reversed too"),
        ("one_kernel_for_all_channels", {"term": "x^{x}_{{{a}{b}}} w_{{{p}{q}}}"}, "twelve in all, not four"),
        ("no_channel_index", {"channels": "1", "term": "x_{{{a}{b}}} w_{{{p}{q}}}"}, "The channel index is missing"),
    ],
)
def test_mistakes_of_channels_are_named_in_either_convention(hand_in, mistake, how, sentence, turn):
    fields = whole(turn=turn, **(how or {}))
    if how is None:
        swap = str.maketrans("13", "31")
        fields = {
            key: " + ".join(
                " ".join([pixel, weight.split("_")[0].translate(swap) + "_" + weight.split("_")[1]])
                for pixel, weight in (term.split() for term in element(*place, turn=turn).split(" + "))
            )
            for key, place in ELEMENTS.items()
        }

    graded = hand_in("HW2", sheet(**fields))

    assert graded.diagnosis == mistake
    assert sentence in graded.text("y12")
    assert graded["one_convention"].verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("mistake", "turn", "sentence"),
    [
        ("half_rotated", lambda u, v: (3 - u, v), "Only one axis of W is reversed"),
        ("half_rotated", lambda u, v: (u, 3 - v), "Only one axis of W is reversed"),
        ("kernel_transposed", lambda u, v: (v, u), "Rows and columns of W are exchanged"),
        ("kernel_transposed", lambda u, v: (3 - v, 3 - u), "Rows and columns of W are exchanged"),
    ],
)
def test_kernels_turned_in_another_way_are_named(hand_in, mistake, turn, sentence):
    graded = hand_in("HW2", sheet(**whole(turn=turn)))

    assert graded.diagnosis == mistake
    assert sentence in graded.text("y21")


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        (f"{element(1, 2)} + 3 b", "The bias is counted 3 times"),
        (f"({element(1, 2)}) / 3", "Everything is multiplied by 1/3"),
        (element(2, 1), "This is the formula of y21, not of y12: the window of y12 begins at x_12"),
        (element(1, 3), "x^1_14 does not exist: the image is 3 x 3"),
        (element(1, 2, channels="1234"), "w^4_11 does not exist: there are three channels"),
        (element(1, 2).replace("x^2_{13} w^{n,2}_{21}", "x^2_{13} w^{n,2}_{11}"), "x^2_13 w^2_21"),
        (element(1, 2).replace("x^2_{13} w^{n,2}_{21}", "x^2_{13} w^{n,3}_{21}"), "Products of different channels"),
        (element(1, 2).replace(" + x^3_{23} w^{n,3}_{11}", ""), "There are 11 products; it must be twelve"),
        (
            element(1, 2).replace("+ x^3_{23} w^{n,3}_{11}", "- x^3_{23} w^{n,3}_{11}"),
            "Products with the wrong sign: 1.",
        ),
        (
            r"\sum_c (x^c_{12} w^c_{22} + x^c_{13} w^c_{12} + x^c_{22} w^c_{21} + x^c_{23} w^c_{11})",
            "Rows and columns of W are exchanged",
        ),
        (
            r"\sum_c (x^c_{12} w^c_{22} + x^c_{13} w^c_{12} + x^c_{22} w^c_{12} + x^c_{23} w^c_{11})",
            "some products belong to a convolution and some to a correlation",
        ),
        ("0", "There are 0 products"),
    ],
)
def test_a_wrong_formula_is_explained_by_its_products(hand_in, formula, sentence):
    graded = hand_in("HW2", sheet(y12=formula))

    assert graded["y12"].verdict is Verdict.FAIL
    assert sentence in graded.text("y12")


def test_missing_and_extra_products_are_listed(hand_in):
    wrong = element(1, 2).replace("x^2_{13} w^{n,2}_{21}", "x^2_{13} w^{n,2}_{11}")

    text = hand_in("HW2", sheet(y12=wrong)).text("y12")

    assert "An index is wrong: x^2_13 w^2_11 should be x^2_13 w^2_21." in text
    assert "missing: x^2_13 w^2_21" in text
    assert "too much: x^2_13 w^2_11" in text


def test_an_unreadable_formula_shows_its_caret_and_is_pending(hand_in):
    graded = hand_in("HW2", sheet(**whole() | {"y21": "x11 w22 + v12"}))

    assert graded["y21"].verdict is Verdict.UNREADABLE
    assert "x11 w22 + v12\n          ^" in graded.text("y21")
    assert graded["y12"].verdict is Verdict.PASS
    assert graded["one_convention"].verdict is Verdict.UNREADABLE
    assert graded.report.points.pending == 4
    assert graded.report.points.earned == 4


def test_an_unreadable_convention_costs_nothing_but_itself(hand_in):
    graded = hand_in("HW2", sheet(convention="as you like it", **whole()))

    assert graded.verdicts == ALL_PASS | {"one_convention": Verdict.UNREADABLE}


def test_half_a_sheet_gets_half_its_points(hand_in):
    fields = whole()

    graded = hand_in("HW2", sheet(y12=fields["y12"], y22="TODO"))

    assert graded.verdicts == {
        "y12": Verdict.PASS,
        "y21": Verdict.MISSING,
        "y22": Verdict.MISSING,
        "one_convention": Verdict.SKIPPED,
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_a_chinese_sheet_in_any_encoding_is_read(hand_in, encoding):
    fields = {f"Y^n_{place[0]}{place[1]} 的公式": element(*place) for place in ELEMENTS.values()}
    text = sheet(convention="卷积（旋转 180 度）", **fields).replace("# HW2", "# 作业2：多通道卷积")

    assert hand_in("HW2", text.encode(encoding)).verdicts == ALL_PASS


@pytest.mark.parametrize("power", [10**9, "(10**9)", "2**2**2**2**9"])
def test_a_formula_that_would_explode_is_unreadable(hand_in, power):
    assert hand_in("HW2", sheet(y12=f"(x^1_11 + w^1_11)^{power}"))["y12"].verdict is Verdict.UNREADABLE


def test_every_mistake_is_found_in_a_sheet_of_its_own(hand_in, course):
    wrong = specimens(course.exercise("HW2"), "wrong")

    named = {specimen.name: hand_in("HW2", specimen.path.read_text(encoding="utf-8")).diagnosis for specimen in wrong}

    assert named == {specimen.name: specimen.name for specimen in wrong}
