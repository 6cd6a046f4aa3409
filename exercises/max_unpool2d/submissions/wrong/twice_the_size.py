"""The output was made twice as large as the input; after an odd size the pool has dropped a row, so take output_size.

Fails: sizes, overlaps
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Unpool with switches."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    H_out, W_out = 2 * H, 2 * W
    y = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    k = int(indices[n, c, i, j])
                    y[n, c, k // W_out % H_out, k % W_out] = x[n, c, i, j]
    return y
