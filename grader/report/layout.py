"""Lines of a fixed width, in which a Chinese character fills two columns and may stand at a line's end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from grader.answers.source import display_width
from grader.untrusted import HIDDEN, REPLACEMENT

WIDTH = 80
# What may not begin a line, and what may not end one, in either script.
_CLOSING = frozenset("，。、；：？！）》〉」』】〕”’…%,.;:?!)]}")
_OPENING = frozenset("（《〈「『【〔“‘([{")


def visible(text: str) -> str:
    """The text with every hidden character but the line break made visible: nothing can move the cursor."""
    return "".join(character if character == "\n" else _visible(character) for character in text)


def pad(text: str, width: int) -> str:
    """The text filled with blanks to this many columns; longer text stays as it is."""
    return text + " " * (width - display_width(text))


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns; its own line breaks stay.

    Lines break at blanks and beside Chinese characters, but never before a
    closing or after an opening mark; a longer piece is cut.

    Example:
        >>> wrap("卷积核旋转了 180 度。", 14)
        ['卷积核旋转了', '180 度。']
    """
    return [line for paragraph in text.split("\n") for line in _wrap(paragraph, max(width, 2))]


def caret_block(text: str, width: int) -> list[str] | None:
    """A line with a caret under it, cut so that the caret stays below its place; None where it is something else."""
    lines = text.split("\n")
    if len(lines) != 2 or lines[1].strip() != "^":
        return None
    source, column = lines[0], len(lines[1]) - 1
    if display_width(source) <= width and column < width:
        return lines
    start = max(0, column - width // 2)
    shown, place = "", 0
    for character in source:
        size = display_width(character)
        if place >= start and display_width(shown) + size <= width:
            shown += character
        elif place < start:
            start = max(start, place + size)  # a wide character that straddles the cut is left out whole
        place += size
    return [shown, " " * max(0, column - start) + "^"]


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\t" or category in ("Zl", "Zp"):
        return " "
    return REPLACEMENT if category in HIDDEN else character


def _wrap(paragraph: str, width: int) -> Iterator[str]:
    line = ""
    for piece in _pieces(paragraph):
        if line and display_width(line) + display_width(piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
            piece = piece.lstrip()
        while display_width(piece.rstrip()) > width:
            cut = _fitting(piece, width)
            yield piece[:cut]
            piece = piece[cut:]
        line += piece
    yield line.rstrip()


def _pieces(paragraph: str) -> Iterator[str]:
    """The parts between which a line may break; a part ends with the blanks after it."""
    start = 0
    for place in range(1, len(paragraph)):
        if _may_break(paragraph[place - 1], paragraph[place]):
            yield paragraph[start:place]
            start = place
    if paragraph:
        yield paragraph[start:]


def _may_break(left: str, right: str) -> bool:
    if right == " " or left == " ":
        return left == " " and right != " "
    if right in _CLOSING or left in _OPENING or unicodedata.combining(right):
        return False
    return display_width(left) == 2 or display_width(right) == 2


def _fitting(text: str, width: int) -> int:
    """How many characters fill at most this many columns; at least one."""
    used = 0
    for count, character in enumerate(text):
        used += display_width(character)
        if used > width:
            return max(count, 1)
    return len(text)
