import pytest

from grader.hint import MODERN, hint_for
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
        ("NameError", "name 'plt' is not defined", "plt could not be imported"),
        ("SyntaxError", "Missing parentheses in call to 'print'. Did you mean print(...)?", "This is Python 2"),
        ("EOFError", "input() cannot be answered while a program is graded", "take the values as arguments"),
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
