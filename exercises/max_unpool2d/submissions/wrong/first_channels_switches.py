"""The switches of the first channel were used for all channels; every channel has its own.

Fails: planes
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Read indices[n, 0]."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        rows, columns = divmod(indices[n, 0], W_out)
        y[n][:, rows, columns] = x[n]
    return y
