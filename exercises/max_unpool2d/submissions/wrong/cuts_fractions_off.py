"""The result was stored in an array of integers, which cuts fractions off: let it have the dtype of x.

Fails: numbers
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Allocate the output with dtype=int."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out), dtype=int)
    for n in range(N):
        for c in range(C):
            y[n, c][indices[n, c].ravel()] = x[n, c].ravel()
    return y.reshape(N, C, H_out, W_out)
