import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.sheet import Duplicate, Section, read_sheet

FIELDS = [["full", "完整卷积"], ["same"], ["valid"]]
EXERCISES = [["channel_formulas", "HW2"]]


def find(text, key, *, exercise=("conv_by_hand", "HW1")):
    names = next(names for names in FIELDS if key in names)
    return read_sheet(text).find(
        list(exercise),
        names,
        other_fields=[other for other in FIELDS if other is not names],
        other_exercises=EXERCISES,
    )


def body(text, key="full"):
    section = find(text, key)
    assert isinstance(section, Section), section
    return section.body


@pytest.mark.parametrize(
    "heading",
    [
        "## full",
        "## Full (7x7)",
        "### 2. full：",
        "## 完整卷积 full",
        "## 完整卷积",
        "##full",
        "＃＃ full",
        "# full",
        "###### FULL ######",
        "full\n----",
        "full\n====",
        "## `full`",
        "## **Full**",
        "##　full",
        "  ## full",
    ],
)
def test_a_field_is_found_by_its_heading(heading):
    assert body(f"# HW1 conv_by_hand\n\n{heading}\n\n1 2\n3 4\n\n## same\n5") == "1 2\n3 4"


@pytest.mark.parametrize(
    "opening", ["# HW1 conv_by_hand", "# HW1", "## conv_by_hand", "conv by hand\n===", "# 作业 HW1：卷积", "#HW1", ""]
)
def test_fields_are_searched_below_their_exercise(opening):
    text = f"{opening}\n\n## full\n1 2\n\n# HW2 channel_formulas\n\n## full\n3 4\n"

    assert body(text) == "1 2"


def test_fields_on_the_level_of_their_exercise_are_found():
    assert body("# HW1\n# full\n1 2\n# same\n3 4\n# HW2\n# full\n5 6") == "1 2"


def test_exercise_and_field_may_share_a_heading():
    assert body("## HW1 full\n1 2\n## HW1 same\n3 4\n## HW2 full\n5") == "1 2"
    assert body("## HW1 full\n1 2\n## HW1 same\n3 4\n## HW2 full\n5", "same") == "3 4"


def test_places_in_the_file_are_kept():
    section = find("# HW1\n\n## full\n\n\n1 2\n3 4\n", "full")

    assert (section.level, section.title, section.line, section.body_line) == (2, "full", 3, 6)


def test_a_hash_inside_a_fence_is_no_heading():
    assert body("## full\n```python\n# same\n1 2\n```\n## same\n3") == "```python\n# same\n1 2\n```"


def test_comments_are_no_part_of_an_answer_and_keep_lines_and_columns():
    section = find("## full\n<!-- seven\n# rows\n-->\n1 <!-- here --> 2\n## same\n3", "full")

    assert section.body == "1               2"
    assert section.body_line == 5


def test_a_comment_inside_a_fence_belongs_to_the_answer():
    assert body("## full\n```\n1 <!-- 2 -->\n```") == "```\n1 <!-- 2 -->\n```"


def test_a_comment_that_is_never_closed_swallows_nothing():
    assert body("## full\n<!-- hint\n1 2\n## same\n3 4", "same") == "3 4"


def test_a_line_of_dashes_under_numbers_is_no_heading():
    assert body("## full\n1 2\n---\n3 4\n## same\n5") == "1 2\n---\n3 4"


def test_subheadings_belong_to_the_answer_unless_they_name_another_field():
    assert body("## full\n### steps\nabc\n### result\n1 2\n### same\n3") == "### steps\nabc\n### result\n1 2"


def test_a_python_comment_outside_a_fence_does_not_cut_the_answer():
    assert body("## full\n#first\n1 2\n## same\n3") == "#first\n1 2"


def test_another_heading_of_the_same_level_ends_the_answer():
    assert body("## full\n1 2\n## notes\n3 4") == "1 2"


def test_an_exact_heading_wins_over_one_that_contains_the_key():
    assert body("## how I did the full one\n9\n## full\n1 2") == "1 2"


def test_a_heading_belongs_to_the_field_that_it_names_best():
    sheet = read_sheet("## C2 node\n14\n## C2\n5")

    assert sheet.find([], ["C2"], other_fields=[["C2 node"]]).body == "5"
    assert sheet.find([], ["C2 node"], other_fields=[["C2"]]).body == "14"


def test_two_filled_sections_are_reported_and_not_chosen_from():
    found = find("## full\n1 2\n## full\n3 4", "full")

    assert isinstance(found, Duplicate)
    assert [section.body for section in found.sections] == ["1 2", "3 4"]
    assert str(found.message) == "this field is answered more than once, on lines 1, 3; keep one answer"


def test_of_an_empty_and_a_filled_section_the_filled_one_counts():
    assert body("## full\n...\n## full\n3 4") == "3 4"


def test_a_subheading_that_repeats_the_name_is_no_second_answer():
    assert body("## 完整卷积\n### 完整卷积的过程\n1 2") == "### 完整卷积的过程\n1 2"


def test_a_field_without_a_heading_is_none():
    assert find("# HW1\n## same\n1", "full") is None


def test_without_field_keys_the_text_below_the_exercise_is_the_answer():
    sheet = read_sheet("# HW5 receptive field\n\n14\n\n# HW6\n\n5")

    assert sheet.find(["HW5"], []).body == "14"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "...",
        "…",
        "___",
        "TODO",
        "todo:",
        "TBD",
        "待填",
        "（待填写）",
        "在此填写",
        "你的答案：",
        "<your answer here>",
        "?",
        "-",
        "> ...",
        "```\n```",
        "```matlab\n...\n```",
        "$$\n$$",
        "Y12 =",
        "C2 = ___",
        "<!-- 7x7 -->",
        "[ ]",
    ],
)
def test_a_field_left_as_in_the_template_is_empty(text):
    assert find(f"## full\n{text}\n## same\n1", "full").is_empty


@pytest.mark.parametrize("text", ["0", "1", "x", "完", "[0]", "C = 0", "```\n1\n```"])
def test_a_field_with_anything_else_is_not(text):
    assert not find(f"## full\n{text}\n## same\n1", "full").is_empty


def test_an_open_fence_is_remarked_on():
    (remark,) = read_sheet("## full\n```\n1 2\n## same\n3").remarks

    assert str(remark) == "the code fence that opens on line 2 is never closed; close it"


def test_a_sheet_in_order_needs_no_remark():
    assert read_sheet("## full\n```\n1 2\n```\n## same\n~~~\n3\n~~~").remarks == ()


def test_sections_are_listed_in_order():
    sections = read_sheet("# A\nx\n\n## B\n\ny\n").sections

    assert [(s.level, s.title, s.line, s.body, s.body_line) for s in sections] == [
        (1, "A", 1, "x", 2),
        (2, "B", 4, "y", 6),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_is_known(newline):
    assert body(newline.join(["# HW1", "## full", "1 2", "3 4", "## same", "5"])) == "1 2\n3 4"


PIECES = st.sampled_from(
    [
        "# HW1",
        "## full",
        "##same",
        "full",
        "---",
        "===",
        "```",
        "~~~",
        "<!--",
        "-->",
        "1 2",
        "",
        "    x",
        "> # q",
        "- # l",
        "$$",
    ]
)


@given(st.lists(PIECES, max_size=25))
def test_no_sheet_is_too_strange(pieces):
    text = "\n".join(pieces)

    found = find(text, "full")

    if isinstance(found, Section):
        lines = text.split("\n")
        for number, line in enumerate(found.body.split("\n"), start=found.body_line):
            assert line.strip() == "" or line.split()[0] in lines[number - 1]


@pytest.mark.parametrize(
    "text",
    [
        "#" * 500_000,
        "# full\n" * 1_000,
        "<!--" * 100_000,
        "<!-- -->" * 100_000,
        "`" * 500_000,
        "> " * 200_000,
        "[" * 200_000,
        "full\n---\n" * 1_000,
    ],
    ids=lambda text: text[:4],
)
def test_a_hostile_sheet_is_read_like_any_other(text):
    find(text, "full")
