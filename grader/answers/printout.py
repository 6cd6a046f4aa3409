"""What MATLAB prints of a matrix that is wider than the window, or whose numbers it scales."""

from __future__ import annotations

import re
from fractions import Fraction

from grader.answers.numeral import read_decimal
from grader.answers.source import RefusedError
from grader.answers.table import Cell, lines_of
from grader.message import msg

_COLUMNS = re.compile(
    r"[ \t]*(?:Columns?[ \t]+[0-9]+(?:[ \t]+(?:through|to|and)[ \t]+[0-9]+)?"
    r"|列[ \t]*[0-9]+(?:[ \t]*[至到和][ \t]*[0-9]+)?|[0-9]+[ \t]*[至到和][ \t]*[0-9]+[ \t]*列)[ \t]*:?[ \t]*"
)
_SCALE = re.compile(r"[ \t]*([0-9]+\.[0-9]+e[+-]?[0-9]+)[ \t]*\*[ \t]*")


def is_printout(text: str) -> bool:
    """Whether a line announces columns or a common factor."""
    return any(_COLUMNS.fullmatch(line.text) or _SCALE.fullmatch(line.text) for line in lines_of(text))


def read_printout(text: str) -> tuple[list[list[Cell]], Fraction]:
    """Rows with the blocks of columns side by side, and the factor of all numbers."""
    factor = Fraction(1)
    blocks: list[list[list[Cell]]] = []
    for line in lines_of(text):
        if scale := _SCALE.fullmatch(line.text):
            factor = read_decimal(scale[1], line.offset + scale.start(1))
        elif _COLUMNS.fullmatch(line.text):
            blocks.append([])
        elif not re.search(r"[0-9]", line.text) or line.text.rstrip().endswith("="):
            continue
        else:
            blocks = blocks or [[]]
            blocks[-1].append([Cell(line.offset + word.start(), word[0]) for word in re.finditer(r"\S+", line.text)])
    rows: list[list[Cell]] = [[] for _ in blocks[0]] if blocks else []
    for block in blocks:
        if len(block) != len(rows):
            place = block[-1][0].offset if block else 0
            raise RefusedError(place, msg("these columns have another number of rows than the first columns"))
        for row, more in zip(rows, block, strict=True):
            row += more
    return rows, factor
