"""Negative values were lost: the largest value of a window may be negative, and it goes back all the same.

Fails: negatives
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Keep the larger of the value and the zero that stands there."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out))
    for n in range(N):
        for c in range(C):
            np.maximum.at(y[n, c], indices[n, c].ravel(), x[n, c].ravel())
    return y.reshape(N, C, H_out, W_out)
