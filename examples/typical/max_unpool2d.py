"""max_unpool2d: unpooling with switches."""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Put every pooled value back to the place that it came from."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, *output_size))
    np.put(y, indices, x)  # indices 就是展平以后的位置
    return y
