"""What two programs share once names, comments and layout are taken away: runs of the same tokens.

Pygments cuts a program into tokens, also one that is not Python as a whole.  A token is kept as what copying keeps:
keywords, operators, numbers as they are, every name as N, every text as S; comments, docstrings and blanks are gone.
Two programs share a token where it stands in a gram, `GRAM` tokens in a row, that both have.
All grams are compared, not a sample as in winnowing (Schleimer, Wilkerson and Aiken, 2003), so the same programs
share the same tokens in every run, and a few hundred programs are few enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Name, String, Text, Whitespace

GRAM = 20  # tokens: about two lines
MAX_CHARACTERS = 200_000  # of a program; more is data
Gram = tuple[str, ...]
Owned = tuple[str, str]  # a student and a file of theirs


@dataclass(frozen=True)
class Tokens:
    """A program as its tokens, and the line, from 1, on which each stands."""

    kinds: tuple[str, ...]
    lines: tuple[int, ...]

    @cached_property
    def grams(self) -> tuple[Gram, ...]:
        """The grams by where they begin."""
        return tuple(self.kinds[start : start + GRAM] for start in range(len(self.kinds) - GRAM + 1))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What programs of two students share.

    Attributes:
        owned: The students and their files.
        shared: How many tokens of each stand in shared grams.
        own: How many tokens of each are its own at all, not everybody's.
        longest: How many tokens the longest run of shared ones in the first has.
        lines: The first and last line of the longest run in each.
    """

    owned: tuple[Owned, Owned]
    shared: tuple[int, int]
    own: tuple[int, int]
    longest: int
    lines: tuple[tuple[int, int], tuple[int, int]]

    @property
    def share(self) -> float:
        """The share of the program of which more is shared."""
        return max(part / whole for part, whole in zip(self.shared, self.own, strict=True))


def tokenize(code: str) -> Tokens:
    """Cut a program into tokens; never fails."""
    kinds: list[str] = []
    lines: list[int] = []
    line = 1
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for kind, text in lexer.get_tokens(code[:MAX_CHARACTERS]):
        if kind in String.Doc or kind in Comment or kind in Text or kind in Whitespace:
            pass
        elif kind in String:
            if not kinds or kinds[-1] != "S":
                kinds.append("S")
                lines.append(line)
        else:
            is_known = kind in Name.Builtin and kind not in Name.Builtin.Pseudo
            kinds.append("N" if kind in Name and not is_known else text)
            lines.append(line)
        line += text.count("\n")
    return Tokens(tuple(kinds), tuple(lines))


def overlaps(programs: Mapping[Owned, Tokens], given: Collection[Gram], common: int) -> Iterator[Overlap]:
    """Every two programs of two students that share something of their own.

    Args:
        programs: By student and file.
        given: Grams that everybody was given; they are nobody's own.
        common: Grams that so many students have are nobody's own either.
    """
    owners: defaultdict[Gram, list[Owned]] = defaultdict(list)
    for owned in sorted(programs):
        for gram in set(programs[owned].grams):
            owners[gram].append(owned)
    own = {
        gram: names
        for gram, names in owners.items()
        if gram not in given and len({student for student, _ in names}) < common
    }
    shared: defaultdict[tuple[Owned, Owned], set[Gram]] = defaultdict(set)
    for gram, names in own.items():
        for first, second in combinations(names, 2):
            if first[0] != second[0]:
                shared[first, second].add(gram)
    sizes = {owned: sum(_covered(program, own.keys())) for owned, program in programs.items()}
    for (first, second), grams in sorted(shared.items()):
        covered = _covered(programs[first], grams), _covered(programs[second], grams)
        longest = [max(_runs(one), key=lambda run: run[1] - run[0]) for one in covered]
        yield Overlap(
            (first, second),
            (sum(covered[0]), sum(covered[1])),
            (sizes[first], sizes[second]),
            longest[0][1] - longest[0][0],
            (_lines(programs[first], longest[0]), _lines(programs[second], longest[1])),
        )


def _covered(program: Tokens, grams: Collection[Gram]) -> list[bool]:
    """Which tokens stand in one of these grams."""
    covered = [False] * len(program.kinds)
    until = 0
    for start, gram in enumerate(program.grams):
        if gram in grams:
            begin = max(start, until)
            until = start + GRAM
            covered[begin:until] = [True] * (until - begin)
    return covered


def _runs(covered: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where runs of covered tokens begin and end."""
    start = None
    for place, is_covered in enumerate((*covered, False)):
        if is_covered and start is None:
            start = place
        elif not is_covered and start is not None:
            yield start, place
            start = None


def _lines(program: Tokens, run: tuple[int, int]) -> tuple[int, int]:
    start, end = run
    return program.lines[start], program.lines[end - 1]
