"""You multiplied element by element and did not add: each position of W gives one number, the sum of all products.

Fails: full, same, valid
"""

from fractions import Fraction

import numpy as np


def sheet(given):
    a, w = read(given["A"]), read(given["W"])
    products = a[: w.shape[0], : w.shape[1]] * w[::-1, ::-1][: a.shape[0], : a.shape[1]]
    return dict.fromkeys(("full", "same", "valid"), write(products))


def read(text):
    rows = text.strip("[] \n").replace("\n", ";").split(";")
    return np.array([[Fraction(number) for number in row.split()] for row in rows])


def write(matrix):
    return "\n".join(" ".join(map(str, row)) for row in matrix)
