import pytest

from grader.answers.heading import CONTAINED, EXACT, NUMBERED, rank, words


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("full", EXACT),
        ("Full", EXACT),
        ("ＦＵＬＬ", EXACT),
        ("full：", EXACT),
        ("**full**", EXACT),
        ("`full`", EXACT),
        ("2. full", NUMBERED),
        ("(a) full", NUMBERED),
        ("full (7x7)", NUMBERED),
        ("3) Full（7×7）：", NUMBERED),
        ("第2题 full", NUMBERED),
        ("二、full", NUMBERED),
        ("Q3: full", NUMBERED),
        ("The full convolution", CONTAINED),
        ("完整卷积 full", CONTAINED),
        ("完整卷积full", CONTAINED),
        ("fully", 0),
        ("fulfil", 0),
        ("same", 0),
        ("", 0),
    ],
)
def test_headings_that_name_the_field_full(title, found):
    assert rank(title, ["full"])[0] == found


@pytest.mark.parametrize(
    ("title", "keys", "found"),
    [
        ("HW1 conv_by_hand", ["conv_by_hand"], NUMBERED),
        ("conv by hand", ["conv_by_hand"], EXACT),
        ("Conv-By-Hand", ["conv_by_hand"], EXACT),
        ("Y_{12}", ["Y12"], EXACT),
        ("Element Y_{12} of the output", ["Y12"], CONTAINED),
        ("Y_{21}", ["Y12"], 0),
        ("作业一：手算卷积", ["HW1", "手算卷积"], CONTAINED),
        ("卷积核 W", ["卷积核"], CONTAINED),
        ("matrix A", ["A"], CONTAINED),
        ("Answer", ["A"], 0),
    ],
)
def test_keys_with_signs_and_in_chinese(title, keys, found):
    assert rank(title, keys)[0] == found


def test_a_longer_key_names_a_heading_better():
    assert rank("the C2 node", ["C2 node"]) > rank("the C2 node", ["C2"])


def test_every_chinese_character_is_a_word():
    assert words("2. Full：完整 conv_by_hand") == ("2", "full", "完", "整", "conv", "by", "hand")


def test_a_key_of_signs_names_nothing():
    assert rank("--", ["--"]) == (0, 0)


def test_a_title_of_a_megabyte_is_only_read_at_its_beginning():
    assert rank("x " * 500_000 + "full", ["full"]) == (0, 0)
