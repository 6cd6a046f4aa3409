"""The size is right, but the index was taken apart with the width 2*W: behind an odd width every row is one longer.

Fails: sizes, windows, overlaps
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Unpool to twice the size, then crop or pad to the size that was asked for."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    large = np.zeros((N, C, max(2 * H, H_out) + 1, max(2 * W, W_out)))
    rows, columns = indices // (2 * W), indices % (2 * W)
    for n in range(N):
        for c in range(C):
            large[n, c, rows[n, c] % large.shape[2], columns[n, c]] = x[n, c]
    return large[:, :, :H_out, :W_out]
