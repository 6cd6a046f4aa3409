"""Flattened planes, float32, with a cache beside the output."""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Put the values of each flattened plane to their places."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out * W_out), dtype=np.float32)
    np.put_along_axis(y, indices.reshape(N, C, -1), x.reshape(N, C, -1).astype(np.float32), axis=2)
    return y.reshape(N, C, H_out, W_out), (indices, (H, W))
