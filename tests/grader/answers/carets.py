"""A caret test in one line: the expected place of the caret is marked inside the input, by `¦`."""

from collections.abc import Callable
from typing import Any

from grader.answers.source import Unreadable

MARK = "¦"


def assert_caret(parse: Callable[[str], Any], marked: str, message: str) -> Unreadable:
    """Parse the input without its mark; it must be refused with this text, and point where the mark was."""
    place = marked.index(MARK)
    text = marked.replace(MARK, "")
    result = parse(text)
    assert isinstance(result, Unreadable), f"{text!r} was read as {result}"
    assert str(result.message) == message

    before = text[:place]
    line, column = before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1
    assert (result.line, result.column) == (line, column), result.render_caret()
    assert result.source_line == text.split("\n")[line - 1]
    return result
