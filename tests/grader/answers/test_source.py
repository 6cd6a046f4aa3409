from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.matrix import parse_matrix
from grader.answers.source import MAX_CHARACTERS, Source, Unreadable, display_width, read_with
from grader.message import msg


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("１２３．５", "123.5"),
        ("－1 −1 –1 —1 ﹣1 ‐1", "-1 -1 -1 -1 -1 -1"),
        ("2×3·4∗5⋅6", "2*3*4*5*6"),
        ("（1，2；3）【4】", "(1,2;3)[4]"),
        ("一、二。", "一,二."),
        ("1\u00a02\u30003\u2009 4", "1 2 3  4"),
        ("1\u200b2\ufeff3\u00ad", "123"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("𝑥𝟏𝐰", "x1w"),
        ("“a” ‘b’", "\"a\" 'b'"),
        ("1 … 3", "1 ... 3"),
        ("6÷2 1⁄2", "6/2 1/2"),
        ("│1│", "|1|"),
        ("x₁²½", "x₁²½"),
    ],
)
def test_what_people_type_has_one_plain_form(typed, plain):
    assert Source.of(typed).text == plain


@given(st.text(max_size=60))
def test_every_plain_character_knows_where_it_stood(text):
    source = Source.of(text)

    assert len(source.origin) == len(source.text) + 1
    assert list(source.origin) == sorted(source.origin)
    assert source.origin[-1] == len(text)


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text):
    once = Source.of(text).text

    assert Source.of(once).text == once


def test_edits_keep_the_way_back():
    source = Source.of("a（b）c").rewritten([(1, 2, ""), (2, 3, "xyz"), (3, 4, "")])

    assert source.text == "axyzc"
    assert source.origin == (0, 2, 2, 2, 4, 5)


def test_an_insertion_stands_where_the_following_character_stood():
    source = Source.of("ab").rewritten([(1, 1, "_{"), (2, 2, "}")])

    assert source.text == "a_{b}"
    assert source.origin == (0, 1, 1, 1, 2, 2)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("卷积", 4), ("１", 2), ("e\u0301", 1), ("", 0)])
def test_chinese_characters_fill_two_columns(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("1 x 3", 3, "1 x 3\n  ^"),
        ("结果 x", 4, "结果 x\n     ^"),
        ("\tx", 2, " x\n ^"),
        ("　x", 2, "  x\n  ^"),
        ("x", 2, "x\n ^"),
        ("", 1, "\n^"),
        ("a\x1b[31mb\u202ec", 2, "a\ufffd[31mb\ufffdc\n ^"),
        ("\ud800x", 2, "\ufffdx\n ^"),
    ],
)
def test_the_caret_stands_under_the_place(line, column, shown):
    assert Unreadable(msg("no"), 1, column, line, msg("yes")).render_caret() == shown


def test_a_long_line_is_cut_around_the_caret():
    shown = Unreadable(msg("no"), 1, 501, "a" * 500 + "!" + "b" * 500, msg("yes")).render_caret()
    line, caret = shown.split("\n")

    assert len(line) < 100
    assert line[caret.index("^")] == "!"
    assert line[0] == line[-1] == "…"


def test_places_are_counted_in_characters_of_the_own_text():
    refused = parse_matrix("结果：\r\n１　２\r\n３　ｘ")

    assert isinstance(refused, Unreadable)
    assert (refused.line, refused.column, refused.source_line) == (3, 3, "３　ｘ")
    assert refused.render_caret() == "３  ｘ\n    ^"


def test_an_answer_that_is_too_long_is_refused():
    refused = parse_matrix("1 " * MAX_CHARACTERS)

    assert isinstance(refused, Unreadable)
    assert str(refused.message) == "this answer has 200000 characters; at most 100000 are read"
    assert (refused.line, refused.column) == (1, 1)
    assert len(refused.source_line) < 100


def test_a_refusal_says_what_would_be_accepted():
    refused = parse_matrix("hello")

    assert isinstance(refused, Unreadable)
    assert str(refused.accepted).startswith("one matrix: rows on lines of their own, or `[1 2; 3 4]`")


def test_a_mistake_of_ours_is_not_the_students():
    def broken(source):
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        read_with(broken, "1", msg("a number"))


def test_parsed_values_are_exact():
    assert parse_matrix("0.1").value == ((Fraction(1, 10),),)
