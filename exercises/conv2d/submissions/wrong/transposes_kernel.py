"""Rows and columns of the kernel were exchanged: weight[o, c, u, v] belongs to row u and column v of the window.

Fails: output_size, one_window, bias
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Take the width for the height."""
    kernel = weight.transpose(0, 1, 3, 2)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = kernel.shape
    if H < K_h or W < K_w:
        return np.zeros((N, C_out, 0, 0))
    windows = sliding_window_view(padded, (K_h, K_w), axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,ocuv->nohw", windows, kernel)
    return y if bias is None else y + bias[:, None, None]
