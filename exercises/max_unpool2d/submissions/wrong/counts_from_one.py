"""The index was taken to begin at 1, as MATLAB counts; the first place of a plane is 0.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Subtract one."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out))
    for n in range(N):
        for c in range(C):
            y[n, c][indices[n, c].ravel() - 1] = x[n, c].ravel()
    return y.reshape(N, C, H_out, W_out)
