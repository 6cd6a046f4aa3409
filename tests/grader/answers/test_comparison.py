"""Comparisons: tables whichever way round, lists, "both" and "the same"; what is meant by whom is never guessed."""

import pytest

from grader.answers.comparison import parse_comparison, prose_pieces
from grader.answers.source import Parsed, Unreadable
from grader.field import Answers, Field, Located, UnansweredField, UnreadableField

ROWS = {"size": ("size", "大小", "weight"), "color": ("color", "颜色"), "wheels": ("number of wheels", "轮子")}
SIDES = {"car": ("Car", "轿车"), "bike": ("Bike", "Racing Bike", "自行车")}


def read(text):
    parsed = parse_comparison(text, ROWS, SIDES)
    assert isinstance(parsed, Parsed), parsed.message
    return {
        f"{row} {side}": answer.text if answer.problem is None else str(answer.problem)
        for (row, side), answer in parsed.value.items()
    }


BOTH = {"size car": "big", "size bike": "small", "color car": "red", "color bike": "blue"}


@pytest.mark.parametrize(
    "text",
    [
        "| | Car | Bike |\n|---|---|---|\n| size | big | small |\n| color | red | blue |",
        "| | Bike | Car |\n|---|---|---|\n| 1. Size: | small | big |\n| 颜色 | blue | red |",
        "question | the Car (2020) | Racing Bike\n---|---|---\nSize? | big | small\ncolor | red | blue",
        " | Car | Bike\n---|---|---\nsize | big | small\ncolor | red | blue",
        "| | Car | Bike | remark |\n|---|---|---|---|\n| size | big | small | of course |\n| color | red | blue | |",
        "| which | size | color |\n|---|---|---|\n| Bike | small | blue |\n| Car | big | red |",
        "| question | answer |\n|---|---|\n| size | Car big, Bike small |\n| color | Bike: blue; Car: red |",
        "| claim | answer |\n|---|---|\n| size of the Car | big |\n| Bike: size | small |\n| Car color | red |\n| color (Bike) | blue |",
        "+--+--+--+\n| | Car | Bike |\n+--+--+--+\n| size | big | small |\n| color | red | blue |\n+--+--+--+",
        "| | Car | Bike |\n|---|---|---|\n| size | Car: big | small |\n| color | red | **Bike** blue |",
        "size: Car big, Bike small\ncolor：轿车 red，自行车 blue",
        "- Car size: big\n- Bike size: small\n- color: Car is red while the Bike is blue".replace("is ", "").replace("the ", ""),
        "**Car**\n- size: big\n- color: red\n\n**Bike**:\n1. size = small\n2. color = blue",
    ],
)  # fmt: skip
def test_one_comparison_in_many_forms(text):
    assert read(text) == BOTH


@pytest.mark.parametrize(
    "same", ["the same", "same as the Bike", "与自行车相同", "同右", "ditto", "Same.", "与 Bike 一样"]
)
def test_the_same_is_the_other_sides_answer(same):
    table = f"| | Car | Bike |\n|---|---|---|\n| color | {same} | blue |"

    assert read(table) == {"color car": "blue", "color bike": "blue"}


def test_the_same_on_both_sides_says_nothing():
    found = read("| | Car | Bike |\n|---|---|---|\n| color | same | same |")

    assert set(found.values()) == {"the same as what? write the answer here too"}


@pytest.mark.parametrize(
    "text", ["wheels: both two", "轮子：两者都是 two", "wheels: both: two", "number of wheels: 都有 two"]
)
def test_both_speaks_for_both(text):
    assert {key: words.split()[-1] for key, words in read(text).items()} == {"wheels car": "two", "wheels bike": "two"}


def test_a_bare_both_stays_as_it_is():
    assert read("wheels: both") == {"wheels car": "both", "wheels bike": "both"}


def test_an_answer_without_a_name_is_nobodys():
    found = read("| question | answer |\n|---|---|\n| wheels | four |")

    assert set(found.values()) == {"it is not said which one this is about; name it, or write `both`"}


def test_two_answers_to_one_question_are_reported_with_their_lines():
    found = read("| | Car | Bike |\n|---|---|---|\n| size | big | small |\n| weight | huge | small |")

    assert found == {"size car": "this is answered twice, on lines 3 and 4", "size bike": "small"}


def test_empty_cells_are_left_out_and_unknown_rows_remarked():
    parsed = parse_comparison(
        "| | Car | Bike |\n|---|---|---|\n| size | | ... |\n| taste | sweet | sour |", ROWS, SIDES
    )

    assert parsed.value == {}
    assert [str(remark) for remark in parsed.remarks] == ["no row is called `taste`; it was not read"]


def test_of_many_unknown_rows_five_are_remarked_on():
    rows = "\n".join(f"| taste {number} | sweet | sour |" for number in range(50))

    assert len(parse_comparison(f"| | Car | Bike |\n|---|---|---|\n{rows}", ROWS, SIDES).remarks) == 5


@pytest.mark.parametrize("text", ["a car is larger than a bike", "", "1 2 3\n4 5 6"])
def test_what_is_no_comparison_is_refused(text):
    unreadable = parse_comparison(text, ROWS, SIDES)

    assert isinstance(unreadable, Unreadable)
    assert str(unreadable.message) == "there is no table here"
    assert "| question | one | other |" in str(unreadable.accepted)


def test_a_flood_of_answers_is_refused():
    rows = "\n".join(f"| size | {number} | {number} |" for number in range(300))

    refused = parse_comparison(f"| | Car | Bike |\n|---|---|---|\n{rows}", ROWS, SIDES)
    assert str(refused.message) == "at most 400 answers are read"


def test_prose_is_cut_at_the_names():
    text = "The Car has 1.5 tons. Unlike the Car, the Bike rattles; the Car doesn't."

    pieces = [(side, words.strip(" ,")) for side, words in prose_pieces(text, SIDES)]
    assert pieces == [("car", "has 1.5 tons"), ("car", "the"), ("bike", "rattles"), ("car", "doesn't")]


def test_of_a_flood_of_prose_only_the_beginning_is_cut():
    assert len(list(prose_pieces("Car. Bike. " * 10_000, SIDES))) == 200


FIELD = Field.from_toml(
    "here",
    {
        "key": "vehicles",
        "kind": "comparison",
        "sides": {"car": ["Car"], "bike": ["Bike"]},
        "questions": {
            "engine": {"kind": "statement", "names": ["motor"], "choices": {"has": ["engine"], "none": []}, "yes": "has", "no": "none"},
            "wheels": {"kind": "number", "stated": ["on [0-9]+ roads"], "only": {"bike": {"takes_ranges": False}}},
        },
    },
)  # fmt: skip


def test_a_field_reads_every_cell_by_its_question_and_tells_its_line():
    text = "| | Car | Bike |\n|---|---|---|\n| Motor? | yes | no engine |\n| wheels | 4 on 3 roads | 2-3 |"
    answers = Answers([FIELD], {"vehicles": Located(text, 10)})

    assert answers.row("vehicles", "engine car") == "has"
    assert answers.row("vehicles", "engine bike") == "none"
    assert answers.row("vehicles", "wheels car").value == 4
    with pytest.raises(UnreadableField, match="vehicles: wheels bike: this is a range") as caught:
        answers.row("vehicles", "wheels bike")
    assert caught.value.line == 13
    assert answers.understood()[0].text == "engine car: has; engine bike: none; wheels car: 4; wheels bike: ?"


def test_a_cell_that_is_not_there_is_unanswered_by_its_name():
    answers = Answers([FIELD], {"vehicles": Located("| | Car | Bike |\n|---|---|---|\n| motor | yes | |")})

    with pytest.raises(UnansweredField, match="vehicles: engine bike"):
        answers.row("vehicles", "engine bike")


def test_what_prose_says_is_read_as_far_as_it_can_be():
    answers = Answers([FIELD], {})

    said = answers.read_prose("vehicles", "The Car has an engine, the Bike does not. The Bike is red.")
    assert said == [("engine car", "has"), ("engine bike", "none")]
