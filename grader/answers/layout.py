"""Rows and cells of a written matrix: brackets, LaTeX, tables, or lines of numbers.

Each function gets the text with decorations already blanked out and returns rows of
cells, whose offsets lead back to the student's own text.  No cell is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.answers.source import RefusedError
from grader.answers.table import Cell, Table, lines_of
from grader.message import msg

MAX_DEPTH = 8

Row = tuple[Cell, ...]

_CLOSERS = {"[": "]", "(": ")", "{": "}"}
_TOKEN = re.compile(
    r"[+-]?\\[dt]?frac\s*(?:\{[^{}\n]*\}|[0-9])\s*(?:\{[^{}\n]*\}|[0-9])"
    r"|[+-]?[0-9.]+[ \t]*/[ \t]*[0-9.]+|\S+"
)
_SIGN = re.compile(r"[+-]")


@dataclass(slots=True)
class Bracket:
    """A bracketed group: other groups, or a span of text without brackets."""

    start: int
    end: int = -1
    children: list[Bracket] = field(default_factory=list)


def read_brackets(text: str, start: int) -> list[Bracket]:
    """Read the groups from `start` on that follow each other with nothing but separators between.

    Raises:
        RefusedError: A bracket is not closed, closed by another kind, or nested too deeply.
    """
    groups: list[Bracket] = []
    stack: list[Bracket] = []
    for offset in range(start, len(text)):
        character = text[offset]
        if not stack and groups and character not in " \t\n,;" + text[groups[0].start]:
            break
        if character in _CLOSERS and not _is_argument(text, offset):
            if len(stack) == MAX_DEPTH:
                raise RefusedError(offset, msg("brackets are nested more than {limit} deep", limit=MAX_DEPTH))
            stack.append(Bracket(offset))
        elif stack and character == _CLOSERS[text[stack[-1].start]]:
            group = stack.pop()
            group.end = offset
            (stack[-1].children if stack else groups).append(group)
        elif stack and character in _CLOSERS.values() and not _closes_argument(text, offset):
            raise RefusedError(offset, msg("`{closer}` closes no bracket that is open here", closer=character))
    if stack:
        raise RefusedError(stack[0].start, msg("this bracket is never closed"))
    return groups


def _is_argument(text: str, offset: int) -> bool:
    r"""Whether a brace belongs to a command of LaTeX, as in `\frac{1}{2}`."""
    return (
        text[offset] == "{"
        and re.search(r"(?:\\[a-zA-Z]{1,20}|\})\s{0,2}$", text[max(0, offset - 24) : offset]) is not None
    )


def _closes_argument(text: str, offset: int) -> bool:
    return text[offset] == "}" and "{" in text[max(0, offset - 60) : offset]


def bracket_rows(text: str, groups: list[Bracket]) -> list[Row]:
    """Rows of `[1 2; 3 4]`, `[[1, 2], [3, 4]]`, or of one bracket a row.

    Raises:
        RefusedError: Numbers stand beside brackets, or there is more than one matrix.
    """
    while len(groups) == 1 and groups[0].children:
        _only_separators(text, groups[0])
        groups = groups[0].children
    if len(groups) == 1:
        return flat_rows(text, groups[0].start + 1, groups[0].end)
    rows = []
    for group in groups:
        inner = group
        while len(inner.children) == 1:
            _only_separators(text, inner)
            inner = inner.children[0]
        if inner.children or ";" in text[inner.start : inner.end]:
            raise RefusedError(group.start, msg("this is more than one matrix; write one matrix here"))
        rows.append(cells(text, inner.start + 1, inner.end))
    return rows


def _only_separators(text: str, group: Bracket) -> None:
    position = group.start + 1
    for child in [*group.children, Bracket(group.end)]:
        between = text[position : child.start]
        if stray := re.search(r"[^\s,;]", between):
            raise RefusedError(
                position + stray.start(), msg("this stands beside an inner bracket; put every row into its own bracket")
            )
        position = child.end + 1


def flat_rows(text: str, start: int, end: int) -> list[Row]:
    """Rows that a semicolon or a line end separates, as in MATLAB."""
    lines = pieces(text, start, end, "[;\n]")
    return [cells(text, line.offset, line.end) for line in lines if line.text.strip()]


def latex_rows(text: str, start: int, end: int) -> list[Row]:
    r"""Rows that `\\` ends, of cells that `&` separates."""
    lines = pieces(text, start, end, r"\\\\|\\(?:cr|newline|tabularnewline)\b")
    return [tuple(pieces(text, line.offset, line.end, "&")) for line in lines if line.text.strip()]


def table_rows(table: Table) -> list[Row]:
    """Rows of a Markdown table without its header of labels and without a column of labels."""
    rows = list(table.rows)
    if not rows:
        return []
    header = rows[0]
    is_label = [not _is_numeric(cell.text) for cell in header]
    has_corner = len(header) > 1 and is_label[0] and not any(is_label[1:])
    is_named = bool(header) and all(label and cell.text for label, cell in zip(is_label, header, strict=True))
    if is_named or (table.has_header and any(is_label)):
        rows = rows[1:]
    if rows and all(
        row and len(row) > 1 and ((has_corner and table.has_header) or _is_word(row[0].text)) for row in rows
    ):
        rows = [row[1:] for row in rows]
    if rows and all(len(row) == 1 for row in rows):
        return [cells(row[0].text, 0, len(row[0].text), shift=row[0].offset) for row in rows]
    return rows


def plain_rows(text: str) -> list[Row]:
    """Rows of lines without brackets: separated by blanks, tabs, commas, semicolons or `&`.

    Lines of words before and after are left out; a label may stand before the first
    row (`C = 1 2`) or before every row (`row 1: 1 2`).
    """
    lines = _data_lines(lines_of(text))
    if len(lines) > 1 and all(";" in line.text.strip().rstrip(";") for line in lines):
        split = [pieces(text, line.offset, line.offset + len(line.text.rstrip(" \t;")), ";") for line in lines]
        if all(len(piece.text.split()) == 1 and "," not in piece.text for row in split for piece in row):
            return [tuple(row) for row in split]
    return [row for line in lines for row in flat_rows(text, line.offset, line.end)]


def _data_lines(lines: list[Cell]) -> list[Cell]:
    """The lines that hold numbers, without their labels."""
    bare = [_without_label(line) for line in lines]
    kept = {index: None for index, line in enumerate(bare) if _is_row(line.text)}  # in order
    if not kept:
        raise RefusedError(lines[0].offset if lines else 0, msg("there are no rows of numbers here"))
    first, last = min(kept), max(kept)
    for index in range(first, last + 1):
        if index > first and index not in kept and bare[index].text.strip(" =-"):
            bare[index] = lines[index]  # not a row: its first cell says what is wrong
    chosen = [index for index in range(first, last + 1) if bare[index].text.strip(" =-")]
    labelled = [index for index in chosen if bare[index] is not lines[index]]
    extra = [index for index in labelled if index > first]
    if extra and len(labelled) < len(chosen):
        raise RefusedError(lines[extra[0]].offset, msg("this is more than one matrix; write one matrix here"))
    data = [bare[index] for index in chosen]
    named = [_without_name(line) for line in data]
    return [name for name in named if name] if all(named) else data


def _without_label(line: Cell) -> Cell:
    """Without `C =`, `row 1:`, `1:` before the numbers."""
    cut = max(line.text.rfind("="), line.text.rfind(":")) + 1
    return Cell(line.offset + cut, line.text[cut:]) if cut else line


def _without_name(line: Cell) -> Cell | None:
    """Without a first word such as `r1`, when there is one."""
    # A lone l or O is a mistyped digit rather than a name.
    found = re.match(r"\s*(?![lIoO]\s)[^\W\d][\w.]*(?=\s+[-+.\\0-9])", line.text)
    return Cell(line.offset + found.end(), line.text[found.end() :]) if found else None


def _is_row(text: str) -> bool:
    """Whether a line looks like numbers rather than like words."""
    bare = re.sub(r"\b(?:nan|inf)\b", "0", text.strip(), flags=re.IGNORECASE)
    if not re.search(r"[0-9½⅓⅔¼¾⅕-⅞]", bare):
        return False
    numbers = len(re.findall(r"(?<![A-Za-z_\d])[0-9.]+(?![A-Za-z_])", bare))
    letters = len(re.findall(r"(?<![\\A-Za-z])[A-Za-z\u3400-\u9fff]{2,}", bare))
    return letters == 0 or numbers > 1


def cells(text: str, start: int, end: int, *, shift: int = 0) -> Row:
    """Cells of one row: at commas, and inside them at blanks.

    `1 -2` are two numbers and `- 2` at the start of a cell is one; `1 - 2` is
    refused, because it is a subtraction in MATLAB and two numbers to many people.
    """
    found: list[Cell] = []
    separator = "&" if "&" in text[start:end] else "[,|]"
    split = pieces(text, start, end, separator)
    if len(split) > 1 and not split[-1].text.strip():
        split.pop()  # a trailing comma
    for piece in split:
        if len(split) > 1 and not piece.text.strip():
            raise RefusedError(piece.offset + shift, msg("a number is missing here"))
        found += _tokens(piece, shift)
    return tuple(found)


def _tokens(piece: Cell, shift: int) -> list[Cell]:
    tokens: list[Cell] = []
    pending = None
    for token in _TOKEN.finditer(piece.text):
        start, word = piece.offset + token.start() + shift, token[0]
        if pending is not None:
            between = start - pending.end
            word, start = pending.text + " " * between + word, pending.offset
            pending = None
        elif _SIGN.fullmatch(word) and not tokens:
            pending = Cell(start, word)
            continue
        elif _SIGN.fullmatch(word) or (len(word) > 1 and word[-1] in "+-" and word[0] in "0123456789."):
            raise RefusedError(
                start + len(word) - 1,
                msg(
                    "with blanks on both sides this sign can mean a calculation; "
                    "write `1 -2` for two numbers, or write the result"
                ),
            )
        tokens.append(Cell(start, word))
    return [*tokens, pending] if pending is not None else tokens


def pieces(text: str, start: int, end: int, separator: str) -> list[Cell]:
    """Split a span at a pattern, keeping where each piece starts."""
    found, position = [], start
    for match in re.compile(separator).finditer(text, start, end):
        found.append(Cell(position, text[position : match.start()]))
        position = match.end()
    return [*found, Cell(position, text[position:end])]


def _is_numeric(text: str) -> bool:
    return bool(re.match(r"[\s*_`$({+-]*(?:[0-9.½⅓⅔¼¾]|\\[dt]?frac)", text))


def _is_word(text: str) -> bool:
    return bool(text) and not _is_numeric(text)
