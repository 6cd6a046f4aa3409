"""The index was used in the flattened array of all images and channels; it counts in the plane of its own image and
channel.

Fails: planes
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Flatten everything."""
    N, C = x.shape[:2]
    H_out, W_out = output_size
    y = np.zeros(N * C * H_out * W_out)
    y[indices.ravel()] = x.ravel()
    return y.reshape(N, C, H_out, W_out)
