"""Values were added where an index comes twice; overlapping windows share one maximum, which stands there once.

Fails: overlaps
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Add the values up, as a gradient would be."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out))
    for n in range(N):
        for c in range(C):
            np.add.at(y[n, c], indices[n, c].ravel(), x[n, c].ravel())
    return y.reshape(N, C, H_out, W_out)
