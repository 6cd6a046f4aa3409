"""The index was taken as a place inside its own 2 x 2 window; it is a place in the whole plane.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Take 0 to 3 for the corners of a window."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    k = int(indices[n, c, i, j]) % 4
                    y[n, c, min(2 * i + k // 2, H_out - 1), min(2 * j + k % 2, W_out - 1)] = x[n, c, i, j]
    return y
