"""Claims in tables: rows judged by themselves, optional rows, numbers with units and traps, what a probe sees."""

from fractions import Fraction

import pytest

from grader.claim import Amount, Choice, Size, claim_values, expect_claims
from grader.expect import Mismatch
from grader.field import Answers, Field, Located, UnansweredField, UnreadableField
from grader.message import msg

FIELD = Field.from_toml(
    "test",
    {
        "key": "net",
        "kind": "claims",
        "rows": {
            "proposer": {"names": ["谁"], "choices": {"search": ["search"], "rpn": ["RPN"]}},
            "seconds": {"names": ["时间"], "kind": "number"},
            "grid": {"kind": "number"},
        },
    },
)
ROWS = {
    "proposer": Choice("search", {"rpn": msg("The RPN comes later.")}),
    "seconds": Amount(
        Fraction(1, 5),
        Fraction(1, 3),
        hint=msg("It is 0.32 s."),
        traps={2: msg("2 s are with proposals.")},
        also=(5,),
        units={"ms": Fraction(1, 1000)},
    ),
    "grid": Size((7, 7, 512), msg("It is 7 x 7.")),
}
RIGHT = "- proposer: search\n- seconds: 0.32\n- grid: 7x7"


def answers(text):
    return Answers([FIELD], {"net": Located(text)} if text else {})


def verdict(text, **options):
    try:
        expect_claims(answers(text), "net", ROWS, **options)
    except (Mismatch, UnansweredField, UnreadableField) as event:
        return type(event).__name__
    return "right"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (RIGHT, "right"),
        ("| row | answer |\n|---|---|\n| 谁 | search |\n| 时间 | 0.2-0.3 s |\n| grid | 7 x 7 x 512 |", "right"),
        (RIGHT.replace("0.32", "220 ms"), "right"),
        (RIGHT.replace("0.32", "5 fps"), "right"),
        (RIGHT.replace("0.32", "220 s"), "Mismatch"),
        (RIGHT.replace("0.32", "0.2-0.5 s"), "Mismatch"),
        (RIGHT.replace("7x7", "14x14"), "Mismatch"),
        (RIGHT.replace("search", "RPN"), "Mismatch"),
        (RIGHT.replace("search", "RPN").replace("0.32", "soon"), "Mismatch"),
        (RIGHT.replace("0.32", "soon"), "UnreadableField"),
        (RIGHT.replace("0.32", ""), "UnansweredField"),
        ("", "UnansweredField"),
        ("no table", "UnreadableField"),
    ],
)
def test_rows_are_judged_by_themselves(text, name):
    assert verdict(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("- proposer: search", "right"),
        ("- proposer: search\n- seconds:", "right"),
        ("- proposer: search\n- seconds: 47", "Mismatch"),
        ("- proposer: search\n- seconds: soon", "UnreadableField"),
        ("- seconds: 0.32", "UnansweredField"),
        ("", "UnansweredField"),
    ],
)
def test_an_optional_row_may_be_empty_and_counts_where_it_is_written(text, name):
    assert verdict(text, optional={"seconds", "grid"}) == name


def test_every_wrong_row_has_its_sentence():
    with pytest.raises(Mismatch) as caught:
        expect_claims(answers("- proposer: RPN\n- seconds: 2\n- grid: 7x7"), "net", ROWS)

    assert str(caught.value) == "2 of 3 claims are wrong."
    assert [str(line.text) for line in caught.value.evidence] == [
        "proposer: RPN",
        "The RPN comes later.",
        "seconds: 2",
        "2 s are with proposals.",
    ]


def test_a_probe_sees_what_is_wrong_in_whatever_words():
    wrong = {"proposer": "right", "seconds": "It is 0.32 s.", "grid": "right"}

    assert claim_values(answers(RIGHT.replace("0.32", "47")), "net", ROWS) == wrong
    assert claim_values(answers(RIGHT.replace("0.32", "约 50 s")), "net", ROWS) == wrong


def test_a_probe_leaves_out_optional_rows_unless_they_are_wrong():
    optional = {"seconds", "grid"}

    assert claim_values(answers("- proposer: search"), "net", ROWS, optional=optional) == {"proposer": "right"}
    assert claim_values(answers(RIGHT), "net", ROWS, optional=optional) == {"proposer": "right"}
    assert claim_values(answers("- proposer: search\n- grid: 3x3"), "net", ROWS, optional=optional) == {
        "proposer": "right",
        "grid": "It is 7 x 7.",
    }


@pytest.mark.parametrize("text", ["- seconds: 0.32", "- proposer: search\n- seconds: soon\n- grid: 7x7"])
def test_a_probe_knows_nothing_of_a_table_with_a_row_that_is_not_read(text):
    with pytest.raises((UnansweredField, UnreadableField)):
        claim_values(answers(text), "net", ROWS)
