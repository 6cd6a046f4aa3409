"""Rows and columns were exchanged when the index was taken apart: the row is index // W_out, the column index % W_out.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Take the remainder for the row."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, W_out, H_out))
    rows, columns = indices % W_out, indices // W_out
    for n in range(N):
        for c in range(C):
            y[n, c, rows[n, c], columns[n, c]] = x[n, c]
    return y.reshape(N, C, H_out, W_out)
