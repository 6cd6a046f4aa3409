"""Which heading of an answer sheet means which field: people retitle, number and translate headings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# How well a title names a field; a better rank wins over a worse one.
EXACT, NUMBERED, CONTAINED = 3, 2, 1

_LONGEST_TITLE = 200
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_BRACKETED = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_NUMBERING = re.compile(
    r"^\s*(?:[(\[]?(?:[0-9]{1,3}|[a-z]|[ivx]{1,4}|[一二三四五六七八九十]{1,3})[)\].:、]+"
    r"|第?[0-9一二三四五六七八九十]{1,3}[题问、.)]|(?:q|hw|part|task|question)\s*[0-9]{1,3}\b\s*[:.)]?|[0-9]{1,3}(?=\s))\s*"
)


def words(title: str) -> tuple[str, ...]:
    """The words of a title without case, width and punctuation; every Chinese character is a word.

    Example:
        >>> words("2. Ｆull：完整 conv_by_hand")
        ('2', 'full', '完', '整', 'conv', 'by', 'hand')
    """
    return tuple(_WORD.findall(_plain(title)))


def rank(title: str, keys: Sequence[str]) -> tuple[int, int]:
    """How well one of the keys names this heading: (rank, length of the key); (0, 0) when none does."""
    return max((_rank(title[:_LONGEST_TITLE], key) for key in keys), default=(0, 0))


@lru_cache(maxsize=16384)
def _rank(title: str, key: str) -> tuple[int, int]:
    wanted = "".join(words(key))
    if not wanted:
        return 0, 0
    if "".join(words(title)) == wanted:
        return EXACT, len(wanted)
    bare = _NUMBERING.sub("", _BRACKETED.sub(" ", _plain(title)), count=1)
    if "".join(_WORD.findall(bare)) == wanted:
        return NUMBERED, len(wanted)
    return (CONTAINED, len(wanted)) if _contains(words(title), wanted) else (0, 0)


def _contains(title: tuple[str, ...], wanted: str) -> bool:
    for start in range(len(title)):
        joined = ""
        for word in title[start:]:
            joined += word
            if joined == wanted:
                return True
            if not wanted.startswith(joined):
                break
    return False


def _plain(title: str) -> str:
    return unicodedata.normalize("NFKC", title[:_LONGEST_TITLE]).casefold()
