"""What people write down by hand, read into exact values: matrices, formulas, numbers, choices.

Every reader returns `Parsed` or `Unreadable`; none evaluates the text, and none
raises because of it.  Nothing here knows which answer would be right.
"""

from grader.answers.claims import parse_choice, parse_claims
from grader.answers.encoding import decode
from grader.answers.formula import Formula, FormulaSpec, parse_formula
from grader.answers.index import Family
from grader.answers.matrix import Matrix, parse_matrix, write_matrix
from grader.answers.number import Number, NumberSpec, parse_number
from grader.answers.polynomial import Polynomial, Variable
from grader.answers.sheet import Duplicate, Section, Sheet, read_sheet
from grader.answers.source import Parsed, Unreadable

__all__ = [
    "Duplicate",
    "Family",
    "Formula",
    "FormulaSpec",
    "Matrix",
    "Number",
    "NumberSpec",
    "Parsed",
    "Polynomial",
    "Section",
    "Sheet",
    "Unreadable",
    "Variable",
    "decode",
    "parse_choice",
    "parse_claims",
    "parse_formula",
    "parse_matrix",
    "parse_number",
    "read_sheet",
    "write_matrix",
]
