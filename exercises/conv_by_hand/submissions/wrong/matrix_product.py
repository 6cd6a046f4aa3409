"""You multiplied A and W as matrices, row by column; convolution slides W over A.

Fails: full, same, valid
"""

from fractions import Fraction

import numpy as np


def sheet(given):
    a, w = read(given["A"]), read(given["W"])
    product = a[:, : w.shape[0]] @ w[: a.shape[1]]
    return dict.fromkeys(("full", "same", "valid"), write(product))


def read(text):
    rows = text.strip("[] \n").replace("\n", ";").split(";")
    return np.array([[Fraction(number) for number in row.split()] for row in rows])


def write(matrix):
    return "\n".join(" ".join(map(str, row)) for row in matrix)
