"""Rubrics: lines and words of two languages, flags that grade nothing, mistakes of an author."""

import pytest

from grader.errors import ExerciseError
from grader.rubric import MAX_CHARACTERS, Rubric

ENGLISH = """# Rubric

One point a line.

1. **Regions**: each is warped and goes through
   the CNN alone. [warp | per region]
2. **Pooling**: to a fixed size [RoI pooling]

## Optional

3. **Masks**: a third branch [mask]
"""
CHINESE = "1. **区域**：逐个缩放 [warp | 逐个]\n2. **池化** [RoI 池化]\n3. **掩膜** [掩膜]\n"


@pytest.fixture
def folder(tmp_path):
    def write(english=ENGLISH, chinese=CHINESE):
        folder = tmp_path / "essay"
        folder.mkdir(exist_ok=True)
        (folder / "rubric.en.md").write_text(english, encoding="utf-8")
        (folder / "rubric.zh.md").write_text(chinese, encoding="utf-8")
        return folder

    return write


def test_the_words_of_both_languages_belong_to_one_line(folder):
    assert Rubric.of(folder()).lines == {
        1: ("warp", "per region", "逐个"),
        2: ("RoI pooling", "RoI 池化"),
        3: ("mask", "掩膜"),
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Each region is WARPED, per\nregion", {1: ("warp", "per region")}),
        ("逐个缩放，然后 ＲｏＩ 池化", {1: ("逐个",), 2: ("RoI 池化",)}),
        ("unmasked", {}),
        ("", {}),
        ("x" * MAX_CHARACTERS + " warp", {}),
    ],
)
def test_words_are_found_whatever_their_case_and_width(folder, text, found):
    assert {number: words for number, words in Rubric.of(folder()).flags(text).items() if words} == found


def test_the_notes_name_the_files_and_the_lines(folder):
    assert [str(note) for note in Rubric.of(folder()).notes("we warp, then RoI pooling")] == [
        "The rubric, a point a line: essay/rubric.en.md, essay/rubric.zh.md",
        "Words found, by line: 1 (warp), 2 (RoI pooling).",
        "No word found, by line: 3.",
        "Words only show where to look; they give and take no points.",
    ]
    assert str(Rubric.of(folder()).notes("nothing")[1]) == "No word of any line was found."


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (("1. **A** [a]\n", "1. **A** [a]\n2. **B** [b]\n"), "expected the lines 1 as in rubric.en.md, got 1, 2"),
        (("1. **A** without words\n", "1. **A** [a]\n"), "rubric.en.md: line 1: expected words in brackets"),
        (("nothing numbered", "1. **A** [a]\n"), "rubric.en.md: expected lines such as"),
    ],
)
def test_a_rubric_that_is_not_well_written_is_its_authors_mistake(folder, texts, sentence):
    with pytest.raises(ExerciseError, match=sentence.replace("*", r"\*")):
        Rubric.of(folder(*texts))


def test_a_missing_rubric_is_its_authors_mistake(folder):
    place = folder()
    (place / "rubric.zh.md").unlink()

    with pytest.raises(ExerciseError, match=r"essay/rubric.zh.md: there is no such file"):
        Rubric.of(place)
