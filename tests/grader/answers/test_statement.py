"""Statements: what is named and what is denied, in English and Chinese; what says two things says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.source import Parsed, Unreadable
from grader.answers.statement import StatementSpec, parse_statement

DOOR = StatementSpec({"there": ("door", "the oak door", "gate", "门", "大门"), "gone": ()}, yes="there", no="gone")
PAINT = StatementSpec(
    {"red": ("red", "dark red", "红色"), "blue": ("blue", "蓝色"), "mixed": ("purple",), "bare": ("wood",)},
    denied={"red": "blue", "blue": "red"},
    weak={"bare": 1},
)


def read(text, spec=DOOR):
    parsed = parse_statement(text, spec)
    return parsed.value if isinstance(parsed, Parsed) else str(parsed.message)


@pytest.mark.parametrize(
    "text",
    ["door", "the oak door", "has a gate", "yes", "Yes, of course", "有", "有大门", "保留", "kept", "✓", "not removed", "没有去掉", "门没有去掉", "without removing the door", "door kept, not removed", "大门不变", "ＤＯＯＲＳ"],
)  # fmt: skip
def test_what_is_named_or_affirmed_is_there(text):
    assert read(text) == "there"


@pytest.mark.parametrize(
    "text",
    [
        "no", "none", "无", "没有", "×", "N", "removed", "去掉了", "被去掉", "no door", "no doors", "没有门", "不再有门", "without a gate", "doesn't have a door",
        "the door is gone", "doors are removed", "the door removed to save money", "大门去掉了以节省材料", "门被拆了以后没了", "door and gate were dropped", "去掉了门、大门和 gate",
        "no door, no gate", "door (oak) removed", "removed (the oak door)", "drops the door and keeps the windows", "door replaced by a wall", "门被墙代替", "0 doors is not right, no door",
    ],
)  # fmt: skip
def test_what_is_denied_or_taken_out_is_gone(text):
    assert read(text) == "gone"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("door kept, gate removed", "this says both there and gone; say one"),
        ("yes, no door", "this says both there and gone; say one"),
        ("door?", "this is not certain; write what you mean, or leave it empty"),
        ("maybe a door", "this is not certain"),
        ("不知道", "this is not certain"),
        ("window", "this says none of what is asked"),
        ("the doorr is open", "did you mean door?"),
        ("the door does not squeak", "it is not clear what is denied here; write only what is true"),
    ],
)
def test_what_is_unclear_is_not_guessed(text, sentence):
    assert sentence in read(text)


def test_a_caret_shows_what_is_unclear():
    unreadable = parse_statement("门保留，gate 去掉", DOOR)

    assert isinstance(unreadable, Unreadable)
    assert unreadable.render_caret().splitlines() == ["门保留，gate 去掉", "        ^"]
    assert str(unreadable.accepted) == "a few words that say one of: there, gone"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("red", "red"),
        ("red, not blue", "red"),
        ("not red", "blue"),
        ("dark red", "red"),
        ("red instead of blue", "red"),
        ("红色而不是蓝色", "red"),
        ("用红色代替蓝色", "red"),
        ("红色被蓝色代替", "blue"),
        ("red is replaced by blue", "blue"),
        ("blue (red and blue make purple)", "blue"),
        ("wood, painted red", "red"),
        ("wood", "bare"),
        ("wood without nails", "bare"),
        ("red without stripes", "red"),
    ],
)
def test_of_several_names_the_one_that_is_not_denied_counts(text, meant):
    assert read(text, PAINT) == meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("red or blue", "this says both red and blue; say one"),
        ("not purple", "this only says what it is not; say what it is"),
        ("yes", "this says none of what is asked"),
    ],
)
def test_names_that_cannot_be_chosen_from_are_refused(text, sentence):
    assert sentence in read(text, PAINT)


def test_in_prose_a_bare_yes_or_no_says_nothing():
    prose = StatementSpec(DOOR.choices, yes="there", no="gone", is_prose=True)

    assert read("no", prose) == "this says none of what is asked"
    assert read("no door", prose) == "gone"


def test_a_denied_verb_denies_what_stands_before_it():
    spec = StatementSpec(
        {"maps": ("maps", "图"), "handed": ("copied", "传"), "indices": ("indices",)},
        denied={"maps": "indices", "handed": "indices"},
        weak={"handed": 1},
        verbs=frozenset({"handed"}),
    )

    assert read("图不传", spec) == "indices"
    assert read("maps not copied", spec) == "indices"
    assert read("maps copied", spec) == "maps"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("still has two doors (oak)", "there"),
        ("the door is not removed", "there"),
        ("仍然有门", "there"),
        ("walks around the door", "`walks` makes this unclear; say it in fewer words"),
        ("绕过大门", "`绕过` makes this unclear; say it in fewer words"),
        ("walks in without a door", "gone"),
    ],
)
def test_a_strict_answer_is_only_read_where_nothing_else_is_said(text, meant):
    strict = StatementSpec(DOOR.choices, yes="there", no="gone", strict=frozenset({"there"}))

    assert read(text, strict) == meant


@given(st.text(alphabet="有无没不去掉门door not,()（）、。 redblue?被是", max_size=60))
def test_any_text_is_read_or_refused(text):
    for spec in (DOOR, PAINT):
        parsed = parse_statement(text, spec)
        if isinstance(parsed, Parsed):
            assert parsed.value in {*spec.choices, *spec.denied.values()}
        else:
            assert parsed.render_caret().endswith("^")


def test_a_very_long_statement_is_read_in_time():
    assert read("no " * 30_000 + "door") != "there"
    assert isinstance(parse_statement("(" * 50_000, DOOR), Unreadable)
