"""The index was taken apart with the height of the output, which is right for square planes only.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Divide by H_out."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    rows, columns = indices // H_out, indices % H_out
    for n in range(N):
        for c in range(C):
            y[n, c, rows[n, c] % H_out, columns[n, c] % W_out] = x[n, c]
    return y
