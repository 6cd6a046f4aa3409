"""The results are right, but `indices += offset` changed the caller's indices: write `indices + offset`.

Fails: unchanged
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Let the indices count in the whole batch."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    indices += np.arange(N * C).reshape(N, C, 1, 1) * (H_out * W_out)
    y = np.zeros(N * C * H_out * W_out)
    y[indices.ravel()] = x.ravel()
    return y.reshape(N, C, H_out, W_out)
