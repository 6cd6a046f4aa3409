"""What people write down by hand, read into exact values.

    source.py   the plain form of a text, Parsed, Unreadable    encoding.py  bytes into text
    sheet.py    an answer sheet and its fields                  matrix.py    a matrix of fractions
    number.py   a number, a size or a range                     formula.py   an exact polynomial
    claims.py   a table of claims; one of several choices

Every reader returns `Parsed` or `Unreadable`; none evaluates the text, and none
raises because of it.  Nothing here knows which answer would be right.  Readers are
imported from their modules, so that a command which reads no formula loads no grammar.
"""

from grader.answers.source import Parsed, Unreadable

__all__ = ["Parsed", "Unreadable"]
