"""Indices of a variable: `^R_{12}`, `_{c,i+1,j-1}`, `[0][1]`, `R12`, and which of them is which.

A family of variables has a row and a column, perhaps a channel, and perhaps a number
of the map it belongs to (the n of W^n), which is read over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.answers.source import RefusedError
from grader.message import Message, msg

MAX_INDEX = 99

# Where an index is written; the order in which indices without names are counted.
ATTACHED, BELOW, BRACKET, ABOVE = "attached", "below", "bracket", "above"


@dataclass(frozen=True, slots=True)
class Family:
    """A family of variables, as x of 3 channels, 3 rows and 3 columns.

    Args:
        channels: How many channels there are; None when the family has no channel index.
        has_maps: Whether the variables may carry a map number, as W^n and Y^n do.
        is_channel_last: The order of three indices in brackets: x[i, j, c] instead of x[c, i, j].
    """

    rows: int
    columns: int
    channels: int | None = None
    has_maps: bool = False
    is_channel_last: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """One index: a channel name, or a number plus symbols such as `i + u - 1`.

    `digits` is a run like 12 that may still be two indices.
    """

    offset: int
    place: str
    constant: int = 0
    symbols: tuple[tuple[str, int], ...] = ()
    channel: str | None = None  # a channel that is called by its name
    digits: str = ""

    @property
    def symbol(self) -> str | None:
        """The symbol, when the index is one bare symbol."""
        is_bare = len(self.symbols) == 1 and self.symbols[0][1] == 1 and self.constant == 0
        return self.symbols[0][0] if is_bare else None

    @property
    def number(self) -> int | None:
        """The value, when the index is a plain number."""
        return self.constant if not self.symbols and self.channel is None else None


@dataclass(frozen=True, slots=True)
class Element:
    """A variable with its indices told apart; `power` is an exponent that was written among them."""

    family: str
    offset: int
    channel: Index | None = None
    row: Index | None = None
    column: Index | None = None
    power: int = 1
    is_bracketed: bool = False

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices that were written."""
        return tuple(index for index in (self.channel, self.row, self.column) if index is not None)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The names that may stand in an index."""

    channel_names: tuple[str, ...]
    map_symbol: str
    symbols: frozenset[str] = field(default_factory=frozenset)  # of more than one letter


_TOKEN = re.compile(r"\s*([0-9]+|[A-Za-z]\w*|[-+*]|[()\[\]{}'\"]|\S)")


def read_indices(text: str, offset: int, place: str, alphabet: Alphabet) -> list[Index]:
    """Read what stands in one pair of braces or brackets, or directly at the name.

    Raises:
        RefusedError: It is no list of indices.
    """
    indices: list[Index] = []
    has_comma = "," in text or ";" in text
    start = 0
    for part in re.split("[,;]", text):
        found = _read_part(part, offset + start, place, alphabet, is_whole=has_comma or place == BRACKET)
        if not found and part.strip() == "" and text.strip():
            raise RefusedError(offset + start, msg("an index is missing here"))
        indices += found
        start += len(part) + 1
    return indices


@dataclass(slots=True)
class _Sum:
    """An index that is being read: `i + u - 1`."""

    offset: int = -1
    constant: int = 0
    symbols: dict[str, int] = field(default_factory=dict)
    channel: str | None = None
    digits: str = ""
    terms: int = 0


def _read_part(text: str, offset: int, place: str, alphabet: Alphabet, *, is_whole: bool) -> list[Index]:
    done: list[Index] = []
    current, sign, is_open = _Sum(), 1, True  # open: a term is awaited
    signs = [1]
    for found in _TOKEN.finditer(text):
        token, where = found[1], offset + found.start(1)
        if token in ("'", '"'):
            continue
        if token in "([{":
            signs.append(signs[-1] * (sign if is_open else 1))
            sign = 1
        elif token in ")]}":
            if len(signs) > 1:
                signs.pop()
        elif token in ("+", "-"):
            sign = (sign if is_open else 1) * (-1 if token == "-" else 1)
            is_open = True
            current.offset = where if current.offset < 0 else current.offset
        elif token[0].isdigit() or token[0].isalpha():
            for word in _words(token, alphabet):
                if not is_open:
                    done.append(_finished(current, place, is_whole=is_whole))
                    current, sign = _Sum(), 1
                _add(current, word, where, sign * signs[-1], alphabet)
                where += len(word)
                is_open, sign = False, 1
        else:
            raise RefusedError(where, msg("`{text}` cannot stand in an index", text=token))
    if is_open and current.offset >= 0:
        raise RefusedError(current.offset, msg("this index is not finished"))
    return done + ([_finished(current, place, is_whole=is_whole)] if current.terms else [])


def _words(token: str, alphabet: Alphabet) -> list[str]:
    """Split a run of letters and digits: `cij` into c, i, j; `R12` into R, 12."""
    words = []
    for run in re.findall(r"[0-9]+|[^0-9]+", token):
        rest = run
        while rest and not run[0].isdigit():
            names = (*alphabet.symbols, *alphabet.channel_names)
            word = max((name for name in names if rest.startswith(name)), key=len, default=rest[0])
            words.append(word)
            rest = rest[len(word) :]
        words += [rest] if rest else []
    return words


def _add(current: _Sum, word: str, where: int, sign: int, alphabet: Alphabet) -> None:
    current.offset = where if current.offset < 0 else current.offset
    current.terms += 1
    if word.isdigit():
        if len(word) > 4:
            raise RefusedError(where, msg("an index of {count} digits is too long", count=len(word)))
        current.constant += sign * int(word)
        current.digits = word if current.terms == 1 and sign == 1 else ""
    elif word in alphabet.channel_names:
        current.channel = word
    else:
        current.symbols[word] = current.symbols.get(word, 0) + sign
        current.digits = ""
    if current.terms > 1 and current.channel is not None:
        raise RefusedError(where, msg("a channel called by its name cannot be calculated with"))
    if current.terms > 8:
        raise RefusedError(where, msg("this index is too long"))


def _finished(current: _Sum, place: str, *, is_whole: bool) -> Index:
    digits = current.digits if len(current.digits) > 1 else ""
    symbols = tuple((name, count) for name, count in current.symbols.items() if count)
    index = Index(current.offset, place, current.constant, symbols, current.channel, digits)
    return index if is_whole or not digits else Index(current.offset, place, digits=digits, constant=-1)


def resolve(
    name: str, offset: int, groups: list[list[Index]], families: Mapping[str, Family], alphabet: Alphabet
) -> Element:
    """Tell channel, row and column apart.

    A channel is known by its name (R), by standing above while two others stand below,
    by the letter c, or, among three, by its position: first, unless the family says last.

    Raises:
        RefusedError: There are too few or too many indices, or two channels.
    """
    family = families[name]
    is_bracketed = any(index.place == BRACKET for group in groups for index in group)
    order = {ATTACHED: 0, BELOW: 1, BRACKET: 2, ABOVE: 3}
    flat = sorted((index for group in groups for index in group), key=lambda index: order[index.place])
    if (pair := _channel_and_pair(name, offset, flat, family, alphabet, is_bracketed=is_bracketed)) is not None:
        return pair
    problem = msg("`{name}` has no indices", name=name)
    for is_split in (False, True):
        indices = _split(flat, everything=is_split)
        if family.has_maps:
            indices = [index for index in indices if index.symbol != alphabet.map_symbol]
        element = _assign(name, offset, indices, family, is_bracketed=is_bracketed)
        if isinstance(element, Element):
            return element
        problem = element
    raise RefusedError(offset, problem)


def _channel_and_pair(
    name: str, offset: int, indices: list[Index], family: Family, alphabet: Alphabet, *, is_bracketed: bool
) -> Element | None:
    """Read `c,12` and `1,12` as a channel with row and column, where 12 cannot be a row or a column."""
    rest = [index for index in indices if not (family.has_maps and index.symbol == alphabet.map_symbol)]
    pairs = [index for index in rest if len(index.digits) == 2 and index.constant >= 0]
    if family.channels is None or len(rest) != 2 or len(pairs) != 1:
        return None
    channel = rest[0] if rest[1] is pairs[0] else rest[1]
    if channel.number is not None and pairs[0].constant <= max(family.rows, family.columns):
        return None
    row, column = _split(pairs, everything=True)
    if channel.number is not None and max(row.constant, column.constant) > max(family.rows, family.columns):
        return None
    return Element(name, offset, channel, row, column, is_bracketed=is_bracketed)


def _split(indices: list[Index], *, everything: bool) -> list[Index]:
    """Make two indices of a run 12 that cannot be one, or of every such run."""
    result: list[Index] = []
    for index in indices:
        if index.digits and (everything or index.constant < 0):
            result += [Index(index.offset + i, index.place, int(digit)) for i, digit in enumerate(index.digits)]
        else:
            result.append(index)
    return result


def _assign(name: str, offset: int, indices: list[Index], family: Family, *, is_bracketed: bool) -> Element | Message:
    named = [index for index in indices if index.channel is not None]
    if len(named) > 1:
        return msg("`{name}` has two channels here", name=name)
    if named and family.channels is None:
        return msg("`{name}` has no channels", name=name)
    channel = named[0] if named else None
    rest = [index for index in indices if index.channel is None]
    power = 1
    above = [index for index in rest if index.place == ABOVE]
    others = [index for index in rest if index.place != ABOVE]
    if family.has_maps and len(rest) == (3 if channel or family.channels is None else 4):
        rest.remove(above[0] if above else rest[0])  # the number of the map
    elif len(others) == 2 and len(above) == 1 and (channel or family.channels is None):
        if above[0].number is None or not 1 <= above[0].number <= 9:
            return msg("`{name}` has more indices than row and column", name=name)
        power, rest = above[0].number, others  # an exponent, since there is no other place for it
    if channel is None and family.channels is not None and len(rest) == 3:
        channel = _channel_of(rest, family, is_bracketed=is_bracketed)
        rest.remove(channel)
    if len(rest) > 2:
        return msg("`{name}` has {count} indices; row and column were expected", name=name, count=len(indices))
    if len(rest) < 2:
        return msg("`{name}` needs a row and a column, as in {example}", name=name, example=f"{name}_{{12}}")
    if (rest[0].place == ABOVE) != (rest[1].place == ABOVE):
        return msg("row and column of `{name}` belong together, as in {example}", name=name, example=f"{name}_{{12}}")
    return Element(name, offset, channel, rest[0], rest[1], power, is_bracketed)


def _channel_of(indices: list[Index], family: Family, *, is_bracketed: bool) -> Index:
    above = [index for index in indices if index.place == ABOVE]
    if len(above) == 1:
        return above[0]
    lettered = [index for index in indices if index.symbol in ("c", "ch", "C", "k")]
    if len(lettered) == 1:
        return lettered[0]
    return indices[-1 if is_bracketed and family.is_channel_last else 0]
