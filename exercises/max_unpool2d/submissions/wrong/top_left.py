"""The switches were not used: each value was put into the top left corner of its window.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Put the values on a grid."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    step = max(1, H_out // H), max(1, W_out // W)
    for i in range(H):
        for j in range(W):
            y[:, :, i * step[0], j * step[1]] = x[:, :, i, j]
    return y
