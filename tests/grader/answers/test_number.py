from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.number import Number, NumberSpec, parse_number
from grader.answers.numeral import write_number
from grader.answers.source import Parsed
from tests.grader.answers.carets import assert_caret

COUNT = NumberSpec(takes_shapes=False, takes_ranges=False)


@pytest.mark.parametrize(
    "text",
    [
        "14",
        "１４",
        "14.",
        "14.0",
        "1.4e1",
        " 14 \n",
        "**14**",
        "`14`",
        "$14$",
        "$$14$$",
        "```\n14\n```",
        "- 14",
        "* 14",
        "1. 14",
        "答：14",
        "答案：14",
        "答案是14",
        "答案为 14。",
        "The answer is 14.",
        "final answer: 14",
        "结果为：14",
        "RF = 14",
        "RF=14",
        "RF_C2 = 14",
        "C2 = 14",
        "C2: 14",
        "RF(C2) = 14",
        "C2 的感受野是 14",
        "so the receptive field is 14",
        "14？",
        "(14)",
        "5+(5-1)*2+1 = 14",
        "RF = 6 + (5-1)*2 = 14",
        "RF = 6 + (5−1)×2 ＝ １４",
        "14 = 6 + 4*2",
        "14 (= 6 + 4*2)",
        "14 (a 5x5 kernel sees 10 in C1)",
        "C1 = 5, S1 = 6, C2 = 14",
        "RF = 10 + 4 → 14",
        r"RF = 6 + 4 \cdot 2 = 14",
        r"\mathrm{RF} = 14",
        r"$r_{2} = 14$",
        "14, that is 14",
        "14，即 14x14",
        "14 wide, 14 high",
        "28/2",
        "7 × 2 = 14",
    ],
)
def test_one_number_in_many_sentences(text):
    parsed = parse_number(text)

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value.value == 14
    assert not parsed.value.is_area
    assert not parsed.value.is_approximate


@pytest.mark.parametrize(
    "text",
    [
        "14x14",
        "14X14",
        "14 x 14",
        "14×14",
        "14 × 14",
        "14*14",
        "14·14",
        "14 by 14",
        "14乘14",
        "14 乘以 14",
        "１４×１４",
        "(14, 14)",
        "[14, 14]",
        "（14，14）",
        "14^2",
        "14²",
        r"14 \times 14",
        r"$14 \times 14$",
        "14x14 = 196",
        "14×14=196个像素",
        "14x14 (196 pixels)",
        "感受野大小为14×14。",
        "so the receptive field is 14x14 pixels",
        "14 pixels x 14 pixels",
        "14px × 14px",
        "C2：14×14 像素",
    ],
)
def test_a_size_has_two_sides(text):
    parsed = parse_number(text)

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value.sides == (14, 14)
    assert parsed.value.value == 14
    assert not parsed.value.is_area


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("14 × 14 像素", Number((Fraction(14), Fraction(14)), unit="px")),
        ("14 pixels", Number((Fraction(14),), unit="px")),
        ("14个像素", Number((Fraction(14),), unit="px")),
        ("14 x 12", Number((Fraction(14), Fraction(12)))),
        ("14x14x3", Number((Fraction(14), Fraction(14), Fraction(3)))),
        ("196 (area in pixels)", Number((Fraction(196),), is_area=True)),
        ("196 pixels in area", Number((Fraction(196),), is_area=True, unit="px")),
        ("面积196", Number((Fraction(196),), is_area=True)),
        ("196 平方像素", Number((Fraction(196),), is_area=True)),
        ("196 px^2", Number((Fraction(196),), is_area=True, unit="px")),
        ("196像素²", Number((Fraction(196),), is_area=True, unit="px")),
        ("196", Number((Fraction(196),))),
        ("约14", Number((Fraction(14),), is_approximate=True)),
        ("大约 14 左右", Number((Fraction(14),), is_approximate=True)),
        ("about 14", Number((Fraction(14),), is_approximate=True)),
        ("approx. 14", Number((Fraction(14),), is_approximate=True)),
        ("~14", Number((Fraction(14),), is_approximate=True)),
        ("≈ 14", Number((Fraction(14),), is_approximate=True)),
        (r"\approx 14", Number((Fraction(14),), is_approximate=True)),
        ("-14", Number((Fraction(-14),))),
        ("x = −14", Number((Fraction(-14),))),
        ("1/2", Number((Fraction(1, 2),))),
        (r"\frac{1}{3}", Number((Fraction(1, 3),))),
        ("½", Number((Fraction(1, 2),))),
        ("0.5", Number((Fraction(1, 2),), resolution=Fraction(1, 10))),
        ("29,433,483", Number((Fraction(29433483),))),
        ("29 433 483", Number((Fraction(29433483),))),
        ("29\u202f433\u202f483", Number((Fraction(29433483),))),
        ("29_433_483", Number((Fraction(29433483),))),
        ("29'433'483", Number((Fraction(29433483),))),
        ("1,000", Number((Fraction(1000),))),
        ("29.4M", Number((Fraction(29400000),), resolution=Fraction(100000))),
        ("29.4 M", Number((Fraction(29400000),), resolution=Fraction(100000))),
        ("29.4 million", Number((Fraction(29400000),), resolution=Fraction(100000))),
        (
            "about 252 million parameters",
            Number((Fraction(252000000),), is_approximate=True, resolution=Fraction(10**6)),
        ),
        ("2943万", Number((Fraction(29430000),), resolution=Fraction(10000))),
        ("2.5亿", Number((Fraction(250000000),), resolution=Fraction(10**7))),
        ("30k", Number((Fraction(30000),), resolution=Fraction(1000))),
        ("15.3G", Number((Fraction(15300000000),), resolution=Fraction(10**8))),
        ("250-253M", Number((Fraction(250 * 10**6),), Fraction(253 * 10**6), resolution=Fraction(10**6))),
        ("250M–253M", Number((Fraction(250 * 10**6),), Fraction(253 * 10**6), resolution=Fraction(10**6))),
        ("29 to 30 million", Number((Fraction(29 * 10**6),), Fraction(30 * 10**6), resolution=Fraction(10**6))),
        ("8到9倍", Number((Fraction(8),), Fraction(9))),
        ("66.9%", Number((Fraction(669, 10),), is_percent=True, resolution=Fraction(1, 10))),
        ("66.9 %", Number((Fraction(669, 10),), is_percent=True, resolution=Fraction(1, 10))),
        (r"66.9\%", Number((Fraction(669, 10),), is_percent=True, resolution=Fraction(1, 10))),
        ("66.9 percent", Number((Fraction(669, 10),), is_percent=True, resolution=Fraction(1, 10))),
        ("6 倍", Number((Fraction(6),))),
        ("8.55x", Number((Fraction(171, 20),), resolution=Fraction(1, 100))),
        ("1.5×10^8", Number((Fraction(150000000),), resolution=Fraction(10**7))),
        ("10^12", Number((Fraction(10**12),))),
        ("10¹²", Number((Fraction(10**12),))),
        ("10**8", Number((Fraction(10**8),))),
        (r"10^{8}", Number((Fraction(10**8),))),
        ("2^10", Number((Fraction(1024),))),
        ("47 s", Number((Fraction(47),), unit="s")),
        ("198 ms", Number((Fraction(198),), unit="ms")),
        ("252M (251,772,245)", Number((Fraction(252 * 10**6),), resolution=Fraction(10**6))),
    ],
)
def test_what_a_number_says_besides_its_value(text, number):
    parsed = parse_number(text)

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("48*5*5*128 = 153600", 153600),
        ("10^6 * 10^6 = 10^12", 10**12),
        ("10^2", 100),
        ("14x14 = 196", 196),
        ("153,600", 153600),
    ],
)
def test_in_a_question_for_a_count_a_product_is_no_size(text, value):
    assert parse_number(text, COUNT).value.sides == (value,)


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("14 × 14 像素", "14x14 px"),
        ("面积196", "196 (area)"),
        ("约 29.4M", "about 29400000"),
        ("66.9%", "66.9%"),
        ("250-253M", "250000000-253000000"),
        ("1/8 to 1/16", "0.0625-0.125"),
        ("9 到 8 倍", "8-9"),
        ("1/3", "1/3"),
        ("-0.25", "-0.25"),
    ],
)
def test_a_number_says_how_it_was_understood(text, understood):
    assert parse_number(text).understood == understood


def test_an_approximate_number_is_remarked_on():
    assert [str(remark) for remark in parse_number("约14").remarks] == ["the answer calls its number approximate"]


SEVERAL = "one number is expected, but {} and {} are named"
CALCULATION = "this is a calculation; write its result too, as `= 14`"
NEGATED = "this says what the number is not; write what it is"
BOUND = "a bound or a margin is no number; write the number itself"


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("14 or ¦15", SEVERAL.format(14, 15)),
        ("14 或 ¦15", SEVERAL.format(14, 15)),
        ("14,¦5", SEVERAL.format(14, 5)),
        ("153 ¦600", SEVERAL.format(153, 600)),
        ("１４，¦１５", SEVERAL.format(14, 15)),
        ("C1: 5\nS1: ¦6\nC2: 14", SEVERAL.format(5, 6)),
        ("a 5x5 kernel gives ¦14x14", SEVERAL.format("5x5", "14x14")),
        ("14x14 or ¦14x15", SEVERAL.format("14x14", "14x15")),
        ("¦6 + (5-1)*2", CALCULATION),
        ("¦14-3", CALCULATION),
        ("RF = ¦6 + 8", CALCULATION),
        ("¦10**10**10", CALCULATION),
        ("¦not 14", NEGATED),
        ("it ¦isn't 14", NEGATED),
        ("¦不是 14", NEGATED),
        ("C2 ¦≠ 14", NEGATED),
        ("¦at least 14", BOUND),
        ("¦> 14", BOUND),
        ("¦大于14", BOUND),
        ("14 ¦± 1", BOUND),
        (r"14 ¦\pm 1", BOUND),
        ("14 ¦m", "`m` is no unit here; write `M` or `million` for a million"),
        ("¦fourteen", "there is no number here"),
        ("¦", "there is no number here"),
        ("¦C2", "there is no number here"),
        ("¦1/0", "this fraction divides by zero"),
        (r"¦\frac{1}{0}", "this fraction divides by zero"),
        ("¦9^9999999", "the exponent of this number is too large"),
        ("¦9^999", "the exponent of this number is too large"),
        ("¦0^-1", "the exponent of this number is too large"),
        ("¦1e999", "the exponent of this number is too large; at most 40 is read"),
        ("¦" + "1" * 41, "this number has 41 digits; at most 40 are read"),
    ],
)
def test_a_refusal_says_why_and_points_to_the_place(marked, message):
    assert_caret(parse_number, marked, message)


@pytest.mark.parametrize(
    ("marked", "message"),
    [("¦48*5*5*128", CALCULATION), ("¦5-14", "this is a range; write one number")],
)
def test_what_a_question_does_not_take_is_refused(marked, message):
    assert_caret(lambda text: parse_number(text, COUNT), marked, message)


def test_a_refusal_says_what_would_be_accepted():
    accepted = "one number such as `14`, `14x14`, `29.4M` or `1/2`; a calculation ends with `= result`"

    assert str(parse_number("").accepted) == accepted


def test_an_endless_calculation_is_refused():
    assert str(parse_number("1+" * 3000).message) == "this is too long for an answer that is one number"


def test_a_number_with_unequal_sides_or_two_ends_has_no_single_value():
    assert parse_number("14x12").value.value is None
    assert parse_number("14-16").value.value is None


numbers = st.one_of(st.integers(0, 10**12).map(Fraction), st.decimals(0, 10**6, places=3).map(Fraction))


@given(
    number=numbers,
    template=st.sampled_from(["{}", "RF = {}", "答：{}", "{} 像素", "$ {} $", "({})", "C2 的感受野为{}。"]),
)
def test_what_is_written_is_read_back(number, template):
    parsed = parse_number(template.format(write_number(number)))

    assert isinstance(parsed, Parsed), parsed.render_caret()
    assert parsed.value.sides == (number,)


@given(st.integers(0, 10**15))
def test_thousands_separators_are_read_back(number):
    for text in (f"{number:,}", f"{number:_}", f"{number:,}".replace(",", "，"), f"{number:,}".replace(",", "'")):
        assert parse_number(text).value.sides == (number,)


@given(number=st.fractions(min_value=-100, max_value=100))
def test_written_numbers_are_exact(number):
    assert Fraction(write_number(number)) == number


@given(st.text(alphabet="0123456789 .,;-+/*^=()xMk%~约亿像素答\\\n\te²½不", max_size=40))
def test_no_text_is_too_strange(text):
    parsed = parse_number(text)

    assert isinstance(parsed, Parsed) or parsed.render_caret().count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "9" * 99_999,
        "1," * 49_000,
        "1,000" * 19_000,
        "1 000 " * 16_000,
        "x" * 99_999,
        "1x" * 49_000,
        "1-" * 49_000,
        "(" * 99_999,
        "1(" * 49_000,
        "=" * 99_999,
        "1=" * 49_000,
        "^" * 99_999,
        "2^" * 49_000,
        "10**" * 24_000,
        "\\frac{" * 16_000,
        "$" * 99_999,
        "*" * 99_999,
        "答案" * 49_000,
        "答案 1 " * 19_000,
        "not" * 33_000,
        "n't" * 33_000,
        "a'" * 49_000,
        "- " * 49_000,
        " " * 99_999,
        "1\n" * 49_000,
        "约" * 99_999,
        "f(1,2" * 19_000,
        "__import__('os').system('true')",
        "10**10**10**10",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_hostile_number_is_refused_like_any_other(text):
    parsed = parse_number(text)

    assert isinstance(parsed, Parsed) or len(parsed.render_caret()) < 400


def test_a_quotient_may_be_two_numbers():
    spec = NumberSpec(takes_quotients=False)

    assert parse_number("1/16").value.value == Fraction(1, 16)
    assert parse_number("66.9", spec).value.value == Fraction("66.9")
    assert_caret(lambda text: parse_number(text, spec), "mAP ¦66.9/70.0", "these are two numbers; write one number")
