"""Each value was repeated over its whole window, which is upsampling by nearest neighbours and not unpooling.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Unpool with switches."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    rows, columns = np.arange(H_out) * H // H_out, np.arange(W_out) * W // W_out
    return x[:, :, rows][:, :, :, columns]
