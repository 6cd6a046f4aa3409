"""A formula in plain notation, cut into the tokens of the grammar.

Only here it is known which names the exercise has; so `x11w22`, `x^R_{11}w_{22}` and
`x[0,0]*w[1,1]` all become two variables.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from grader.answers.index import (
    ABOVE,
    ATTACHED,
    BELOW,
    BRACKET,
    Alphabet,
    Element,
    Family,
    Index,
    read_indices,
    resolve,
)
from grader.answers.numeral import MAX_DIGITS, VULGAR
from grader.answers.source import RefusedError
from grader.answers.summation import read_loop, read_sum_range
from grader.message import msg

MAX_TOKENS = 20_000
MAX_DEPTH = 32
MAX_SUMS = 24
MAX_GROUP = 200  # characters in one pair of braces of an index

_OPERATORS = {
    "+": "PLUS",
    "-": "MINUS",
    "**": "POWER",
    "*": "TIMES",
    "/": "DIVIDE",
    "^": "POWER",
    "=": "EQUAL",
    "==": "EQUAL",
}
_OPERATOR = re.compile(r"\*\*|==|[-+*/^=]")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_SMALL_FRACTION = re.compile(r"\\[dt]?frac\s*(?:([0-9])\s*([0-9])|\{\s*([0-9]{1,20})\s*\}\s*\{\s*([0-9]{1,20})\s*\})")
_SUM_WORD = re.compile(r"(?:(?:np|numpy|torch|math|builtins)\.)?(?:sum|Sum|SUM)(?![A-Za-z0-9])")
_OVER = re.compile(r"\s+over\s+((?:\{[^{}\n]{1,40}\}|[^(){\n]){1,60}?)\s*(?:\bof\b|:|,|(?=\())")
_BARE_RANGE = re.compile(r"\s*_\s*([A-Za-z]\s*=\s*[0-9A-Z]+)\s*\^\s*\{?\s*([0-9A-Z]+)\s*\}?")
_FOR = re.compile(r"for\s+\(?([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\)?\s+in\s+")
_RANGE_CALL = re.compile(r"range\s*\([^()]{1,40}\)|[A-Za-z_]\w{0,12}|['\"][A-Za-z]{1,8}['\"]")
_DOTS = re.compile(r"\.\.\.|\\[lcvd]?dots\b")
_NOTHING = re.compile(r"\s+|[,;.:](?=[ \t]{0,80}(?:\n|\Z))")
_LETTERS = re.compile(r"[A-Za-z]+")
_CALLED = re.compile(r"\(([A-Za-z0-9+\-* ]{1,30}(?:,[A-Za-z0-9+\-* ]{1,30}){1,3})\)")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A token with its place; `value` is a Fraction, an Element or the tuple of what a sum runs over."""

    kind: str
    start: int
    end: int
    value: Any = None

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an exercise: families, among them those of left-hand sides, and the bias."""

    families: Mapping[str, Family]
    bias: str | None
    alphabet: Alphabet

    def at(self, text: str, position: int) -> str | None:
        """Return the name that begins at a place: exactly as written, or in the other case."""
        names = [*self.families, *([self.bias] if self.bias else [])]
        exact = [name for name in names if text.startswith(name, position)]
        folded = [name for name in self.families if text[position : position + len(name)].lower() == name.lower()]
        if not exact and text[position : position + 1] in self.alphabet.channel_names:
            folded = []  # B is the blue channel before it is the bias b
        return max(exact or folded, key=len, default=None)

    def suggestion(self, word: str) -> str | None:
        """Return the known name that a word resembles most."""
        names = [*self.families, *([self.bias] if self.bias else []), "sum"]
        return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.5)), None)


class Lexer:
    """Cuts one text; `lexemes` does the work."""

    def __init__(self, text: str, names: Names):
        self.text = text
        self.names = names
        self.position = 0

    def lexemes(self) -> Iterator[Lexeme]:
        """Yield the tokens in order.

        Raises:
            RefusedError: Something is no token, or there are too many or too deeply nested ones.
        """
        depth = sums = count = 0
        while (lexeme := self._next()) is not None:
            count += 1
            depth += {"LEFT": 1, "RIGHT": -1}.get(lexeme.kind, 0)
            sums += lexeme.kind in ("SUM", "LOOP")
            if depth > MAX_DEPTH:
                raise RefusedError(lexeme.start, msg("brackets are nested more than {limit} deep", limit=MAX_DEPTH))
            if sums > MAX_SUMS or count > MAX_TOKENS:
                raise RefusedError(lexeme.start, msg("this formula is too long to be read"))
            yield lexeme

    def _next(self) -> Lexeme | None:
        text = self.text
        while found := _NOTHING.match(text, self.position):  # blanks, and the end of a sentence
            self.position = found.end()
        start = self.position
        if start == len(text):
            return None
        character = text[start]
        if _DOTS.match(text, start):
            raise RefusedError(start, msg("dots leave terms out; write every term, or a sum"))
        if found := _NUMBER.match(text, start):
            if len(found[0]) > MAX_DIGITS:
                raise RefusedError(start, msg("this number has more than {limit} digits", limit=MAX_DIGITS))
            return self._take("NUMBER", found.end(), Fraction(found[0]))
        if character in VULGAR:
            return self._take("NUMBER", start + 1, Fraction(VULGAR[character]))
        if character == "\\":
            return self._command(start)
        if character in "([{":
            return self._take("LEFT", start + 1)
        if character in ")]}":
            return self._take("RIGHT", start + 1)
        if found := _OPERATOR.match(text, start):
            return self._take(_OPERATORS[found[0]], found.end())
        if character == "∑" or _SUM_WORD.match(text, start):
            return self._sum(start)
        if found := _FOR.match(text, start):
            return self._for(found)
        if character.isascii() and character.isalpha():
            return self._variable(start)
        raise RefusedError(start, msg("`{text}` cannot be read in a formula", text=character))

    def _take(self, kind: str, end: int, value: Any = None) -> Lexeme:
        lexeme = Lexeme(kind, self.position, end, value)
        self.position = end
        return lexeme

    def _command(self, start: int) -> Lexeme:
        if found := _SMALL_FRACTION.match(self.text, start):
            above, below = (int(group) for group in found.groups() if group)
            if below == 0:
                raise RefusedError(start, msg("this divides by zero"))
            return self._take("NUMBER", found.end(), Fraction(above, below))
        command = re.compile(r"\\[A-Za-z]*").match(self.text, start)
        word = command[0] if command else "\\"
        if word in ("\\frac", "\\dfrac", "\\tfrac"):
            return self._take("FRACTION", start + len(word))
        raise RefusedError(start, msg("`{text}` cannot be read in a formula", text=word[:24]))

    # Sums

    def _sum(self, start: int) -> Lexeme:
        word = _SUM_WORD.match(self.text, start)
        self.position = word.end() if word else start + 1
        below = above = None
        if found := _BARE_RANGE.match(self.text, self.position):
            below, above = found[1], found[2]
            self.position = found.end()
        elif found := _OVER.match(self.text, self.position):
            below = found[1]
            self.position = found.end()
        while found := re.compile(r"\s*([_^])\s*").match(self.text, self.position):
            self.position = found.end()
            content, _ = self._argument()
            if found[1] == "_" and below is None:
                below = content
            elif found[1] == "^" and above is None:
                above = content
            else:
                raise RefusedError(found.start(1), msg("this sum has two ends of the same kind"))
        if below is None:
            opens = re.compile(r"\s*\(").match(self.text, self.position)
            if word and opens and above is None:
                return Lexeme("LOOP", start, self.position)
            raise RefusedError(start, msg("say over what the sum runs, as in {example}", example="\\sum_{c=1}^{3}"))
        running = read_sum_range(below, above, start, self.names.alphabet)
        return Lexeme("SUM", start, self.position, tuple(running))

    def _for(self, found: re.Match[str]) -> Lexeme:
        start, self.position = self.position, found.end()
        if call := _RANGE_CALL.match(self.text, self.position):
            values, self.position = call[0], call.end()
        else:
            values, _ = self._argument()
        return Lexeme("FOR", start, self.position, tuple(read_loop(found[1], values, start, self.names.alphabet)))

    def _argument(self) -> tuple[str, int]:
        """Take one argument: a group in brackets, or a run of digits or of letters; (text, where it starts)."""
        text, start = self.text, self.position
        if start < len(text) and text[start] in "([{":
            depth = 0
            for position in range(start, min(len(text), start + MAX_GROUP)):
                depth += (text[position] in "([{") - (text[position] in ")]}")
                if depth == 0:
                    self.position = position + 1
                    return text[start + 1 : position], start + 1
            raise RefusedError(start, msg("this bracket is never closed"))
        if found := re.compile(r"[0-9]+|[A-Za-z]").match(text, start):
            self.position = found.end()
            return found[0], start
        raise RefusedError(min(start, len(text)), msg("an index is missing here"))

    # Variables

    def _variable(self, start: int) -> Lexeme:
        name = self.names.at(self.text, start)
        word = _LETTERS.match(self.text, start)
        if name is None:
            raise self._unknown(start, word[0] if word else self.text[start])
        self.position = start + len(name)
        groups = [self._attached(name, start)]
        while (group := self._script(groups)) is not None:
            groups.append(group)
        if self.text[self.position : self.position + 1] == "'":
            raise RefusedError(
                self.position, msg("a name with a prime is not known here; write out what it stands for")
            )
        if name == self.names.bias:
            element = self._bias(name, start, [index for group in groups for index in group])
        else:
            element = resolve(name, start, groups, self.names.families, self.names.alphabet)
        return Lexeme("VARIABLE", start, self.position, element)

    def _unknown(self, start: int, word: str) -> RefusedError:
        known = ", ".join([*self.names.families, *([self.names.bias] if self.names.bias else [])])
        if suggestion := self.names.suggestion(word):
            message = msg(
                "`{word}` is not a name here; did you mean `{suggestion}`?", word=word[:24], suggestion=suggestion
            )
        elif word[0] in self.names.alphabet.channel_names:
            message = msg(
                "`{word}` is a channel, not a variable; write it as in x^{channel}_12", word=word[:24], channel=word[0]
            )
        else:
            message = msg("`{word}` is not a name here; the names are {known}", word=word[:24], known=known)
        return RefusedError(start, message)

    def _attached(self, name: str, start: int) -> list[Index]:
        """Take indices that follow the name directly: `x12`, `xR12`, `xij`."""
        found = re.compile("([A-Za-z]*)([0-9]*)").match(self.text, self.position)
        letters, digits = (found[1], found[2]) if found else ("", "")
        for cut in range(len(letters)):
            known = self.names.at(letters, cut)
            if known is not None and letters[cut] not in self.names.alphabet.channel_names:
                letters, digits = letters[:cut], ""
                break
        if len(letters) > 3:
            word = _LETTERS.match(self.text, start)
            raise self._unknown(start, word[0] if word else name)
        offset = self.position
        self.position += len(letters) + len(digits)
        return read_indices(letters + digits, offset, ATTACHED, self.names.alphabet)

    def _script(self, groups: list[list[Index]]) -> list[Index] | None:
        """Take one more group of indices, when one follows."""
        text, position = self.text, self.position
        if found := re.compile(r"\s*([_^])\s*(?!\*)").match(text, position):
            if found[1] == "^" and any(index.place == ABOVE for group in groups for index in group):
                return None  # a second one is an exponent
            self.position = found.end()
            if self.position < len(text) and text[self.position] in "([{":
                content, offset = self._argument()
            else:
                content, offset = self._run()
            return read_indices(content, offset, BELOW if found[1] == "_" else ABOVE, self.names.alphabet)
        written = [index for group in groups for index in group if index.place in (BELOW, ATTACHED)]
        is_complete = sum(len(index.digits) or 1 for index in written) >= 2
        is_bracketed = any(index.place == BRACKET for group in groups for index in group)
        if text[position : position + 1] == "[" and not is_complete:
            content, offset = self._argument()
            return read_indices(content, offset, BRACKET, self.names.alphabet)
        if (found := _CALLED.match(text, position)) and not is_complete and not is_bracketed:
            self.position = found.end()
            indices = read_indices(found[1], found.start(1), BRACKET, self.names.alphabet)
            if len(indices) == 3 and all(index.number is not None for index in indices):
                # MATLAB puts the channel last, Python first.
                raise RefusedError(found.start(), msg("which of the three numbers is the channel? write x^1_{12}"))
            return indices
        return None

    def _run(self) -> tuple[str, int]:
        """Take indices without braces: `_12`, `^R`, `_R12`, `_ij`, but not the name that follows them."""
        found = re.compile("[A-Za-z0-9]+").match(self.text, self.position)
        if found is None:
            raise RefusedError(min(self.position, len(self.text)), msg("an index is missing here"))
        run, offset = found[0], self.position
        for cut in range(1, len(run)):
            if (
                run[cut].isalpha()
                and run[cut] not in self.names.alphabet.channel_names
                and self.names.at(self.text, offset + cut)
            ):
                run = run[:cut]
                break
        self.position = offset + len(run)
        return run, offset

    def _bias(self, name: str, start: int, indices: list[Index]) -> Element:
        indices = [index for index in indices if index.symbol != self.names.alphabet.map_symbol]
        split = [
            Index(index.offset + i, index.place, int(digit))
            for index in indices
            for i, digit in enumerate(index.digits)
        ]
        indices = split or indices
        if len(indices) == 1:
            return Element(name, start, channel=indices[0])
        if len(indices) == 2:
            return Element(name, start, row=indices[0], column=indices[1])
        if indices:
            raise RefusedError(
                start, msg("`{name}` has {count} indices; none was expected", name=name, count=len(indices))
            )
        return Element(name, start)
