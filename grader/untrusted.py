"""Text that came from a student's process or file, made safe to show."""

from __future__ import annotations

import unicodedata

HIDDEN = ["Cc", "Cf", "Cs", "Co", "Cn"]
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, limit: int = 300) -> str:
    """One line without control, bidi, surrogate or unassigned characters, cut to `limit` characters.

    Line breaks and tabs become single blanks; every other hidden character becomes a visible mark, so a terminal
    escape cannot rewrite the report and nothing reads backwards.
    """
    flat = " ".join(text[: limit * 4].split())
    shown = "".join(REPLACEMENT if unicodedata.category(char) in HIDDEN else char for char in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
