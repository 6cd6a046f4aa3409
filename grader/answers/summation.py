"""What a sum runs over: `_{c=1}^{3}`, `_c`, `_{u,v}`, `_{c∈{R,G,B}}`, `for c in range(3)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.answers.index import Alphabet
from grader.answers.source import RefusedError
from grader.message import msg

MAX_VALUES = 100


@dataclass(frozen=True, slots=True)
class Running:
    r"""One symbol and its values; None when the values are left to the reader, as in `\sum_c`.

    A value is a number, or the name of a channel.  `start` is the lower end, when only that was written.
    """

    symbol: str
    offset: int
    values: tuple[int | str, ...] | None = None
    start: int = 1


_SYMBOL = r"[A-Za-z][A-Za-z0-9]{0,7}"
_MEMBERS = re.compile(rf"\s*({_SYMBOL}(?:\s*,\s*{_SYMBOL})*)\s*(?:∈|\bin\b)\s*(.*)", re.DOTALL)
_BETWEEN = re.compile(rf"\s*([0-9]+)\s*(?:≤|<=)\s*({_SYMBOL}(?:\s*,\s*{_SYMBOL})*)\s*(?:≤|<=)\s*(\w+)\s*", re.ASCII)
_SPAN = re.compile(r"\s*([0-9]+)\s*(?:\.{2,3}|:|~|-|\bto\b)\s*([0-9]+|[A-Za-z]\w*)\s*")
_RANGE = re.compile(r"\s*range\s*\(\s*(?:([0-9]+)\s*,\s*)?([0-9]+|[A-Za-z_]\w*)\s*\)\s*")


def read_sum_range(below: str, above: str | None, offset: int, alphabet: Alphabet) -> list[Running]:
    """Read the two ends of a sum sign: what stands below it, and above it when something does.

    Raises:
        RefusedError: It does not say over which values the sum runs.
    """
    if found := _BETWEEN.fullmatch(below):
        return [_run(name, offset, found[1], found[3]) for name in _names(found[2])]
    if found := _MEMBERS.fullmatch(below):
        values = _values(found[2], offset + found.start(2), alphabet)
        return [Running(name, offset, values) for name in _names(found[1])]
    running: list[Running] = []
    waiting: list[str] = []
    ranges: list[tuple[list[str], list[str]]] = []
    for piece in re.split("[,;]", below):
        name, equals, start = (part.strip() for part in piece.partition("="))
        if not equals and ranges and not waiting and _value(name, alphabet) is not None:
            ranges[-1][1].append(name)  # "c=1,2,3"
        elif not re.fullmatch(_SYMBOL, name):
            raise RefusedError(offset, msg("say over what the sum runs, as in {example}", example="\\sum_{c=1}^{3}"))
        elif equals:
            ranges.append(([*waiting, name], [start]))
            waiting = []
        else:
            waiting.append(name)
    for names, starts in ranges:
        running += [_from(name, offset, starts, above, alphabet) for name in names]
    return running + [Running(name, offset) for name in _split_names(waiting)]


def read_loop(names: str, values: str, offset: int, alphabet: Alphabet) -> list[Running]:
    """Read `for NAMES in VALUES` of Python."""
    return [Running(name, offset, *_loop_values(values, offset, alphabet)) for name in _names(names)]


def _loop_values(text: str, offset: int, alphabet: Alphabet) -> tuple[tuple[int | str, ...] | None, int]:
    if found := _RANGE.fullmatch(text):
        start = int(found[1] or "0")
        if not found[2].isdigit():
            return None, start
        return _span(start, int(found[2]) - 1, offset), start
    return _values(text, offset, alphabet), 1


def _from(symbol: str, offset: int, starts: list[str], above: str | None, alphabet: Alphabet) -> Running:
    if len(starts) > 1:
        return Running(symbol, offset, _values(",".join(starts), offset, alphabet))
    if found := _SPAN.fullmatch(starts[0]):
        return _run(symbol, offset, found[1], found[2])
    first = _value(starts[0], alphabet)
    if first is None:
        raise RefusedError(offset, msg("`{text}` is no value for a sum to begin with", text=starts[0][:20]))
    if above is None:
        raise RefusedError(offset, msg("this sum has no upper end"))
    end = above.rpartition("=")[2].strip()
    last = _value(end, alphabet)
    if isinstance(first, str) or isinstance(last, str):
        names = alphabet.channel_names
        low, high = (names.index(v) if isinstance(v, str) else v - 1 for v in (first, last or len(names)))
        if not 0 <= low <= high < len(names):
            raise RefusedError(offset, msg("this sum runs over no values"))
        return Running(symbol, offset, names[low : high + 1])
    return _run(symbol, offset, starts[0], end)


def _run(symbol: str, offset: int, start: str, end: str) -> Running:
    if re.fullmatch(r"[A-Za-z](?:_?\{?\w{0,8}\}?)?", end):
        return Running(symbol, offset, None, int(start))  # up to "C": as many as there are
    if not end.isdigit():
        raise RefusedError(offset, msg("`{text}` is no end of a sum that can be read", text=end[:20]))
    if len(start) > 4 or len(end) > 4:
        raise RefusedError(offset, msg("a sum may run over at most {limit} values", limit=MAX_VALUES))
    return Running(symbol, offset, _span(int(start), int(end), offset))


def _span(start: int, end: int, offset: int) -> tuple[int, ...]:
    if end - start >= MAX_VALUES:
        raise RefusedError(offset, msg("a sum may run over at most {limit} values", limit=MAX_VALUES))
    if end < start:
        raise RefusedError(offset, msg("this sum runs over no values"))
    return tuple(range(start, end + 1))


def _values(text: str, offset: int, alphabet: Alphabet) -> tuple[int | str, ...]:
    """Read the members of `{R,G,B}`, `(1, 2, 3)`, `"RGB"`, `1..3`."""
    bare = re.sub(r"[\[\](){}'\"\s]", "", text)
    if found := _SPAN.fullmatch(bare):
        return _span(int(found[1][:5]), int(found[2][:5]) if found[2].isdigit() else 0, offset)
    if bare == "".join(alphabet.channel_names):
        return alphabet.channel_names
    values = [_value(part, alphabet) for part in bare.split(",") if part]
    chosen = tuple(value for value in values if value is not None)
    if not values or len(chosen) != len(values) or len(values) > MAX_VALUES or len(set(chosen)) != len(chosen):
        raise RefusedError(offset, msg("`{text}` does not list the values of a sum", text=text.strip()[:20]))
    return chosen


def _value(text: str, alphabet: Alphabet) -> int | str | None:
    if re.fullmatch("[0-9]{1,4}", text):
        return int(text)
    return text if text in alphabet.channel_names else None


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,()]+", text) if name]


def _split_names(names: list[str]) -> list[str]:
    r"""Split `uv` of `\sum_{uv}` into u and v."""
    return [symbol for name in names for symbol in (name if name.isalpha() and len(name) <= 4 else [name])]
