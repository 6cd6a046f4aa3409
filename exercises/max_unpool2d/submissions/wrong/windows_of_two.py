"""You look for each value's place in a window of 2 x 2: with windows of 3, or windows that overlap, it stands elsewhere.

Fails: windows, overlaps
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    y = np.zeros(x.shape[:2] + tuple(output_size))
    for n, c, i, j in np.ndindex(x.shape):
        row, column = divmod(indices[n, c, i, j], output_size[1])
        y[n, c, 2 * i + row % 2, 2 * j + column % 2] = x[n, c, i, j]
    return y
