"""The output was made twice as large as x; pooling an odd size leaves a row out, and its windows need not be 2 x 2:
take output_size.

Fails: sizes, windows, overlaps
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Double the sides."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, 2 * H, 2 * W))
    rows, columns = indices // (2 * W), indices % (2 * W)
    for n in range(N):
        for c in range(C):
            y[n, c, rows[n, c] % (2 * H), columns[n, c]] = x[n, c]
    return y
