"""What a student typed, in a plain form that the parsers read, with the way back to every character.

People type answers on Chinese and Latin keyboards, paste them from PDF files and
from MATLAB.  The parsers see one kind of digit, minus, bracket and blank; what a
student is shown is always the own text, with a caret under the place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Generic, TypeVar

from grader.message import Message, msg, verbatim

T = TypeVar("T")

MAX_CHARACTERS = 100_000
CARET_WINDOW = 96  # columns of a long line that are shown around the caret

_MINUS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2796\ufe58\ufe63"
_TIMES = "\u00b7\u00d7\u2022\u2217\u2219\u22c5\u2715\u2716\u2a2f\u30fb\ufe61"
_BLANK = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = (
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
_NEWLINE = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_SINGLE = {
    "、": ",", "。": ".", "【": "[", "】": "]", "〔": "(", "〕": ")", "〖": "[", "〗": "]",
    "⟨": "(", "⟩": ")", "“": '"', "”": '"', "‘": "'", "’": "'", "′": "'", "÷": "/", "∕": "/", "⁄": "/",
    "〜": "~", "∼": "~", "∶": ":", "﹢": "+", "➕": "+", "﹦": "=", "﹐": ",", "﹔": ";", "﹕": ":", "…": "...",
    "⋯": "...", "│": "|", "┃": "|", "∣": "|",
}  # fmt: skip


def _table() -> dict[str, str]:
    table = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width ASCII
    table |= dict.fromkeys(_MINUS, "-") | dict.fromkeys(_TIMES, "*") | dict.fromkeys(_BLANK, " ")
    table |= dict.fromkeys(_NOTHING, "") | dict.fromkeys(_NEWLINE, "\n") | _SINGLE
    table |= {chr(code): "" for code in range(0xFE00, 0xFE10)}  # variation selectors
    # Letters and digits of mathematical fonts, as PDF files and LaTeX editors paste them.
    for code in range(0x1D400, 0x1D800):
        table[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    return table


@cache
def _plain() -> dict[str, str]:
    return _table()


class RefusedError(Exception):
    """Raised inside a parser where a text cannot be read; the public functions turn it into `Unreadable`."""

    def __init__(self, offset: int, message: Message, accepted: Message | None = None):
        super().__init__(str(message))
        self.offset = offset
        self.message = message
        self.accepted = accepted


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """An answer that was understood.

    `understood` is the canonical form for the report, `remarks` are what a
    student should know about how it was read.  `said` is the canonical form where
    it holds words that can be translated.
    """

    value: T
    understood: str
    remarks: tuple[Message, ...] = ()
    said: Message | None = None

    @property
    def message(self) -> Message:
        """The canonical form for a report in any language."""
        return self.said or verbatim(self.understood)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An answer that could not be understood: why, where, and what would be accepted.

    `line` and `column` count from 1, within the answer, in characters of the text
    as it was typed; `source_line` is that line.
    """

    message: Message
    line: int
    column: int
    source_line: str
    accepted: Message

    def render_caret(self) -> str:
        """The source line and under it a caret, two lines; a long line is cut on both sides.

        Example:
            >>> print(Unreadable(msg("no number"), 1, 3, "1 x 3", msg("numbers")).render_caret())
            1 x 3
              ^
        """
        shown = [_visible(character) for character in self.source_line]
        place = min(self.column - 1, len(shown))
        start = max(0, place - CARET_WINDOW // 2)
        before, after = shown[start:place], shown[place : place + CARET_WINDOW // 2]
        left, right = "…" * (start > 0), "…" * (place + CARET_WINDOW // 2 < len(shown))
        indent = len(left) + sum(display_width(character) for character in before)
        return f"{left}{''.join(before + after)}{right}\n{' ' * indent}^"


def display_width(text: str) -> int:
    """Columns of a terminal or of a fixed-width font that the text fills; a Chinese character fills two."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(character: str) -> str:
    # Controls, direction marks and lone surrogates could rewrite the line they are shown in.
    category = unicodedata.category(character)
    if category == "Zs" or character == "\t":
        return "  " if character == "\u3000" else " "
    return "\ufffd" if category.startswith("C") or category in ("Zl", "Zp") else character


@dataclass(frozen=True, slots=True)
class Source:
    """The plain form of a text; `origin[i]` is where its character i stood in `original`."""

    original: str
    text: str
    origin: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, original: str) -> Source:
        """Normalise digits, punctuation, signs, blanks and line ends; drop characters of no width."""
        plain, pieces, origin = _plain(), [], []
        for position, character in enumerate(original):
            if character == "\r" and original[position + 1 : position + 2] == "\n":
                continue
            piece = plain.get(character, character)
            pieces.append(piece)
            origin.extend([position] * len(piece))
        origin.append(len(original))
        return cls(original, "".join(pieces), tuple(origin))

    def rewritten(self, edits: list[tuple[int, int, str]]) -> Source:
        """The same source with spans of its plain text replaced: (start, end, new text), in order, not overlapping."""
        pieces, origin, done = [], [], 0
        for start, end, new in edits:
            pieces += [self.text[done:start], new]
            origin += [*self.origin[done:start], *[self.origin[start]] * len(new)]
            done = end
        pieces.append(self.text[done:])
        origin += self.origin[done:]
        return Source(self.original, "".join(pieces), tuple(origin))

    def unreadable(self, offset: int, message: Message, accepted: Message) -> Unreadable:
        """An `Unreadable` that points to the character at `offset` of the plain text."""
        position = self.origin[min(max(offset, 0), len(self.text))]
        lines = _lines(self.original)
        number = max(index for index, (start, _) in enumerate(lines) if start <= position)
        start, line = lines[number]
        return Unreadable(message, number + 1, min(position - start, len(line)) + 1, line, accepted)


def _lines(text: str) -> list[tuple[int, str]]:
    """Start and text of every line; the same line ends that the normalisation knows."""
    lines, start = [], 0
    for line in text.splitlines(keepends=True) or [""]:
        lines.append((start, line.rstrip(_NEWLINE + "\n")))
        start += len(line)
    if text.endswith(("\n", *_NEWLINE)):
        lines.append((start, ""))
    return lines


def read_with(parse: Callable[[Source], Parsed[T]], text: str, accepted: Message) -> Parsed[T] | Unreadable:
    """Run a parser on the plain form of a text: the one place where a refusal becomes a value."""
    if len(text) > MAX_CHARACTERS:
        message = msg(
            "this answer has {count} characters; at most {limit} are read", count=len(text), limit=MAX_CHARACTERS
        )
        return Unreadable(message, 1, 1, _lines(text[:CARET_WINDOW])[0][1], accepted)
    source = Source.of(text)
    try:
        return parse(source)
    except RefusedError as refused:
        return source.unreadable(refused.offset, refused.message, refused.accepted or accepted)
