r"""A matrix as people type it, read into exact fractions.

[1 2; 3 4]      [[1, 2], [3, 4]]      np.array([[1, 2],      1 2      | 1 | 2 |      \begin{bmatrix}
                                                [3, 4]])     3 4      |---|---|      1 & 2 \\ 3 & 4
                                                                      | 3 | 4 |      \end{bmatrix}
"""

from __future__ import annotations

import re
from fractions import Fraction

from grader.answers.layout import (
    Row,
    bracket_rows,
    latex_rows,
    plain_rows,
    read_brackets,
    table_rows,
)
from grader.answers.numeral import read_numeral
from grader.answers.printout import is_printout, read_printout
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.answers.table import is_table_line, lines_of, read_table
from grader.message import Message, msg

Matrix = tuple[tuple[Fraction, ...], ...]

MAX_SIDE = 64
MAX_LINES = 1000

ACCEPTED = msg(
    "one matrix: rows on lines of their own, or `[1 2; 3 4]`, `[[1, 2], [3, 4]]`, a Markdown table, "
    "or a LaTeX matrix; its numbers as `3`, `-0.5`, `1/2` or `\\frac{1}{2}`"
)

_ENVIRONMENT = re.compile(
    r"\\begin\s*\{((?:[pbBvV]|small)?matrix|array|[pbBvV]?smallmatrix)\*?\}"
    r"(?:\s*\[[a-z]\])?(?:\s*\{[lcr|@ .]*\})?"
)
_END = re.compile(r"\\end\s*\{[a-zA-Z]+\*?\}")
_CALL = re.compile(r"(?:[A-Za-z_]\w*\.)?(?:array|asarray|tensor|matrix|Matrix|Tensor|mat|list|print)\s*\($")
_OPERATOR_BEFORE = re.compile(r"(?<![\w.])\.?[0-9][0-9.]*[\s*/^.)}]*$|[*/+^-]\s*$")
_OPERATOR_AFTER = re.compile(r"\s*[)\]}]*(?:\.?'|\.[A-Za-z]|\^|\.?[*/+@-])")
_OPTION = re.compile(r"[^\n]{0,40}?\b(?:dtype|device|grad_fn|requires_grad|size)\s*=[^\n]*")
_ROWLIKE = re.compile(r"[0-9][ \t]*[,; \t&][ \t]*[+-]?[0-9]|[\[&]|\\begin|^\s*[-+.]?[0-9]")
_TUPLE = re.compile(r"(?:^|[=:\n]|\w\()\s*([({])(?=[\s({]*[-+.]?[0-9][0-9./]*\s*[,;\s][\s({]*[-+.0-9\\])")

# What surrounds the numbers and carries none; blanked out in place, so that offsets stay true.
_DECORATION = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,})[^\n]*$"  # fences
    r"|^[ \t]*(?:In|Out)[ \t]*\[[0-9 ]*\][ \t]*:?"  # prompts of IPython
    r"|^[ \t]*(?:>>>?|\.\.\.)(?=[ \t])"  # prompts of MATLAB and Python
    r"|(?<![\\0-9])%[^\n]*|(?<!\\)(?:\#|//)[^\n]*"  # comments
    r"|\\(?:displaystyle|left|right|[bB]igg?[lr]?|hline|limits|quad|qquad|rm|bf)(?![a-zA-Z])\.?"
    r"|(?<!\\)\\[][(),;:!>]"  # \[ \] \( \) and thin spaces
    r"|[`$⎡⎢⎣⎤⎥⎦⎛⎜⎝⎞⎟⎠┌┐└┘╭╮╰╯]",
    re.MULTILINE,
)
_BREAK_SPACE = re.compile(r"(?<=\\\\)\s?\[-?[0-9.]+\s*(?:pt|ex|em|mm|cm|in)\]")


def parse_matrix(text: str) -> Parsed[Matrix] | Unreadable:
    r"""Read one matrix of at most 64 x 64 numbers.

    Example:
        >>> parse_matrix("C = [1 -2; 3 1/2]").understood
        '[1 -2; 3 1/2]'
        >>> print(parse_matrix("1 2\n3 x").render_caret())
        3 x
          ^
    """
    return read_with(_parse, text, ACCEPTED)


def write_matrix(matrix: Matrix) -> str:
    """Write a matrix in its canonical form, `[1 -2; 3 1/2]`."""
    return "[" + "; ".join(" ".join(str(number) for number in row) for row in matrix) + "]"


def _parse(source: Source) -> Parsed[Matrix]:
    if source.text.count("\n") >= MAX_LINES:
        raise RefusedError(0, msg("this has more than {limit} lines; write one matrix here", limit=MAX_LINES))
    text = _undecorated(source.text)
    if not text.strip():
        raise RefusedError(0, msg("there is no matrix here"))
    remarks: list[Message] = []
    factor = Fraction(1)
    if is_printout(text):
        printed, factor = read_printout(text)
        rows = [tuple(row) for row in printed]
    else:
        rows = _layout(text, remarks)
    _check_count(rows)
    matrix = tuple(tuple(factor * read_numeral(cell.text, cell.offset) for cell in row) for row in rows)
    _check_widths(rows)
    if factor != 1:
        remarks.append(msg("the printed numbers were multiplied by the factor {factor} above them", factor=str(factor)))
    return Parsed(matrix, write_matrix(matrix), tuple(remarks))


def _undecorated(text: str) -> str:
    text = _blank(_BREAK_SPACE, text)
    text = _continued(text)
    lines = [line for line in text.split("\n") if line.strip()]
    prompted = [bool(re.match(r"\s*>>", line)) for line in lines]
    if any(prompted) and any(not p and re.search("[0-9]", line) for p, line in zip(prompted, lines, strict=True)):
        text = _blank(re.compile(r"^[ \t]*>>[^\n]*$", re.MULTILINE), text)  # what was typed, not what was printed
    return _blank(_DECORATION, text)


def _continued(text: str) -> str:
    """Join the lines that MATLAB's `...` continues; a line of dots alone leaves rows out and stays."""
    lines = text.split("\n")
    for index, line in enumerate(lines[:-1]):
        bare = line.rstrip()
        if bare.endswith("...") and bare.strip(" \t.[("):
            lines[index] = bare[:-3] + " " * (len(line) - len(bare) + 3)
            lines[index + 1] = "\0" + lines[index + 1]
    return "\n".join(lines).replace("\n\0", " ")


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: " " * len(found[0]), text)


def _layout(text: str, remarks: list[Message]) -> list[Row]:
    if environments := list(_ENVIRONMENT.finditer(text)):
        return _latex(text, environments)
    if "[" in text:
        return _bracketed(text, text.index("["))
    if opening := _TUPLE.search(text):
        return _bracketed(text, opening.start(1))
    if any(is_table_line(line.text) for line in lines_of(text)):
        return _tabular(text, remarks)
    if "&" in text:
        return latex_rows(text, 0, len(text))
    rows = plain_rows(text)
    if len(rows) > 1 and all(len(row) == 1 for row in rows) and "\n" not in text.strip():
        remarks.append(msg("semicolons were read as ends of rows, as in MATLAB: this is one column"))
    return rows


def _latex(text: str, environments: list[re.Match[str]]) -> list[Row]:
    if len(environments) > 1:
        raise RefusedError(environments[1].start(), msg("this is more than one matrix; write one matrix here"))
    opening = environments[0]
    closing = _END.search(text, opening.end())
    if closing is None:
        raise RefusedError(opening.start(), msg("`\\begin` without `\\end`"))
    _check_before(text, opening.start())
    after = re.compile(r"(?:\s|\\end\s*\{[a-z*]+\}|[\]|)}.,;]|\\\})*").match(text, closing.end())
    _check_after(text, after.end() if after else closing.end())
    return latex_rows(text, opening.end(), closing.start())


def _bracketed(text: str, start: int) -> list[Row]:
    _check_before(text, start)
    groups = read_brackets(text, start)
    _check_after(text, groups[-1].end + 1)
    return bracket_rows(text, groups)


def _tabular(text: str, remarks: list[Message]) -> list[Row]:
    lines = lines_of(text)
    inside = [is_table_line(line.text) for line in lines]
    first = inside.index(True)
    last = len(inside) - 1 - inside[::-1].index(True)
    for line, is_row in zip(lines[first:last], inside[first:last], strict=True):
        if not is_row:
            raise RefusedError(line.offset, msg("this line stands inside a table and is no row of it"))
    table = read_table(lines[first : last + 1])
    rows = table_rows(table)
    if table.has_header and len(rows) == len(table.rows):
        remarks.append(msg("the header of the table holds numbers and was read as the first row"))
    return rows


def _check_before(text: str, start: int) -> None:
    """Refuse a factor or a call before the matrix; a name, a label and a sentence are fine."""
    before = text[:start].rstrip()
    while call := _CALL.search(before):
        before = before[: call.start()].rstrip()
    is_call = re.search(r"\w\($", before) is not None
    before = before.rstrip("([{ \n\t")
    cut = max(before.rfind("="), before.rfind(":")) + 1
    rest = before[cut:]
    is_factor = cut == 0 and re.match(r"\s*[(-]?[0-9](?![0-9]?[.)]\s)", rest)
    if is_call or is_factor or _OPERATOR_BEFORE.search(rest) or rest.count("(") > rest.count(")"):
        place = cut + len(rest) - len(rest.lstrip())
        raise RefusedError(
            place, msg("something stands before the matrix that would change it; write the finished matrix")
        )


def _check_after(text: str, end: int) -> None:
    """Refuse an operation on the matrix or a second matrix; a full stop and a sentence are fine."""
    after = text[end:]
    place = end + len(after) - len(after.lstrip())
    if _OPERATOR_AFTER.match(after):
        raise RefusedError(
            place, msg("something stands after the matrix that would change it; write the finished matrix")
        )
    if option := _OPTION.match(after):
        after = after[option.end() :]
    if _ROWLIKE.search(after):
        raise RefusedError(place, msg("this is more than one matrix; write one matrix here"))


def _check_count(rows: list[Row]) -> None:
    if not rows or not rows[0]:
        raise RefusedError(0, msg("there is no matrix here"))
    width = max(len(row) for row in rows)
    if len(rows) > MAX_SIDE or width > MAX_SIDE:
        message = msg(
            "this matrix has {rows} rows and {columns} columns; at most {limit} of each are read",
            rows=len(rows),
            columns=width,
            limit=MAX_SIDE,
        )
        raise RefusedError(rows[0][0].offset, message)


def _check_widths(rows: list[Row]) -> None:
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) == width:
            continue
        place = row[width].offset if len(row) > width else row[-1].end
        found = msg("row {row} has {count} numbers", row=number, count=len(row))
        if len(row) == 1:
            found = msg("row {row} has one number", row=number)
        raise RefusedError(place, msg("{found}, the first row has {width}", found=found, width=width))
