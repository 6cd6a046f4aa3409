"""A number, a size or a range in a sentence, read into exact fractions.

    14    14x14    １４×１４ 像素    RF = 6 + (5-1)*2 = 14    196 (area in pixels)    29.4M    250-253M    66.9 %

One number is expected: a sentence with several different ones is refused, except
that the value after the last `=` counts and what explains it in parentheses does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from grader.answers.numeral import write_number
from grader.answers.quantity import Quantity, Token, joined, read_tokens
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.message import Message, msg

ACCEPTED = msg("one number such as `14`, `14x14`, `29.4M` or `1/2`; a calculation ends with `= result`")

_BLANKED = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,})[^\n]*$"  # fences
    r"|^[ \t]{0,3}(?:[-*]\s+|[0-9]{1,2}[.)]\s+(?=\S))"  # bullets and numbering
    r"|\\(?:text|mathrm|mathbf|mbox|textbf)\s?\{|\\left|\\right|\\[,;!: ()\[\]]|[`$]",
    re.MULTILINE,
)
_BOLD = re.compile(r"\*\*")
_REWRITTEN = re.compile(r"\\(?:times|cdot)(?![a-zA-Z])|\\%|\\pm|\\sim(?![a-zA-Z])|\\approx(?![a-zA-Z])")
_REWRITES = {"\\times": "*", "\\cdot": "*", "\\%": "%", "\\pm": "±", "\\sim": "~", "\\approx": "≈"}

_AREA = re.compile(r"\barea\b|\bsquared?\b|\bsq\b|面积|平方|总共|共有", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:about|approx|approximately|around|roughly|nearly|almost|circa|ca)\b|约|大概|左右|近似|差不多|[≈≃≅]|~(?=\s?[0-9])",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(?:at least|at most|less than|more than|greater than|smaller than|over|under|up to|below|above)\b"
    r"|[<>≤≥≦≧]|\\[lg]eq?\b|至少|至多|最多|最少|大于|小于|超过|不到|不足|以上|以下|±",
    re.IGNORECASE,
)
_NOT = re.compile(r"\bnot\b|\b\w{2,5}n't\b|不是|并非|不等于|不为|≠|!=|\\neq?\b", re.IGNORECASE)
_ANSWER = re.compile(
    r"(?:final )?\banswer\b(?: is)?\s*[:=]?|\bresult\b(?: is)?\s*[:=]?|答案?[是为]?\s*[:=]|答案[是为]?|结果[是为:=]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NumberSpec:
    """What a question asks for; anything else is refused with a sentence."""

    takes_shapes: bool = True  # `14 x 14` is a size; in a question for a count `48*5*5` is a calculation
    takes_ranges: bool = True
    takes_quotients: bool = True  # `1/16` is a number; in a question for a decimal `66.9/70.0` is two


@dataclass(frozen=True, slots=True)
class Number:
    """The number that an answer names.

    `sides` has one entry for a plain number and one a side for a size; `high` is the
    upper end of a range that begins at `sides[0]`.  A percentage stays as written:
    66.9 % has the side 669/10.  `resolution` is one unit of the last digit written:
    100000 for 29.4M.
    """

    sides: tuple[Fraction, ...]
    high: Fraction | None = None
    is_area: bool = False
    is_approximate: bool = False
    is_percent: bool = False
    unit: str = ""
    resolution: Fraction = Fraction(1)

    @property
    def value(self) -> Fraction | None:
        """The number, or the side of a size with equal sides; None for unequal sides and for ranges."""
        return self.sides[0] if len(set(self.sides)) == 1 and self.high is None else None

    def __str__(self) -> str:
        text = "x".join(write_number(side) for side in self.sides)
        text += f"-{write_number(self.high)}" if self.high is not None else ""
        text = ("about " if self.is_approximate else "") + text + ("%" if self.is_percent else "")
        return text + (f" {self.unit}" if self.unit else "") + (" (area)" if self.is_area else "")


def parse_number(text: str, spec: NumberSpec | None = None) -> Parsed[Number] | Unreadable:
    """Read the one number that a sentence names.

    Example:
        >>> parse_number("RF = 6 + (5-1)*2 = １４ × １４ 像素").understood
        '14x14 px'
        >>> str(parse_number("14 or 15").message)
        'one number is expected, but 14 and 15 are named'
    """
    spec = spec or NumberSpec()
    return read_with(lambda source: _parse(source, spec), text, ACCEPTED)


def _parse(source: Source, spec: NumberSpec) -> Parsed[Number]:
    source = source.rewritten(
        [(found.start(), found.end(), _REWRITES[found[0]]) for found in _REWRITTEN.finditer(source.text)]
    )
    text = _BLANKED.sub(lambda found: " " * len(found[0]), source.text)
    text = _BOLD.sub(lambda found: "**" if _is_power(found) else "  ", text)
    for pattern, message in (
        (_BOUND, msg("a bound or a margin is no number; write the number itself")),
        (_NOT, msg("this says what the number is not; write what it is")),
    ):
        if found := pattern.search(text):
            raise RefusedError(found.start(), message)
    tokens = joined(read_tokens(text))
    quantity = _chosen(_after_answer(text, tokens), spec)
    return _result(quantity, text, spec)


def _is_power(found: re.Match[str]) -> bool:
    before, after = (
        found.string[max(0, found.start() - 3) : found.start()].rstrip(),
        found.string[found.end() : found.end() + 3].lstrip(),
    )
    return bool(re.search(r"[0-9)]$", before) and re.match(r"[-+0-9({]", after))


def _after_answer(text: str, tokens: list[Token]) -> list[Token]:
    """What follows the last "answer:", when a number follows it."""
    last = max((token.start for token in tokens if token.quantity), default=-1)
    for found in reversed(list(_ANSWER.finditer(text))):
        if found.end() <= last:
            return [token for token in tokens if token.start >= found.end()]
    return tokens


def _chosen(tokens: list[Token], spec: NumberSpec) -> Quantity:
    if not any(token.quantity for token in tokens):
        raise RefusedError(0, msg("there is no number here"))
    segments = _segments(_without_asides(tokens))
    pure = [found for segment in segments if (found := _pure(segment)) is not None]
    if not pure:
        segment = next(segment for segment in reversed(segments) if any(token.quantity for token in segment))
        numbers = [token.quantity for token in segment if token.quantity]
        if any(token.kind in ("operator", "times", "range") for token in segment):
            raise RefusedError(segment[0].start, msg("this is a calculation; write its result too, as `= 14`"))
        first, second = numbers[0], next((n for n in numbers if not _agree(n, numbers[0])), numbers[-1])
        raise RefusedError(second.start, _several(first, second))
    last = pure[-1]
    if len(segments) > 1 and _pure(segments[-1]) is None and any(token.quantity for token in segments[-1]):
        last = pure[0] if len(pure) == 1 else last
    if len(pure) > 1 and not spec.takes_shapes:
        return last
    before = pure[-2] if len(pure) > 1 else None
    # "14x14 = 196": the size says more than its area.
    return before if before and len(before.sides) == 2 and before.value and before.area() == last.value else last


def _segments(tokens: list[Token]) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "equal":
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _pure(segment: list[Token]) -> Quantity | None:
    """The one quantity of a segment that calculates nothing."""
    numbers = [token.quantity for token in segment if token.quantity]
    if not numbers or any(token.kind in ("operator", "times", "range") for token in segment):
        return None
    best = max(numbers, key=lambda number: len(number.sides))
    return best if all(_agree(number, best) for number in numbers) else None


def _agree(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities say the same: 14 and 14x14 do, and 196 as the area of 14."""
    if one.high is not None or other.high is not None:
        return (one.sides, one.high) == (other.sides, other.high)
    if one.sides == other.sides or (one.value is not None and one.value == other.value):
        return True
    return any(len(big.sides) == 1 and big.value == small.area() for big, small in ((one, other), (other, one)))


def _without_asides(tokens: list[Token]) -> list[Token]:
    """Leave out parentheses that follow the first number and only explain it."""
    kept: list[Token] = []
    depth = 0
    has_number = False
    for index, token in enumerate(tokens):
        if token.kind == "open":
            follows = tokens[index - 1].kind if index else ""
            if depth or (has_number and follows in ("number", "word", "comma", "break")):
                depth += 1
                continue
        elif token.kind == "close" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(token)
            has_number = has_number or token.quantity is not None
    return kept


def _several(first: Quantity, second: Quantity) -> Message:
    return msg("one number is expected, but {first} and {second} are named", first=_shown(first), second=_shown(second))


def _shown(quantity: Quantity) -> str:
    return str(Number(quantity.sides, quantity.high, is_percent=quantity.is_percent))


def _result(quantity: Quantity, text: str, spec: NumberSpec) -> Parsed[Number]:
    remarks: list[Message] = []
    sides = quantity.sides
    if quantity.is_square and (not spec.takes_shapes or sides[0] == 10):
        sides = (quantity.area(),)
    if len(sides) > 1 and not spec.takes_shapes:
        raise RefusedError(quantity.start, msg("this is a calculation; write its result too, as `= 14`"))
    if quantity.high is not None and not spec.takes_ranges:
        raise RefusedError(quantity.start, msg("this is a range; write one number"))
    if not spec.takes_quotients and any(side % quantity.resolution for side in sides):
        raise RefusedError(quantity.start, msg("these are two numbers; write one number"))
    is_approximate = _ABOUT.search(text) is not None
    if is_approximate:
        remarks.append(msg("the answer calls its number approximate"))
    is_area = len(sides) == 1 and quantity.high is None and (quantity.is_area or _AREA.search(text) is not None)
    number = Number(
        sides, quantity.high, is_area, is_approximate, quantity.is_percent, quantity.unit, quantity.resolution
    )
    said = msg("about {number}", number=str(replace(number, is_approximate=False))) if is_approximate else None
    return Parsed(number, str(number), tuple(remarks), said)
