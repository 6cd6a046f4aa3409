"""Your results are transposed: rows and columns were exchanged when they were written down.

Fails: full, same, valid
"""

from fractions import Fraction

import numpy as np


def sheet(given):
    a, w = read(given["A"]), read(given["W"])
    answers = results(a, w[::-1, ::-1])
    answers = {key: matrix.T for key, matrix in answers.items()}
    return {key: write(matrix) for key, matrix in answers.items()}


def slide(kernel, padded):
    (k, q), (m, n) = kernel.shape, padded.shape
    rows, columns = range(m - k + 1), range(n - q + 1)
    return np.array([[(padded[i : i + k, j : j + q] * kernel).sum() for j in columns] for i in rows])


def results(a, kernel, **border):
    """Slide a kernel as it stands over A with a border around it; same and valid are cut out of full."""
    (m, n), (k, q) = a.shape, kernel.shape
    full = slide(kernel, np.pad(a, ((k - 1, k - 1), (q - 1, q - 1)), **border))
    same = full[k // 2 : k // 2 + m, q // 2 : q // 2 + n]
    return {"full": full, "same": same, "valid": full[k - 1 : m, q - 1 : n]}


def read(text):
    rows = text.strip("[] \n").replace("\n", ";").split(";")
    return np.array([[Fraction(number) for number in row.split()] for row in rows])


def write(matrix):
    return "\n".join(" ".join(map(str, row)) for row in matrix)
