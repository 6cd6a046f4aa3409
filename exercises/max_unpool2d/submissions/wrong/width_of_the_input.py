"""The index was taken apart with the width of the pooled map; it counts in rows of W_out.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Divide by W."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    row, column = divmod(int(indices[n, c, i, j]), W)
                    y[n, c, row % H_out, column] = x[n, c, i, j]
    return y
