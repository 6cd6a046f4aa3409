import json


def test_each_exercise_is_named_with_what_is_asked_and_where_it_goes(grade):
    done = grade("list")

    assert done.exit_code == 0
    assert done.stdout.split("\n\n") == [
        "A small course",
        "double\n  double: multiply a number\n  double.py",
        "triple\n  triple: multiply a number\n  triple.py",
        "numbers\n  numbers: two answers by hand\n  answers.md: first, second\n",
    ]


def test_json_lists_what_a_program_needs(grade):
    data = json.loads(grade("list", "--json").stdout)

    assert (data["format"], data["course"]["message"]) == (1, "A small course")
    assert [row["exercise"] for row in data["exercises"]] == ["double", "triple", "numbers"]
    assert data["exercises"][2]["fields"] == ["first", "second"]
    assert data["exercises"][2]["aliases"] == ["HW1"]
