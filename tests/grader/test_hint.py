import numpy as np
import pytest

from grader.hint import MODERN, hint_for, returned
from grader.i18n import translator
from grader.sandbox import wire
from grader.sandbox.host import ErrorInfo


@pytest.mark.parametrize(
    ("kind", "message", "hint"),
    [
        (
            "AttributeError",
            "module 'numpy' has no attribute 'float'.\n`np.float` was a deprecated alias",
            "write float instead",
        ),
        ("AttributeError", "`np.product` was removed in the NumPy 2.0 release.", "write np.prod instead"),
        ("TypeError", "only 0-dimensional arrays can be converted to Python scalars", "write value.item()"),
        ("ValueError", "setting an array element with a sequence.", "write value.item()"),
        ("ModuleNotFoundError", "No module named 'torch'", "The module torch is not there"),
        ("NameError", "name 'plt' is not defined", "plt was not imported when the file was loaded"),
        ("SyntaxError", "Missing parentheses in call to 'print'. Did you mean print(...)?", "This is Python 2"),
        ("EOFError", "input() gets no answer here", "take the values as arguments"),
        ("NameError", "name 'quit' is not defined", "let the function return its result"),
        ("SystemExit", "0", "let the function return its result"),
        ("TypeError", "'int' object is not callable", "The name stands for a value of type int"),
        ("OSError", "[Errno 30] Read-only file system: 'out.txt'", "Files cannot be written there"),
    ],
)
def test_known_exceptions_say_what_to_change(kind, message, hint):
    assert hint in str(hint_for(ErrorInfo(kind, message)))


@pytest.mark.parametrize(("kind", "message"), [("ValueError", "no"), ("NameError", "name 'w' is not defined")])
def test_unknown_exceptions_get_no_guess(kind, message):
    assert hint_for(ErrorInfo(kind, message)) is None


def test_every_old_spelling_has_a_new_one():
    for old in MODERN:
        info = ErrorInfo("AttributeError", f"module 'numpy' has no attribute '{old}'")

        assert f"write {MODERN[old]} instead" in str(hint_for(info))


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        ((n for n in ()), "a value of type generator", "类型为 generator 的值"),
        (
            np.array([None]),
            "an array of dtype object; only numbers can cross",
            "dtype 为 object 的数组（元素只能是数）",
        ),
        (
            {1: 2},
            "a dict whose key is of type int; only strings can cross",
            "一个字典，有类型为 int 的键（键只能是字符串）",
        ),
    ],
)
def test_what_cannot_cross_is_named_in_both_languages(value, english, chinese):
    with pytest.raises(wire.WireError) as caught:
        wire.encode(value)

    assert str(returned(str(caught.value))) == english
    assert returned(str(caught.value)).render(translator("zh")) == chinese


def test_what_the_wire_says_otherwise_stays_as_it_is():
    assert str(returned("a {very} odd thing")) == "a {very} odd thing"
