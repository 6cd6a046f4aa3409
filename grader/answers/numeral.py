r"""One written number into an exact fraction: `-2`, `1.5e3`, `3/4`, `½`, `\frac{1}{2}`."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

from grader.answers.source import RefusedError
from grader.message import Message, msg

MAX_DIGITS = 40
MAX_EXPONENT = 40

DECIMAL = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅐": "1/7", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip

_LATEX_ARGUMENT = r"(?:\{\s*([+-]?\s*[0-9.]+)\s*\}|([0-9]))"
_LOOKALIKE = str.maketrans("OoQIl|", "000111")


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    frac = rf"\\[dt]?frac\s*{_LATEX_ARGUMENT}\s*{_LATEX_ARGUMENT}"
    return (
        (re.compile(rf"({DECIMAL})"), "decimal"),
        (re.compile(rf"({DECIMAL})\s*/\s*({DECIMAL})"), "ratio"),
        (re.compile(frac), "frac"),
        (re.compile(rf"([0-9]*)\s?([{''.join(VULGAR)}])"), "vulgar"),
    )


def read_numeral(text: str, offset: int) -> Fraction:
    """Read the whole text as one number; `offset` is where it stands, for the caret.

    Raises:
        RefusedError: The text is not one number, or has too many digits.
    """
    bare, start = _undressed(text, offset)
    sign, unsigned = 1, bare
    if bare[:1] in ("+", "-"):
        sign, unsigned = (-1 if bare[0] == "-" else 1), bare[1:].lstrip()
    for pattern, form in _forms():
        if found := pattern.fullmatch(unsigned):
            return sign * _value(form, [group for group in found.groups() if group is not None], start)
    raise RefusedError(start, _why(bare))


def read_decimal(text: str, offset: int) -> Fraction:
    """Read an unsigned decimal number within the bounds of digits and exponent."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.replace(".", "").lstrip("0")
    if len(digits) > MAX_DIGITS:
        raise RefusedError(
            offset, msg("this number has {count} digits; at most {limit} are read", count=len(digits), limit=MAX_DIGITS)
        )
    if len(exponent.lstrip("+-0")) > 3 or abs(int(exponent or "0")) > MAX_EXPONENT:
        raise RefusedError(
            offset, msg("the exponent of this number is too large; at most {limit} is read", limit=MAX_EXPONENT)
        )
    return Fraction(mantissa.rstrip(".") if mantissa != "." else "0") * Fraction(10) ** int(exponent or "0")


def write_number(number: Fraction) -> str:
    """Write a number as people read it: a short decimal when that is exact, otherwise a fraction."""
    for places in range(7):
        scaled = abs(number) * 10**places
        if scaled.denominator == 1:
            whole, part = divmod(scaled.numerator, 10**places)
            return ("-" if number < 0 else "") + str(whole) + (f".{part:0{places}}" if places else "")
    return str(number)


def _value(form: str, parts: list[str], offset: int) -> Fraction:
    if form == "decimal":
        return read_decimal(parts[0], offset)
    if form == "vulgar":
        whole = read_decimal(parts[0], offset) if parts[0] else Fraction(0)
        return whole + Fraction(VULGAR[parts[1]])
    numerator, denominator = (_signed(part, offset) for part in parts)
    if denominator == 0:
        raise RefusedError(offset, msg("this fraction divides by zero"))
    return numerator / denominator


def _signed(text: str, offset: int) -> Fraction:
    bare = text.lstrip("+- ")
    if not re.fullmatch(DECIMAL, bare):
        raise RefusedError(offset, _why(text))
    return (-1 if "-" in text[: len(text) - len(bare)] else 1) * read_decimal(bare, offset)


def _undressed(text: str, offset: int) -> tuple[str, int]:
    r"""Without the dress of Markdown and LaTeX: `**1**`, `{1}`, `\mathbf{1}`, `'1'`."""
    while True:
        stripped = text.strip()
        offset += len(text) - len(text.lstrip())
        text = stripped
        if found := re.fullmatch(r"(\\(?:math(?:bf|rm|it|sf)|text(?:bf|it)?|color\{\w{1,20}\})\s*\{)(.*)\}", text):
            text, offset = found[2], offset + len(found[1])
        elif len(text) > 4 and text[:2] == text[-2:] and text[:2] in ("**", "__"):
            text, offset = text[2:-2], offset + 2
        elif len(text) > 2 and (text[0] + text[-1] in ("{}", '""', "''", "``", "$$", "**", "__", "()")):
            text, offset = text[1:-1], offset + 1
        else:
            return text, offset


def _why(text: str) -> Message:
    shown = text if len(text) <= 24 else text[:23] + "…"
    if not text:
        return msg("a number is missing here")
    if "..." in text or re.search(r"\\[cvld]?dots", text):
        return msg("dots leave numbers out; write every number")
    if re.fullmatch(r"[+-]?(?:nan|inf|infinity|∞|\\infty)", text, re.IGNORECASE):
        return msg("`{text}` is not a number that can be compared", text=shown)
    if re.search(r"[0-9]", text):
        repaired = text.translate(_LOOKALIKE)
        if repaired != text and re.fullmatch(rf"[+-]?{DECIMAL}", repaired):
            return msg("`{text}` has a letter in it; did you mean {repaired}?", text=shown, repaired=repaired)
        if re.fullmatch(r"[0-9.\s()+*/^-]+", text) and re.search(r"[0-9.)]\s*[+*/^-]", text):
            return msg("`{text}` is a calculation; write its result", text=shown)
        if re.fullmatch(r"[+-]?[0-9.\s+-]+", text) and " " in text:
            return msg("`{text}` is more than one number; separate the numbers", text=shown)
    return msg("`{text}` is not a number", text=shown)
