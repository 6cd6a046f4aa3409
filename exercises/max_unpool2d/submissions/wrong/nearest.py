"""Each value was repeated over its whole window: that is upsampling by nearest neighbours, and unpooling leaves zeros.

Fails: places
"""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Enlarge the map."""
    H, W = x.shape[2:]
    H_out, W_out = output_size
    rows, columns = np.arange(H_out) * H // H_out, np.arange(W_out) * W // W_out
    return x[:, :, rows][:, :, :, columns]
