"""How numbers are written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from reference.facts import Fact
from reference.geometry import ReceptiveField
from reference.systems import Compared, Comparison, Place, Result
from reference.systems.quantity import published_text, quantity_text, result_text, rounded, verdict, view_text

HALVES = ReceptiveField(204, Fraction(1), -4, ((0, 187), (-4, 199)))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "-"), (999, "999"), (1000, "1.00 k"), (61706, "61.7 k"), (252e6, "252 M"), (10**9, "1.00 G")],
)
def test_large_numbers_have_three_digits(number: int, text: str):
    assert rounded(number) == text


def test_fields_of_view_are_written_as_they_are():
    wide, tall, all_of_it = ReceptiveField(1027, 32, 0), ReceptiveField(5, 1, 0), ReceptiveField(224, 0, 0)
    assert view_text(None) == "-"
    assert view_text((wide, wide)) == "1,027"
    assert view_text((tall, wide)) == "5 x 1,027"
    assert view_text((HALVES, HALVES)) == "188 to 204"
    assert view_text((all_of_it, all_of_it)) == "all"


def test_published_numbers_say_how_far_they_were_rounded():
    fact, exact = Fact(60_000_000, "abstract", 1_000_000), Fact(100, "table")
    assert (published_text(fact), published_text(exact)) == ("60,000,000 ± 1,000,000", "100")
    comparison = Comparison("parameters", "x.y", why="a slip")
    assert verdict(Compared(comparison, fact, 60_900_000)) == "agrees"
    assert verdict(Compared(comparison, exact, 101)) == "other: a slip"


def test_quantities_and_headlines_are_written_in_words():
    assert quantity_text("field", Place("pool5")) == "field of view at pool5"
    assert quantity_text("parameters", Place("fc6")) == "parameters of fc6"
    assert quantity_text("MACs", None) == "MACs"
    assert result_text(Result("1 %", "error", "LeCun")) == "error (LeCun)"
    assert result_text(Result("1 %", "error", "LeCun", from_memory=True)) == "error (LeCun, from memory)"
