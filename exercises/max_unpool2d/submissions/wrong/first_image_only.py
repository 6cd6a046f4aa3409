"""Only the first image of the batch was unpooled; the others stayed zero.

Fails: planes
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Take x[0] and forget the rest."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out))
    for c in range(C):
        y[0, c][indices[0, c].ravel()] = x[0, c].ravel()
    return y.reshape(N, C, H_out, W_out)
