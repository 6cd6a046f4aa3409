"""Bytes of an answer file into text, the same way on every machine, and with a remark when it was not UTF-8."""

from __future__ import annotations

import codecs
import unicodedata

from grader.answers.source import Parsed, Unreadable
from grader.message import Message, msg

MAX_BYTES = 1 << 20
ONE_IN = 20  # more control characters than this share of a file are no slip: it is binary

ACCEPTED = msg("a text file of at most 1 MiB, saved as UTF-8")

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> Parsed[str] | Unreadable:
    """The text of a file; `understood` names the encoding.

    A byte order mark decides; then UTF-8; then UTF-16 without a mark, which the
    zero bytes of its digits and blanks give away; then GB18030, of which GBK and
    GB2312 are parts.  A few control characters in UTF-8 are taken out; anything else is binary.
    """
    if len(data) > MAX_BYTES:
        return _refuse(msg("this file has {count} bytes; at most {limit} are read", count=len(data), limit=MAX_BYTES))
    for encoding in _candidates(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            return Parsed(text, encoding, _remarks(encoding))
        kept = "".join(c for c in text if not _is_control(c))
        removed = len(text) - len(kept)
        if encoding.startswith("utf-8") and _is_text(kept) and removed * ONE_IN <= len(text):
            said = msg("{count} control characters, which nobody sees, were left out of the file", count=removed)
            return Parsed(kept, encoding, (said,))
    return _refuse(msg("this is not a text file, or not in UTF-8; save it as UTF-8"))


def _candidates(data: bytes) -> list[str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return [encoding]
    if b"\0" not in data:
        return ["utf-8", "gb18030"]
    even, odd = data[::2].count(0), data[1::2].count(0)
    return ["utf-16-le"] if odd > even else ["utf-16-be"]


def _is_text(text: str) -> bool:
    # Bytes read in a wrong encoding show as characters that nobody types: controls, private use, unassigned.
    return not any(_is_control(c) or unicodedata.category(c) in ("Co", "Cn") for c in set(text))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in "\t\n\r\f\v\x1a\x85"


def _remarks(encoding: str) -> tuple[Message, ...]:
    if encoding.startswith("utf-8"):
        return ()
    return (msg("the file is encoded as {encoding} and was converted; save it as UTF-8 to be sure", encoding=encoding),)


def _refuse(message: Message) -> Unreadable:
    return Unreadable(message, 1, 1, "", ACCEPTED)
