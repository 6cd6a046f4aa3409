import pytest

from grader.untrusted import clean


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("two\nlines\tand\r\ntabs", "two lines and tabs"),
        ("\x1b[2Jgone", "\ufffd[2Jgone"),
        ("abc\u202edcb", "abc\ufffddcb"),
        ("lone \ud800", "lone \ufffd"),
        ("nul\0", "nul\ufffd"),
        ("中文 ok", "中文 ok"),
    ],
)
def test_hidden_characters_become_visible(text, wanted):
    assert clean(text) == wanted


def test_long_text_is_cut_at_the_limit():
    assert clean("x" * 10**6, limit=10) == "x" * 9 + "…"
