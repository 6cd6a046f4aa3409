"""Tokens of a sentence with numbers in it: `RF = 14 × 14 像素`, `29.4M`, `about 250-253 million`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from grader.answers.numeral import DECIMAL, MAX_DIGITS, VULGAR, read_decimal
from grader.answers.source import RefusedError
from grader.message import msg

MAX_SIDES = 4
MAX_TOKENS = 2000

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

_MAGNITUDE = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12,
    "万亿": 12, "千亿": 11, "百亿": 10, "十亿": 9, "亿": 8, "千万": 7, "百万": 6, "十万": 5, "万": 4, "千": 3,
}  # fmt: skip
_UNITS = {"pixel": "px", "pixels": "px", "px": "px", "pix": "px", "像素": "px", "个像素": "px", "像素点": "px"}

_MAGNITUDES = re.compile(
    r"\s?(?:((?i:thousand|million|billion|trillion))s?\b|([kKMGBT])(?![A-Za-z_])|(万亿|[千百十]亿|亿|[千百十]万|万|千))"
)
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b|个?百分点)", re.IGNORECASE)
_UNIT = re.compile(r"\s?(?:(pixels?|pix|px|个?像素点?)|([A-Za-z]{1,8})(?![A-Za-z0-9_(]))(\^?2|²)?", re.IGNORECASE)
_POWER = re.compile(r"\s?(?:(?:\^|\*\*)\s?[{(]?\s?([+-]?[0-9]+)\s?[)}]?|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))")
_TIMES_TEN = re.compile(r"\s?[*xX]\s?10(?=\s?(?:\^|\*\*|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]))")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what stands directly at it; several `sides` for `14 x 14`, `high` for a range."""

    sides: tuple[Fraction, ...]
    start: int
    end: int
    high: Fraction | None = None
    is_percent: bool = False
    is_scaled: bool = False  # M, million, 万
    is_area: bool = False  # pixels^2
    is_square: bool = False  # 14^2: a side and its power
    unit: str = ""
    resolution: Fraction = Fraction(1)

    @property
    def value(self) -> Fraction | None:
        """The number, or the side of a square shape."""
        return self.sides[0] if len(set(self.sides)) == 1 else None

    def area(self) -> Fraction:
        """Product of the sides; a lone side is squared."""
        product = Fraction(1)
        for side in self.sides if len(self.sides) > 1 else self.sides * 2:
            product *= side
        return product


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the sentence; `quantity` only for numbers."""

    kind: str
    text: str
    start: int
    quantity: Quantity | None = None


@cache
def _pattern() -> re.Pattern[str]:
    grouped = r"[0-9]{1,3}(?:(?:,[0-9]{3})+|(?: [0-9]{3}){2,}|(?:_[0-9]{3})+|(?:'[0-9]{3})+)(?![0-9]|[,_' ][0-9])"
    whole = rf"(?:{grouped}(?:\.[0-9]+)?|{DECIMAL})"
    return re.compile(
        rf"(?P<number>(?P<over>\\[dt]?frac\s?\{{\s?(?P<n>{DECIMAL})\s?\}}\s?\{{\s?(?P<d>{DECIMAL})\s?\}})"
        rf"|(?P<whole>{whole})(?:\s?/\s?(?P<under>{whole})(?!\s?/))?|[{''.join(VULGAR)}])"
        r"|(?P<call>[A-Za-z_]\w{0,40}\([0-9,:; ]{0,20}\))"
        r"|(?P<times>(?:[xX](?![A-Za-z_(])|\*(?!\*)|by\b|乘以?)(?=\s{0,3}[0-9]))"
        r"|(?P<range>(?:--?|~|to\b|到|至|\.\.\.?)(?=\s?[0-9]))"
        r"|(?P<equal>[=≈≃≅→⇒]|->|=>|\\(?:approx|rightarrow|to|Rightarrow|simeq|sim)(?![a-zA-Z]))"
        r"|(?P<word>[^\W\d][\w']{0,60}|\\[a-zA-Z]+)"
        r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<break>\n)|(?P<comma>[,;])"
        r"|(?P<operator>[-+*/^])|(?P<other>\S)"
    )


def read_tokens(text: str) -> list[Token]:
    """Split a sentence; numbers are read, with their powers, magnitudes, per cents and units."""
    tokens: list[Token] = []
    position = 0
    pattern = _pattern()
    while found := pattern.search(text, position):
        if len(tokens) == MAX_TOKENS:
            raise RefusedError(found.start(), msg("this is too long for an answer that is one number"))
        kind, position = found.lastgroup or "other", found.end()
        kind = next(name for name in _KINDS if found.group(name) is not None)
        if kind == "word":
            # A letter of a Latin word may not swallow the Chinese that stands beside it, nor the other way round.
            word = re.match(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+", found[0])
            position = found.start() + (word.end() if word else len(found[0]))
        quantity = None
        if kind == "number":
            quantity = _quantity(text, found)
            position = quantity.end
        tokens.append(Token(kind, text[found.start() : position], found.start(), quantity))
    return tokens


_KINDS = (
    "number", "call", "times", "range", "equal", "word", "open", "close", "break", "comma", "operator", "other",
)  # fmt: skip


def _quantity(text: str, found: re.Match[str]) -> Quantity:
    start, end = found.span()
    resolution, is_square = Fraction(1), False
    if found["over"]:
        value = _ratio(read_decimal(found["n"], start), read_decimal(found["d"], start), start)
    elif found["whole"]:
        written = re.sub(r"[,_' ]", "", found["whole"])
        value, resolution = read_decimal(written, start), _resolution(written)
        if found["under"]:
            value = _ratio(value, read_decimal(re.sub(r"[,_' ]", "", found["under"]), start), start)
        elif scale := _TIMES_TEN.match(text, end):
            power = _POWER.match(text, scale.end())
            factor = _raised(Fraction(10), _exponent(power, start), start) if power else Fraction(10)
            value, resolution, end = value * factor, resolution * factor, power.end() if power else scale.end()
        elif power := _POWER.match(text, end):
            is_square = _exponent(power, start) == 2
            sides = (value, value)
            value, end = _raised(value, _exponent(power, start), start), power.end()
            if is_square:
                return replace(_dressed(text, Quantity((value,), start, end)), sides=sides, is_square=True)
    else:
        value = Fraction(VULGAR[found[0]])
    return _dressed(text, Quantity((value,), start, end, resolution=resolution))


def _dressed(text: str, quantity: Quantity) -> Quantity:
    """Take what directly follows a number into it: magnitude, per cent, unit."""
    if found := _MAGNITUDES.match(text, quantity.end):
        word = next(group for group in found.groups() if group)
        factor = Fraction(10) ** _MAGNITUDE[word.lower() if len(word) > 1 else word]
        quantity = replace(
            quantity,
            sides=tuple(side * factor for side in quantity.sides),
            resolution=quantity.resolution * factor,
            is_scaled=True,
            end=found.end(),
        )
    if found := _PERCENT.match(text, quantity.end):
        quantity = replace(quantity, is_percent=True, end=found.end())
    elif (found := _UNIT.match(text, quantity.end)) and found[1]:
        quantity = replace(quantity, unit="px", is_area=bool(found[3]), end=found.end())
    elif found and found[2] in ("MB", "GB", "KB", "kB", "ms", "s", "fps", "FPS"):
        quantity = replace(quantity, unit=found[2], end=found.end(2))
    elif found and found[2] == "m":
        raise RefusedError(found.start(2), msg("`m` is no unit here; write `M` or `million` for a million"))
    return quantity


def _resolution(written: str) -> Fraction:
    mantissa, _, exponent = written.lower().partition("e")
    return Fraction(10) ** (int(exponent or "0") - len(mantissa.partition(".")[2]))


def _ratio(numerator: Fraction, denominator: Fraction, offset: int) -> Fraction:
    if denominator == 0:
        raise RefusedError(offset, msg("this fraction divides by zero"))
    return numerator / denominator


def _exponent(power: re.Match[str], offset: int) -> int:
    digits = power[1] or power[2].translate(_SUPERSCRIPT)
    if len(digits) > 4:
        raise RefusedError(offset, msg("the exponent of this number is too large"))
    return int(digits)


def _raised(base: Fraction, exponent: int, offset: int) -> Fraction:
    size = max(len(str(base.numerator)), len(str(base.denominator))) * abs(exponent)
    if size > 2 * MAX_DIGITS or (base == 0 and exponent < 0):
        raise RefusedError(offset, msg("the exponent of this number is too large"))
    return base**exponent


def joined(tokens: list[Token]) -> list[Token]:
    """Make one token of `14 x 14`, `(14, 14)`, `250-253M` and a signed number."""
    tokens = _signed(tokens)
    for index, token in enumerate(tokens):
        if token.text == "~" and (index == 0 or tokens[index - 1].quantity is None):
            tokens[index] = Token("other", "~", token.start)  # about 14, not a range
    for kind in ("times", "range"):
        result: list[Token] = []
        for token in tokens:
            left = result[-2] if len(result) > 1 and result[-1].kind == kind else None
            if token.quantity and left and left.quantity and (kind == "times" or left.quantity.high is None):
                merged = _shape(left.quantity, token.quantity) if kind == "times" else _range(left, token, result[-1])
                if merged:
                    del result[-2:]
                    token = Token("number", left.text + token.text, left.start, merged)
            result.append(token)
        tokens = result
    return _pairs(tokens)


def _signed(tokens: list[Token]) -> list[Token]:
    result: list[Token] = []
    for token in tokens:
        previous = result[-1] if result else None
        before = result[-2].kind if len(result) > 1 else "break"
        is_sign = previous and previous.text in ("-", "+") and previous.start + 1 == token.start
        if token.quantity and previous and is_sign and before in ("break", "equal", "open", "comma", "word", "other"):
            sign = -1 if previous.text == "-" else 1
            quantity = replace(
                token.quantity, sides=tuple(sign * side for side in token.quantity.sides), start=previous.start
            )
            result[-1] = Token("number", previous.text + token.text, previous.start, quantity)
        else:
            result.append(token)
    return result


def _shape(left: Quantity, right: Quantity) -> Quantity | None:
    if len(left.sides) >= MAX_SIDES or left.is_percent or right.is_percent:
        return None
    return replace(right, sides=left.sides + right.sides, start=left.start, is_area=False, unit=right.unit or left.unit)


def _range(left: Token, right: Token, between: Token) -> Quantity | None:
    low, high = left.quantity, right.quantity
    if low is None or high is None or len(low.sides) > 1 or len(high.sides) > 1:
        return None
    bottom = low.sides[0]
    if high.is_scaled and not low.is_scaled and bottom < high.sides[0] / high.resolution:
        bottom *= 10 ** (len(str(int(high.resolution))) - 1)  # "250-253M": the magnitude is said once
    if bottom > high.sides[0] and between.text in ("to", "到", "至"):
        return replace(high, sides=high.sides, high=bottom, start=low.start)  # "1/8 to 1/9"; `14-5` is a calculation
    if bottom >= high.sides[0]:
        return None
    return replace(high, sides=(bottom,), high=high.sides[0], start=low.start)


def _pairs(tokens: list[Token]) -> list[Token]:
    result: list[Token] = []
    for token in tokens:
        result.append(token)
        kinds = [token.kind for token in result[-5:]]
        if kinds == ["open", "number", "comma", "number", "close"]:
            first, second = result[-4].quantity, result[-2].quantity
            if first and second and (shape := _shape(first, second)):
                start = result[-5].start
                result[-5:] = [Token("number", "", start, replace(shape, start=start, end=token.start + 1))]
    return result
