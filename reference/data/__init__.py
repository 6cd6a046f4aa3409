"""Small data sets made by code, so that every network can be trained for a few steps without a download.

Coordinates are those of boxes whose corners are points: pixel (row, column)
covers x from column to column + 1 and y from row to row + 1.  Example i of a
data set depends on the seed and on i only: the first three of ten are the three
of three.
"""

from reference.data.digit import Digits, digits
from reference.data.question import Questions, questions
from reference.data.shape import COLOURS, KEY_POINTS, SHAPES, Shapes, shapes

__all__ = ["COLOURS", "KEY_POINTS", "SHAPES", "Digits", "Questions", "Shapes", "digits", "questions", "shapes"]
