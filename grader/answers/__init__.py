"""What people write down by hand, read into exact values: matrices, formulas, numbers, choices.

Every reader returns `Parsed` or `Unreadable`; none evaluates the text, and none
raises because of it.  Nothing here knows which answer would be right.
"""

from grader.answers.encoding import decode
from grader.answers.matrix import Matrix, parse_matrix, write_matrix
from grader.answers.number import Number, NumberSpec, parse_number
from grader.answers.sheet import Duplicate, Section, Sheet, read_sheet
from grader.answers.source import Parsed, Unreadable

__all__ = [
    "Duplicate",
    "Matrix",
    "Number",
    "NumberSpec",
    "Parsed",
    "Section",
    "Sheet",
    "Unreadable",
    "decode",
    "parse_matrix",
    "parse_number",
    "read_sheet",
    "write_matrix",
]
