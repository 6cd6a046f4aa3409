"""max_unpool2d: unpooling with switches, as in DeconvNet and SegNet, written out in numpy."""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Put every pooled value back to the place that it came from; everything else is zero."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N * C, H_out * W_out), dtype=x.dtype)
    planes = np.arange(N * C)[:, None]  # 第几张图的第几个通道
    y[planes, indices.reshape(N * C, H * W)] = x.reshape(N * C, H * W)
    return y.reshape(N, C, H_out, W_out)
